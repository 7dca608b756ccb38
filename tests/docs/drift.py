"""What drift.yml can report: the table in docs/drift.md, and version, statuses and names in the report's schema."""

import json
import re

from ansible_collections.postroom.odoo.plugins.module_utils.resources import BY_MODULE
from ansible_collections.postroom.odoo.plugins.plugin_utils.report import ledger
from ansible_collections.postroom.odoo.plugins.plugin_utils.report.kinds import KINDS, worded

PAGE, SCHEMA = "docs/drift.md", "docs/drift.schema.json"
TABLE = re.compile(r"(<!-- kinds: made by make docs -->\n).*?(<!-- end -->)", re.DOTALL)
# What is compared, besides the resources: addons of a database, and what addon_files and addons_path manage on a machine.
OTHERS = ("addons", "addons_path", "files", "service")
WIDTH = 124


def files(root):
    text = (root / SCHEMA).read_text()
    text = re.sub(r'("version": \{"const": )\d+', rf"\g<1>{ledger.VERSION}", text)
    text = enumerated(text, "status", (ledger.AS_DECLARED, ledger.DRIFT, ledger.NOT_CHECKED))
    text = enumerated(text, "resource", sorted((*BY_MODULE, *OTHERS)))
    page = TABLE.sub(lambda mark: f"{mark[1]}\n{table()}\n{mark[2]}", (root / PAGE).read_text())
    return {PAGE: page, SCHEMA: enumerated(text, "kind", KINDS)}


def table():
    lines = ["| kind | meaning | what to do |", "| --- | --- | --- |"]
    lines += [f"| `{name}` | {kind['explanation']} | {kind['cure']} |" for name, kind in worded(KINDS, "site.yml").items()]
    return "\n".join(lines) + "\n"


def enumerated(text, name, values):
    """The schema with the values of the first enumeration by this name."""
    opening = re.search(rf'^( *)"{name}": \{{\s*"enum": \[([^\]]*)\](\s*)\}}', text, re.MULTILINE)
    quoted = [json.dumps(value) for value in values]
    indent = opening[1]
    short = f'{indent}"{name}": {{"enum": [{", ".join(quoted)}]}}'
    if "\n" not in opening[0] and len(short) <= WIDTH:
        return text[: opening.start()] + short + text[opening.end() :]
    lines, inner = [], indent + "    "
    for value in quoted:
        if lines and len(f"{inner}{lines[-1]}, {value},") <= WIDTH:
            lines[-1] += f", {value}"
        else:
            lines.append(value)
    listed = ",\n".join(inner + line for line in lines)
    made = f'{indent}"{name}": {{\n{indent}  "enum": [\n{listed}\n{indent}  ]\n{indent}}}'
    return text[: opening.start()] + made + text[opening.end() :]
