#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: followers
short_description: Hand over what an Odoo user follows
version_added: 0.1.0
author:
  - Postroom maintainers (@postroom)
description:
  - Has a successor follow the records that a user follows, and the user follow none any more, Odoo 14 to 19. What the user
    was told of such a record (the subtypes), the successor is told from then on. Where both follow, the successor's own
    choice stays.
  - Odoo notifies those who follow a record of an answer that lands on it.
options:
  config:
    description:
      - Who hands over to whom.
    suboptions:
      user:
        description: Login of the user who follows. May be archived.
        type: str
        required: true
      successor:
        description: Login of the user who is to follow in their place.
        type: str
        required: true
  state:
    description:
      - V(merged) hands over.
    type: str
    choices: [merged]
    default: merged
extends_documentation_fragment:
  - postroom.odoo.connection
  - postroom.odoo.listed
seealso:
  - module: postroom.odoo.users
"""

EXAMPLES = r"""
- name: Tell a colleague of the answers to somebody who has left
  postroom.odoo.followers:
    config:
      - user: olduser@mydomain.com
        successor: seconduser@mydomain.com
"""

RETURN = r"""
series:
  description: The Odoo series of the server.
  returned: always
  type: str
  sample: "19.0"
transport:
  description: The API of Odoo's that was used, V(JSON-2) or V(JSON-RPC).
  returned: always
  type: str
  sample: JSON-2
uid:
  description: The user's database id, for O(uid) of the next task.
  returned: always
  type: int
  sample: 2
counts:
  description: How many records the successors follow that they did not follow before (C(handed_over)), and how many they
    followed already (C(ended)). In check mode, how many would be.
  returned: success
  type: dict
  sample: {handed_over: 12, ended: 1}
problems:
  description: The bad items, each with its place in O(config) (from 0), its option and the reason.
  returned: when items are refused
  type: list
  elements: dict
rpc_calls:
  description: How many requests the run sent to Odoo. It does not grow with the number of records.
  returned: success
  type: int
  sample: 5
"""

from ansible_collections.postroom.odoo.plugins.module_utils.module import Module
from ansible_collections.postroom.odoo.plugins.module_utils.operations.followers import run


def main(new=Module):
    run(new)


if __name__ == "__main__":
    main()
