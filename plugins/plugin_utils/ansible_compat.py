# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What this collection uses of Ansible's private parts, each with the versions of ansible-core in which it was seen.

No other file of the controller's side touches one; ruff's rule SLF001 checks that. What a version changes is mended here.
"""

from __future__ import annotations

import os

from ansible import constants
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator


def host_of(result):
    """The host of a task's result, as a callback gets it. Public as C(host) from 2.19 on; C(_host) from 2.17 to 2.21."""
    return result.host if hasattr(result, "host") else result._host


def task_of(result):
    """The task of a result, as a callback gets it. Public as C(task) from 2.19 on; C(_task) from 2.17 to 2.21."""
    return result.task if hasattr(result, "task") else result._task


def answer_of(result):
    """What a task returned, as a callback gets it. Public as C(result) from 2.19 on; C(_result) from 2.17 to 2.21."""
    return result.result if hasattr(result, "result") else result._result


def validated(spec, options, **rules):
    """Check options by an argument spec.

    C(_no_log_values) of the outcome has the secrets; 2.17 to 2.21. The check copies the options, with Ansible's note on where
    each text is from, which takes a second for 2,000 servers; so they are given in a dictionary that returns itself as its
    copy. 2.17 to 2.21 call C(copy.deepcopy) for it.

    :param options: options that nobody else holds, as plain() returns them.
    :returns: what the validator returns, and the set of secret values.
    """
    checked = ArgumentSpecValidator(spec, **rules).validate(_NotCopied(options))
    return checked, set(checked._no_log_values)


def templar_of(templar, variables):
    """A templar like this one for another host's variables: C(copy_with_new_env), seen in 2.17 to 2.21."""
    return templar.copy_with_new_env(available_variables=variables)


class _NotCopied(dict):
    def __deepcopy__(self, memo):
        return self


def forget_list(task):
    """Take the list of records out of the task of a worker process, which sends its task back along with the answer.

    Half a second for thousands of records. 2.17 to 2.21 read C(args) no more once the action has run, unless it is tried
    again.
    """
    if not task.until:
        task.args.pop("config", None)


def set_options_of(callback, documented, keys, variables, direct):
    """Give a callback the options that another one documents.

    CallbackBase keeps them in C(_plugin_options), and a plugin's documentation is found by its C(_load_name); 2.17 to 2.21.
    """
    callback._plugin_options = constants.config.get_plugin_options(
        "callback", documented._load_name, keys=keys, variables=variables, direct=direct
    )


def vault_of(loader):
    """The vault with the secrets of the run: C(_vault) of Ansible's loader; 2.17 to 2.21."""
    return loader._vault


def file_of(playbook):
    """The name of a playbook's file: C(_file_name), a path; 2.17 to 2.21."""
    return os.path.basename(playbook._file_name)
