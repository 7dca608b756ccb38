# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records by their kind, as people read them. Pure: no I/O."""

from __future__ import annotations


def labelled(records):
    return ["%s %s" % (kind, name) for kind, names in records.items() for name in names]


class FilterModule:
    def filters(self):
        return {"labelled": labelled}
