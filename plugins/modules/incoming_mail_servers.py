#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: incoming_mail_servers
short_description: Manage Odoo's incoming mail servers
version_added: 0.1.0
author:
  - Postroom maintainers (@postroom)
description:
  - Creates, changes, removes and reads incoming mail servers (C(fetchmail.server)) of an Odoo database, Odoo 14 to 19. Up
    to 15 the addon C(fetchmail) must be installed, from 16 on C(mail).
  - A server is known by O(config[].host) and O(config[].login), or else by O(config[].name).
options:
  config:
    suboptions:
      name:
        description:
          - Name of the server. A new one is named after its login by default.
        type: str
      type:
        description:
          - Protocol. Odoo's label is I(Server Type). V(gmail) and V(outlook) come with addons of Odoo 16 and later. A new
            server is V(imap) by default.
        type: str
        choices: [imap, pop, local, gmail, outlook]
      host:
        description:
          - Host name or IP address. Odoo's label is I(Server Name).
        type: str
      port:
        description:
          - Port. A new server gets the registered port of its protocol by default.
        type: int
      ssl:
        description:
          - Whether the connection is TLS from its start. Odoo's label is I(SSL/TLS).
        type: bool
      login:
        description:
          - Login of the mailbox. Odoo's label is I(Username).
        type: str
      password:
        description:
          - Password of the mailbox. It is compared with what Odoo holds.
        type: str
      model:
        description:
          - Technical name of the model of which a new mail creates a record, such as C(crm.lead); an empty string for none.
            Odoo's label is I(Create a New Record).
        type: str
      keep_attachments:
        description:
          - Whether attachments are stored. Odoo's label is I(Keep Attachments).
        type: bool
      keep_original:
        description:
          - Whether the whole message is stored too. Odoo's label is I(Keep Original).
        type: bool
      priority:
        description:
          - Order in which Odoo fetches, the lowest first. Odoo's label is I(Server Priority).
        type: int
      only_replies:
        description:
          - Whether Odoo takes only the answers to its own messages, and bounces of these, and leaves everything else in the
            mailbox as it was, unread and undeleted. Needs the addon C(smtp_server_per_user) in Odoo.
        type: bool
      active:
        description:
          - Whether the server is in use, or archived.
        type: bool
      confirmed:
        description:
          - With V(true), Odoo logs in to the mailbox when the server is not confirmed yet or its connection changes. When
            the login is refused, the record is put back as it was and the item fails, with the provider's words.
          - Odoo fetches from confirmed servers only. V(false) takes the confirmation back.
        type: bool
      previous_login:
        description:
          - The login that the server had before. When a server of this host still has it, that server is changed, instead
            of creating another.
          - It may stay in the list after that. Fails on circular renames, and when both the old and the new record exist.
        type: str
      match_by_login:
        description:
          - With V(true), the login alone names the server when none has O(config[].host) and O(config[].login). The one of
            that login that Postroom owns, and that O(config) does not name otherwise, moves to the new host. Without it, a
            login on another host is another server.
        type: bool
        default: false
  state:
    description:
      - V(merged) creates missing records and sets the options that are given.
      - V(overridden) does the same, and removes the records that Postroom owns and that O(config) does not name.
      - V(deleted) removes the named records.
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
- name: Fetch the catchall's mailbox
  postroom.odoo.incoming_mail_servers:
    config:
      - name: Catchall
        host: imap.mydomain.com
        port: 993
        ssl: true
        login: catchall@mydomain.com
        password: "{{ vault_mail_domain_passwords.catchall }}"
        confirmed: true
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
  sample: [office@mydomain.com on mydomain.com (id 7)]
changes:
  description: What changed, or in check mode would change; records with the same action and options share an entry.
  returned: when O(state) is not V(gathered)
  type: list
  elements: dict
  sample: [{action: updated, options: [port], items: [office@mydomain.com on mydomain.com]}]
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
      sample: [{index: 0, record: office@mydomain.com on mydomain.com, kind: differs, option: port, declared: 993, found: 143}]
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
  sample: [{index: 3, option: port, reason: 99999 is not a TCP port; give one from 1 to 65535}]
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
    run(resources.INCOMING_MAIL_SERVERS, new)


if __name__ == "__main__":
    main()
