# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: drift
type: notification
short_description: Report what differs between databases and inventory
version_added: 0.1.0
author:
  - Postroom maintainers (@postroom)
description:
  - At the end of a run in check mode, says what differs between the inventory and what is there, by database, record and
    option, with the records that Postroom owns and the inventory no longer names, and those made by hand that shadow ours.
  - C(playbooks/drift.yml) has it at work by itself. Any other playbook has when it is enabled, and C(--check) is given.
    A run that changes something says nothing.
  - Secrets are never shown, only that they differ.
requirements:
  - to be enabled, but for C(playbooks/drift.yml)
options:
  report_dir:
    description:
      - A folder for the report in files, made when it is not there. They are C(drift.json) (docs/drift.schema.json
        describes it), C(drift.xml) (JUnit, a test case for each declared record) and C(drift.html) (a page for people).
      - The variable C(drift_report_dir), given with C(-e), says the same and goes before.
      - What is left there of an earlier run is removed when the run begins. Without a folder, the report is on screen only.
    type: path
    env:
      - name: POSTROOM_DRIFT_REPORT_DIR
    ini:
      - section: callback_postroom_drift
        key: report_dir
notes:
  - A record counts as no longer named when no list of the whole run names it. A run that leaves one of the roles
    C(mail_domain) and C(mail_users) out, or that failed in that database, has not seen all lists and says nothing of such
    records, nor of those made by hand.
"""

import datetime
import os
import tempfile

from ansible import constants, context
from ansible.module_utils.common.text.converters import to_bytes
from ansible.plugins.callback import CallbackBase

from ansible_collections.postroom.odoo.plugins.plugin_utils import drift_formats as formats
from ansible_collections.postroom.odoo.plugins.plugin_utils.drift import DRIFT, NOT_CHECKED, Ledger
from ansible_collections.postroom.odoo.plugins.plugin_utils.files import write

COLLECTION = "postroom.odoo"
# The variable of each host that says what is known of it so far; drift.yml ends with it.
VARIABLE = "postroom_drift"
VERDICT = COLLECTION + ".drift_verdict"
FILES = {"drift.json": formats.as_json, "drift.xml": formats.as_junit, "drift.html": formats.as_html}


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "postroom.odoo.drift"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._ledger = Ledger()
        self._variables = None
        self._folder = None

    # -- the run's events ----------------------------------------------------------------------------------------------

    def v2_playbook_on_play_start(self, play):
        first, self._variables = self._variables is None, play.get_variable_manager()
        if first:
            folder = self._variables.extra_vars.get("drift_report_dir") or self.get_option("report_dir")
            if folder:
                self._prepare(os.path.abspath(os.path.expanduser(str(folder))))

    def v2_runner_on_skipped(self, result):
        self._see(result)

    def v2_runner_on_ok(self, result):
        self._see(result)
        if not result._task.check_mode:
            return
        module, answer = _module(result), result._result
        if "drift" in answer:
            self._ledger.host(result._host.get_name()).take(module, answer)
            self._publish(result._host)
        elif _is_ours(result._task) and answer.get("changed"):
            _take_machine(self._ledger.host(result._host.get_name()), module, answer)
            self._publish(result._host)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        if result._task.check_mode and not ignore_errors and _action(result) != VERDICT:
            self._fail(result)

    def v2_runner_on_unreachable(self, result):
        if result._task.check_mode and not result._task.ignore_unreachable:
            self._fail(result)

    def v2_playbook_on_stats(self, stats):
        if not self._ledger.hosts:
            return
        report = self._ledger.report(datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"))
        self._display.banner("DRIFT")
        *table, verdict = formats.as_table(report)
        for line in table:
            self._display.display(line)
        color = {DRIFT: constants.COLOR_CHANGED, NOT_CHECKED: constants.COLOR_ERROR}.get(report["status"], constants.COLOR_OK)
        self._display.display(verdict, color=color)
        if self._folder:
            for name, form in FILES.items():
                write(os.path.join(self._folder, name), to_bytes(form(report)), 0o644)
            self._display.display("Written to %s: %s" % (self._folder, ", ".join(FILES)))

    # -- what they come to ---------------------------------------------------------------------------------------------

    def _prepare(self, folder):
        """Make the folder, and leave no report of an earlier run there for one of this."""
        try:
            os.makedirs(folder, exist_ok=True)
            for name in FILES:
                path = os.path.join(folder, name)
                if os.path.lexists(path):
                    os.remove(path)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as exc:
            # Without this callback, drift.yml counts everything as not checked.
            self.disabled = True
            self._display.error("No drift report can be written to %s: %s." % (folder, exc.strerror))
            return
        self._folder = folder

    def _see(self, result):
        """Note that a role is run, with whatever the inventory has for it."""
        task = result._task
        # Ansible checks the arguments of a role that --tags leaves out, too.
        if not task.check_mode or not _is_ours(task) or _module(result) == "validate_argument_spec":
            return
        host = self._ledger.host(result._host.get_name())
        # A run may begin in the middle of a role.
        if task._role._from_files.get("tasks", "main") in ("main", "configure") and not context.CLIARGS.get("start_at_task"):
            host.roles.add(task._role._role_name)
        self._publish(result._host)

    def _publish(self, host):
        name = host.get_name()
        modules = sorted({call.module for call in self._ledger.host(name).calls})
        self._variables.set_nonpersistent_facts(
            name, {VARIABLE: {"differences": self._ledger.differences(name), "modules": modules}}
        )

    def _fail(self, result):
        reason = _reason(result._result)
        if _action(result) != VERDICT:
            reason = "%s: %s" % (result._task.get_name(include_role_fqcn=False).rpartition(" : ")[2].strip(), reason)
        host = self._ledger.host(result._host.get_name())
        # The verdict repeats what failed before; it has a reason of its own where nothing else failed.
        if _action(result) != VERDICT or not host.reasons:
            host.fail(reason)


def _action(result):
    return result._task.resolved_action or result._task.action


def _module(result):
    return _action(result).rpartition(".")[2]


def _is_ours(task):
    role = task._role
    return bool(role) and role._role_collection == COLLECTION


def _reason(answer):
    """Why a task failed, in its own words; of a loop, why its first item did."""
    for each in [*(answer.get("results") or ()), answer]:
        if each is answer or each.get("failed") or each.get("unreachable"):
            words = str(each.get("msg") or each.get("censored") or "").strip()
            if words:
                return words
    return "no reason given"


def _take_machine(host, module, answer):
    """What the role routing_addon would change on a machine, by Ansible's own modules."""
    for each in [item for item in answer.get("results", [answer]) if item.get("changed")]:
        given = (each.get("invocation") or {}).get("module_args") or {}
        path = given.get("path") or given.get("dest") or each.get("dest") or each.get("path")
        if module == "addons_path":
            sides = [", ".join(str(each["diff"][side]).splitlines()) for side in ("after", "before")]
            host.add("addons_path", given["config_file"], "differs", option="addons_path", declared=sides[0], found=sides[1])
        elif module == "copy":
            host.add("files", path, "differs", option="content", declared="as the addon has it", found="missing, or otherwise")
        elif module == "file":
            _take_file(host, path, given, each.get("diff") or {})
        elif module in ("command", "service"):
            host.restart_due = True


def _take_file(host, path, given, diff):
    before, after = diff.get("before") or {}, diff.get("after") or {}
    if given.get("state") == "absent":
        host.add("files", path, "unwanted")
    elif before.get("state") == "absent":
        host.add("files", path, "missing")
    elif not before:
        # The task gives no diff.
        host.add("files", path, "differs", option="folder", declared="as the addon has it", found="missing, or otherwise")
    else:
        for option in sorted(set(before) & set(after) - {"path"}):
            host.add("files", path, "differs", option=option, declared=after[option], found=before[option])
