# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of what all modules that manage a list of records share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  config:
    description:
      - The list of records. An option that is not given is neither compared nor written; an empty string clears.
    type: list
    elements: dict
  max_deletions:
    description:
      - How many records O(state=overridden) may remove. When there are more, nothing is done and they are listed.
    type: int
    default: 10
  adopt:
    description:
      - Whether records that are there and were made by others are taken over as this collection's own. It counts as a change.
      - Otherwise they are changed where they differ, and stay what they are; what is equal is no change.
    type: bool
    default: true
  include_secrets:
    description:
      - With O(state=gathered), say everything of every record, for an export. The result is RV(records) then, and has the
        secrets, so give the task C(no_log).
    type: bool
    default: false
notes:
  - The whole list costs one login, one reading and one writing, however long it is. A request holds at most 1,000 rows, and
    Odoo writes all of a request or nothing. New and changed records are requests of their own; when a later one is refused,
    what an earlier one did is put back.
  - Records that this collection creates or takes over get an external identifier in the namespace C(__postroom__). Only
    those are ever removed by O(state=overridden).
"""
