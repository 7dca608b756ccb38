# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a module of this collection in Ansible's own process, where a process of its own would only cost time.

On the controller's own Python that is: a process, with a folder for its files, costs half a second, which is most of what a
task without a change takes. Anywhere else, and with POSTROOM_IN_PROCESS=0 in the environment, it runs as any module does.
"""

from __future__ import annotations

import os
import sys
from functools import partial

from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.common.text.converters import to_text
from ansible.module_utils.errors import UnsupportedError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.postroom.odoo.plugins.module_utils.engine.masking import concealed, invocation
from ansible_collections.postroom.odoo.plugins.module_utils.module import CONNECTION, connect
from ansible_collections.postroom.odoo.plugins.module_utils.resources import BY_MODULE
from ansible_collections.postroom.odoo.plugins.module_utils.transport import jsonrpc
from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import OdooError
from ansible_collections.postroom.odoo.plugins.plugin_utils import as_declared
from ansible_collections.postroom.odoo.plugins.plugin_utils.ansible_compat import forget_list, validated
from ansible_collections.postroom.odoo.plugins.plugin_utils.connection import with_connection
from ansible_collections.postroom.odoo.plugins.plugin_utils.given import plain_values, run_together, wrong_kinds

SWITCH = "POSTROOM_IN_PROCESS"


class InProcessAction(ActionBase):
    """The action of a module that reaches Odoo by its API. What the task omits of the connection is the host's variables'.

    C(module) is the Python module with C(main(new)). It is loaded with the action, in Ansible's main process: the process of
    each task would load it for itself alone.
    """

    _supports_check_mode = True
    _supports_async = True
    module = None

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        task, task_vars = self._task, task_vars or {}
        args = with_connection(task.args, task_vars, self._templar.template)
        wrong = [*run_together(args), *_wrong_kinds(_module(task), args)]
        if wrong:
            return dict(result, failed=True, msg="\n".join(wrong))
        show = partial(_show, task_vars["inventory_hostname"])
        known = None if task.check_mode else as_declared.answer_of(_module(task), args, task_vars, self._templar.template)
        if known:
            forget_list(task)
            result.update(known, **({"diff": {"before": {}, "after": {}}} if task.diff else {}))
        elif self._is_local(task_vars):
            result.update(self._run_here(args, show))
        else:
            result.update(self._execute_module(module_args=args, task_vars=task_vars, wrap_async=task.async_val))
        for remark in self.remarks(args, result):
            show(remark)
        return result

    def remarks(self, args, result):
        """Further remarks on a result for the user, one line each."""
        adopted = result.get("adopted")
        if adopted:
            yield "Adopted existing %s: %s" % (_module(self._task).replace("_", " "), ", ".join(adopted))
        consenting = [each for each in result.get("to_connect") or () if each["client"]]
        if consenting:
            several = len(consenting) > 1
            yield "%d %s%s for which the mailbox's owner has to consent. Run playbooks/consent.yml, then this one again:" % (
                len(consenting),
                BY_MODULE[_module(self._task)].noun,
                "s" if several else "",
            )
            for each in consenting:
                yield "  %s%s" % (each["record"], " (refused: %s)" % each["reason"] if each["reason"] else "")
        waiting = [each for each in result.get("to_connect") or () if not each["client"]]
        if waiting:
            several = len(waiting) > 1
            yield (
                "%d %s%s to be connected, once%s. With a login that has the access right Administration / Settings, open the "
                "address, select Connect your … account, and sign in as the mailbox:"
                % (len(waiting), BY_MODULE[_module(self._task)].noun, "s" if several else "", " each" if several else "")
            )
            for each in waiting:
                place = each["url"] or "the address is known after the run"
                yield "  %s: %s%s" % (each["record"], place, " (refused: %s)" % each["reason"] if each["reason"] else "")

    def _run_here(self, args, show):
        task = self._task
        # Ansible shows them at -vvv only, and gathering them takes its time with a list of thousands.
        verbose = Display().verbosity >= 3
        try:
            self.module.main(partial(InProcess, task.action, args, task.check_mode, task.diff, show, verbose))
        except Answered as answered:
            return answered.answer
        finally:
            forget_list(task)
        return {}

    def _is_local(self, task_vars):
        """Whether the module would run here and by this Python anyway, without anything set for its process only."""
        python = self._templar.template(task_vars.get("ansible_python_interpreter"))
        return (
            boolean(os.environ.get(SWITCH) or True)
            and jsonrpc.odoorpc is not None
            and self._connection.transport == "local"
            and not self._connection.become
            and not self._task.async_val
            and not any(self._task.environment or ())
            and (python in (None, "auto", "auto_silent") or _is_this_python(python))
        )


def _wrong_kinds(module, args):
    """Values that YAML read as something else than they were meant. A module gets them when Ansible has made text of them."""
    resource = BY_MODULE.get(module)
    items = {"config": {"type": "list", "elements": "dict", "options": resource.argument_spec()}} if resource else {}
    return wrong_kinds(dict(CONNECTION, **items), plain_values(args))


def _module(task):
    return task.action.rpartition(".")[2]


def _show(host, progress):
    Display().display("[%s] %s" % (host, progress))


def _is_this_python(path):
    """By any of its names. The file alone is no criterion, as the Pythons of all environments are links to the same one."""

    def real(python):
        return os.path.realpath(os.path.dirname(python)), os.path.realpath(python)

    return real(path) == real(sys.executable)


class Answered(BaseException):
    """The module has returned. No error, so that no handler of errors in the module takes it for one.

    :param answer: what it returned.
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
    :param verbose: whether the options are wanted back.
    """

    def __init__(
        self, name, args, check_mode, diff, report_progress, verbose, argument_spec, supports_check_mode=False, **rules
    ):
        self.argument_spec, self.check_mode, self._diff = argument_spec, check_mode, diff
        self.report_progress, self._verbose = report_progress, verbose
        self._warnings = []
        checked, self.no_log_values = validated(argument_spec, plain(args), **rules)
        self.params = checked.validated_parameters
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
        raise Answered(remove_values(answer, concealed(self.no_log_values, self.argument_spec, self.params, answer)))

    def fail_json(self, msg, **answer):
        self.exit_json(failed=True, msg=str(msg), **answer)


def session_of(name, connection, writes):
    """A session with Odoo for an action that asks it itself.

    :param name: the action's name.
    :param connection: the options of the connection, plain.
    :param writes: whether it may write.
    :raises OdooError: also where an option of the connection is wrong.
    """

    def show(progress):
        """There is no progress to report."""

    rules = {"required_one_of": [("password", "api_key")]}
    try:
        module = InProcess(name, connection, False, False, show, False, dict(CONNECTION), **rules)
        return connect(module, only_reads=not writes, writes=writes)
    except Answered as answered:
        raise OdooError(answered.answer["msg"]) from answered


def plain(value):
    """Options as JSON would bring them to a module: without Ansible's notes on where a text is from, its vault opened."""
    if isinstance(value, dict):
        return {str.__str__(to_text(key)): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return str.__str__(to_text(value))
