# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Has the callback postroom.odoo.verify at work for the playbooks beside this folder."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.plugin_utils.callbacks import beside_playbooks

CallbackModule = beside_playbooks("postroom.odoo.verify")
