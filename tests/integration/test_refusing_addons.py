"""An addon that refuses what is declared.

A field that it lets nobody change is left alone. Of a value, a new record or a removal that it refuses, one error says which
item and option, Odoo's reason and the cure, and nothing is written.
"""

import shutil
from pathlib import Path

import pytest
from support import Database, install

OWN = Path(__file__).parent / "addons" / "refusing_mail_servers"
LOCKED = {"login": "locked@mydomain.com", "name": "Locked", "host": "smtp.mydomain.com", "port": 587}
FREE = {"login": "free@mydomain.com", "name": "Free", "host": "smtp.mydomain.com", "port": 587}
CURE = "(refusing_mail_servers): give a value that it accepts, or remove the option"


@pytest.fixture(scope="module")
def database(lab, series):
    place = Path(lab["odoo"][series]["addons"]) / OWN.name
    shutil.copytree(OWN, place, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    made = Database(lab, series)
    install(made, OWN.name)
    made.ok("outgoing_mail_servers", [LOCKED, FREE])
    yield made
    made.drop()


def refused(database, config, **options):
    result = database.refuses("outgoing_mail_servers", config, **options)
    assert len(result["problems"]) == 1, result
    assert result["msg"].count("\n") == 0
    return result["problems"][0], result["msg"]


def test_fields_that_cannot_be_changed(database):
    """They are said once, by name and reason, and left alone; the rest is written, and a second run changes nothing."""
    config = [{**LOCKED, "host": "smtp.other.example", "priority": 3}, {**FREE, "host": "smtp.other.example"}]
    done = database.ok("outgoing_mail_servers", config)
    changed = {tuple(each["options"]): each["items"] for each in done["changes"]}
    assert changed == {("priority",): ["locked@mydomain.com"], ("host",): ["free@mydomain.com"]}
    again = database.ok("outgoing_mail_servers", config)
    assert (again["changed"], again["counts"]["unchanged"]) == (False, 2)
    for each in (done, again):
        [line] = each["not_managed"]
        assert "host of outgoing mail server locked@mydomain.com" in line
        assert 'refusing_mail_servers), which says "The host of this server is set by the operators"' in line
    assert database.ok("outgoing_mail_servers", [LOCKED, FREE])["counts"]["updated"] == 1


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [("port", 25, "Port 25 is not allowed here"), ("priority", 2000, "The priority is at most 1000 here")],
)
def test_a_constraint(database, option, value, reason):
    problem, words = refused(database, [LOCKED, {**FREE, option: value}])
    assert (problem["index"], problem["option"]) == (1, option)
    assert reason in words


def test_a_new_record_that_is_refused(database):
    problem, words = refused(
        database, [{**FREE, "login": "new@mydomain.com"}, {**FREE, "login": "bad@mydomain.com", "port": 25}]
    )
    assert problem["index"] == 1
    assert "Port 25 is not allowed here" in words
    assert CURE in words


def test_a_removal_that_is_refused(database):
    problem, words = refused(database, [LOCKED], state="deleted")
    assert problem["index"] == 0
    assert "Odoo does not remove it: This server must stay" in words
    assert "refusing_mail_servers" in words
    _problem, words = refused(database, [FREE, LOCKED], state="deleted")
    assert "one of free@mydomain.com, locked@mydomain.com: This server must stay" in words


def test_the_rest_is_managed(database):
    """What the addon does not refuse is written, and a second run has nothing to do."""
    done = database.converge("outgoing_mail_servers", [{**LOCKED, "priority": 7}, {**FREE, "host": "smtp.third.example"}])
    assert done["counts"]["updated"] == 2
