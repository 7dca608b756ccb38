#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: followers
short_description: Transfer what an Odoo user follows to another user
version_added: 1.0.0
author:
  - Postroom maintainers (@postroom)
description:
  - Makes a successor follow the records that a user follows, and makes the user unfollow them, Odoo 14 to 20. The successor is
    subscribed to the same subtypes. If both follow a record, the successor's own subtypes are kept.
  - Odoo notifies the followers of a record when a reply is posted on it.
options:
  config:
    description:
      - The users and their successors.
    suboptions:
      user:
        description: Login of the user who follows the records. The user may be archived.
        type: str
        required: true
      successor:
        description: Login of the user who follows them instead.
        type: str
        required: true
  state:
    description:
      - V(merged) transfers the records.
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
- name: Notify a colleague of replies to a user who has left
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
  description: The Odoo API that was used, V(JSON-2) or V(JSON-RPC).
  returned: always
  type: str
  sample: JSON-2
uid:
  description: The user's database ID, for O(uid) of the next task.
  returned: always
  type: int
  sample: 2
counts:
  description: Number of records that the successors now follow (C(handed_over)), and of records that they already followed
    (C(ended)). In check mode, the numbers that would result.
  returned: success
  type: dict
  sample: {handed_over: 12, ended: 1}
problems:
  description: The invalid items, each with its index in O(config) (starting at 0), its option and the reason.
  returned: when items are invalid
  type: list
  elements: dict
rpc_calls:
  description: Number of requests sent to Odoo. It does not depend on the number of records.
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
