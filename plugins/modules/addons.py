#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: addons
short_description: Install, upgrade and uninstall Odoo's addons
version_added: 0.1.0
author:
  - Postroom maintainers (@postroom)
description:
  - Installs, upgrades and uninstalls addons (C(ir.module.module)) of an Odoo database, Odoo 14 to 19, and waits until Odoo
    answers again.
  - When a named addon is missing in the database's list of addons, the list is refreshed first.
options:
  config:
    suboptions:
      name:
        description: Technical name of the addon, such as C(mail).
        type: str
        required: true
      upgrade:
        description: Upgrade the addon when the version on the server's disk is another than the one that is installed.
        type: bool
        default: false
      version:
        description:
          - Version that the server's disk must have, as the addon's manifest says it, with the series before it or without.
            When it has another one, the item fails.
          - In check mode it is taken for there, as an earlier task may put it there, and the installation or upgrade that
            follows from it is predicted.
        type: str
      required:
        description:
          - Whether O(state=merged) installs the addon when the database does not have it, and fails when the server does not.
          - Otherwise RV(installed) tells whether the database has it.
        type: bool
        default: true
      since:
        description: First series, such as V(16), for which the item counts. On older ones it is passed over.
        type: int
      until:
        description: Last series, such as V(15), for which the item counts. On later ones it is passed over.
        type: int
  state:
    description:
      - V(merged) installs what is not installed, and upgrades where O(config[].upgrade) says so.
      - V(deleted) uninstalls, with all data of the addon. Addons that need it must be named too.
      - V(gathered) changes nothing and returns the named addons that are installed, or all installed ones when there is no
        O(config), as RV(gathered).
    type: str
    choices: [merged, deleted, gathered]
    default: merged
  update_list:
    description: Refresh the database's list of addons even when none is missing in it. Does not count as a change.
    type: bool
    default: false
  operation_timeout:
    description: Seconds to wait for an installation, upgrade or uninstallation.
    type: int
    default: 600
extends_documentation_fragment:
  - postroom.odoo.connection
  - postroom.odoo.listed
"""

EXAMPLES = r"""
- name: Install what fetches mail
  postroom.odoo.addons:
    config:
      - name: mail
      - name: fetchmail
        until: 15
"""

RETURN = r"""
series:
  description: The Odoo series of the server.
  returned: always
  type: str
  sample: "19.0"
transport:
  description: The API of Odoo's that was used, V(JSON-2) or V(JSON-RPC).
  returned: always
  type: str
  sample: JSON-2
uid:
  description: The user's database id, for O(uid) of the next task.
  returned: always
  type: int
  sample: 2
counts:
  description: How many addons were installed, upgraded, uninstalled, and how many items needed nothing. In check mode, how
    many would be.
  returned: when O(state) is not V(gathered)
  type: dict
  sample: {installed: 1, upgraded: 0, uninstalled: 0, unchanged: 1}
changes:
  description: What changed, or in check mode would change.
  returned: when O(state) is not V(gathered)
  type: list
  elements: dict
  sample: [{action: installed, items: [mail]}]
drift:
  description:
    - What a comparison found, for the callback plugin P(postroom.odoo.drift#callback), which explains it.
  returned: in check mode, when O(state) is not V(gathered)
  type: dict
  contains:
    differences:
      description: Records that are missing or unwanted, and options that differ. Of a secret, only that it differs.
      type: list
      elements: dict
      sample: [{index: 0, record: mail, kind: missing}]
    conflicts:
      description: Records made by hand that interfere with a record of O(config), each with the keys by which another list may
        name it.
      type: list
      elements: dict
    unnamed:
      description: Records that Postroom owns and O(config) does not name, by their database id.
      type: dict
    records:
      description: The records of O(config), as they are called in C(differences).
      type: list
      elements: str
    keys:
      description: What identifies each record of O(config).
      type: list
      elements: list
    resource:
      description: The name of this module.
      type: str
    noun:
      description: What to call one such record.
      type: str
    url:
      description: The address of the server.
      type: str
    database:
      description: The name of the database.
      type: str
    series:
      description: The Odoo series of the server.
      type: str
unpredicted:
  description: What check mode could not look up.
  returned: in check mode, when there is such
  type: list
  elements: str
problems:
  description: The bad items, each with its place in O(config) (from 0), its option and the reason.
  returned: when items are refused
  type: list
  elements: dict
installed:
  description: Those of the named addons that are installed now, or in check mode would be.
  returned: when O(state) is not V(gathered)
  type: list
  elements: str
  sample: [mail]
gathered:
  description: What is installed, in the form of O(config).
  returned: when O(state=gathered)
  type: list
  elements: dict
"""

from ansible_collections.postroom.odoo.plugins.module_utils.module import Module
from ansible_collections.postroom.odoo.plugins.module_utils.operations.addons import run


def main(new=Module):
    run(new)


if __name__ == "__main__":
    main()
