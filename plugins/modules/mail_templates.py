#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: mail_templates
short_description: Set From, Reply-To and outgoing server of Odoo's mail templates
version_added: 1.0.0
author:
  - Postroom maintainers (@postroom)
description:
  - Sets From, Reply-To and outgoing mail server of mail templates (C(mail.template)) of an Odoo database, Odoo 14 to 20.
    Odoo's addons install the templates; this module does not create any.
  - A template is identified by O(config[].template), or else by O(config[].name) and O(config[].model).
options:
  config:
    suboptions:
      template:
        description:
          - External identifier, such as C(auth_signup.set_password_email).
        type: str
      name:
        description:
          - English name of the template. Requires O(config[].model).
        type: str
      model:
        description:
          - Technical name of the template's model, such as C(res.users).
        type: str
      email_from:
        description:
          - The From address, as text, or as a dictionary with the single key C(expression).
          - The module writes an expression in the syntax of the series, C(${…}) on Odoo 14 and C({{ … }}) from 15 on, so
            that the same inventory works for all series.
        type: raw
      reply_to:
        description:
          - The Reply-To address, in the same form as O(config[].email_from).
        type: raw
      mail_server:
        description:
          - Login or name of the outgoing mail server for the template's messages. With an empty string, Odoo chooses the
            server.
        type: str
      auto_delete:
        description:
          - Whether Odoo deletes the template's messages once they are sent. Odoo's label is I(Auto Delete).
          - 'A deleted message is not found when it is answered: with V(true), answers to messages that Odoo sends by
            C(template.send_mail), such as invitations, belong to no record.'
        type: bool
  state:
    description:
      - V(merged) sets the given options.
      - V(deleted) clears the given options of an item, or all options if it has none.
      - V(gathered) changes nothing and returns the records of O(config), or all records without O(config), as RV(gathered),
        in the form of O(config) and without secrets.
    type: str
    choices: [merged, deleted, gathered]
    default: merged
  include_secrets:
    description:
      - Whether O(state=gathered) returns all options of every record, for an export. The result is then RV(records). It
        contains secrets, so use C(no_log) for the task.
    type: bool
    default: false
extends_documentation_fragment:
  - postroom.odoo.connection
  - postroom.odoo.listed
seealso:
  - module: postroom.odoo.outgoing_mail_servers
"""

EXAMPLES = r"""
- name: Send the welcome message from the company's address
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
changes:
  description: The changes that were made, or that would be made in check mode. Records with the same action and options
    share an entry.
  returned: when O(state) is not V(gathered)
  type: list
  elements: dict
  sample: [{action: updated, options: [reply_to], items: [auth_signup.set_password_email]}]
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
      sample: [{index: 0, record: auth_signup.set_password_email, kind: differs, option: reply_to, declared: '', found: a@b.c}]
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
    run(resources.MAIL_TEMPLATES, new)


if __name__ == "__main__":
    main()
