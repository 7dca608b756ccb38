# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A module of this collection run in Ansible's own process, where a process of its own would only cost time."""

from __future__ import annotations

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.common.text.converters import to_text
from ansible.module_utils.errors import UnsupportedError

from ansible_collections.postroom.odoo.plugins.module_utils.engine.masking import invocation, occurring


class Answered(BaseException):
    """The module has said what it had to say. No error, so that no handler of errors in the module takes it for one.

    :param answer: what it said.
    """

    def __init__(self, answer):
        super().__init__()
        self.answer = answer


class InProcess:
    """What a module needs of AnsibleModule.

    :param name: the module's name, as the task has it.
    :param args: the options as the task has them.
    :param check_mode: whether nothing may be written.
    :param diff: whether a diff is wanted.
    :param report_progress: function that shows the person who waits how far a long list has come.
    :param verbose: whether the options are wanted back, which takes its time with a list of thousands.
    """

    def __init__(
        self, name, args, check_mode, diff, report_progress, verbose, argument_spec, supports_check_mode=False, **rules
    ):
        self.argument_spec, self.check_mode, self._diff = argument_spec, check_mode, diff
        self.report_progress, self._verbose = report_progress, verbose
        self._warnings = []
        checked = ArgumentSpecValidator(argument_spec, **rules).validate(Options(plain(args)))
        self.params, self.no_log_values = checked.validated_parameters, set(checked._no_log_values)
        if checked.error_messages:
            message = checked.errors.msg
            if isinstance(checked.errors[0], UnsupportedError):
                message = "Unsupported parameters for (%s) module: %s" % (name, message)
            self.fail_json(msg=message)
        if check_mode and not supports_check_mode:
            self.exit_json(skipped=True, msg="module (%s) does not support check mode" % name)

    def warn(self, warning):
        self._warnings.append(warning)

    def exit_json(self, **answer):
        if self._verbose:
            answer["invocation"] = invocation(self.argument_spec, self.params)
        if self._warnings:
            answer["warnings"] = self._warnings
        raise Answered(remove_values(answer, occurring(self.no_log_values, answer)))

    def fail_json(self, msg, **answer):
        self.exit_json(failed=True, msg=str(msg), **answer)


class Options(dict):
    """Options that nobody else holds. Ansible's check works on a copy, which would be one for nothing."""

    def __deepcopy__(self, memo):
        return self


def plain(value):
    """Options as JSON would bring them to a module: without Ansible's notes on where a text is from, its vault opened."""
    if isinstance(value, dict):
        return {str.__str__(to_text(key)): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return str.__str__(to_text(value))
