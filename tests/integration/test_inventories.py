"""A few of the random inventories of tests/hostile/inventories.py."""

import sys

from support import ROOT

sys.path.append(str(ROOT / "tests" / "hostile"))

import inventories


def test_random_inventories(series):
    """Each is applied, and settles, or is refused with one error before anything is written."""
    applied, refused, complaints = inventories.run(series, count=8, seed=int(series) * 1000)
    assert complaints == []
    assert applied
    assert refused
