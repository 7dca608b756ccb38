#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: mail_info
short_description: Gather the state of mail in an Odoo database
version_added: 1.0.0
author:
  - Postroom maintainers (@postroom)
description:
  - Returns what an Odoo database says of its mail, Odoo 14 to 20. The module changes nothing.
  - It needs no addon, and reads a neutralized database, too.
options:
  days:
    description: For how many days failed mails are returned.
    type: int
    default: 7
  waiting_minutes:
    description: For how many minutes mails may wait in the queue before they count.
    type: int
    default: 120
extends_documentation_fragment:
  - postroom.odoo.connection
seealso:
  - module: postroom.odoo.verify
"""

EXAMPLES = r"""
- name: Gather the state of mail
  postroom.odoo.mail_info:
  register: mail
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
url:
  description: The URL of Odoo.
  returned: success
  type: str
  sample: https://odoo.mydomain.com
database:
  description: The database.
  returned: success
  type: str
  sample: mydomain
now:
  description: Odoo's own time, in UTC.
  returned: success
  type: str
  sample: "2026-11-29 18:00:00"
clock_offset:
  description: Seconds by which Odoo's clock is ahead.
  returned: success
  type: float
  sample: 0.2
base_url:
  description: The system parameter C(web.base.url).
  returned: success
  type: str
  sample: https://odoo.mydomain.com
neutralized:
  description: Whether the database is a neutralized copy.
  returned: success
  type: bool
  sample: false
neutralized_by:
  description: What marks it as one. Empty if nothing does.
  returned: success
  type: str
  sample: system parameter database.is_neutralized
mail:
  description: Whether the database has the mail app. Without it, the values below are missing.
  returned: success
  type: bool
  sample: true
scheduled_actions:
  description: The scheduled actions that send and fetch mail.
  returned: success
  type: list
  elements: dict
queue:
  description: How many mails wait, since when, and the reasons of those that failed.
  returned: success
  type: dict
incoming_servers:
  description: The active incoming mail servers with their state.
  returned: success
  type: list
  elements: dict
outgoing_servers:
  description: The active outgoing mail servers.
  returned: success
  type: list
  elements: dict
users:
  description: The active internal users.
  returned: success
  type: list
  elements: dict
aliases:
  description: The addresses of aliases, and those of catchall and bounce.
  returned: success
  type: dict
"""

from ansible_collections.postroom.odoo.plugins.module_utils.module import Module
from ansible_collections.postroom.odoo.plugins.module_utils.operations.mail_info import run


def main(new=Module):
    run(new)


if __name__ == "__main__":
    main()
