# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's part of the module addon_files: it lists the expected files, and packs them if something differs."""

from __future__ import annotations

import os

from ansible.plugins.action import ActionBase

from ansible_collections.postroom.odoo.plugins.plugin_utils import addon_archive


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        args = dict(self._task.args)
        source = os.path.expanduser(str(args.get("source") or ""))
        if not os.path.isabs(source):
            source = self._find_needle("files", source)
        names = args.get("addons") or []
        try:
            files = {name: addon_archive.files_of(os.path.join(source, name)) for name in names}
        except OSError as exc:
            return dict(result, failed=True, msg="source: %s cannot be read: %s." % (exc.filename, exc.strerror))
        empty = [name for name in names if not files[name]]
        if empty:
            # Everything on the machine would be too much.
            return dict(result, failed=True, msg="source: %s has no addon %s." % (source, ", ".join(empty)))
        args["files"] = {name: addon_archive.checksums(found) for name, found in files.items()}
        answer = self._execute_module(module_args=args, task_vars=task_vars)
        if answer.get("replaced") and not self._task.check_mode:
            packed = addon_archive.pack({name: files[name] for name in answer["replaced"]})
            again = self._execute_module(module_args=dict(args, archive=packed), task_vars=task_vars)
            # What was on the machine before is in the first answer.
            answer = dict(again, contents=answer.get("contents")) if not again.get("failed") else again
        rows, contents = answer.pop("differences", []), answer.pop("contents", None) or {}
        if self._task.diff and rows:
            answer["diff"] = [self._difference(row, contents, args["folder"], files) for row in rows]
        if self._task.check_mode and "replaced" in answer:
            answer["drift"] = _drift(rows, answer["restart_due"])
        result.update(answer)
        return result

    def _difference(self, row, contents, folder, files):
        path = row["record"]
        before = contents.get(path)
        if row.get("option") != "content" or before is None:
            said = "%s: %s" % (path, row["kind"])
            if row.get("option"):
                said += ", %s is %s instead of %s" % (row["option"], row["found"], row["declared"])
            return {"prepared": said + "\n"}
        addon, below = os.path.relpath(path, folder).split(os.sep, 1)
        return {"before_header": path, "after_header": path, "before": before, "after": files[addon][below].decode()}


def _drift(rows, restart_due):
    rows = list(rows)
    if restart_due and not rows:
        rows.append({"resource": "service", "noun": "service", "record": "Odoo", "kind": "restart_due"})
    return {"resource": "files", "noun": "file", "records": [], "differences": rows}
