# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A report in files: JSON and JUnit XML for programs, an HTML page for people. Pure but for the page's template."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ET

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ansible_collections.postroom.odoo.plugins.plugin_utils.report.kinds import KINDS
from ansible_collections.postroom.odoo.plugins.plugin_utils.report.ledger import NOT_CHECKED
from ansible_collections.postroom.odoo.plugins.plugin_utils.report.words import (
    cells,
    plain,
    sentence,
    status,
    verdict,
    worded,
)


def as_json(report):
    return json.dumps(report, indent=2, sort_keys=False) + "\n"


def as_junit(report):
    """A test suite for each host; a test case for each declared record, and for each one that is not declared and there."""
    suites = ET.Element("testsuites", name="postroom.odoo.drift")
    for host in report["hosts"]:
        suite = ET.SubElement(suites, "testsuite", name=plain(host["host"]), timestamp=report["generated"])
        found = {}
        for row in host["differences"]:
            found.setdefault((row["resource"], row["record"]), []).append(row)
        cases = dict.fromkeys([(each["resource"], each["record"]) for each in host["records"]] + list(found))
        for resource, record in cases:
            case = _case(suite, host, resource, record)
            rows = found.get((resource, record))
            if rows:
                kinds = sorted({row["kind"] for row in rows})
                failure = ET.SubElement(case, "failure", type=" ".join(kinds), message=plain(sentence(rows[0])))
                failure.text = "\n".join(
                    [plain(sentence(row)) for row in rows] + ["%s %s" % (each, KINDS[each]["cure"]) for each in kinds]
                )
        if host["status"] == NOT_CHECKED:
            reason = "\n".join(host["reasons"])
            error = ET.SubElement(_case(suite, host, "host", "can be compared"), "error", type=NOT_CHECKED)
            error.set("message", plain(reason.splitlines()[0]))
            error.text = "\n".join(plain(line) for line in reason.splitlines())
        _count(suite)
    _count(suites)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite, host, resource, record):
    return ET.SubElement(suite, "testcase", classname="%s.%s" % (plain(host["host"]), resource), name=plain(record))


def _count(element):
    for attribute, path in (("tests", ".//testcase"), ("failures", ".//failure"), ("errors", ".//error")):
        element.set(attribute, str(len(element.findall(path))))


def as_html(report):
    """One page that needs nothing else: no network, no other file, and no script to be read."""
    environment = Environment(
        loader=FileSystemLoader(os.path.dirname(__file__)), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters.update(cells=cells, worded=worded)
    return environment.get_template("report.html.j2").render(
        report=report, kinds=KINDS, status=status(report), verdict=verdict(report)
    )


FORMATS = {"json": as_json, "xml": as_junit, "html": as_html}
