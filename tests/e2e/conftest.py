"""Fixtures of the tests on the real lab. POSTROOM_SERIES ("14 19") says which; by default all that the lab has."""

import pytest
from facts import read_lab, wanted_series
from office import ADDON, OAUTH_ADDON, Office, deploy, lab_database, make_template
from tokens import Tokens


def pytest_generate_tests(metafunc):
    if "series" in metafunc.fixturenames:
        metafunc.parametrize("series", wanted_series(), scope="session")


@pytest.fixture(scope="session")
def lab():
    return read_lab()


@pytest.fixture(scope="session")
def templates(lab):
    """Function that gives the database with the addon, of a series; made once."""
    made = {}

    def get(series):
        if series not in made:
            deploy(lab, series)
            made[series] = make_template(lab, series)[0]
        return made[series]

    yield get
    for series, name in made.items():
        lab_database.drop(series, name)


@pytest.fixture(scope="module")
def new_office(lab, templates):
    """Function that makes an office; dropped after the module."""
    made = []

    def make(series, addon=True, **settings):
        template = templates(series)
        made.append(Office(lab, series, template if addon else None, **settings))
        for person in ("newuser", "seconduser", "catchall", "bounce"):
            made[-1].mailbox(person).empty()
        return made[-1]

    yield make
    for office in made:
        office.drop()


@pytest.fixture(scope="module")
def office(new_office, series):
    """An office with the addon."""
    return new_office(series)


@pytest.fixture(scope="module")
def oauth_templates(lab, series):
    """A database with the addon alone, and one with the routing addon, too."""
    deploy(lab, series)
    made = {False: make_template(lab, series, OAUTH_ADDON)[0], True: make_template(lab, series, ADDON, OAUTH_ADDON)[0]}
    yield made
    for name in made.values():
        lab_database.drop(series, name)


@pytest.fixture
def tokens(lab):
    server = Tokens(lab)
    server.reset()
    yield server
    server.reset()
