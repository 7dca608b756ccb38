# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module check_variables documents it."""

from __future__ import annotations

import os

from ansible.errors import AnsibleError
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.common.yaml import yaml_load
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import filter_loader, test_loader

from ansible_collections.postroom.odoo.plugins.plugin_utils import shared_mailboxes
from ansible_collections.postroom.odoo.plugins.plugin_utils.ansible_compat import templar_of, validated
from ansible_collections.postroom.odoo.plugins.plugin_utils.in_process import plain

ROLES = os.path.join(os.path.dirname(__file__), "..", "..", "roles")


def _specification(role):
    """The argument specification of each of a role's entry points."""
    with open(os.path.join(ROLES, role, "meta", "argument_specs.yml"), "rb") as file:
        return {name: spec["options"] for name, spec in yaml_load(file)["argument_specs"].items()}


# Ansible's main process loads this file before the first task. What it has by then is not loaded again by the process of
# each task: the specifications, which take longer to read than to check by, and the filters and tests that nearly every
# condition asks for.
SPECIFICATIONS = {role: _specification(role) for role in sorted(os.listdir(ROLES))}
filter_loader.get("ansible.builtin.default")
test_loader.get("ansible.builtin.defined")


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        roles = self.validate_argument_spec({"roles": {"type": "dict", "required": True}})[1]["roles"]
        specs = {role: SPECIFICATIONS[role][entry_point] for role, entry_point in roles.items()}
        # Once for all roles: a variable may be a question to a vault far away.
        known = {name: task_vars[name] for spec in specs.values() for name in spec if name in task_vars}
        given = self._templar.template(known)
        problems = [each for role, spec in specs.items() for each in _not_as_specified(role, spec, given)]
        # They are worked out of variables that are as they should be.
        problems = problems or self._of_roles(roles, "problems", task_vars)
        if not problems and _is_first(task_vars):
            for line in self._shared_mailboxes(task_vars):
                self._display.warning(line)
        if problems:
            return dict(result, failed=True, msg="\n".join(problems), problems=problems)
        return dict(result, owns=self._of_roles(roles, "owns", task_vars))

    def _of_roles(self, roles, name, task_vars):
        """The roles' own variables of that name: their problems, or the resources that they own."""
        return [each for role in roles for each in self._templar.template(task_vars.get("__%s_%s" % (role, name), []))]

    def _shared_mailboxes(self, task_vars):
        """The mailboxes that several databases of the inventory would fetch, those that are not in this run included."""
        names = {name for each in shared_mailboxes.VARIABLES.values() for name in each}
        mailboxes = {}
        for host in task_vars["groups"].get("odoo_databases", ()):
            variables = task_vars["hostvars"].raw_get(host)
            given = shared_mailboxes.without_passwords({name: variables[name] for name in names if name in variables})
            if "{{" in str(given):
                try:
                    given = templar_of(self._templar, variables).template(given)
                except AnsibleError:
                    continue  # Its own check reports it.
            mailboxes[host] = shared_mailboxes.mailboxes_of(plain(given))
        return shared_mailboxes.shared(mailboxes, task_vars["ansible_play_hosts_all"])


def _is_first(task_vars):
    """Whether this is the one database of the run that looks at the whole inventory, once for all."""
    databases = task_vars["groups"].get("odoo_databases", ())
    mine = [host for host in task_vars["ansible_play_hosts_all"] if host in databases]
    return mine[:1] == [task_vars["inventory_hostname"]]


def _not_as_specified(role, spec, given):
    """The problems that Ansible would report for the role's arguments."""
    checked, secrets = validated(spec, plain({name: given[name] for name in spec if name in given}))
    return ["%s (role %s)" % (each, role) for each in remove_values(checked.error_messages, secrets)]
