# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module drift_verdict documents it."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

NOBODY_COUNTED = (
    "Nothing counted the differences: the callback plugin postroom.odoo.drift is not at work. See the messages above, or "
    "enable it: ANSIBLE_CALLBACKS_ENABLED=postroom.odoo.drift"
)


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        given = self.validate_argument_spec({"differences": {"type": "int"}, "failure": {"type": "str"}})[1]
        differences, failure = given["differences"], given["failure"]
        if failure or differences is None:
            # Only this has Ansible end with another exit code than for a failure.
            return dict(result, unreachable=True, msg=failure or NOBODY_COUNTED)
        if differences:
            return dict(result, failed=True, differences=differences, msg="Drift: %d differences" % differences)
        return dict(result, differences=0, msg="As declared")
