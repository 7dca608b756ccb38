#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: mail_templates
short_description: Set From, Reply-To and outgoing server of Odoo's mail templates
version_added: 0.1.0
author:
  - Postroom maintainers (@postroom)
description:
  - Sets From, Reply-To and outgoing mail server of mail templates (C(mail.template)) of an Odoo database, Odoo 14 to 19.
    Templates come with Odoo's addons; this module does not create any.
  - A template is known by O(config[].template), or else by O(config[].name) and O(config[].model).
options:
  config:
    suboptions:
      template:
        description:
          - External identifier, such as C(auth_signup.set_password_email).
        type: str
      name:
        description:
          - English name of the template; O(config[].model) then is needed too.
        type: str
      model:
        description:
          - Technical name of the model that the template is for, such as C(res.users).
        type: str
      email_from:
        description:
          - The From, as text, or a dictionary with the only key C(expression).
          - An expression is written as the series spells it, C(${…}) on Odoo 14 and C({{ … }}) from 15 on, so that one
            inventory serves all of them.
        type: raw
      reply_to:
        description:
          - The Reply-To, likewise.
        type: raw
      mail_server:
        description:
          - Login or name of the outgoing mail server that sends the template's mail; an empty string for the one that Odoo
            chooses.
        type: str
  state:
    description:
      - V(merged) sets the options that are given.
      - V(deleted) clears the options that an item gives; all that can be set when it gives none.
      - V(gathered) changes nothing and returns the existing records as RV(gathered), in the form of O(config); the named
        records, or all when there is no O(config). Secrets are left out.
    type: str
    choices: [merged, deleted, gathered]
    default: merged
  include_secrets:
    description:
      - With O(state=gathered), return everything about every record, for an export. The result is then RV(records) and
        contains secrets, so give the task C(no_log).
    type: bool
    default: false
extends_documentation_fragment:
  - postroom.odoo.connection
  - postroom.odoo.listed
seealso:
  - module: postroom.odoo.outgoing_mail_servers
"""

EXAMPLES = r"""
- name: Let the company send the welcome
  postroom.odoo.mail_templates:
    config:
      - template: auth_signup.mail_template_user_signup_account_created
        email_from:
          expression: object.company_id.email_formatted
        reply_to: office@mydomain.com
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
changes:
  description: What changed, or in check mode would change; records with the same action and options share an entry.
  returned: when O(state) is not V(gathered)
  type: list
  elements: dict
  sample: [{action: updated, options: [reply_to], items: [auth_signup.set_password_email]}]
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
      sample: [{index: 0, record: auth_signup.set_password_email, kind: differs, option: reply_to, declared: '', found: a@b.c}]
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
  sample: [{index: 3, option: email_from, reason: '''nobody'' is not an e-mail address; give one like name@mydomain.com'}]
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
    run(resources.MAIL_TEMPLATES, new)


if __name__ == "__main__":
    main()
