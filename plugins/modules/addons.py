#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: addons
short_description: Install, upgrade and uninstall Odoo's addons
version_added: 1.0.0
author:
  - Postroom maintainers (@postroom)
description:
  - Installs, upgrades and uninstalls addons (C(ir.module.module)) of an Odoo database, Odoo 14 to 20, and waits until Odoo
    responds again.
  - If an addon is missing in the database's list of addons, the module refreshes the list first.
options:
  config:
    suboptions:
      name:
        description: Technical name of the addon, such as C(mail).
        type: str
        required: true
      upgrade:
        description: Whether to upgrade the addon if the version on the server's disk differs from the installed version.
        type: bool
        default: false
      version:
        description:
          - Version that the server must have on its disk, as in the addon's manifest, with or without the series in front.
            The module fails if the server has another version.
          - In check mode, the module assumes that the server has this version, as an earlier task may copy it there, and
            predicts the resulting installation or upgrade.
        type: str
      required:
        description:
          - Whether O(state=merged) installs the addon if it is missing in the database, and fails if it is missing on the
            server.
          - Otherwise, RV(installed) only returns whether the addon is installed.
        type: bool
        default: true
      since:
        description: First series, such as V(16), to which the item applies. It is ignored on older series.
        type: int
      until:
        description: Last series, such as V(15), to which the item applies. It is ignored on later series.
        type: int
  state:
    description:
      - V(merged) installs missing addons, and upgrades them according to O(config[].upgrade).
      - V(deleted) uninstalls addons with all their data. Addons that depend on them must also be listed.
      - V(gathered) changes nothing and returns the installed addons of O(config), or all installed addons without O(config), as
        RV(gathered).
    type: str
    choices: [merged, deleted, gathered]
    default: merged
  update_list:
    description: Whether to refresh the database's list of addons even if none is missing. This is not reported as a change.
    type: bool
    default: false
  operation_timeout:
    description: Timeout in seconds for an installation, upgrade or uninstallation.
    type: int
    default: 600
extends_documentation_fragment:
  - postroom.odoo.connection
  - postroom.odoo.listed
"""

EXAMPLES = r"""
- name: Install the addons that send and fetch mail
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
  description: The Odoo API that was used, V(JSON-2) or V(JSON-RPC).
  returned: always
  type: str
  sample: JSON-2
uid:
  description: The user's database ID, for O(uid) of the next task.
  returned: always
  type: int
  sample: 2
url:
  description: The address of the server, as O(url) has it.
  returned: always
  type: str
  sample: https://odoo.mydomain.com
database:
  description: The name of the database.
  returned: always
  type: str
  sample: mydomain
counts:
  description: Number of addons that were installed, upgraded or uninstalled, and of items without changes. In check mode, the
    numbers that would result.
  returned: when O(state) is not V(gathered)
  type: dict
  sample: {installed: 1, upgraded: 0, uninstalled: 0, unchanged: 1}
changes:
  description: The changes that were made, or that would be made in check mode.
  returned: when O(state) is not V(gathered)
  type: list
  elements: dict
  sample: [{action: installed, items: [mail]}]
drift:
  description:
    - The result of the comparison, for the callback plugin P(postroom.odoo.drift#callback), which reports it.
  returned: in check mode, when O(state) is not V(gathered)
  type: dict
  contains:
    differences:
      description: Records that are missing or unwanted, and options that differ. Values of secrets are not included.
      type: list
      elements: dict
      sample: [{index: 0, record: mail, kind: missing}]
    conflicts:
      description: Manually created records that conflict with a record of O(config), each with the keys that identify it in
        other lists.
      type: list
      elements: dict
    unnamed:
      description: Records that Postroom owns and that are not in O(config), by their database ID.
      type: dict
    records:
      description: The records of O(config), with their names in C(differences).
      type: list
      elements: str
    keys:
      description: The keys that identify each record of O(config).
      type: list
      elements: list
    resource:
      description: The name of this module.
      type: str
    noun:
      description: The term for such a record.
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
  description: Changes that check mode could not predict.
  returned: in check mode, when some changes cannot be predicted
  type: list
  elements: str
problems:
  description: The invalid items, each with its index in O(config) (starting at 0), its option and the reason.
  returned: when items are invalid
  type: list
  elements: dict
installed:
  description: The addons of O(config) that are installed after the run, or that would be in check mode.
  returned: when O(state) is not V(gathered)
  type: list
  elements: str
  sample: [mail]
gathered:
  description: The installed addons, in the form of O(config).
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
