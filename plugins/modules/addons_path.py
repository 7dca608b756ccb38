#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: addons_path
short_description: Add a folder to the addons path of an Odoo server
version_added: 1.0.0
author:
  - Postroom maintainers (@postroom)
description:
  - Appends a folder to C(addons_path) in Odoo's configuration file if it is missing. The rest of the file, its owner and its
    mode are not changed.
  - Runs on the machine that runs Odoo. Odoo reads the file when it starts.
  - The diff only shows C(addons_path), as the file may contain passwords.
options:
  config_file:
    description: Odoo's configuration file.
    type: path
    required: true
  folder:
    description: The folder. It does not have to exist yet.
    type: path
    required: true
  fallback_paths:
    description:
      - The folders of Odoo's own addons, used if the file contains no folder. The module then writes them before O(folder), as
        an Odoo that is not installed from a package would no longer find its own addons.
      - They must exist. If the list is empty, only O(folder) is written.
    type: list
    elements: path
    default: []
attributes:
  check_mode:
    support: full
    description: Can run in check mode and return the changes that it would make, without making them.
  diff_mode:
    support: full
    description: Returns what changes.
seealso:
  - module: postroom.odoo.addons
"""

EXAMPLES = r"""
- name: Add a folder of our own addons
  postroom.odoo.addons_path:
    config_file: /etc/odoo/odoo.conf
    folder: /opt/mydomain/addons
    fallback_paths: [/usr/lib/python3/dist-packages/odoo/addons]
"""

RETURN = r"""
addons_path:
  description: The folders in the file after the run, or that would be in it in check mode.
  returned: success
  type: list
  elements: str
  sample: [/usr/lib/python3/dist-packages/odoo/addons, /opt/mydomain/addons]
drift:
  description: What a comparison found, for the callback plugin P(postroom.odoo.drift#callback).
  returned: in check mode
  type: dict
"""

import os
import tempfile

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.postroom.odoo.plugins.module_utils.operations import odoo_conf


def main():
    module = AnsibleModule(
        argument_spec={
            "config_file": {"type": "path", "required": True},
            "folder": {"type": "path", "required": True},
            "fallback_paths": {"type": "list", "elements": "path", "default": []},
        },
        supports_check_mode=True,
    )
    # Links are followed: the file behind one is changed, not the link replaced.
    path = os.path.realpath(module.params["config_file"])
    folder, fallback_paths = module.params["folder"], module.params["fallback_paths"]
    try:
        text = read(path)
        before = odoo_conf.addons_path(text)
        if odoo_conf.is_among(folder, before):
            module.exit_json(**answer(module, path, before, before))
        missing = [] if before else [each for each in fallback_paths if not os.path.isdir(each)]
        if missing:
            module.fail_json(
                msg="%s names no addons_path, and %s, where Odoo's own addons are then said to be, is not there. Say where "
                "they are, or name them in the file." % (path, ", ".join(missing))
            )
        changed = odoo_conf.with_folder(text, folder, fallback_paths)
        after = odoo_conf.addons_path(changed)
        if not module.check_mode:
            write(module, path, changed)
    except OSError as exc:
        module.fail_json(msg="Cannot use %s: %s." % (path, exc.strerror))
    except odoo_conf.Unreadable as exc:
        module.fail_json(msg="Cannot use %s: %s." % (path, exc))
    module.exit_json(**answer(module, path, before, after))


def answer(module, path, before, after):
    result = {"changed": before != after, "addons_path": after, "diff": diff(path, before, after)}
    if module.check_mode:
        row = {"kind": "differs", "option": "addons_path", "declared": ", ".join(after), "found": ", ".join(before)}
        result["drift"] = {
            "resource": "addons_path",
            "noun": "configuration file",
            "records": [],
            "differences": [dict(row, record=module.params["config_file"])] if result["changed"] else [],
        }
    return result


def read(path):
    # Bytes that are no UTF-8, and ends of lines, come back as they were.
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        return file.read()


def write(module, path, text):
    """Replace the file in one step, keeping owner and mode."""
    descriptor, new = tempfile.mkstemp(dir=module.tmpdir)
    with open(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        file.write(text)
    module.atomic_move(new, path)


def diff(path, before, after):
    return {
        "before_header": path,
        "after_header": path,
        "before": "".join("%s\n" % each for each in before),
        "after": "".join("%s\n" % each for each in after),
    }


if __name__ == "__main__":
    main()
