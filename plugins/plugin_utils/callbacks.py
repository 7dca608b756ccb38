# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Callbacks of this collection that are at work for the playbooks beside them, with no setting to make."""

from __future__ import annotations

from ansible import constants
from ansible.plugins.loader import callback_loader

from ansible_collections.postroom.odoo.plugins.plugin_utils.ansible_compat import set_options_of


def beside_playbooks(name):
    """The class of a callback for a folder callback_plugins.

    Ansible loads callbacks that it finds beside a playbook; one in a collection must be enabled. Where that is done too, this
    one steps back.
    """
    original = callback_loader.get(name, class_only=True)

    class CallbackModule(original):
        CALLBACK_NEEDS_ENABLED = False

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.disabled = name in constants.CALLBACKS_ENABLED

        def set_options(self, task_keys=None, var_options=None, direct=None):
            # They are documented there, and known by the name under which that one was loaded.
            set_options_of(self, original, task_keys, var_options, direct)

    return CallbackModule
