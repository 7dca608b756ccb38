#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: alias_domains
short_description: Set alias domain, catchall, bounce and default From of an Odoo database
version_added: 0.1.0
author:
  - Postroom maintainers (@postroom)
description:
  - Sets the alias domain of a database with its catchall and bounce aliases and the default From.
  - Up to Odoo 16 these are system parameters and a database has one alias domain. From 17 on they are records of
    C(mail.alias.domain), several of them, to which companies belong. The options are the same.
options:
  config:
    suboptions:
      name:
        description:
          - The domain, such as C(mydomain.com).
          - Up to Odoo 16 a different name renames the one domain that there is.
        type: str
        required: true
      catchall:
        description:
          - The part before the @ of the address to which answers go that belong to no other alias. Odoo's label is
            I(Catchall Alias).
        type: str
      bounce:
        description:
          - The part before the @ of the address to which delivery failures go. Odoo's label is I(Bounce Alias).
          - May be the catchall's name, also on Odoo 14 to 16, whose screens refuse that.
        type: str
      default_from:
        description:
          - The address, or its part before the @, as which mail leaves that may not leave as its author. Odoo's label is
            I(Default From Alias).
        type: str
      sequence:
        description:
          - Order of the domains. From Odoo 17 on.
        type: int
      companies:
        description:
          - Names of exactly the companies that use the domain. From Odoo 17 on.
          - Odoo itself gives the very first domain to all companies.
        type: list
        elements: str
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
extends_documentation_fragment:
  - postroom.odoo.connection
  - postroom.odoo.resource
seealso:
  - module: postroom.odoo.config_parameters
  - module: postroom.odoo.incoming_mail_servers
"""

EXAMPLES = r"""
- name: Set the alias domain
  postroom.odoo.alias_domains:
    config:
      - name: mydomain.com
        catchall: catchall
        bounce: bounce
        default_from: catchall
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
  sample: [mydomain.com (id 7)]
changes:
  description: What changed, or in check mode would change; records with the same action and options share an entry.
  returned: when O(state) is not V(gathered)
  type: list
  elements: dict
  sample: [{action: updated, options: [catchall], items: [mydomain.com]}]
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
      sample: [{index: 0, record: mydomain.com, kind: differs, option: catchall, declared: catchall, found: nobody}]
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
  sample: [{index: 3, option: companies, reason: this database has no company 'Acme'}]
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
    run(resources.ALIAS_DOMAINS, new)


if __name__ == "__main__":
    main()
