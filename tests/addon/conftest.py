"""The addon's own tests, by Odoo's test runner, on the lab's servers. POSTROOM_SERIES says which; by default all."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))

from facts import read_lab, wanted_series


def pytest_generate_tests(metafunc):
    if "series" in metafunc.fixturenames:
        metafunc.parametrize("series", wanted_series(), scope="session")


@pytest.fixture(scope="session")
def lab():
    return read_lab()
