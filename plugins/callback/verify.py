# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: verify
type: notification
short_description: Report what playbooks/verify.yml found
version_added: 1.0.0
author:
  - Postroom maintainers (@postroom)
description:
  - At the end of a run, reports the findings of M(postroom.odoo.verify) for all databases, by database, level and subject.
  - The playbooks of this collection enable it. In other runs, it reports nothing.
  - Values of secrets are never shown.
requirements:
  - enable in configuration, except for the playbooks of this collection
options:
  report_dir:
    description:
      - Folder for the report files, created if it is missing. The files are C(verify.json) (described by
        docs/verify.schema.json), C(verify.xml) (JUnit, a test case for each subject) and C(verify.html) (a web page).
      - The extra variable C(verify_report_dir) takes precedence.
      - The report of an earlier run is removed when the run starts. Without a folder, the report is only printed on screen.
    type: path
    env:
      - name: POSTROOM_VERIFY_REPORT_DIR
    ini:
      - section: callback_postroom_verify
        key: report_dir
"""

import datetime

from ansible import constants
from ansible.plugins.callback import CallbackBase

from ansible_collections.postroom.odoo.plugins.plugin_utils.ansible_compat import answer_of, host_of, task_of
from ansible_collections.postroom.odoo.plugins.plugin_utils.report.findings import NOT_CHECKED, WRONG, Verification
from ansible_collections.postroom.odoo.plugins.plugin_utils.report.findings_formats import FORMATS, as_table
from ansible_collections.postroom.odoo.plugins.plugin_utils.report.folder import Folder

VERIFY = "postroom.odoo.verify"
VERDICT = "postroom.odoo.verdict"
# The variable of each host with the number of errors that are in the report; verify.yml ends with it.
VARIABLE = "postroom_verify"


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "postroom.odoo.verify"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._verification = Verification()
        self._variables = None
        self._folder = None

    def v2_playbook_on_play_start(self, play):
        self._variables = play.get_variable_manager()
        if self._folder is None and any(_action(task) == VERIFY for task in _tasks(play)):
            path = self._variables.extra_vars.get("verify_report_dir") or self.get_option("report_dir")
            if path:
                self._prepare(path)

    def _prepare(self, path):
        try:
            self._folder = Folder(path, "verify", FORMATS)
        except OSError as exc:
            # Without this callback, verify.yml counts everything as not checked.
            self.disabled = True
            self._display.error("No report can be written to %s: %s." % (path, exc.strerror))

    def v2_runner_on_ok(self, result):
        name, answer = host_of(result).get_name(), answer_of(result)
        if _action(task_of(result)) == VERIFY and "looked_at" in answer:
            self._verification.take(name, answer)
            self._variables.set_nonpersistent_facts(name, {VARIABLE: {"errors": answer["errors"]}})

    def v2_runner_on_unreachable(self, result):
        """The playbook's verdict: what the action could not check is in its result, and anything else here."""
        task, name = task_of(result), host_of(result).get_name()
        if _action(task) == VERDICT and not task.check_mode and name not in self._verification.hosts:
            self._verification.fail(name, str(answer_of(result).get("msg") or "no reason given"))

    def v2_playbook_on_stats(self, stats):
        if not self._verification.hosts:
            return
        report = self._verification.report(datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"))
        self._display.banner("VERIFY")
        *table, verdict = as_table(report)
        for line in table:
            self._display.display(line)
        color = {WRONG: constants.COLOR_ERROR, NOT_CHECKED: constants.COLOR_ERROR}.get(report["status"], constants.COLOR_OK)
        self._display.display(verdict, color=color)
        if self._folder:
            self._display.display(self._folder.write(report))


def _action(task):
    return task.resolved_action or task.action


def _tasks(play):
    """All tasks of a play, in blocks too."""
    waiting = [*play.tasks]
    while waiting:
        each = waiting.pop()
        if hasattr(each, "block"):
            waiting.extend(each.block)
        else:
            yield each
