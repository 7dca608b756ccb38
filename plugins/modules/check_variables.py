#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: check_variables
short_description: Check the variables of this collection's roles before the first of them writes
version_added: 0.1.0
author:
  - Postroom maintainers (@postroom)
description:
  - Looks at the variables of a host as Ansible does when a role begins, by the role's argument specification, but for all
    roles at once. So a mistake in what the last one takes is told before the first has written anything.
  - When they are as specified, it also tells what a role finds in them by itself, such as an account without a password.
  - Nothing is done on the host, and no connection is made. Whatever is wrong is told together.
options:
  roles:
    description:
      - The roles, without C(postroom.odoo.), each with the entry point that is meant.
    type: dict
    required: true
attributes:
  check_mode:
    support: full
    description: Does the same in check mode, as it changes nothing.
"""

EXAMPLES = r"""
- name: Check the variables
  postroom.odoo.check_variables:
    roles:
      mail_domain: main
      mail_users: main
"""

RETURN = r"""
problems:
  description: What is wrong.
  returned: when something is
  type: list
  elements: str
  sample: ["missing required arguments: mail_domain_name (role mail_domain)"]
"""

# It is an action plugin, as the variables are on the controller.
