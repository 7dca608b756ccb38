#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: users
short_description: Manage Odoo's users
version_added: 1.0.0
author:
  - Postroom maintainers (@postroom)
description:
  - Creates, updates, archives and gathers users (C(res.users)) of an Odoo database, Odoo 14 to 20.
  - Odoo 17 and later notify a user at the old address if the e-mail address or password changes. This cannot be switched off.
options:
  config:
    suboptions:
      login:
        description:
          - Login of the user.
        type: str
        required: true
      name:
        description:
          - Name. This option is required to create a user.
        type: str
      email:
        description:
          - E-mail address.
        type: str
      password:
        description:
          - Password with which the user logs in to Odoo. Odoo only stores a hash, so it cannot be compared; see
            O(config[].update_password). A user without a password sets one with the invitation or with I(Reset password).
        type: str
      groups:
        description:
          - External identifiers of groups that the user must have, such as C(base.group_system). Other groups of the user
            are not changed. A new user gets them in addition to Odoo's default groups, unless they include
            C(base.group_portal) or C(base.group_public).
        type: list
        elements: str
      company:
        description:
          - Name of the user's main company. Odoo's label is I(Default Company).
        type: str
      companies:
        description:
          - Names of all companies that the user can access. Odoo's label is I(Allowed Companies).
        type: list
        elements: str
      language:
        description:
          - Code of an active language, such as V(fr_FR).
        type: str
      timezone:
        description:
          - Time zone, such as V(Europe/Vienna).
        type: str
      notification_type:
        description:
          - How the user receives notifications.
        type: str
        choices: [email, inbox]
      active:
        description:
          - Whether the user is active. V(false) archives the user, who then cannot log in.
        type: bool
      previous_login:
        description:
          - The login that the user had before. If a user still has it, the module renames that user instead of creating
            another.
          - You can leave it in the list afterwards. The module fails on circular renames, and if both the old and the new
            record exist.
        type: str
      update_password:
        description:
          - V(on_create) only sets the password of new users. V(always) sets it in every run, which is always reported as a
            change.
        type: str
        choices: [on_create, always]
        default: on_create
      invite:
        description:
          - Whether Odoo sends an invitation to users that this run creates. Otherwise, Odoo sends them no message.
        type: bool
        default: false
  state:
    description:
      - V(merged) creates missing records, and sets the given options.
      - V(overridden) also removes records that Postroom owns and that are not in O(config).
      - V(deleted) archives the records of O(config), so that Odoo keeps their history.
      - V(gathered) changes nothing and returns the records of O(config), or all records without O(config), as RV(gathered),
        in the form of O(config) and without secrets.
    type: str
    choices: [merged, overridden, deleted, gathered]
    default: merged
  pending_addons:
    description:
      - Addons that an earlier task installs. In check mode, when they are not installed yet, their options are considered
        available and not set. This option only has an effect in check mode.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - postroom.odoo.connection
  - postroom.odoo.resource
seealso:
  - module: postroom.odoo.outgoing_mail_servers
"""

EXAMPLES = r"""
- name: Create a user without an invitation
  postroom.odoo.users:
    config:
      - login: newuser@mydomain.com
        name: New User
        email: newuser@mydomain.com
        language: en_US
        notification_type: email
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
  sample: [newuser@mydomain.com (id 7)]
changes:
  description: The changes that were made, or that would be made in check mode. Records with the same action and options
    share an entry.
  returned: when O(state) is not V(gathered)
  type: list
  elements: dict
  sample: [{action: updated, options: [active], items: [newuser@mydomain.com]}]
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
      sample: [{index: 0, record: newuser@mydomain.com, kind: differs, option: active, declared: true, found: false}]
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
  sample: [{index: 3, option: groups, reason: this database has no group 'base.group_nobody'; check the spelling}]
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
    run(resources.USERS, new)


if __name__ == "__main__":
    main()
