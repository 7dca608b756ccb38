#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: config_parameters
short_description: Set Odoo's system parameters
version_added: 1.0.0
author:
  - Postroom maintainers (@postroom)
description:
  - Sets, removes and gathers system parameters (C(ir.config_parameter)) of an Odoo database, Odoo 14 to 20.
  - In Odoo 14 to 16, the alias domain consists of system parameters (V(mail.catchall.domain), V(mail.catchall.alias),
    V(mail.bounce.alias) and V(mail.default.from)). M(postroom.odoo.alias_domains) manages them. This module never removes
    them, and an item that would change one of them is an error.
options:
  config:
    suboptions:
      key:
        description:
          - Key of the parameter.
        type: str
        required: true
      value:
        description:
          - Value of the parameter. This option is required to create it.
        type: str
      secret:
        description:
          - Whether to hide the value in diffs and errors. Parameters whose key contains a word such as secret, password,
            token, private, API key or UUID are always hidden, and V(gathered) omits their values.
        type: bool
        default: false
  state:
    description:
      - V(merged) creates missing records, and sets the given options.
      - V(overridden) also removes records that Postroom owns and that are not in O(config).
      - V(deleted) removes the records of O(config).
      - V(gathered) changes nothing and returns the records of O(config), or all records without O(config), as RV(gathered),
        in the form of O(config) and without secrets.
    type: str
    choices: [merged, overridden, deleted, gathered]
    default: merged
extends_documentation_fragment:
  - postroom.odoo.connection
  - postroom.odoo.resource
seealso:
  - module: postroom.odoo.alias_domains
"""

EXAMPLES = r"""
- name: Set the address of links in messages
  postroom.odoo.config_parameters:
    config:
      - key: web.base.url
        value: https://odoo.mydomain.com
      - key: web.base.url.freeze
        value: "True"
"""

RETURN = r"""
series:
  description: The Odoo series of the server.
  returned: always
  type: str
  sample: '19.0'
transport:
  description: The API that was used, V(JSON-2) or V(JSON-RPC).
  returned: always
  type: str
  sample: JSON-2
uid:
  description: The user's database ID, for O(uid) of the next task.
  returned: always
  type: int
  sample: 2
counts:
  description: Number of records that were created, updated, adopted and deleted, and of items without changes. In check
    mode, the numbers that would result. An adopted record existed before, and is now owned by Postroom.
  returned: when O(state) is not V(gathered)
  type: dict
  sample: {created: 1, updated: 0, adopted: 0, deleted: 0, unchanged: 12}
adopted:
  description: The existing records that Postroom now owns, or would own in check mode.
  returned: when O(state) is not V(gathered)
  type: list
  elements: str
  sample: [mail.session.batch.size (id 7)]
changes:
  description: The changes that were made, or that would be made in check mode. Records with the same action and options
    share an entry.
  returned: when O(state) is not V(gathered)
  type: list
  elements: dict
  sample: [{action: updated, options: [value], items: [mail.session.batch.size]}]
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
      sample: [{index: 0, record: mail.session.batch.size, kind: differs, option: value, declared: '50', found: '500'}]
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
  description: The changes that check mode cannot predict, because an addon is not installed yet, or computes options of new
    records.
  returned: in check mode, when some changes cannot be predicted
  type: list
  elements: str
not_managed:
  description: The options that differ and are left as they are, because an addon of the database computes them and does not
    let them be changed. A line for each set of options, with the records and the reason.
  returned: when there are such options
  type: list
  elements: str
problems:
  description: The invalid items, each with its index in O(config) (starting at 0), its option and the reason.
  returned: when items are invalid
  type: list
  elements: dict
  sample: [{index: 3, option: value, reason: is required to create this system parameter}]
gathered:
  description: The existing records, in the form of O(config).
  returned: when O(state=gathered)
  type: list
  elements: dict
records:
  description: The existing records, with secrets and empty options.
  returned: when O(state=gathered) and O(include_secrets=true)
  type: list
  elements: dict
  contains:
    item:
      description: The record in the form of O(config). Given this item, the module finds nothing to change.
      type: dict
    label:
      description: The name of the record.
      type: str
    defaults:
      description: The options that have the default value of a new record.
      type: list
      elements: str
    left_out:
      description: The options that O(config) cannot express, each with C(option) and C(reason).
      type: list
      elements: dict
    reason:
      description: The reason why no item can represent the record, if there is one.
      type: str
    customized:
      description: Whether somebody created or changed the record. Otherwise, it is as one of Odoo's addons installed it.
      type: bool
rpc_calls:
  description: Number of requests sent to Odoo. Constant, plus one per batch of up to 1,000 rows.
  returned: when O(state) is not V(gathered)
  type: int
  sample: 9
"""

from ansible_collections.postroom.odoo.plugins.module_utils import resources
from ansible_collections.postroom.odoo.plugins.module_utils.module import Module, run


def main(new=Module):
    run(resources.CONFIG_PARAMETERS, new)


if __name__ == "__main__":
    main()
