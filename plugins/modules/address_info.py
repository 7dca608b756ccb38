#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: address_info
short_description: Gather the records of an Odoo database that belong to an address
version_added: 1.0.0
author:
  - Postroom maintainers (@postroom)
description:
  - Returns the user, the incoming and outgoing mail servers and the mail templates of an e-mail address in an Odoo database
    with C(mail), Odoo 14 to 20. The module changes nothing.
  - The module fails for a neutralized database unless O(allow_neutralized=true), as do the modules that use what it returns.
options:
  address:
    description: The e-mail address.
    type: str
    required: true
  replacement:
    description:
      - The address that replaces O(address) in RV(templates[].config). If omitted, From and Reply-To are not changed, and a
        template that uses a server of O(address) leaves the choice of the server to Odoo.
    type: str
extends_documentation_fragment:
  - postroom.odoo.connection
seealso:
  - module: postroom.odoo.mail_templates
"""

EXAMPLES = r"""
- name: Find the records of a user who leaves
  postroom.odoo.address_info:
    address: olduser@mydomain.com
    replacement: seconduser@mydomain.com
  register: olduser
"""

RETURN = r"""
series:
  description: The Odoo series of the server.
  returned: success
  type: str
  sample: "19.0"
transport:
  description: The Odoo API that was used, V(JSON-2) or V(JSON-RPC).
  returned: success
  type: str
  sample: JSON-2
uid:
  description: The user's database ID, for O(uid) of the next task.
  returned: always
  type: int
  sample: 2
users:
  description: The user whose login is the address; if there is none, the users with this e-mail address.
  returned: success
  type: list
  elements: dict
  sample: [{login: olduser@mydomain.com, name: Old User, email: olduser@mydomain.com, active: true}]
incoming:
  description: The incoming mail servers whose login is the address, including archived ones.
  returned: success
  type: list
  elements: dict
  sample: [{name: Old, host: imap.mydomain.com, login: olduser@mydomain.com, active: true, confirmed: true}]
outgoing:
  description: The outgoing mail servers whose login is the address, including archived ones.
  returned: success
  type: list
  elements: dict
  sample: [{name: Old, host: smtp.mydomain.com, login: olduser@mydomain.com, active: true}]
templates:
  description: The mail templates that send through these servers, or have the address as From or Reply-To.
  returned: success
  type: list
  elements: dict
  contains:
    label:
      description: The template's external identifier, or name and model.
      type: str
    uses:
      description: The options among C(email_from), C(reply_to) and C(mail_server) that use the address.
      type: list
      elements: str
    config:
      description: An item for M(postroom.odoo.mail_templates) that replaces the address, or an empty dictionary.
      type: dict
catchalls:
  description: The catchall addresses of the database's alias domains.
  returned: success
  type: list
  elements: str
  sample: [catchall@mydomain.com]
"""

from ansible_collections.postroom.odoo.plugins.module_utils.module import Module
from ansible_collections.postroom.odoo.plugins.module_utils.operations.address_info import run


def main(new=Module):
    run(new)


if __name__ == "__main__":
    main()
