"""The benchmarks of sending and fetching run; what they count, in the small, is right."""

import json
import subprocess
import sys

import pytest
from office import ROOT


@pytest.fixture
def run(series, tmp_path):
    def run(bench, *arguments):
        file = tmp_path / "found.json"
        command = [sys.executable, ROOT / "tests" / "bench" / bench, "--series", series, "--rounds", "1", "--json", file]
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return {(each["way"], each.get("to")): each for each in json.loads(file.read_text())["runs"]}, done.stdout

    return run


@pytest.mark.any_series
def test_fetching(run):
    found, table = run("fetching.py", "--mailboxes", "4", "--fetchers", "2", "--delay", "5")
    assert {way for way, _to in found} == {"core", "2 fetchers"}
    assert [(each["missing"], each["twice"]) for each in found.values()] == [(0, 0)] * 2
    assert "| 2 fetchers" in table.replace("14: ", "").replace("19: ", "")


def test_writing(series):
    command = [sys.executable, ROOT / "tests" / "bench" / "writing.py", "--series", series, "--records", "2", "--rounds", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("as Postroom asks") == 3
    assert ("without the picture" in done.stdout) == (series != "14")


def test_sending(run, series):
    found, _table = run("sending.py", "--servers", "12", "--users", "4")
    assert [each["left"] for each in found.values()] == [0] * 4
    for target in ("sink", "postfix"):
        each = found["addon", target]
        assert (each["sent"], each["refused"], each["sessions"]) == (4, 0, 4)
    # What 14 sends through its first server, the strict Postfix refuses, but for that server's own user.
    assert found["core", "postfix"]["refused"] == (3 if series == "14" else 0)


def test_lookup(series):
    command = [sys.executable, ROOT / "tests" / "bench" / "lookup.py", "--series", series, "--servers", "4", "6"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| 4 servers | 6 servers |" in done.stdout
    assert done.stdout.count(" ms |") == 2 * (6 if series == "14" else 7)
