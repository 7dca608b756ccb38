# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module check_variables documents it."""

from __future__ import annotations

import os
from functools import partial

from ansible.errors import AnsibleError
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.loader import filter_loader, test_loader
from jinja2 import Environment

from ansible_collections.postroom.odoo.plugins.module_utils.engine.desired import BadItems, check_items
from ansible_collections.postroom.odoo.plugins.module_utils.resources import BY_MODULE, OAUTH_ADDON, ROUTING_ADDON
from ansible_collections.postroom.odoo.plugins.module_utils.transport.http import tls_context
from ansible_collections.postroom.odoo.plugins.modules import check_records
from ansible_collections.postroom.odoo.plugins.plugin_utils import as_declared, shared_mailboxes
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.forward import BadEntry
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.lists import (
    EXTRAS,
    is_enabled,
    lists_of,
    odoo_oauth_addons,
    problems_of,
    uses_oauth,
    warnings_of,
)
from ansible_collections.postroom.odoo.plugins.plugin_utils.ansible_compat import templar_of, validated
from ansible_collections.postroom.odoo.plugins.plugin_utils.connection import VARIABLES
from ansible_collections.postroom.odoo.plugins.plugin_utils.declared import as_written
from ansible_collections.postroom.odoo.plugins.plugin_utils.given import (
    as_module_has,
    cut,
    evaluated_secrets,
    plain_values,
    wrong_kinds,
)
from ansible_collections.postroom.odoo.plugins.plugin_utils.in_process import Answered, InProcess, InProcessAction, plain
from ansible_collections.postroom.odoo.plugins.plugin_utils.known_names import unread_variables
from ansible_collections.postroom.odoo.plugins.plugin_utils.specifications import SPECIFICATIONS

# Ansible's main process loads this file before the first task. What it has by then is not loaded again by the process of
# each task: our modules, our filters and Ansible's that nearly every condition asks for, Jinja's patterns, the system's
# certificates, and what the roles take.
filter_loader.get("ansible.builtin.default")
filter_loader.get("postroom.odoo.user_items")
test_loader.get("ansible.builtin.defined")
Environment(trim_blocks=True).lexer  # noqa: B018, S701 - a property, which compiles them
tls_context()

# A message is cut after so many characters, and no more than so many are shown.
LONGEST, MOST = 600, 50


UNEVALUATED = (
    "Is the name in the expression right, and is it in the vault? "
    "If the braces are a password's own, write it as !unsafe 'text'"
)
KNOWN = {name for entry_points in SPECIFICATIONS.values() for options in entry_points.values() for name in options}


class ActionModule(InProcessAction):
    """Everything that can be wrong with the variables of a host, in the order in which one thing needs the other."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        # Not that of the modules, which runs the task's.
        result = super(InProcessAction, self).run(tmp, task_vars)
        spec = {"roles": {"type": "dict", "required": True}, "database": {"type": "bool", "default": True}}
        options = self.validate_argument_spec(spec)[1]
        roles = options["roles"]
        specs = {role: SPECIFICATIONS[role][entry_point] for role, entry_point in roles.items()}
        given, problems = self._given(specs, task_vars)
        # Several roles read the same variables.
        warnings = list(dict.fromkeys(each for spec in specs.values() for each in evaluated_secrets(spec, task_vars)))
        problems = [*_unread(task_vars), *problems]
        problems = problems or _not_as_specified(specs, given) or self._of_roles(roles, "problems", task_vars)
        lists, by_addon = [], None
        if not problems:
            # Its variable may be what is wrong.
            by_addon = self._is_by_addon(task_vars)
            lists, problems = self._lists(roles, given, task_vars, by_addon)
        if not problems:
            warnings += [each for role in roles for each in warnings_of(role, given, by_addon)]
        if not problems and _is_first(task_vars):
            for line in self._shared_mailboxes(task_vars):
                self._display.warning(line)
        if not problems and options["database"] and lists:
            answer = self._look(lists, given, task_vars, by_addon)
            if answer.get("failed"):
                problems = answer.get("problems") or [answer.get("msg")]
            # For the tasks that follow: they need not log in again.
            result.update((fact, answer[fact]) for fact in ("url", "database", "uid") if fact in answer)
            warnings.extend(answer.get("warnings") or ())
            result["as_declared"] = as_declared.remembered([each[:2] for each in lists], answer)
        if warnings:
            result["warnings"] = warnings
        if problems:
            problems = list(dict.fromkeys(cut(each, LONGEST) for each in problems))
            more = ["… and %d more" % (len(problems) - MOST)] if len(problems) > MOST else []
            return dict(result, failed=True, msg="\n".join(problems[:MOST] + more), problems=problems[:MOST])
        return dict(result, owns=self._of_roles(roles, "owns", task_vars))

    def _of_roles(self, roles, name, task_vars):
        """What each role says itself, in its variable of that name: what keeps it from running, or what it owns."""
        return [each for role in roles for each in self._templar.template(task_vars.get("__%s_%s" % (role, name), []))]

    def _shared_mailboxes(self, task_vars):
        """The mailboxes that several databases of the inventory would fetch, those that are not in this run included."""
        names = {name for each in shared_mailboxes.VARIABLES.values() for name in each}
        mailboxes = {}
        for host in task_vars["groups"].get("odoo_databases", ()):
            variables = task_vars["hostvars"].raw_get(host)
            given = shared_mailboxes.without_secrets({name: variables[name] for name in names if name in variables})
            if "{{" in str(given):
                try:
                    given = templar_of(self._templar, variables).template(given)
                except AnsibleError:
                    continue  # Its own check reports it.
            mailboxes[host] = shared_mailboxes.mailboxes_of(plain(given))
        return shared_mailboxes.shared(mailboxes, task_vars["ansible_play_hosts_all"])

    def _given(self, specs, task_vars):
        """The values of the variables, and what keeps one from being evaluated."""
        names = {name for spec in specs.values() for name in spec if name in task_vars}
        try:
            # Once for all roles: a variable may be a question to a vault far away.
            return plain_values(self._templar.template({name: task_vars[name] for name in names})), []
        except AnsibleError:
            return {}, [each for name in sorted(names) for each in self._not_evaluated(name, task_vars[name])]

    def _not_evaluated(self, name, value):
        try:
            self._templar.template(value)
        except AnsibleError as exc:
            # Ansible quotes the expression, which names a secret and does not have it.
            reason = str(exc).strip().splitlines()[0].rstrip(".")
            yield "%s: %s. %s" % (name, reason, UNEVALUATED)

    def _is_by_addon(self, task_vars):
        """Whether servers log in by the addon mail_server_oauth where a provider has an OAuth client, or Odoo itself does."""
        name = "routing_addon_enabled"
        return is_enabled(self._templar.template({name: task_vars[name]} if name in task_vars else {}), task_vars)

    def _lists(self, roles, given, task_vars, by_addon):
        """The lists that the roles make of the variables, and what is wrong with them by themselves.

        :returns: C(([(module, items, items as the module has them)], problems)).
        """
        routed = _is_routed(given, task_vars)
        try:
            problems = [each for role in roles for each in problems_of(role, given, by_addon)]
            if problems:
                # What the lists would have of them needs no second line.
                return [], problems
            lists = []
            for each in (each for role in roles for each in lists_of(role, given, routed, by_addon)):
                # Several roles need the same OAuth clients.
                if each not in lists:
                    lists.append(each)
        except BadEntry as exc:
            return [], [str(exc)]
        typed = []
        for variable, module, made in lists:
            items, wrong = _typed(BY_MODULE[module], variable, made)
            problems.extend(wrong or _wrong_items(BY_MODULE[module], variable, items))
            typed.append((module, made, items))
        return typed, problems

    def _look(self, lists, given, task_vars, by_addon):
        """What the database says to the lists."""
        connection = {option: given[name] for option, name in VARIABLES.items() if given.get(name) not in (None, "")}
        args = dict(
            connection,
            lists=[{"module": module, "config": items} for module, made, items in lists],
            # A comparison reads everything anyway.
            compare=not self._task.check_mode,
            pending_addons=[
                *("mail", "fetchmail", *_installed_by_the_run(given, task_vars)),
                *(each["name"] for each in odoo_oauth_addons(given, by_addon)),
            ],
        )
        missing = list(_missing_connection(args))
        if missing:
            return {"failed": True, "problems": missing}
        if not self._is_local(task_vars):
            return self._execute_module("postroom.odoo.check_records", module_args=args, task_vars=task_vars)
        try:
            check_records.main(partial(InProcess, "check_records", args, True, False, _nothing, False))
        except Answered as answered:
            return answered.answer
        return {}


def _installed_by_the_run(given, task_vars):
    """Which of the role's addons the run puts into the database."""
    if is_enabled(given, task_vars):
        yield ROUTING_ADDON
        if uses_oauth(given):
            yield OAUTH_ADDON


def _missing_connection(args):
    """What is needed to reach the database, and neither the host's variables nor the environment have."""

    def is_given(option):
        return args.get(option) or os.environ.get("ODOO_" + option.upper())

    for option in ("url", "database", "login"):
        if not is_given(option):
            yield "odoo_%s: is missing; set it for this host, or the environment variable ODOO_%s" % (option, option.upper())
    if not (is_given("password") or is_given("api_key")):
        yield "odoo_password: is missing; set it or odoo_api_key for this host, or the environment variable ODOO_PASSWORD"


def _is_routed(given, task_vars):
    """Whether the database will have the fields of the routing addon by the time that the lists are written."""
    installed = (task_vars.get("routing_addon_state") or {}).get("installed") or ()
    return is_enabled(given, task_vars) or ROUTING_ADDON in installed


def _unread(task_vars):
    """Names that the inventory sets for the host, and that nobody reads."""
    return unread_variables(as_written(task_vars), KNOWN, SPECIFICATIONS)


def _not_as_specified(specs, given):
    """What does not fit the roles' argument specifications; what several roles say of a variable that they share, once."""
    wrong, roles = [], {}
    for role, spec in specs.items():
        own = {name: given[name] for name in spec if name in given}
        # Kinds first, as Ansible converts values that are of another.
        kinds = list(wrong_kinds(spec, own))
        wrong.extend(kinds)
        if not kinds:
            checked, secrets = validated(spec, plain(own))
            for each in remove_values(checked.error_messages, secrets):
                roles.setdefault(each, []).append(role)
    return list(dict.fromkeys(wrong)) + ["%s (role %s)" % (each, " and ".join(names)) for each, names in roles.items()]


def _typed(resource, variable, items):
    """A list as the module has it: C((items, problems)).

    The account model makes its lists of variables that were looked at before; others go to their module as they are.
    """
    options, wrong = resource.argument_spec(), []
    if variable in EXTRAS:
        spec = {variable: {"type": "list", "elements": "dict", "options": options}}
        wrong = list(wrong_kinds(spec, {variable: items}))
        if wrong:
            return items, wrong
        checked, secrets = validated(spec, plain({variable: items}))
        items, wrong = checked.validated_parameters[variable], remove_values(checked.error_messages, secrets)
    made = []
    for item in items:
        converted, problems = as_module_has(options, item)
        made.append(converted)
        if variable not in EXTRAS:
            wrong.extend(_line(resource, variable, item, *each) for each in problems)
    return made, wrong


def _wrong_items(resource, variable, items):
    """What the module would refuse without a look at the database."""
    try:
        check_items(resource, items)
    except BadItems as exc:
        for index, option, reason in exc.problems:
            yield _line(resource, variable, items[index], option, reason)


def _line(resource, variable, item, option, reason):
    what = "%s %s" % (resource.noun, resource.label(item))
    return ": ".join(part for part in (variable, what, option, reason) if part)


def _is_first(task_vars):
    """Whether this is the one database of the run that looks at the whole inventory, once for all."""
    databases = task_vars["groups"].get("odoo_databases", ())
    mine = [host for host in task_vars["ansible_play_hosts_all"] if host in databases]
    return mine[:1] == [task_vars["inventory_hostname"]]


def _nothing(progress):
    """There is no progress to report."""
