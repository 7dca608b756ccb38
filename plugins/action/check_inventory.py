# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module check_inventory documents it."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ansible_collections.postroom.odoo.plugins.plugin_utils.known_names import (
    SERVERS,
    no_database,
    unread_variables,
)
from ansible_collections.postroom.odoo.plugins.plugin_utils.specifications import SPECIFICATIONS

# The role of the machines, where other roles, too, may have variables that begin with odoo_ or mail_.
ROLE = "routing_addon"
KNOWN = {name for options in SPECIFICATIONS[ROLE].values() for name in options if name.startswith(ROLE)}


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        problem = no_database(task_vars["groups"], task_vars["ansible_play_hosts_all"])
        problems = [problem] if problem else list(_unread(task_vars))
        return dict(result, failed=True, msg="\n".join(problems)) if problems else result


def _unread(task_vars):
    """Names that the inventory sets for a machine, and that nobody reads."""
    for host in task_vars["groups"].get(SERVERS, ()):
        if host in task_vars["ansible_play_hosts_all"]:
            given = task_vars["hostvars"].raw_get(host)
            yield from ("%s: %s" % (host, line) for line in unread_variables(given, KNOWN, [ROLE]))
