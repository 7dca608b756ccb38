# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the module users, and by meta/runtime.yml the other modules that reach Odoo by its API.

An action plugin has to bear the name of a module that documents it; so it bears that of the one with the longest lists.

On the controller's own Python they run in Ansible's process: a process of their own, with a folder for its files, costs half
a second, which is most of what a task without a change takes. Anywhere else they run as any module does.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from importlib import import_module

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.postroom.odoo.plugins.module_utils.transport import jsonrpc
from ansible_collections.postroom.odoo.plugins.plugin_utils.in_process import Answered, InProcess

# Loaded with this file, in Ansible's main process: a task's process would load them for itself alone.
MODULES = {
    name: import_module("ansible_collections.postroom.odoo.plugins.modules." + name)
    for name in (
        "addons",
        "address_info",
        "alias_domains",
        "config_parameters",
        "followers",
        "incoming_mail_servers",
        "mail_templates",
        "outgoing_mail_servers",
        "users",
    )
}


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        if not self._is_local(task_vars or {}):
            result.update(self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val))
            return result
        task = self._task
        tell = partial(_tell, task_vars["inventory_hostname"])
        # Ansible shows the options at -vvv only; the callback plugin drift reads them in check mode.
        verbose = task.check_mode or Display().verbosity >= 3
        try:
            module = MODULES[task.action.rpartition(".")[2]]
            module.main(partial(InProcess, task.action, task.args, task.check_mode, task.diff, tell, verbose))
        except Answered as answered:
            result.update(answered.answer)
        if not task.until:
            # Ansible hands them to its main process along with the answer. A list of thousands takes half a second there.
            task.args.pop("config", None)
        return result

    def _is_local(self, task_vars):
        """Whether the module would run here and by this Python anyway, without anything set for its process only."""
        python = self._templar.template(task_vars.get("ansible_python_interpreter"))
        return (
            jsonrpc.odoorpc is not None
            and self._connection.transport == "local"
            and not self._connection.become
            and not self._task.async_val
            and not any(self._task.environment or ())
            and (python in (None, "auto", "auto_silent") or _is_this_python(python))
        )


def _tell(host, progress):
    Display().display("[%s] %s" % (host, progress))


def _is_this_python(path):
    """By any of its names. The file that they lead to does not tell: each environment's Python is a link to the same."""
    here = sys.executable
    return os.path.dirname(path) == os.path.dirname(here) and os.path.realpath(path) == os.path.realpath(here)
