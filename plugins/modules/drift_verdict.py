#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: drift_verdict
short_description: Set the exit code of a comparison
version_added: 0.1.0
author:
  - Postroom maintainers (@postroom)
description:
  - Ends C(playbooks/drift.yml) for a host. A host with differences fails, and C(ansible-playbook) ends with 2. A host that was
    not compared is unreachable, and C(ansible-playbook) ends with 4, regardless of the other hosts.
  - The module does not connect to the host.
options:
  differences:
    description:
      - Number of differences that the callback plugin P(postroom.odoo.drift#callback) counted. If omitted, the plugin is not
        enabled, and nothing was compared.
    type: int
  failure:
    description:
      - The reason why the host could not be compared.
    type: str
attributes:
  check_mode:
    support: full
    description: Does the same in check mode.
seealso:
  - plugin: postroom.odoo.drift
    plugin_type: callback
"""

EXAMPLES = r"""
- name: Set the exit code
  postroom.odoo.drift_verdict:
    differences: "{{ postroom_drift.differences }}"
"""

RETURN = r"""
differences:
  description: Number of differences.
  returned: when the host was compared
  type: int
  sample: 3
"""

# It is an action plugin, as what it needs is on the controller.
