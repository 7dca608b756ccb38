#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: drift_verdict
short_description: End a comparison so that the exit code tells how it stands
version_added: 0.1.0
author:
  - Postroom maintainers (@postroom)
description:
  - Ends C(playbooks/drift.yml) for a host. A host with differences fails, and C(ansible-playbook) ends with 2. One that was
    not compared is unreachable, and C(ansible-playbook) ends with 4 then, whatever the other hosts are.
  - Nothing is done on the host, and no connection is made.
options:
  differences:
    description:
      - How many differences the callback plugin P(postroom.odoo.drift#callback) counts. It is not at work when nothing is
        given, and then nothing was compared.
    type: int
  failure:
    description:
      - Why the host could not be compared, if it could not.
    type: str
attributes:
  check_mode:
    support: full
    description: Can run in check mode, in which it is of use, and does the same.
seealso:
  - plugin: postroom.odoo.drift
    plugin_type: callback
"""

EXAMPLES = r"""
- name: Say how it stands
  postroom.odoo.drift_verdict:
    differences: "{{ postroom_drift.differences }}"
"""

RETURN = r"""
differences:
  description: How many differences there are.
  returned: when the host was compared
  type: int
  sample: 3
"""

# It is an action plugin, as what it needs is on the controller.
