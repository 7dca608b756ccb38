"""Fixtures of the tests on real servers. POSTROOM_SERIES ("14 19") says which; by default all that the lab has."""

import os

import pytest
from support import Database, read_lab


def pytest_generate_tests(metafunc):
    if "series" in metafunc.fixturenames:
        metafunc.parametrize("series", wanted_series(), scope="session")


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


@pytest.fixture(scope="session")
def lab():
    return read_lab()


@pytest.fixture
def new_database(lab, series):
    """Function that makes a database from a template, `mail` or `base`; it is dropped after the test."""
    made = []

    def make(template="mail"):
        made.append(Database(lab, series, template))
        return made[-1]

    yield make
    for each in made:
        each.drop()


@pytest.fixture
def database(new_database):
    """An Odoo database with mail that no other test has."""
    return new_database()


@pytest.fixture(scope="module")
def untouched(lab, series):
    """A database that several tests share, as none of them may change it."""
    made = Database(lab, series)
    before = made.fingerprints()
    yield made
    after = made.fingerprints()
    made.drop()
    assert before == after
