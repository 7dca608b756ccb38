#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: users
short_description: Manage Odoo's users
version_added: 0.1.0
author:
  - Postroom maintainers (@postroom)
description:
  - Creates, changes, archives and reads users (C(res.users)) of an Odoo database, Odoo 14 to 19.
  - Odoo 17 and later write to a user whose e-mail address or password is changed, to the old address; nothing switches that
    off.
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
          - Name. Needed to create a user.
        type: str
      email:
        description:
          - E-mail address.
        type: str
      password:
        description:
          - Password with which the user logs in to Odoo. Odoo keeps only a hash of it, so it cannot be compared; see
            O(config[].update_password). A user without one sets it through the invitation or I(Reset password).
        type: str
      groups:
        description:
          - External identifiers of groups that the user must have, such as C(base.group_system). Others that the user has
            are left. A new user gets them on top of those that Odoo gives to each new user, unless C(base.group_portal) or
            C(base.group_public) is among them.
        type: list
        elements: str
      company:
        description:
          - Name of the company that the user works in. Odoo's label is I(Default Company).
        type: str
      companies:
        description:
          - Names of exactly the companies that the user may choose. Odoo's label is I(Allowed Companies).
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
          - How the user gets notifications.
        type: str
        choices: [email, inbox]
      active:
        description:
          - Whether the user can log in, or is archived.
        type: bool
      previous_login:
        description:
          - The login that the user had before. When a user still has it, that user is renamed, instead of creating another.
          - It may stay in the list after that. Fails on circular renames, and when both the old and the new record exist.
        type: str
      update_password:
        description:
          - V(on_create) sets the password of new users only. V(always) sets it in every run, which is then always a change.
        type: str
        choices: [on_create, always]
        default: on_create
      invite:
        description:
          - Have Odoo send its invitation to a user that this run creates. Without it, nobody is written to.
        type: bool
        default: false
  state:
    description:
      - V(merged) creates missing records and sets the options that are given.
      - V(overridden) does the same, and removes the records that Postroom owns and that O(config) does not name.
      - V(deleted) archives the named records, since Odoo keeps their history.
      - V(gathered) changes nothing and returns the existing records as RV(gathered), in the form of O(config); the named
        records, or all when there is no O(config). Secrets are left out.
    type: str
    choices: [merged, overridden, deleted, gathered]
    default: merged
  pending_addons:
    description:
      - Addons that an earlier task installs. In check mode, where it did not, the options that these addons bring are
        considered available and not set. Has no effect outside check mode.
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
  description: The user's database id, for O(uid) of the next task.
  returned: always
  type: int
  sample: 2
counts:
  description: How many records were created, updated, adopted and deleted, and how many items needed no change. In check
    mode, how many would be. An adopted record existed before and is owned by Postroom now.
  returned: when O(state) is not V(gathered)
  type: dict
  sample: {created: 1, updated: 0, adopted: 0, deleted: 0, unchanged: 12}
adopted:
  description: The existing records that Postroom owns from now on. In check mode, those that it would.
  returned: when O(state) is not V(gathered)
  type: list
  elements: str
  sample: [newuser@mydomain.com (id 7)]
changes:
  description: What changed, or in check mode would change; records with the same action and options share an entry.
  returned: when O(state) is not V(gathered)
  type: list
  elements: dict
  sample: [{action: updated, options: [active], items: [newuser@mydomain.com]}]
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
      sample: [{index: 0, record: newuser@mydomain.com, kind: differs, option: active, declared: true, found: false}]
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
  description: The changes that check mode cannot predict, because an addon is not installed yet.
  returned: in check mode, when some changes cannot be predicted
  type: list
  elements: str
problems:
  description: The bad items, each with its place in O(config) (from 0), its option and the reason.
  returned: when items are rejected
  type: list
  elements: dict
  sample: [{index: 3, option: groups, reason: this database has no group 'base.group_nobody'}]
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
      description: What to call it.
      type: str
    defaults:
      description: The options whose value a new record has anyway.
      type: list
      elements: str
    left_out:
      description: The options that O(config) cannot express, each with C(option) and C(reason).
      type: list
      elements: dict
    reason:
      description: Why no item can stand for the record, if that is so.
      type: str
    customized:
      description: Whether somebody made or changed the record. Otherwise it is as one of Odoo's addons brought it.
      type: bool
rpc_calls:
  description: How many requests the run sent to Odoo. Constant, plus one per batch of up to 1,000 rows.
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
