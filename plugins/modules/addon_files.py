#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: addon_files
short_description: Copy Odoo addons to a machine that runs Odoo
version_added: 1.0.0
author:
  - Postroom maintainers (@postroom)
description:
  - Compares the files of the addons in O(folder) with those in O(source) on the controller, by checksum, owner and mode, and
    replaces an addon completely if it differs. An interrupted run leaves either the old addon or the new one, never a part of
    it.
  - Obsolete files of an addon are removed. Other addons in O(folder) are not changed. Python's bytecode is neither compared nor
    copied.
  - Before the module replaces an addon, it creates the empty file C(restart-is-due) in O(folder). Remove it after restarting
    Odoo.
  - The module copies all addons in a single archive, and only if one of them differs.
options:
  source:
    description: Folder on the controller that contains the addons.
    type: path
    required: true
  addons:
    description: Names of the addons.
    type: list
    elements: str
    required: true
  folder:
    description: Folder on the machine. It is created if it is missing.
    type: path
    required: true
  owner:
    description: User who owns the files.
    type: str
    default: root
  group:
    description: Group of the files.
    type: str
    default: root
  files:
    description: The checksum of each file by addon and path. The action plugin sets it.
    type: dict
  archive:
    description: The addons' files as a tar archive in Base64. The action plugin sets it.
    type: str
attributes:
  check_mode:
    support: full
    description: Can run in check mode and return the changes that it would make, without making them.
  diff_mode:
    support: full
    description: Returns the files that change, with the contents of changed files, but not of new ones.
seealso:
  - module: postroom.odoo.addons_path
  - module: postroom.odoo.addons
"""

EXAMPLES = r"""
- name: Copy two addons to the server
  postroom.odoo.addon_files:
    source: files/addons
    addons: [first_addon, second_addon]
    folder: /opt/mydomain/addons
"""

RETURN = r"""
replaced:
  description: The addons that were copied, or that would be copied in check mode.
  returned: success
  type: list
  elements: str
  sample: [first_addon]
restart_due:
  description: Whether Odoo must be restarted to use the files, which were copied by this run or an earlier one.
  returned: success
  type: bool
drift:
  description: The result of the comparison, for the callback plugin P(postroom.odoo.drift#callback).
  returned: in check mode
  type: dict
"""

import base64
import grp
import hashlib
import io
import os
import pwd
import shutil
import stat
import tarfile
import tempfile
import time

from ansible.module_utils.basic import AnsibleModule

MARK = "restart-is-due"
FOLDER_MODE = 0o755
FILE_MODE = 0o644
# Folders of this collection that a run which broke off may have left. It has no manifest, so Odoo sees no addon in it.
STAGE = ".postroom-"
LEFT_BEHIND = 3600
# Longer files are named in a diff, and not shown.
MOST_SHOWN = 100000


def main():
    module = AnsibleModule(
        argument_spec={
            "source": {"type": "path", "required": True},
            "addons": {"type": "list", "elements": "str", "required": True},
            "folder": {"type": "path", "required": True},
            "owner": {"type": "str", "default": "root"},
            "group": {"type": "str", "default": "root"},
            "files": {"type": "dict"},
            # No secret, but too long to be shown.
            "archive": {"type": "str", "no_log": True},
        },
        supports_check_mode=True,
    )
    folder, archive = module.params["folder"], module.params["archive"]
    owner = known(module, "owner", pwd.getpwnam, "pw_uid")
    group = known(module, "group", grp.getgrnam, "gr_gid")
    try:
        found = {
            name: compare(os.path.join(folder, name), files, owner, group) for name, files in module.params["files"].items()
        }
        replaced = sorted(name for name, rows in found.items() if rows)
        rows = [row for name in replaced for row in found[name]]
        if replaced and archive and not module.check_mode:
            files = {name: module.params["files"][name] for name in replaced}
            replace(folder, files, base64.b64decode(archive), owner, group)
        due = bool(replaced) or os.path.exists(os.path.join(folder, MARK))
    except (OSError, tarfile.TarError) as exc:
        module.fail_json(msg="Cannot put the addons into %s: %s." % (folder, exc))
    result = {"changed": bool(replaced), "replaced": replaced, "restart_due": due, "differences": rows}
    if module._diff:
        result["contents"] = {row["record"]: content(row["record"]) for row in rows if row.get("option") == "content"}
    module.exit_json(**result)


def known(module, option, look_up, attribute):
    try:
        return getattr(look_up(module.params[option]), attribute)
    except KeyError:
        module.fail_json(msg="%s: this machine has no %s." % (option, module.params[option]))


def compare(target, files, owner, group):
    """What differs between a folder and the files that it should have, a row for each difference.

    :param files: the SHA-256 of each file's content by its path below the folder.
    :returns: C([{record, kind}]), with C(option, declared, found) where something differs.
    """
    if not os.path.lexists(target):
        return [{"record": target, "kind": "missing"}]
    if os.path.islink(target) or not os.path.isdir(target):
        return [_differs(target, "type", "folder", "no folder")]
    rows, folders, seen = [], folders_of(files), set()
    for path, names, others in os.walk(target):
        names[:] = sorted(name for name in names if name != "__pycache__")
        for name in names + sorted(others):
            full = os.path.join(path, name)
            relative = os.path.relpath(full, target)
            status = os.lstat(full)
            if stat.S_ISDIR(status.st_mode) and relative in folders:
                rows += _owned(full, status, FOLDER_MODE, owner, group)
            elif stat.S_ISREG(status.st_mode) and relative in files:
                seen.add(relative)
                if checksum(full) != files[relative]:
                    rows.append(_differs(full, "content", "as the addon has it", "otherwise"))
                rows += _owned(full, status, FILE_MODE, owner, group)
            else:
                rows.append({"record": full, "kind": "unwanted"})
    rows += _owned(target, os.lstat(target), FOLDER_MODE, owner, group)
    rows += [{"record": os.path.join(target, each), "kind": "missing"} for each in sorted(set(files) - seen)]
    return sorted(rows, key=lambda row: row["record"])


def folders_of(files):
    folders = set()
    for path in files:
        folder = os.path.dirname(path)
        while folder:
            folders.add(folder)
            folder = os.path.dirname(folder)
    return folders


def _owned(path, status, mode, owner, group):
    rows = []
    if stat.S_IMODE(status.st_mode) != mode:
        rows.append(_differs(path, "mode", "%04o" % mode, "%04o" % stat.S_IMODE(status.st_mode)))
    if status.st_uid != owner:
        rows.append(_differs(path, "owner", _named(pwd.getpwuid, owner), _named(pwd.getpwuid, status.st_uid)))
    if status.st_gid != group:
        rows.append(_differs(path, "group", _named(grp.getgrgid, group), _named(grp.getgrgid, status.st_gid)))
    return rows


def _named(look_up, number):
    try:
        return look_up(number)[0]
    except KeyError:
        return str(number)


def _differs(path, option, declared, found):
    return {"record": path, "kind": "differs", "option": option, "declared": declared, "found": found}


def checksum(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def content(path):
    """A text file's content; of others nothing."""
    with open(path, "rb") as file:
        found = file.read(MOST_SHOWN + 1)
    try:
        return found.decode() if len(found) <= MOST_SHOWN and b"\0" not in found else None
    except UnicodeDecodeError:
        return None


def replace(folder, addons, archive, owner, group):
    """Put whole addons in place of those that are there.

    :param addons: the addons' files, by name, as compare() takes them.
    :param archive: a tar archive with a folder for each addon.
    """
    if not os.path.isdir(folder):
        os.makedirs(folder, FOLDER_MODE)
    clear_up(folder)
    # On the same file system, so that each addon comes by one renaming.
    stage = tempfile.mkdtemp(prefix=STAGE, dir=folder)
    try:
        unpack(archive, stage, owner, group)
        for name, files in addons.items():
            wrong = compare(os.path.join(stage, name), files, owner, group)
            if wrong:
                raise tarfile.TarError("the archive is not what was announced, %s" % wrong[0]["record"])
        with open(os.path.join(folder, MARK), "w"):
            pass
        for name in addons:
            target = os.path.join(folder, name)
            if os.path.lexists(target):
                os.rename(target, os.path.join(stage, name + ".former"))
            os.rename(os.path.join(stage, name), target)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def clear_up(folder):
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if name.startswith(STAGE) and time.time() - os.lstat(path).st_mtime > LEFT_BEHIND:
            shutil.rmtree(path, ignore_errors=True)


def unpack(archive, stage, owner, group):
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        for member in packed:
            path = os.path.normpath(os.path.join(stage, member.name))
            if not member.isfile() or not path.startswith(stage + os.sep):
                raise tarfile.TarError("the archive has %s, which is no file of an addon" % member.name)
            missing = []
            parent = os.path.dirname(path)
            while not os.path.isdir(parent):
                missing.append(parent)
                parent = os.path.dirname(parent)
            for each in reversed(missing):
                os.mkdir(each)
                _settle(each, FOLDER_MODE, owner, group)
            with open(path, "wb") as file:
                shutil.copyfileobj(packed.extractfile(member), file)
            _settle(path, FILE_MODE, owner, group)


def _settle(path, mode, owner, group):
    os.chown(path, owner, group)
    os.chmod(path, mode)


if __name__ == "__main__":
    main()
