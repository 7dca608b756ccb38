#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: oauth_clients
short_description: Manage the OAuth clients of Odoo's mail servers
version_added: 1.0.0
author:
  - Postroom maintainers (@postroom)
description:
  - Creates, changes and removes OAuth clients (C(mail.oauth.client)) in an Odoo database, Odoo 14 to 20. Mail servers log in by
    their tokens instead of a password.
  - Requires the addon C(mail_server_oauth) in Odoo, which the role P(postroom.odoo.routing_addon#role) installs with
    C(routing_addon_oauth).
  - A client that a mail server uses cannot be removed.
options:
  config:
    suboptions:
      name:
        description:
          - Name of the client. It identifies the client.
        type: str
        required: true
      token_url:
        description:
          - The provider's token endpoint, such as C(https://oauth2.googleapis.com/token). This option is required to create
            a client. Odoo's label is I(Token URL).
        type: str
      grant:
        description:
          - 'How the client gets tokens. V(client_credentials): the application itself has access to the mailboxes
            (Microsoft 365). V(jwt_bearer): a service account acts for each mailbox (Google Workspace). V(refresh_token):
            the owner of each mailbox has consented once. Defaults to V(client_credentials) for a new client.'
        type: str
        choices: [client_credentials, jwt_bearer, refresh_token]
      subject:
        description:
          - Whether one token is valid for all mailboxes, V(none), or each has its own, V(mailbox). Defaults to what
            O(config[].grant) requires, and to V(mailbox) with V(jwt_bearer). Odoo's label is I(Tokens).
        type: str
        choices: [none, mailbox]
      client_id:
        description:
          - ID of the client. With the grant V(jwt_bearer), it is the address of the service account.
        type: str
      client_authentication:
        description:
          - 'How the client proves its identity: by a secret in the request or in its header, by a private key, or not at
            all. The grant V(jwt_bearer) only uses the private key. For a new client, it defaults to what the secret or the
            private key suggests.'
        type: str
        choices: [client_secret_post, client_secret_basic, private_key_jwt, none]
      client_secret:
        description:
          - The client's secret. It is compared with the value in Odoo.
        type: str
      private_key:
        description:
          - Private key in PEM format, without a passphrase. It is compared with the value in Odoo.
        type: str
      certificate:
        description:
          - Certificate of the private key, in PEM format. Microsoft uses it to identify the key.
        type: str
      secret_expires:
        description:
          - The day on which the secret expires, such as V(2027-12-31), as the provider shows it. Odoo's label is I(Secret
            Expires On).
        type: str
      key_id:
        description:
          - 'ID of the private key. Google: C(private_key_id).'
        type: str
      scopes:
        description:
          - Scopes, separated by spaces, such as C(https://mail.google.com/).
        type: str
      active:
        description:
          - Whether the client is active. V(false) archives it.
        type: bool
      tested:
        description:
          - Whether to get a token for new clients, and for clients that change. If the provider refuses it, the client is
            restored and the module fails with the provider's message. Only for clients whose token is valid for all
            mailboxes.
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
  - module: postroom.odoo.incoming_mail_servers
  - module: postroom.odoo.outgoing_mail_servers
"""

EXAMPLES = r"""
- name: Have a client for Microsoft 365
  postroom.odoo.oauth_clients:
    config:
      - name: Microsoft 365
        token_url: https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/oauth2/v2.0/token
        client_id: 66666666-7777-8888-9999-000000000000
        client_secret: "{{ vault_mail_oauth_client_secret }}"
        scopes: https://outlook.office365.com/.default
        tested: true

- name: Log in to a mailbox with it
  postroom.odoo.incoming_mail_servers:
    config:
      - host: outlook.office365.com
        ssl: true
        login: newuser@mydomain.com
        oauth_client: Microsoft 365
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
  sample: [Microsoft 365 (id 7)]
changes:
  description: The changes that were made, or that would be made in check mode. Records with the same action and options
    share an entry.
  returned: when O(state) is not V(gathered)
  type: list
  elements: dict
  sample: [{action: updated, options: [secret_expires], items: [Microsoft 365]}]
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
      sample: [{index: 0, record: Microsoft 365, kind: differs, option: secret_expires, declared: '2027-12-31', found: ''}]
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
  sample: [{index: 3, option: token_url, reason: '''http://mydomain.com'' does not begin with https://'}]
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
    run(resources.OAUTH_CLIENTS, new)


if __name__ == "__main__":
    main()
