# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The connection of a host of the inventory: the variables for options that a task omits."""

from __future__ import annotations

VARIABLES = {
    "url": "odoo_url",
    "database": "odoo_database",
    "login": "odoo_login",
    "password": "odoo_password",
    "api_key": "odoo_api_key",
    "validate_certs": "odoo_validate_certs",
    "ca_path": "odoo_ca_path",
    "timeout": "odoo_timeout",
    "allow_neutralized": "odoo_allow_neutralized",
    "allow_newer_series": "odoo_allow_newer_series",
}
SECRETS = ("password", "api_key")
# What is registered of the tasks that log in first: the check of the variables, and the role routing_addon.
STATES = ("postroom_inventory", "routing_addon_state")


def with_connection(args, task_vars, template):
    """A task's options, with those of the connection that it omits taken from the host's variables.

    A secret that the task gives stands alone: a variable with another one is not used beside it.

    :param args: the options as the task has them.
    :param task_vars: the host's variables.
    :param template: function that templates a value.
    """
    found = dict(args)
    given = any(args.get(each) for each in SECRETS)
    for option, variable in VARIABLES.items():
        if args.get(option) is None and task_vars.get(variable) is not None and not (given and option in SECRETS):
            found[option] = template(task_vars[variable])
    if found.get("uid") is None:
        found.pop("uid", None)
        for state in STATES:
            uid = _known_uid(found, task_vars.get(state) or {})
            if uid is not None:
                found["uid"] = uid
    return found


def _known_uid(options, state):
    """The user's id, where an earlier task logged in to the same database."""
    same = all(options.get(each) == state.get(each) for each in ("url", "database") if options.get(each) is not None)
    return state.get("uid") if same else None
