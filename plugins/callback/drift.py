# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: drift
type: notification
short_description: Report differences between databases and inventory
version_added: 1.0.0
author:
  - Postroom maintainers (@postroom)
description:
  - At the end of a run in check mode, reports the differences between inventory and databases, by database, record and option,
    including records that Postroom owns and that are no longer in the inventory, and manually created records that conflict
    with Postroom's.
  - The playbooks of this collection enable it, except C(site.yml) of a clone, whose C(ansible.cfg) enables it.
  - At the end of any other run, lists the databases and machines that were not configured, with the reason for each.
  - Values of secrets are never shown.
requirements:
  - enable in configuration, except for C(playbooks/drift.yml)
options:
  report_dir:
    description:
      - Folder for the report files, created if it is missing. The files are C(drift.json) (described by
        docs/drift.schema.json), C(drift.xml) (JUnit, a test case for each declared record) and C(drift.html) (a web page).
      - The extra variable C(drift_report_dir) takes precedence.
      - The report of an earlier run is removed when the run starts. Without a folder, the report is only printed on screen.
    type: path
    env:
      - name: POSTROOM_DRIFT_REPORT_DIR
    ini:
      - section: callback_postroom_drift
        key: report_dir
notes:
  - A record is unnamed if no list of the whole run contains it. If a list that may contain it was not compared, for example
    with C(--tags), or if the run failed in the database, unnamed and manually created records are not reported.
"""

import datetime

from ansible import constants
from ansible.plugins.callback import CallbackBase

from ansible_collections.postroom.odoo.plugins.plugin_utils.ansible_compat import answer_of, file_of, host_of, task_of
from ansible_collections.postroom.odoo.plugins.plugin_utils.report.files import FORMATS
from ansible_collections.postroom.odoo.plugins.plugin_utils.report.folder import Folder
from ansible_collections.postroom.odoo.plugins.plugin_utils.report.ledger import DRIFT, NOT_CHECKED, Ledger
from ansible_collections.postroom.odoo.plugins.plugin_utils.report.table import as_reasons, as_table

COLLECTION = "postroom.odoo."
# The variable of each host with the number of differences so far; drift.yml ends with it.
VARIABLE = "postroom_drift"
VERDICT = COLLECTION + "verdict"


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "postroom.odoo.drift"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._ledger = Ledger()
        self._failures = {}
        self._ours = set()
        self._variables = None
        self._folder = None
        self._playbook = "site.yml"

    # -- the run's events ----------------------------------------------------------------------------------------------

    def v2_playbook_on_start(self, playbook):
        # These write by themselves what they compare; for all others it is site.yml.
        name = file_of(playbook)
        if name in ("onboard.yml", "offboard.yml"):
            self._playbook = name

    def v2_playbook_on_play_start(self, play):
        first, self._variables = self._variables is None, play.get_variable_manager()
        if first:
            folder = self._variables.extra_vars.get("drift_report_dir") or self.get_option("report_dir")
            if folder:
                self._prepare(folder)

    def v2_runner_on_skipped(self, result):
        self._see(result)

    def v2_runner_on_ok(self, result):
        self._see(result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._see(result)
        if not ignore_errors:
            self._fail(result)

    def v2_runner_on_unreachable(self, result):
        self._see(result)
        if not task_of(result).ignore_unreachable:
            self._fail(result)

    def v2_playbook_on_stats(self, stats):
        if self._ledger.hosts:
            self._report_drift()
        else:
            self._report_failures(stats)

    # -- what they come to ---------------------------------------------------------------------------------------------

    def _prepare(self, folder):
        try:
            self._folder = Folder(folder, "drift", FORMATS)
        except OSError as exc:
            # Without this callback, drift.yml counts everything as not checked.
            self.disabled = True
            self._display.error("No drift report can be written to %s: %s." % (folder, exc.strerror))

    def _see(self, result):
        task, name = task_of(result), host_of(result).get_name()
        if not _action(task).startswith(COLLECTION) or _action(task) == VERDICT:
            return
        self._ours.add(name)
        if not task.check_mode:
            return
        host, answer = self._ledger.host(name), answer_of(result)
        if "owns" in answer:
            host.expect(answer["owns"])
        if "drift" in answer:
            host.take(answer["drift"], [*answer.get("unpredicted", ()), *answer.get("not_managed", ())])
        self._variables.set_nonpersistent_facts(name, {VARIABLE: {"differences": len(host.differences())}})

    def _fail(self, result):
        task, name = task_of(result), host_of(result).get_name()
        if _action(task) == VERDICT and not task.check_mode:
            # Of verify.yml, which has a report of its own.
            self._failures.pop(name, None)
            return
        reason = _reason(answer_of(result))
        if _action(task) != VERDICT:
            reason = "%s: %s" % (task.get_name(include_role_fqcn=False).rpartition(" : ")[2].strip(), reason)
        self._failures[name] = reason
        if not task.check_mode or (_action(task) == VERDICT and not answer_of(result).get("unreachable")):
            return
        host = self._ledger.host(name)
        # Where a failure was rescued, the verdict, or another task, repeats it.
        message = _reason(answer_of(result))
        if not any(each.endswith(message) for each in host.reasons):
            host.fail(reason)

    def _report_drift(self):
        report = self._ledger.report(datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), self._playbook)
        self._display.banner("DRIFT")
        *table, verdict = as_table(report)
        for line in table:
            self._display.display(line)
        color = {DRIFT: constants.COLOR_CHANGED, NOT_CHECKED: constants.COLOR_ERROR}.get(report["status"], constants.COLOR_OK)
        self._display.display(verdict, color=color)
        if self._folder:
            self._display.display(self._folder.write(report))

    def _report_failures(self, stats):
        """Of a run that changes something: what was not done. A failure that the playbook rescued does not count."""
        counts = {name: stats.summarize(name) for name in self._failures}
        reasons = {
            name: self._failures[name]
            for name in sorted(self._failures)
            if name in self._ours and (counts[name]["failures"] or counts[name]["unreachable"])
        }
        if reasons:
            self._display.banner("NOT DONE")
            for line in as_reasons(reasons):
                self._display.display(line, color=constants.COLOR_ERROR)


def _action(task):
    return task.resolved_action or task.action


def _reason(answer):
    """Why a task failed, in its own words; of a loop, why its first item did."""
    for each in [*(answer.get("results") or ()), answer]:
        if each is answer or each.get("failed") or each.get("unreachable"):
            words = str(each.get("msg") or each.get("censored") or "").strip()
            if words:
                return words
    return "no reason given"
