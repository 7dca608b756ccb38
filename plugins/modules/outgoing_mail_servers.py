#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: outgoing_mail_servers
short_description: Manage Odoo's outgoing mail servers
version_added: 1.0.0
author:
  - Postroom maintainers (@postroom)
description:
  - Creates, updates, removes and gathers outgoing mail servers (C(ir.mail_server)) of an Odoo database, Odoo 14 to 20.
  - A server is identified by O(config[].login), or else by O(config[].name). Servers with the same login, such as C(apikey) of
    providers that give all their customers this one, are told apart by O(config[].name), or by O(config[].host) and
    O(config[].from_filter).
options:
  config:
    suboptions:
      name:
        description:
          - Name of the server. Defaults to the login for a new server. Odoo's label is I(Name), up to 15 I(Description).
        type: str
      host:
        description:
          - Host name or IP address. This option is required to create a server, unless O(config[].authentication) is
            V(gmail) or V(outlook). Odoo's label is I(SMTP Server).
        type: str
      port:
        description:
          - Port. Defaults to the registered port of the encryption for a new server.
        type: int
      encryption:
        description:
          - V(ssl) uses TLS from the start, V(starttls) uses STARTTLS. V(ssl_strict) and V(starttls_strict) also verify the
            server's certificate (Odoo 19 and later). Odoo's label is I(Connection Encryption).
        type: str
        choices: [none, starttls, ssl, starttls_strict, ssl_strict]
      authentication:
        description:
          - How Odoo logs in. V(certificate) requires Odoo 15 or later, V(cli) 17 or later. Odoo's label is I(Authenticate
            with).
          - V(gmail) and V(outlook) require Odoo's addon C(google_gmail) or C(microsoft_outlook), and a person who connects
            the mailbox on the server's form; see O(config[].when_connected).
        type: str
        choices: [login, certificate, cli, gmail, outlook]
      login:
        description:
          - Login. Odoo's label is I(Username).
        type: str
      password:
        description:
          - Password. It is compared with the value in Odoo.
        type: str
      oauth_client:
        description:
          - Name of the OAuth client by whose tokens Odoo logs in, instead of the password. An empty string clears it.
            Requires the addon C(mail_server_oauth) in Odoo.
        type: str
      ssl_certificate:
        description:
          - Client certificate in PEM format (Odoo 15 and later). Required to create a server with
            O(config[].authentication=certificate).
        type: str
      ssl_private_key:
        description:
          - Private key of the client certificate in PEM format (Odoo 15 and later). Required with the certificate.
        type: str
      from_filter:
        description:
          - Addresses and domains from which the server may send mail, separated by commas. Available in Odoo 15 and later,
            and in 14 with the addon C(smtp_server_per_user). Odoo's label is I(FROM Filtering).
          - An empty filter matches everything. Odoo then uses the bounce address as envelope sender, which strict providers
            reject. Use V(own) for a server that may only send as its login.
          - V(own) stands for the address of the login only. It is ignored in a database without this field, so that the
            same list works for all series.
        type: str
      priority:
        description:
          - Order of the servers. The lowest number comes first.
        type: int
      debug:
        description:
          - Whether Odoo logs the whole SMTP session. Odoo's label is I(Debugging).
        type: bool
      max_email_size:
        description:
          - Maximum size of a message with its attachments, in MB (Odoo 18 and 19).
        type: float
      max_messages_per_minute:
        description:
          - Number of messages that the provider accepts in a minute. Further messages wait in Odoo's queue for their turn;
            V(0) sets no limit. Requires the addon C(smtp_server_per_user) in Odoo. Odoo's label is I(Messages per Minute).
        type: int
      max_connections:
        description:
          - Number of connections that the provider accepts at the same time, at most 100. Further messages wait in Odoo's
            queue; V(0) sets no limit. Requires the addon C(smtp_server_per_user) in Odoo. Odoo's label is I(Connections at
            Once).
        type: int
      owner:
        description:
          - Login of the user who owns the server. Requires the addon C(smtp_server_per_user) in Odoo.
        type: str
      active:
        description:
          - Whether the server is active. V(false) archives it.
        type: bool
      previous_login:
        description:
          - The login that the server had before. If a server still has it, the module updates that server instead of
            creating another.
          - You can leave it in the list afterwards. The module fails on circular renames, and if both the old and the new
            record exist.
        type: str
      tested:
        description:
          - Whether to run Odoo's connection test for new servers, and for servers whose connection changes. If the provider
            rejects the connection, the record is restored and the module fails with the provider's message.
          - Up to Odoo 15, the test uses the address of the user who runs it. If a provider rejects this address, it has
            already accepted the login, so the test counts as successful.
        type: bool
        default: false
      when_connected:
        description:
          - 'Whether O(config[].tested) waits until a person has connected the mailbox: in Odoo, if the server uses V(gmail)
            or V(outlook), or by consenting to O(config[].oauth_client), if its grant is V(refresh_token). Until then, the
            server is kept, RV(to_connect) lists it, and each run tests whether it is connected. With V(false), a server
            that is not connected is rejected like a wrong password.'
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
  - module: postroom.odoo.incoming_mail_servers
"""

EXAMPLES = r"""
- name: Send standard mail through the server of the catchall
  postroom.odoo.outgoing_mail_servers:
    config:
      - name: Catchall
        host: smtp.mydomain.com
        port: 587
        encryption: starttls
        login: catchall@mydomain.com
        password: "{{ vault_mail_domain_passwords.catchall }}"
        from_filter: own
        tested: true

- name: Gather the existing servers
  postroom.odoo.outgoing_mail_servers:
    state: gathered
  register: servers
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
  sample: [{action: updated, options: [port], items: [newuser@mydomain.com]}]
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
      sample: [{index: 0, record: newuser@mydomain.com, kind: differs, option: port, declared: 587, found: 25}]
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
    run(resources.OUTGOING_MAIL_SERVERS, new)


if __name__ == "__main__":
    main()
