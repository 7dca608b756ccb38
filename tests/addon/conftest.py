"""The addon's own tests, by Odoo's test runner, on the lab's servers. POSTROOM_SERIES says which; by default all."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))

from facts import parametrize_by_series, read_lab

pytest_generate_tests = parametrize_by_series


@pytest.fixture(scope="session")
def lab():
    return read_lab()
