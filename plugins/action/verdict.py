# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module verdict documents it."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

NOBODY_COUNTED = (
    "Nothing was counted: the callback plugin of the report is not at work. See the messages above, or enable it, such as "
    "ANSIBLE_CALLBACKS_ENABLED=postroom.odoo.drift,postroom.odoo.verify"
)
OPTIONS = {
    "problems": {"type": "int"},
    "noun": {"type": "str", "default": "differences"},
    "failure": {"type": "str"},
}


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        given = self.validate_argument_spec(OPTIONS)[1]
        problems, failure = given["problems"], given["failure"]
        if failure or problems is None:
            # Only this has Ansible end with another exit code than for a failure.
            return dict(result, unreachable=True, msg=failure or NOBODY_COUNTED)
        return dict(result, failed=bool(problems), problems=problems, msg="%d %s" % (problems, given["noun"]))
