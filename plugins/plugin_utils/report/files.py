# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A report in files: JSON and JUnit XML for programs, an HTML page for people. Pure but for the page's template."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field

from jinja2 import Environment, FileSystemLoader, StrictUndefined

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


@dataclass
class Case:
    """A test case of JUnit XML.

    :param kind: what is tested; with the host, it is the class.
    :param failure, error: C((type, lines)); nothing without lines.
    :param output: lines about a test that passed.
    """

    kind: str
    name: str
    failure: tuple = ("", ())
    error: tuple = ("", ())
    output: list = field(default_factory=list)


def junit(name, generated, hosts):
    """JUnit XML.

    :param hosts: C([(host, cases)]), a test suite each.
    """
    suites = ET.Element("testsuites", name=name)
    for host, cases in hosts:
        suite = ET.SubElement(suites, "testsuite", name=plain(host), timestamp=generated)
        for case in cases:
            element = ET.SubElement(suite, "testcase", classname="%s.%s" % (plain(host), case.kind), name=plain(case.name))
            for tag, (kind, lines) in (("failure", case.failure), ("error", case.error)):
                text = [plain(part) for line in lines for part in line.splitlines()]
                if text:
                    ET.SubElement(element, tag, type=kind, message=text[0]).text = "\n".join(text)
            if case.output:
                ET.SubElement(element, "system-out").text = "\n".join(map(plain, case.output))
        _count(suite)
    _count(suites)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _count(element):
    for attribute, path in (("tests", ".//testcase"), ("failures", ".//failure"), ("errors", ".//error")):
        element.set(attribute, str(len(element.findall(path))))


def page(template, **context):
    """One page that needs nothing else: no network, no other file, and no script to be read."""
    environment = Environment(
        loader=FileSystemLoader(os.path.dirname(__file__)), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters.update(cells=cells, worded=worded)
    return environment.get_template(template).render(**context)


# -- the report of a comparison ------------------------------------------------------------------------------------------


def as_junit(report):
    """A test suite for each host; a test case for each declared record, and for each one that is not declared and there."""
    return junit(
        "postroom.odoo.drift", report["generated"], ((host["host"], _cases(host, report["kinds"])) for host in report["hosts"])
    )


def _cases(host, words):
    found = {}
    for row in host["differences"]:
        found.setdefault((row["resource"], row["record"]), []).append(row)
    for resource, record in dict.fromkeys([(each["resource"], each["record"]) for each in host["records"]] + list(found)):
        rows = found.get((resource, record), ())
        kinds = sorted({row["kind"] for row in rows})
        lines = [sentence(row) for row in rows] + ["%s %s" % (each, words[each]["cure"]) for each in kinds]
        yield Case(resource, record, failure=(" ".join(kinds), lines))
    if host["status"] == NOT_CHECKED:
        yield Case("host", "can be compared", error=(NOT_CHECKED, host["reasons"]))


def as_html(report):
    return page("report.html.j2", report=report, kinds=report["kinds"], status=status(report), verdict=verdict(report))


FORMATS = {"json": as_json, "xml": as_junit, "html": as_html}
