"""What tests of every kind share: the collection by its own name, as a bare clone has it, the lab, and a browser."""

import sys
from pathlib import Path

import pytest
from browser import chromium

sys.path[:0] = [
    str(Path(__file__).parents[1] / "collections"),
    str(Path(__file__).parent / "lab"),
    str(Path(__file__).parent / "gates"),
    str(Path(__file__).parent / "bare"),
    str(Path(__file__).parent / "site"),
]


@pytest.fixture(scope="session")
def browser():
    """Chromium; one for all tests of a run. browser.py says how to use it."""
    with chromium() as started:
        yield started
