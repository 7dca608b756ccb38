# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the module addons in Ansible's own process, where it can."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.modules import addons
from ansible_collections.postroom.odoo.plugins.plugin_utils.in_process import InProcessAction


class ActionModule(InProcessAction):
    module = addons

    def remarks(self, args, result):
        for item in args.get("config") or ():
            if item.get("required") is False and "installed" in result and item["name"] not in result["installed"]:
                yield "The addon %s is not installed in this database; the settings that require it are left out" % item["name"]
