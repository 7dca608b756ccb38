#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: incoming_mail_servers
short_description: Manage Odoo's incoming mail servers
version_added: 1.0.0
author:
  - Postroom maintainers (@postroom)
description:
  - Creates, updates, removes and gathers incoming mail servers (C(fetchmail.server)) of an Odoo database, Odoo 14 to 20.
  - Requires the addon C(fetchmail) up to Odoo 15, and C(mail) from 16 on.
  - A server is identified by O(config[].host) and O(config[].login), or else by O(config[].name).
options:
  config:
    suboptions:
      name:
        description:
          - Name of the server. Defaults to the login for a new server.
        type: str
      type:
        description:
          - Protocol. Odoo's label is I(Server Type). Defaults to V(imap) for a new server.
          - V(gmail) and V(outlook) use IMAP. They require Odoo's addon C(google_gmail) or C(microsoft_outlook) (up to Odoo
            15 C(fetchmail_gmail) or C(fetchmail_outlook)), and a person who connects the mailbox on the server's form; see
            O(config[].when_connected).
        type: str
        choices: [imap, pop, local, gmail, outlook]
      host:
        description:
          - Host name or IP address. Odoo's label is I(Server Name).
        type: str
      port:
        description:
          - Port. Defaults to the registered port of the protocol for a new server.
        type: int
      ssl:
        description:
          - Whether the connection uses TLS from the start. Odoo's label is I(SSL/TLS).
        type: bool
      login:
        description:
          - Login of the mailbox. Odoo's label is I(Username).
        type: str
      password:
        description:
          - Password of the mailbox. It is compared with the value in Odoo.
        type: str
      oauth_client:
        description:
          - Name of the OAuth client by whose tokens Odoo logs in, instead of the password. An empty string clears it.
            Requires the addon C(mail_server_oauth) in Odoo.
        type: str
      model:
        description:
          - Technical name of the model in which new mail creates a record, such as C(crm.lead). With an empty string, it
            creates none. Odoo's label is I(Create a New Record).
        type: str
      keep_attachments:
        description:
          - Whether attachments are stored. Odoo's label is I(Keep Attachments).
        type: bool
      keep_original:
        description:
          - Whether the whole original message is also stored. Odoo's label is I(Keep Original).
        type: bool
      priority:
        description:
          - Order in which Odoo fetches the servers. The lowest number comes first. Odoo's label is I(Server Priority).
        type: int
      only_replies:
        description:
          - Whether Odoo only fetches replies to its own messages and their bounces, and leaves all other messages in the
            mailbox as they are, unread and undeleted. Requires the addon C(smtp_server_per_user) in Odoo.
        type: bool
      folders:
        description:
          - IMAP folders that Odoo reads besides INBOX, separated by commas or on one line each, such as C(INBOX/Customers).
            Applies with C(only_replies). Requires the addon C(smtp_server_per_user) in Odoo. Odoo's label is I(Further
            Folders).
        type: str
      active:
        description:
          - Whether the server is active. V(false) archives it.
        type: bool
      confirmed:
        description:
          - With V(true), Odoo logs in to the mailbox if the server is not confirmed yet or its connection changes. If the
            provider rejects the login, the record is restored and the module fails with the provider's message.
          - Odoo only fetches mail from confirmed servers. V(false) resets the confirmation.
        type: bool
      previous_login:
        description:
          - The login that the server had before. If a server of this host still has it, the module updates that server
            instead of creating another.
          - You can leave it in the list afterwards. The module fails on circular renames, and if both the old and the new
            record exist.
        type: str
      match_by_login:
        description:
          - With V(true), the login alone identifies the server if no server has both O(config[].host) and
            O(config[].login). The module then moves the server with this login to the new host, if Postroom owns it and no
            other item of O(config) identifies it. Otherwise, the same login on another host is another server.
        type: bool
        default: false
      when_connected:
        description:
          - 'Whether O(config[].confirmed) waits until a person has connected the mailbox: in Odoo, if the server uses
            V(gmail) or V(outlook), or by consenting to O(config[].oauth_client), if its grant is V(refresh_token). Until
            then, the server is kept, RV(to_connect) lists it, and each run tests whether it is connected. With V(false), a
            server that is not connected is rejected like a wrong password.'
          - Defaults to V(false) with O(config[].oauth_client), otherwise to V(true).
        type: bool
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
  sample: [office@mydomain.com on mydomain.com (id 7)]
changes:
  description: The changes that were made, or that would be made in check mode. Records with the same action and options
    share an entry.
  returned: when O(state) is not V(gathered)
  type: list
  elements: dict
  sample: [{action: updated, options: [port], items: [office@mydomain.com on mydomain.com]}]
to_connect:
  description:
    - The servers that a person has to connect. In Odoo, so that Odoo itself can log in by OAuth, or with
      C(playbooks/consent.yml), if they have an OAuth client.
  returned: when there are such servers
  type: list
  elements: dict
  contains:
    record:
      description: The server, as in RV(changes).
      type: str
    url:
      description: Address of the form with the button. Empty in check mode for a server that does not exist yet.
      type: str
    reason:
      description: Why the provider rejected a server that is connected, or empty.
      type: str
    client:
      description: The OAuth client to which the mailbox's owner has to consent, or empty.
      type: str
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
      sample: [{index: 0, record: office@mydomain.com on mydomain.com, kind: differs, option: port, declared: 993, found: 143}]
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
    run(resources.INCOMING_MAIL_SERVERS, new)


if __name__ == "__main__":
    main()
