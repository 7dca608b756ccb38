"""tests/bench/databases.py, as small as it gets: that it runs on every series. What it measures is not looked at."""

import json
import subprocess
import sys

import database as lab_database
from support import ROOT


def test_databases(series, tmp_path):
    command = [sys.executable, ROOT / "tests" / "bench" / "databases.py", "--series", series, "--rounds", "1"]
    command += ["--databases", "2", "--users", "1", "--forks", "2", "--json", tmp_path / "found.json"]
    bench = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    output, problems = bench.communicate()
    assert bench.returncode == 0, output + problems
    found = json.loads((tmp_path / "found.json").read_text())
    assert [row["run"] for row in found["rows"]] == ["nothing going on", "first", "again", "verify"]
    assert all(row["worst"] >= row["median"] > 0 for row in found["rows"])
    assert sum(f"Odoo {series}, 2 |" in line for line in output.splitlines()) == 4
    # It leaves nothing behind. Another one may be at work.
    assert not [name for owner, name, template in lab_database.databases() if f"test_many_{series}_{bench.pid}_" in name]
