"""The programs of tests/hostile, as small as they get; test_inventories.py and e2e/test_mailbox.py have those of the others."""

import sys

import pytest
import support
from folder import lab_dir
from support import ROOT

sys.path.append(str(ROOT / "tests" / "hostile"))

import cuts
import pythons
import races

import inventories


@pytest.mark.parametrize(
    "kind", ["users created in another order", "outgoing servers changed", "outgoing servers renamed", "parameters removed"]
)
def test_races(series, kind):
    total, wrong = races.run(series, times=1, kinds=[kind])
    assert total == 1
    assert not wrong


def test_cuts(series, monkeypatch):
    """One request of a run is cut. Which one and how differs by series, and stays the same."""
    transport = support.TRANSPORT if int(series) >= 19 else "jsonrpc"
    # The program sets both.
    monkeypatch.setenv("POSTROOM_TRANSPORT", transport)
    monkeypatch.setattr(support, "TRANSPORT", transport)
    broken, _, complaints = cuts.run(series, transport, sample=1, seed=int(series))
    assert broken == 1
    assert complaints == []


@pytest.mark.any_series
def test_inventories(series):
    accepted, refused, complaints = inventories.check(60, seed=0)
    assert complaints == []
    assert accepted + refused == 60
    assert min(accepted, refused) >= 10


def test_pythons(lab):
    """That of Odoo 14, if the lab has it; the unit tests judge the same messages with the tests' own."""
    if "14" not in lab["odoo"]:
        pytest.skip("the lab has no Odoo 14")
    assert pythons.run_in(lab_dir() / "odoo" / "14" / "root", "/usr/bin/python3", ["--count", "200"]) == 0
