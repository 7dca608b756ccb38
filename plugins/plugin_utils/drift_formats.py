# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A drift report as people and programs read it: a table, JSON, JUnit XML, an HTML page. Pure but for the page's template.

What stands in Odoo was typed by somebody: every format takes away the meaning that its characters could have there.
"""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ET

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ansible_collections.postroom.odoo.plugins.plugin_utils.drift import AS_DECLARED, DRIFT, KINDS, NOT_CHECKED

# A screen shows no more rows and no longer cells; the files have everything.
MOST_ROWS = 200
WIDEST = 48

_HEADER = ("DATABASE", "RECORD", "OPTION", "DECLARED", "FOUND")
# What a terminal would take for a command, and XML 1.0 does not admit at all.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


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


def verdict(report):
    """The whole report on a line."""
    return (
        "%s: %%(differences)d differences, %%(records)d declared records. Databases and machines: %%(hosts)d "
        "(as declared: %%(as_declared)d, with drift: %%(drift)d, not checked: %%(not_checked)d)" % status(report)
    ) % report["summary"]


# -- on screen ---------------------------------------------------------------------------------------------------------


def as_table(report):
    """Lines for a terminal."""
    rows = [
        (host["host"], "%s %s" % (row["noun"], row["record"]), *cells(row))
        for host in report["hosts"]
        for row in host["differences"]
    ]
    lines = []
    if rows:
        shown = [_HEADER, *([_short(cell) for cell in row] for row in rows[:MOST_ROWS])]
        widths = [max(len(row[column]) for row in shown) for column in range(len(_HEADER))]
        lines += ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in shown]
        if len(rows) > MOST_ROWS:
            lines.append("… and %d more; the files have them all (report_dir)" % (len(rows) - MOST_ROWS))
        kinds = list(dict.fromkeys(row["kind"] for host in report["hosts"] for row in host["differences"]))
        for kind in kinds if kinds != ["differs"] else []:
            lines += ["", "%s: %s" % (kind, KINDS[kind]["explanation"]), "  %s" % KINDS[kind]["cure"]]
        lines.append("")
    notes = dict.fromkeys(note for host in report["hosts"] for note in host["notes"])
    if notes:
        lines += [*(_plain(note) for note in notes), ""]
    unchecked = [host for host in report["hosts"] if host["status"] == NOT_CHECKED]
    if unchecked:
        lines.append("NOT CHECKED")
        for host in unchecked:
            # A reason may take several lines, one for each bad item.
            reason = "\n".join(host["reasons"]).splitlines()
            lines += ["%s: %s" % (host["host"], _plain(reason[0]))] + ["  " + _plain(line) for line in reason[1:]]
        lines.append("")
    return [*lines, verdict(report)]


def _short(text):
    text = _plain(text)
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def _plain(text):
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", str(text))


# -- files -------------------------------------------------------------------------------------------------------------


def as_json(report):
    return json.dumps(report, indent=2, sort_keys=False) + "\n"


def as_junit(report):
    """A test suite for each host; a test case for each declared record, and for each one that is not declared and there."""
    suites = ET.Element("testsuites", name="postroom.odoo.drift")
    for host in report["hosts"]:
        suite = ET.SubElement(suites, "testsuite", name=_plain(host["host"]), timestamp=report["generated"])
        found = {}
        for row in host["differences"]:
            found.setdefault((row["resource"], row["record"]), []).append(row)
        cases = dict.fromkeys([(each["resource"], each["record"]) for each in host["records"]] + list(found))
        for resource, record in cases:
            case = _case(suite, host, resource, record)
            rows = found.get((resource, record))
            if rows:
                kinds = sorted({row["kind"] for row in rows})
                failure = ET.SubElement(case, "failure", type=" ".join(kinds), message=_plain(sentence(rows[0])))
                failure.text = "\n".join(
                    [_plain(sentence(row)) for row in rows] + ["%s %s" % (each, KINDS[each]["cure"]) for each in kinds]
                )
        if host["status"] == NOT_CHECKED:
            reason = "\n".join(host["reasons"])
            error = ET.SubElement(_case(suite, host, "host", "can be compared"), "error", type=NOT_CHECKED)
            error.set("message", _plain(reason.splitlines()[0]))
            error.text = "\n".join(_plain(line) for line in reason.splitlines())
        _count(suite)
    _count(suites)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite, host, resource, record):
    return ET.SubElement(suite, "testcase", classname="%s.%s" % (_plain(host["host"]), resource), name=_plain(record))


def _count(element):
    for attribute, path in (("tests", ".//testcase"), ("failures", ".//failure"), ("errors", ".//error")):
        element.set(attribute, str(len(element.findall(path))))


def as_html(report):
    """One page that needs nothing else: no network, no other file, and no script to be read."""
    environment = Environment(
        loader=FileSystemLoader(os.path.dirname(__file__)), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters.update(cells=cells, worded=worded)
    return environment.get_template("drift.html.j2").render(
        report=report, kinds=KINDS, status=status(report), verdict=verdict(report)
    )
