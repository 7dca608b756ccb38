"""Fixtures of the tests on the real lab. POSTROOM_SERIES ("14 19") says which; by default all that the lab has."""

import pytest
from facts import parametrize_by_series, read_lab
from office import ADDON, OAUTH_ADDON, Office, address, deploy, lab_database, make_template
from provider import Provider
from tokens import Tokens

pytest_generate_tests = parametrize_by_series


@pytest.fixture(scope="session")
def lab():
    """The lab, with ports of these tests' own: to hand in mail, which they count, and of a token server, which they empty."""
    lab = read_lab()
    if address("newuser") not in lab["mail"]["mailboxes"]:
        raise pytest.UsageError("the lab is older than these tests: run make lab-up ODOO='14 19'")
    shared = f":{lab['ports']['tokens']}"
    lab["ports"] |= {port: lab["ports"][f"e2e_{port}"] for port in ("submission", "submission_at_data", "tokens")}
    own = f":{lab['ports']['tokens']}"
    lab["tokens"] |= {name: lab["tokens"][name].replace(shared, own) for name in ("url", "microsoft", "google")}
    return lab


@pytest.fixture(scope="session")
def templates(lab):
    """Function that gives the database with an addon or several, by default the routing addon, of a series; made once."""
    made = {}

    def get(series, *addons):
        if (series, addons) not in made:
            deploy(lab, series)
            made[series, addons] = make_template(lab, series, *addons)[0]
        return made[series, addons]

    yield get
    for (series, _addons), name in made.items():
        lab_database.drop(series, name)


@pytest.fixture(scope="session")
def models(lab, templates):
    """Function that gives an office to copy, with the addon or without; made once."""
    made = {}

    def get(series, addon):
        if (series, addon) not in made:
            made[series, addon] = Office(lab, series, templates(series) if addon else None)
        return made[series, addon]

    yield get
    for office in made.values():
        office.drop()


@pytest.fixture(scope="module")
def new_office(lab, templates, models):
    """Function that makes an office; dropped after the module."""
    made = []

    def make(series, addon=True, **settings):
        if settings:
            made.append(Office(lab, series, templates(series) if addon else None, **settings))
        else:
            made.append(models(series, addon).copy())
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
def provider():
    """A provider of the tests' own, which refuses, delays and hangs up as it is told."""
    provider = Provider()
    provider.start()
    yield provider
    provider.stop()


@pytest.fixture(scope="session")
def oauth_templates(templates, series):
    """A database with the addon alone, and one with the routing addon, too."""
    return {False: templates(series, OAUTH_ADDON), True: templates(series, ADDON, OAUTH_ADDON)}


@pytest.fixture
def tokens(lab):
    server = Tokens(lab)
    server.reset()
    yield server
    server.reset()
