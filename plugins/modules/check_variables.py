#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: check_variables
short_description: Check the variables of this collection's roles before the first of them writes
version_added: 1.0.0
author:
  - Postroom maintainers (@postroom)
description:
  - Checks the variables of a host for all roles at once, so that a run that fails has written nothing.
  - Reports variables that nobody reads because their names are misspelled, values that YAML read as something else than they
    were meant, values that do not match a role's argument specification, and everything that the modules would reject without
    the database.
  - Then reads from the database, in a few requests, whether it has what the variables name, such as groups or templates.
  - It reports all problems at once, and writes nothing.
options:
  roles:
    description:
      - The roles, without C(postroom.odoo.), each with its entry point.
    type: dict
    required: true
  database:
    description: Whether the database is read. Otherwise only the variables are checked.
    type: bool
    default: true
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
owns:
  description:
    - The resources of which the roles name records with these variables, once for each list. By them the callback plugin
      P(postroom.odoo.drift#callback) knows which lists a run should compare.
  returned: success
  type: list
  elements: str
  sample: [users, incoming_mail_servers, outgoing_mail_servers]
as_declared:
  description:
    - What the tasks of the lists need to know in order not to read the database again, for those lists that it has as declared,
      such as the number of records of each list under the list's fingerprint. The fingerprint is valid for this run only.
  returned: success, without check mode, if O(database=true)
  type: dict
problems:
  description: The problems.
  returned: when there are problems
  type: list
  elements: str
  sample: ["missing required arguments: mail_domain_name (role mail_domain)"]
"""

# It is an action plugin, as the variables are on the controller.
