# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A report as a table for a terminal."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.plugin_utils.report.ledger import NOT_CHECKED
from ansible_collections.postroom.odoo.plugins.plugin_utils.report.words import cells, plain, verdict

# Limits for the screen; the files contain everything.
MOST_ROWS = 200
WIDEST = 48

_HEADER = ("DATABASE", "RECORD", "OPTION", "DECLARED", "FOUND")


def as_table(report):
    """Lines for a terminal."""
    rows = [
        (host["host"], "%s %s" % (row["noun"], row["record"]), *cells(row))
        for host in report["hosts"]
        for row in host["differences"]
    ]
    lines = []
    if rows:
        lines += columns(_HEADER, rows, "report_dir")
        kinds = list(dict.fromkeys(row["kind"] for host in report["hosts"] for row in host["differences"]))
        for kind in kinds if kinds != ["differs"] else []:
            words = report["kinds"][kind]
            lines += ["", "%s: %s" % (kind, words["explanation"]), "  %s" % words["cure"]]
        lines.append("")
    notes = dict.fromkeys(note for host in report["hosts"] for note in host["notes"])
    if notes:
        lines += [*(plain(note) for note in notes), ""]
    unchecked = [host for host in report["hosts"] if host["status"] == NOT_CHECKED]
    if unchecked:
        lines += ["NOT CHECKED", *as_reasons({host["host"]: "\n".join(host["reasons"]) for host in unchecked}), ""]
    return [*lines, verdict(report)]


def as_reasons(reasons):
    """Lines for hosts and why something was not done with them. A reason may take several, one for each bad item."""
    lines = []
    for host, reason in reasons.items():
        first, *more = reason.splitlines() or [""]
        lines += ["%s: %s" % (host, plain(first))] + ["  " + plain(line) for line in more]
    return lines


def columns(header, rows, option):
    """Lines for rows, as many as fit on a screen.

    :param option: what to set for all of them.
    """
    shown = [header, *([_short(cell) for cell in row] for row in rows[:MOST_ROWS])]
    widths = [max(len(row[column]) for row in shown) for column in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in shown]
    if len(rows) > MOST_ROWS:
        lines.append("… and %d more; for the complete list, set %s" % (len(rows) - MOST_ROWS, option))
    return lines


def _short(text):
    text = plain(text)
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"
