# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of what the modules share that manage a list of things which Postroom does not own."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  config:
    description:
      - The list of items. Omitted options are neither compared nor written; an empty string clears a value.
    type: list
    elements: dict
"""
