# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the inventory declares for a host, for actions that are no role's: variables of roles, and the lists made of them."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail

from ansible_collections.postroom.odoo.plugins.module_utils.resources import BY_MODULE
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.forward import BadEntry
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.lists import is_enabled, lists_of
from ansible_collections.postroom.odoo.plugins.plugin_utils.given import as_module_has, plain_values
from ansible_collections.postroom.odoo.plugins.plugin_utils.known_names import unread_variables
from ansible_collections.postroom.odoo.plugins.plugin_utils.specifications import SPECIFICATIONS


def variables_of(roles, task_vars, template):
    """The variables of roles, with their defaults.

    :param roles: the entry points by role.
    :param template: function that templates a value.
    """
    specs = [SPECIFICATIONS[role][entry_point] for role, entry_point in roles.items()]
    given = {name: option["default"] for spec in specs for name, option in spec.items() if "default" in option}
    names = {name for spec in specs for name in spec if name in task_vars}
    return {**given, **plain_values(template({name: task_vars[name] for name in names}))}


def lists_for(roles, given, task_vars):
    """The lists that the roles make of the variables, as lists_of() returns them, with items as their modules have them."""
    has_addons = is_enabled(given, task_vars)
    try:
        lists = [each for role in roles for each in lists_of(role, given, has_addons, has_addons)]
    except BadEntry as exc:
        raise AnsibleActionFail(str(exc)) from exc
    specs = {module: BY_MODULE[module].argument_spec() for _variable, module, _items in lists}
    # What cannot be converted was refused by the check of the variables.
    return [(variable, module, [as_module_has(specs[module], item)[0] for item in items]) for variable, module, items in lists]


def as_written(task_vars):
    """The host's variables before Ansible evaluates them."""
    host, hosts = task_vars["inventory_hostname"], task_vars.get("hostvars") or {}
    return hosts.raw_get(host) if host in hosts else {}


def unread(task_vars, prefix, known):
    """Names like those of a playbook's variables that the inventory sets for the host, and that nobody reads, a line each."""
    given = as_written(task_vars)
    return list(unread_variables({name: given[name] for name in given if str(name).startswith(prefix)}, known, (prefix,)))
