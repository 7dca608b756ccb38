"""What tests of every kind share: the collection by its own name, from the link that a bare clone has, and a browser."""

import sys
from pathlib import Path

import pytest
from browser import chromium

sys.path.insert(0, str(Path(__file__).parents[1] / "collections"))


@pytest.fixture(scope="session")
def browser():
    """Chromium; one for all tests of a run. browser.py says how to use it."""
    with chromium() as started:
        yield started
