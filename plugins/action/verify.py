# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module verify documents it."""

from __future__ import annotations

from functools import partial

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.parameters import remove_values
from ansible.utils.display import Display

from ansible_collections.postroom.odoo.plugins.module_utils.engine.masking import occurring
from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import normal
from ansible_collections.postroom.odoo.plugins.modules import mail_info
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.forward import BadEntry
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.lists import is_enabled, lists_of
from ansible_collections.postroom.odoo.plugins.plugin_utils.connection import with_connection
from ansible_collections.postroom.odoo.plugins.plugin_utils.given import plain_values
from ansible_collections.postroom.odoo.plugins.plugin_utils.in_process import Answered, InProcess, InProcessAction, plain
from ansible_collections.postroom.odoo.plugins.plugin_utils.known_names import unread_variables
from ansible_collections.postroom.odoo.plugins.plugin_utils.specifications import SPECIFICATIONS
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify import connections, domains, odoo
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.findings import Findings
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.rules import CHECKS, CONNECTIONS, DNS, ERROR, ODOO
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.targets import domains_of, mailboxes_of

OPTIONS = {
    "roles": {"type": "dict", "required": True},
    "checks": {"type": "list", "elements": "str", "choices": list(CHECKS), "default": list(CHECKS)},
    "at_a_time": {"type": "int", "default": 20},
    "timeout": {"type": "int", "default": 10},
    "ca_path": {"type": "path"},
    "certificate_days": {"type": "int", "default": 21},
    "resolvers": {"type": "list", "elements": "str", "default": []},
    "dns_timeout": {"type": "float", "default": 5.0},
    "dkim_selectors": {"type": "dict", "default": {}},
    "failed_days": {"type": "int", "default": 7},
    "waiting_minutes": {"type": "int", "default": 120},
}


OF_CONNECTIONS = ("at_a_time", "timeout", "ca_path", "certificate_days")


class ActionModule(InProcessAction):
    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        # Not that of the modules, which runs the task's.
        result = super(InProcessAction, self).run(tmp, task_vars)
        self.options = self.validate_argument_spec(OPTIONS)[1]
        misspelled = list(_unread(task_vars))
        if misspelled:
            return dict(result, failed=True, msg="\n".join(misspelled))
        given = self._given(task_vars)
        lists = self._lists(given, task_vars)
        mailboxes = mailboxes_of(lists)
        findings = Findings()
        if CONNECTIONS in self.options["checks"]:
            way = connections.Way(**{name: self.options[name] for name in OF_CONNECTIONS})
            connections.check(mailboxes, findings, way, partial(_show, task_vars["inventory_hostname"]))
        if DNS in self.options["checks"]:
            domains.check(domains_of(lists, mailboxes), findings, self._way_of_dns(given, task_vars))
        if ODOO in self.options["checks"]:
            info = self._ask_odoo(task_vars)
            result.update((each, info[each]) for each in ("url", "database", "series") if each in info)
            if info.get("failed"):
                findings.skip(ODOO, "database", info.get("msg") or "the module mail_info returned no message")
            else:
                odoo.check(info, info["url"], self.options["failed_days"], findings)
        found = findings.result()
        _mask(found, {each.password for each in mailboxes if each.password})
        return dict(result, **found, errors=sum(each["level"] == ERROR for each in found["findings"]))

    def _given(self, task_vars):
        """The variables of the roles, with their defaults."""
        specs = [SPECIFICATIONS[role][entry_point] for role, entry_point in self.options["roles"].items()]
        given = {name: option["default"] for spec in specs for name, option in spec.items() if "default" in option}
        names = {name for spec in specs for name in spec if name in task_vars}
        return {**given, **plain_values(self._templar.template({name: task_vars[name] for name in names}))}

    def _lists(self, given, task_vars):
        """The lists that the roles make of the variables."""
        routed = is_enabled(given, task_vars)
        try:
            return [each for role in self.options["roles"] for each in lists_of(role, given, routed)]
        except BadEntry as exc:
            raise AnsibleActionFail(str(exc)) from exc

    def _ask_odoo(self, task_vars):
        """What the module mail_info returns."""
        args = {"days": self.options["failed_days"], "waiting_minutes": self.options["waiting_minutes"]}
        args = with_connection(args, task_vars, self._templar.template)
        if self._is_local(task_vars):
            try:
                mail_info.main(partial(InProcess, "mail_info", plain(args), True, False, _nothing, False))
            except Answered as answered:
                return answered.answer
        return self._execute_module("postroom.odoo.mail_info", module_args=args, task_vars=task_vars)

    def _way_of_dns(self, given, task_vars):
        return domains.Way(
            self.options["at_a_time"],
            tuple(self.options["resolvers"]),
            self.options["dns_timeout"],
            self.options["ca_path"],
            {normal(name): _listed(selectors) for name, selectors in self.options["dkim_selectors"].items()},
            is_enabled(given, task_vars),
        )


def _unread(task_vars):
    """Names like those of the playbook's variables that the inventory sets for the host, and that nobody reads."""
    host, hosts = task_vars["inventory_hostname"], task_vars.get("hostvars") or {}
    known = {"verify_report_dir", *("verify_" + option for option in OPTIONS if option != "roles")}
    names = list(hosts[host]) if host in hosts else ()
    return unread_variables([name for name in names if str(name).startswith("verify")], known, ("verify",))


def _mask(found, secrets):
    """A server's words may repeat what it was told."""
    for rows, key in ((found["findings"], "found"), (found["not_checked"], "reason")):
        words = [row[key] for row in rows]
        for row, masked in zip(rows, remove_values(words, occurring(secrets, words))):
            row[key] = masked


def _nothing(progress):
    """There is no progress to report."""


def _show(host, progress):
    Display().display("[%s] %s" % (host, progress))


def _listed(value):
    return [value] if isinstance(value, str) else list(value)
