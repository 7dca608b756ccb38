#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: check_inventory
short_description: Check that the inventory names a database
version_added: 1.0.0
author:
  - Postroom maintainers (@postroom)
description:
  - Fails when no host of the play is in the group C(odoo_databases) or C(odoo_servers), for instance because a group is
    misspelled. Ansible itself would end such a run successfully, with nothing done.
  - Fails, too, when one of these groups has no host and another group has a similar name, and for misspelled variables of the
    machines in C(odoo_servers).
attributes:
  check_mode:
    support: full
    description: Does the same in check mode, as it changes nothing.
"""

EXAMPLES = r"""
- name: Check that the inventory names a database
  postroom.odoo.check_inventory:
  run_once: true
"""

RETURN = r"""
msg:
  description: What is wrong, with the nearest right name.
  returned: on failure
  type: str
  sample: The inventory has no host in the group odoo_databases. If the group odoo_database is meant, rename it
"""

# It is an action plugin, as the inventory is on the controller.
