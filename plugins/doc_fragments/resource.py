# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of what all modules that manage a list of records share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  config:
    description:
      - The list of records. Omitted options are neither compared nor written; an empty string clears a value.
    type: list
    elements: dict
  max_deletions:
    description:
      - Maximum number of records that O(state=overridden) removes. If there are more, the module fails, lists them and
        changes nothing.
    type: int
    default: 10
  adopt:
    description:
      - Whether to adopt existing records that this collection did not create. Adopting a record is reported as a change.
      - Otherwise, the module updates these records where they differ, but does not own them. A record without differences is
        not reported as a change.
    type: bool
    default: true
  include_secrets:
    description:
      - Whether O(state=gathered) returns all options of every record, for an export. The result is then RV(records). It
        contains secrets, so use C(no_log) for the task.
    type: bool
    default: false
notes:
  - A list of any length needs a single login, read and write. A request contains at most 1,000 rows, and Odoo writes all of its
    rows or none. New and changed records are written in separate requests; if Odoo rejects a later request, the module rolls
    back the earlier ones.
  - Records that this collection creates or adopts get an external identifier in the namespace C(__postroom__).
    O(state=overridden) only removes these.
"""
