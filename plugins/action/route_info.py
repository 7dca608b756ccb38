# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the module route_info in Ansible's own process, where it can."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.modules import route_info
from ansible_collections.postroom.odoo.plugins.plugin_utils.in_process import InProcessAction


class ActionModule(InProcessAction):
    module = route_info
