"""Fixtures of the tests on real servers. POSTROOM_SERIES ("14 19") says which; by default all that the lab has."""

import pytest
from facts import parametrize_by_series, read_lab
from oauth import token_server
from odd_servers import OddServers
from support import Database

pytest_generate_tests = parametrize_by_series


@pytest.fixture(scope="session")
def lab():
    return read_lab()


@pytest.fixture(scope="session")
def odd(lab):
    """Mail servers that a provider should not have."""
    servers = OddServers(lab)
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()


@pytest.fixture
def tokens(lab):
    """Function that asks something of the lab's token server."""
    with token_server(lab) as ask:
        yield ask


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
    # Tests of refused logins come after one another: Odoo would refuse the right one too, for a minute.
    made.odoo().env["ir.config_parameter"].set_param("base.login_cooldown_after", "0")
    before = made.fingerprints()
    yield made
    after = made.fingerprints()
    made.drop()
    assert before == after
