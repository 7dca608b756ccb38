# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module check_inventory documents it."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from ansible_collections.postroom.odoo.plugins.plugin_utils.known_names import no_database


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        problem = no_database(task_vars["groups"], task_vars["ansible_play_hosts_all"])
        return dict(result, failed=True, msg=problem) if problem else result
