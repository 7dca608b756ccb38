# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module verify documents it."""

from __future__ import annotations

from functools import partial

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.postroom.odoo.plugins.module_utils.engine.masking import occurring
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.forward import BadEntry
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.lists import lists_of
from ansible_collections.postroom.odoo.plugins.plugin_utils.given import plain_values
from ansible_collections.postroom.odoo.plugins.plugin_utils.specifications import SPECIFICATIONS
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify import connections
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.findings import Findings
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.rules import CHECKS, CONNECTIONS, ERROR
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.targets import mailboxes_of

OPTIONS = {
    "roles": {"type": "dict", "required": True},
    "checks": {"type": "list", "elements": "str", "choices": list(CHECKS), "default": list(CHECKS)},
    "at_a_time": {"type": "int", "default": 20},
    "timeout": {"type": "int", "default": 10},
    "ca_path": {"type": "path"},
    "certificate_days": {"type": "int", "default": 21},
}


OF_CONNECTIONS = ("at_a_time", "timeout", "ca_path", "certificate_days")


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        self.options = self.validate_argument_spec(OPTIONS)[1]
        lists = self._lists(task_vars)
        mailboxes = mailboxes_of(lists)
        findings = Findings()
        if CONNECTIONS in self.options["checks"]:
            way = connections.Way(**{name: self.options[name] for name in OF_CONNECTIONS})
            connections.check(mailboxes, findings, way, partial(_show, task_vars["inventory_hostname"]))
        found = findings.result()
        _mask(found, {each.password for each in mailboxes if each.password})
        return dict(result, **found, errors=sum(each["level"] == ERROR for each in found["findings"]))

    def _lists(self, task_vars):
        """The lists that the roles make of the host's variables."""
        specs = {role: SPECIFICATIONS[role][entry_point] for role, entry_point in self.options["roles"].items()}
        given = {name: option["default"] for spec in specs.values() for name, option in spec.items() if "default" in option}
        names = {name for spec in specs.values() for name in spec if name in task_vars}
        given.update(plain_values(self._templar.template({name: task_vars[name] for name in names})))
        try:
            return [each for role in specs for each in lists_of(role, given, routed=False)]
        except BadEntry as exc:
            raise AnsibleActionFail(str(exc)) from exc


def _mask(found, secrets):
    """A server's words may repeat what it was told."""
    for rows, key in ((found["findings"], "found"), (found["not_checked"], "reason")):
        words = [row[key] for row in rows]
        for row, masked in zip(rows, remove_values(words, occurring(secrets, words))):
            row[key] = masked


def _show(host, progress):
    Display().display("[%s] %s" % (host, progress))
