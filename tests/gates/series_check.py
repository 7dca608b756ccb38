#!/usr/bin/env python3
"""Run every test that needs an Odoo on one series of the lab, and record in docs/series.md what ran on what, and its outcome.

usage: series_check.py SERIES       (make series-check ODOO=17 brings the lab up before)

docs/series.json holds the records, one for each series; this program alone writes it, and the page from it.
"""

import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from datetime import date
from xml.etree import ElementTree

from artefact import CACHE, ROOT

sys.path.insert(0, str(ROOT / "tests" / "lab"))
from facts import read_lab

RECORDS, PAGE = ROOT / "docs" / "series.json", ROOT / "docs" / "series.md"
PARTS = ("tests/integration", "tests/addon", "tests/e2e")
HEAD = """# What was run on which Odoo

`make test` runs on Odoo 14.0 and 19.0, which have Debian packages. For the series without a package, somebody runs the same
tests (`make series-check`, see [the lab](../tests/lab/README.md)), which writes this page. Each row is the latest run: the
build of Odoo, the commit of Postroom, and the outcome of the tests.

"""


def build(server):
    """Odoo's own words for its version, such as 17.0-20240709."""
    call = {"jsonrpc": "2.0", "method": "call", "params": {"service": "common", "method": "version", "args": []}}
    request = urllib.request.Request(
        f"{server['url']}/jsonrpc", json.dumps(call).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)["result"]["server_version"]


def commit():
    """The commit that is checked out; with a plus if files differ from it."""
    told = subprocess.run(["git", "describe", "--always", "--dirty=+"], cwd=ROOT, check=True, capture_output=True, text=True)
    return told.stdout.strip()


def run(part, series):
    """Run the tests of a folder; returns their outcomes, and the names of those that failed."""
    report = CACHE / "series" / f"{series}-{part.rpartition('/')[2]}.xml"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    environment = {**os.environ, "POSTROOM_SERIES": series}
    subprocess.run(["pytest", part, f"--junitxml={report}"], cwd=ROOT, env=environment, check=False)
    outcomes, failed = Counter(passed=0, failed=0, skipped=0), []
    for case in ElementTree.parse(report).iter("testcase"):
        found = {child.tag for child in case}
        outcome = "failed" if found & {"failure", "error"} else "skipped" if "skipped" in found else "passed"
        outcomes[outcome] += 1
        if outcome == "failed":
            failed.append(f"{case.get('classname').rpartition('.')[2]}::{case.get('name')}")
    return {**outcomes, "names": failed}


def page(records):
    rows = ["| Odoo | build | date | commit | " + " | ".join(PARTS) + " |", "| --- " * (4 + len(PARTS)) + "|"]
    notes = []
    for series, record in sorted(records.items(), key=lambda each: int(each[0])):
        cells = []
        for part in PARTS:
            found = record["parts"][part]
            told = [f"{found[outcome]} {outcome}" for outcome in ("passed", "failed", "skipped") if found[outcome]]
            cells.append(", ".join(told))
            notes.extend(f"- {series}.0: `{name}` failed" for name in found["names"])
        rows.append(f"| {series}.0 | {record['build']} | {record['date']} | {record['commit']} | {' | '.join(cells)} |")
    return HEAD + "\n".join(rows) + "\n" + ("\n" + "\n".join(notes) + "\n" if notes else "")


def main():
    (series,) = sys.argv[1:]
    record = {"build": build(read_lab()["odoo"][series]), "date": date.today().isoformat(), "commit": commit()}
    record["parts"] = {part: run(part, series) for part in PARTS}
    records = json.loads(RECORDS.read_text()) if RECORDS.exists() else {}
    records[series] = record
    RECORDS.write_text(json.dumps(records, indent=2, sort_keys=True) + "\n")
    PAGE.write_text(page(records))
    print(page({series: record}).removeprefix(HEAD))
    sys.exit(1 if any(each["failed"] or not each["passed"] for each in record["parts"].values()) else 0)


if __name__ == "__main__":
    main()
