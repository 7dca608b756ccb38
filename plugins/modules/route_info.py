#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: route_info
short_description: Explain how a message would leave Odoo
version_added: 1.0.0
author:
  - Postroom maintainers (@postroom)
description:
  - Returns which outgoing mail server would send a message, as whom and why, where an answer goes, and whether Odoo would post
    it on the record; and the same without the routing addon.
  - Odoo itself answers. The routing addon makes and sends the message by the code that sends all mail, up to the connection
    to the mail server, in a transaction that is rolled back. Nothing is sent, and nothing is changed.
  - Without the addon, the module returns what cannot be known, and the outgoing mail servers.
options:
  email_from:
    description:
      - The address from which the message is sent. Its user is the author of the message.
      - With O(template), the user who sends it.
    type: str
  template:
    description: The external identifier, or the name, of the mail template of the message.
    type: str
  record:
    description:
      - The record that the message is on, as its model and database ID, such as V(crm.lead,5).
      - Defaults to the author's contact; with O(template), to a record of the template's model.
    type: str
extends_documentation_fragment:
  - postroom.odoo.connection
seealso:
  - module: postroom.odoo.verify
"""

EXAMPLES = r"""
- name: Explain how a user's messages leave Odoo
  postroom.odoo.route_info:
    email_from: newuser@mydomain.com
  register: route
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
known:
  description: Whether Odoo could be asked, as it has the routing addon.
  returned: success
  type: bool
  sample: true
lines:
  description: The explanation in words.
  returned: success
  type: list
  elements: str
  sample: ["Sent through: New User (newuser@mydomain.com)", "Reason: newuser@mydomain.com is an address of its own."]
with_addon:
  description: The route as the database sends now.
  returned: if it is known
  type: dict
  contains:
    sent:
      description: Whether the message would be sent. Otherwise, C(reason) says why not, and the values below are missing.
      type: bool
    server:
      description: Database ID of the outgoing mail server, or V(false) for the one in Odoo's configuration file.
      type: raw
    login:
      description: The server's login.
      type: str
    rule:
      description: Why this server was chosen.
      type: str
    others:
      description:
        - Servers that were not chosen, each with the reason. At most 20 are listed.
        - With the addon, these are the shared servers, and those of the sender. Servers of other users are left out.
      type: list
      elements: str
    more:
      description: How many more of these servers were not chosen.
      type: int
    from:
      description: The header From.
      type: str
    reply_to:
      description: The header Reply-To.
      type: str
    envelope_sender:
      description: The envelope sender.
      type: str
    answer_to:
      description: The address that an answer goes to.
      type: str
    fetched:
      description: Whether an incoming mail server of Odoo fetches the mailbox of this address.
      type: bool
    threaded:
      description: Whether Odoo would post the answer on the record.
      type: bool
without_addon:
  description: The same, as Odoo would send without the routing addon.
  returned: if it is known
  type: dict
"""

from ansible_collections.postroom.odoo.plugins.module_utils.module import Module
from ansible_collections.postroom.odoo.plugins.module_utils.operations.route_info import run


def main(new=Module):
    run(new)


if __name__ == "__main__":
    main()
