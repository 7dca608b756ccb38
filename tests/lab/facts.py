"""What the lab offers, for the tests that run on it."""

import contextlib
import fcntl
import json
import os
from pathlib import Path

import pytest
from folder import lab_dir


def read_lab():
    """What make lab-up wrote down; it must have run."""
    path = lab_dir() / "lab.json"
    if not path.exists():
        raise RuntimeError(f"{path} is missing: run make lab-up ODOO='14 19'")
    return json.loads(path.read_text())


@contextlib.contextmanager
def alone(lab, name):
    """Have a part of the lab for oneself, among all tests on it; the others wait.

    :param name: a file in the lab's folder, which is made
    """
    with (Path(lab["lab_dir"]) / name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def wanted_series():
    """A series that is asked for and missing is an error: a test that did not run has proven nothing."""
    try:
        offered = read_lab()["odoo"]
    except RuntimeError as problem:
        raise pytest.UsageError(str(problem)) from problem
    asked = os.environ.get("POSTROOM_SERIES", "").replace(",", " ").split() or sorted(offered, key=int)
    missing = sorted(set(asked) - set(offered), key=int)
    if missing:
        raise pytest.UsageError(f"the lab has no Odoo {', '.join(missing)}: run make lab-up ODOO='{' '.join(asked)}'")
    return asked


def parametrize_by_series(metafunc):
    """Have a test that asks for a series run on each; for pytest_generate_tests."""
    if "series" in metafunc.fixturenames:
        # One series will do where what is under test knows nothing of Odoo: a page, a file for CI, a prompt, a bench.
        last = slice(-1, None) if metafunc.definition.get_closest_marker("any_series") else slice(None)
        metafunc.parametrize("series", wanted_series()[last], scope="session")
