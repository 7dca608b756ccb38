# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module verify documents it."""

from __future__ import annotations

from functools import partial

from ansible.module_utils.common.parameters import remove_values
from ansible.utils.display import Display

from ansible_collections.postroom.odoo.plugins.module_utils.engine.masking import occurring
from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import normal
from ansible_collections.postroom.odoo.plugins.modules import mail_info
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.lists import is_enabled
from ansible_collections.postroom.odoo.plugins.plugin_utils.connection import with_connection
from ansible_collections.postroom.odoo.plugins.plugin_utils.declared import lists_for, unread, variables_of
from ansible_collections.postroom.odoo.plugins.plugin_utils.in_process import (
    Answered,
    InProcess,
    InProcessAction,
    plain,
    session_of,
)
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify import connections, domains, odoo, round_trip
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.findings import Findings
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.people import BadRoundTrip, echo_of
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.rules import (
    CONNECTIONS,
    DNS,
    ERROR,
    ODOO,
    QUIET_CHECKS,
    ROUND_TRIP,
)
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.targets import domains_of, mailboxes_of, users_of
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.tokens import Tokens

OPTIONS = {
    "roles": {"type": "dict", "required": True},
    "checks": {"type": "list", "elements": "str", "choices": list(QUIET_CHECKS), "default": list(QUIET_CHECKS)},
    "at_a_time": {"type": "int", "default": 20},
    "timeout": {"type": "int", "default": 10},
    "ca_path": {"type": "path"},
    "certificate_days": {"type": "int", "default": 21},
    "resolvers": {"type": "list", "elements": "str", "default": []},
    "dns_timeout": {"type": "float", "default": 5.0},
    "dkim_selectors": {"type": "dict", "default": {}},
    "failed_days": {"type": "int", "default": 7},
    "waiting_minutes": {"type": "int", "default": 120},
    "round_trip": {"type": "bool", "default": False},
    "round_trip_users": {"type": "list", "elements": "str", "default": []},
    "round_trip_at_a_time": {"type": "int", "default": 5},
    "round_trip_wait": {"type": "int", "default": 120},
    "echo": {"type": "raw"},
}
# The playbook does not take them from variables of that name.
UNNAMED = ("roles", "round_trip")
KNOWN = {"verify_report_dir", *("verify_" + option for option in OPTIONS if option not in UNNAMED)}

OF_CONNECTIONS = ("at_a_time", "timeout", "ca_path", "certificate_days")


class ActionModule(InProcessAction):
    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _uid = None

    def run(self, tmp=None, task_vars=None):
        # Not that of the modules, which runs the task's.
        result = super(InProcessAction, self).run(tmp, task_vars)
        self.options = self.validate_argument_spec(OPTIONS)[1]
        misspelled = unread(task_vars, "verify", KNOWN)
        if misspelled:
            return dict(result, failed=True, msg="\n".join(misspelled))
        given = variables_of(self.options["roles"], task_vars, self._templar.template)
        lists = lists_for(self.options["roles"], given, task_vars)
        mailboxes = mailboxes_of(lists)
        findings, self.tokens = Findings(), Tokens(self.options["ca_path"])
        try:
            trips = self._round_trips(lists, mailboxes, task_vars) if self.options["round_trip"] else None
        except BadRoundTrip as exc:
            return dict(result, failed=True, msg=str(exc))
        if CONNECTIONS in self.options["checks"]:
            way = connections.Way(**{name: self.options[name] for name in OF_CONNECTIONS}, tokens=self.tokens)
            connections.check(mailboxes, findings, way, partial(_show, task_vars["inventory_hostname"]))
        if DNS in self.options["checks"]:
            domains.check(domains_of(lists, mailboxes), findings, self._way_of_dns(given, task_vars))
        if ODOO in self.options["checks"]:
            info = self._ask_odoo(task_vars)
            result.update((each, info[each]) for each in ("url", "database", "series") if each in info)
            if info.get("warnings"):
                result["warnings"] = info["warnings"]
            if info.get("failed"):
                findings.skip(ODOO, "database", info.get("msg") or "the module mail_info returned no message")
            else:
                odoo.check(info, info["url"], self.options["failed_days"], findings)
        if trips:
            self._travel(trips, mailboxes, findings, task_vars)
        used = [*mailboxes, *([trips.echo.inbox, trips.echo.outbox] if trips and trips.echo else ())]
        secrets = {each.password for each in used if each.password} | self.tokens.secrets
        found = findings.result()
        _mask(found, secrets)
        return dict(result, **found, errors=sum(each["level"] == ERROR for each in found["findings"]))

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

    def _round_trips(self, lists, mailboxes, task_vars):
        """The round trips that are asked for.

        :raises BadRoundTrip: when the variables do not fit the inventory.
        """
        known = users_of(lists)
        wanted = [normal(each) for each in self.options["round_trip_users"]]
        unknown = [each for each in wanted if each not in known]
        if unknown:
            raise BadRoundTrip(
                "verify_round_trip_users has addresses of no user of the inventory: %s. Correct them, or add them to "
                "mail_users_accounts." % ", ".join(unknown)
            )
        return round_trip.Way(
            partial(self._session, plain(with_connection({}, task_vars, self._templar.template))),
            wanted or known,
            echo_of(self.options["echo"], mailboxes),
            self.options["round_trip_at_a_time"],
            self.options["round_trip_wait"],
            self.options["timeout"],
            self.options["ca_path"],
            self.tokens,
        )

    def _travel(self, trips, mailboxes, findings, task_vars):
        if task_vars.get("ansible_check_mode"):
            findings.skip(ROUND_TRIP, "round trip", "check mode sends no mail; run without --check")
        elif self._connection.transport != "local":
            reason = "it needs ansible_connection: local, as it must reach Odoo and the mailboxes from the controller"
            findings.skip(ROUND_TRIP, "round trip", reason)
        else:
            round_trip.check(mailboxes, findings, trips, partial(_show, task_vars["inventory_hostname"]))

    def _session(self, connection):
        """A session with Odoo that may write.

        :raises OdooError: also where an option of the connection is wrong.
        """
        args = connection if self._uid is None else dict(connection, uid=self._uid)
        session = session_of("verify", args, writes=True)
        self._uid = session.uid
        return session

    def _way_of_dns(self, given, task_vars):
        return domains.Way(
            self.options["at_a_time"],
            tuple(self.options["resolvers"]),
            self.options["dns_timeout"],
            self.options["ca_path"],
            {normal(name): _listed(selectors) for name, selectors in self.options["dkim_selectors"].items()},
            is_enabled(given, task_vars),
            self.options["timeout"],
        )


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
