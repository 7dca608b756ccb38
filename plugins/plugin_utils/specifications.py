# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each role of this collection takes."""

from __future__ import annotations

import os

from ansible.module_utils.common.yaml import yaml_load

ROLES = os.path.join(os.path.dirname(__file__), "..", "..", "roles")


def _specifications():
    """What each role takes, C({role: {entry point: options}})."""
    found = {}
    for role in sorted(os.listdir(ROLES)):
        path = os.path.join(ROLES, role, "meta", "argument_specs.yml")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                specs = yaml_load(file)["argument_specs"]
            found[role] = {entry_point: spec.get("options") or {} for entry_point, spec in specs.items()}
    return found


SPECIFICATIONS = _specifications()
