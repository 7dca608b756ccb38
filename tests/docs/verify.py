"""What verify.yml can find: the table in docs/verify.md, and the names in the report's schema, from the rules' declarations."""

import json
import re

from ansible_collections.postroom.odoo.plugins.plugin_utils.report.findings import NOT_CHECKED, VERSION, WELL, WRONG
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.rules import CHECKS, LEVELS, RULES

PAGE, SCHEMA = "docs/verify.md", "docs/verify.schema.json"


def files(root):
    text = (root / PAGE).read_text()
    for check in CHECKS:
        marks = f"<!-- {check}: made by make docs -->", "<!-- end -->"
        pattern = re.compile(f"({re.escape(marks[0])}\n).*?({re.escape(marks[1])})", re.DOTALL)
        text = pattern.sub(lambda found, check=check: found[1] + "\n" + table(check) + "\n" + found[2], text)
    return {PAGE: text, SCHEMA: json.dumps(schema(), indent=2) + "\n"}


def table(check):
    lines = ["| finding | level | meaning | why it matters | what to do |", "| --- | --- | --- | --- | --- |"]
    for name, rule in RULES.items():
        if rule.check == check:
            level = rule.level + (f"; {rule.raised}" if rule.raised else "")
            lines.append(f"| `{name}` | {level} | {rule.meaning} | {rule.matters} | {rule.cure} |")
    return "\n".join(lines) + "\n"


def schema():
    text, number = {"type": "string"}, {"type": "integer"}
    maybe = {"type": ["string", "null"]}
    status = {"enum": [WELL, WRONG, NOT_CHECKED]}
    about = {"check": {"enum": list(CHECKS)}, "subject": text}

    def listed(**properties):
        return {"type": "array", "items": exactly(**properties)}

    finding = {
        "rule": {"enum": list(RULES)},
        **about,
        "level": {"enum": list(LEVELS)},
        "looked_up": {**text, "description": "What was asked."},
        "found": {**text, "description": "The answer."},
    }
    host = {
        "host": {**text, "description": "Its name in the inventory."},
        "url": maybe,
        "database": maybe,
        "series": {**maybe, "description": "The Odoo series, such as 19.0; null if Odoo was not asked."},
        "status": status,
        "reasons": {"type": "array", "items": text, "description": "Why the host was not checked at all."},
        "looked_at": listed(**about, status=status),
        "findings": listed(**finding),
        "not_checked": listed(**about, reason=text),
    }
    summary = {
        "hosts": number,
        **{each: {**number, "description": "Hosts in this state."} for each in status["enum"]},
        "looked_at": {**number, "description": "Subjects of all hosts."},
        **{each: {**number, "description": "Findings of this level."} for each in LEVELS},
    }
    rule = exactly(meaning=text, matters={**text, "description": "Why it matters to mail."}, cure=text)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Report of verify.yml of postroom.odoo, version {VERSION}",
        **exactly(
            version={"const": VERSION, "description": "Version of this structure. An incompatible change raises it."},
            generated={**text, "description": "Time at which the run ended, in ISO 8601 and UTC."},
            status={**status, "description": "not_checked if anything was not; otherwise wrong if any host is."},
            summary=exactly(**summary),
            hosts=listed(**host),
            rules={"type": "object", "description": "The kinds of findings in this report.", "additionalProperties": rule},
        ),
    }


def exactly(**properties):
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }
