#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: consent
short_description: Ask the owners of mailboxes for their consent to an OAuth client
version_added: 1.0.0
author:
  - Postroom maintainers (@postroom)
description:
  - For each mailbox that logs in by an OAuth client of the grant V(refresh_token), and whose token Odoo does not have, the
    module shows a code, or a link. The owner of the mailbox enters the code at the provider's page, or opens the link, and
    signs in; nobody needs a login in Odoo.
    The module then stores the refresh token in Odoo, with the addon C(mail_server_oauth).
  - It fails if a mailbox is left without a token. The next run asks for those only.
  - A token is stored only if the mailbox's owner has signed in. If the provider names the person who has signed in, which
    requires the scopes C(openid) and C(email) or C(profile), that must be the address of the mailbox. Otherwise, the module
    logs in to the mailbox with the token.
  - It runs on the controller and needs C(ansible_connection=local), and the Python libraries C(authlib) and C(requests).
    C(playbooks/consent.yml) runs it.
options:
  roles:
    description:
      - The roles whose variables are read, without C(postroom.odoo.), each with its entry point.
    type: dict
    required: true
  email:
    description:
      - The address of the only mailbox to ask for, even if Odoo has its token. Defaults to all mailboxes of the inventory whose
        token Odoo does not have.
    type: str
  at_a_time:
    description: How many people are asked at the same time, at least 1.
    type: int
    default: 10
  paste:
    description:
      - For clients with a link instead of a code. Whether the address to which the link leads is pasted into the terminal, as
        the browser is on another machine. Otherwise, the module listens for the browser on the loopback interface.
    type: bool
    default: false
  timeout:
    description: Seconds to wait for each answer of a mail server, at least 1.
    type: int
    default: 10
  ca_path:
    description: File or folder with certificates to trust besides those of the controller's system.
    type: path
attributes:
  check_mode:
    description: Shows who would be asked, and asks nobody.
    support: full
seealso:
  - module: postroom.odoo.oauth_clients
"""

EXAMPLES = r"""
- name: Ask for consent
  postroom.odoo.consent:
    roles:
      mail_domain: main
      mail_users: main
"""

RETURN = r"""
stored:
  description: The mailboxes whose token was stored.
  returned: success
  type: list
  elements: str
missing:
  description: The mailboxes that are left without a token.
  returned: success
  type: list
  elements: str
"""

# The action plugin does it all, on the controller.
