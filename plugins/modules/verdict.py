#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: verdict
short_description: Set the exit code of a comparison or verification
version_added: 1.0.0
author:
  - Postroom maintainers (@postroom)
description:
  - Ends C(playbooks/drift.yml) and C(playbooks/verify.yml) for a host. A host with problems fails, and C(ansible-playbook)
    ends with 2. A host that was not checked is unreachable, and C(ansible-playbook) ends with 4, regardless of the other hosts.
  - The module does not connect to the host.
options:
  problems:
    description:
      - Number of differences that the callback plugin P(postroom.odoo.drift#callback) counted, or of errors that
        M(postroom.odoo.verify) found. If omitted, nothing was checked.
    type: int
  noun:
    description:
      - What the problems are called in the message.
    type: str
    default: differences
  failure:
    description:
      - The reason why the host could not be checked.
    type: str
attributes:
  check_mode:
    support: full
    description: Does the same in check mode.
seealso:
  - plugin: postroom.odoo.drift
    plugin_type: callback
  - module: postroom.odoo.verify
"""

EXAMPLES = r"""
- name: Set the exit code
  postroom.odoo.verdict:
    problems: "{{ postroom_drift.differences }}"
"""

RETURN = r"""
problems:
  description: Number of problems.
  returned: when the host was checked
  type: int
  sample: 3
"""

# It is an action plugin, as what it needs is on the controller.
