# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A report's parts in words, as all of its formats have them.

What stands in Odoo was typed by somebody: every format takes away the meaning that its characters could have there.
"""

from __future__ import annotations

import re

from ansible_collections.postroom.odoo.plugins.plugin_utils.report.kinds import KINDS
from ansible_collections.postroom.odoo.plugins.plugin_utils.report.ledger import AS_DECLARED, DRIFT, NOT_CHECKED

# What a terminal would take for a command, and XML 1.0 does not admit at all.
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def plain(text):
    """A text without what a terminal or XML could stumble over."""
    return CONTROLS.sub("\N{REPLACEMENT CHARACTER}", str(text))


def cells(row):
    """Option, declared and found of a difference, in words."""
    kind = KINDS[row["kind"]]
    if row["secret"]:
        return row["option"], "(secret)", "differs"
    if row["other"]:
        other = "'%s' (id %d) %s" % (row["other"]["name"], row["other"]["id"], row["other"]["what"])
        return "", kind["declared"], other
    if row["kind"] == "differs":
        return row["option"], worded(row["declared"]), worded(row["found"])
    return "", kind["declared"], kind["found"]


def worded(value):
    """A value as an inventory would have it, on one line."""
    if isinstance(value, str):
        return value or "(empty)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ", ".join(worded(each) for each in value) or "(none)"
    return "(none)" if value is None else str(value)


def sentence(row):
    """A difference on a line."""
    option, declared, found = cells(row)
    if row["secret"]:
        return "%s differs (secret)" % option
    return "%sdeclared %s, found %s" % (option + ": " if option else "", declared, found)


def status(report):
    return {AS_DECLARED: "As declared", DRIFT: "Drift", NOT_CHECKED: "Not everything was checked"}[report["status"]]


def counted(number, noun, plural=None):
    """A number of things, such as 1 error and 2 errors."""
    return "%d %s" % (number, noun if number == 1 else plural or noun + "s")


def verdict(report):
    """The whole report on a line."""
    summary = report["summary"]
    numbers = counted(summary["differences"], "difference"), counted(summary["records"], "declared record")
    return (
        "%s: %s. Databases and machines: %%(hosts)d "
        "(as declared: %%(as_declared)d, with drift: %%(drift)d, not checked: %%(not_checked)d)"
        % (status(report), ", ".join(numbers))
    ) % summary
