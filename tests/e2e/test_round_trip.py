"""Every way of sending, to bob and back: who sent it, what it says, where bob's answer lands.

Without the addon the same is done with the same configuration. What core then loses is in docs/routing.md: the table there
is made from these runs (POSTROOM_WRITE_DOCS=1), and the tests say so when it no longer agrees.
"""

import os

import pytest
import table
from office import address

CATCHALL = pytest.mark.parametrize("catchall", [True, False], ids=["catchall", "no catchall"], scope="module")


def all_trips(office):
    """Send in every way, have bob answer all."""
    trips = {case: office.send(case[1], case[0], reply_to=case[2]) for case in table.CASES}
    office.answers_land([office.follow(trip) for trip in trips.values()])
    return trips


@pytest.fixture(scope="module")
def trips(new_office, series, catchall):
    return all_trips(new_office(series, catchall=catchall))


@pytest.fixture(scope="module")
def core_trips(new_office, series, catchall):
    return all_trips(new_office(series, catchall=catchall, addon=False))


def cells(trips, series, addon, catchall):
    name = table.column(series, addon, catchall)
    return {(table.name_of(case), name): table.verdict(trip, case[0]) for case, trip in trips.items()}


def assert_in_document(found, series):
    if series not in table.SERIES:
        return
    if os.environ.get("POSTROOM_WRITE_DOCS"):
        table.write(found)
    told = table.read()
    assert found == {key: told.get(key) for key in found}


@CATCHALL
@pytest.mark.parametrize("case", table.CASES, ids=table.name_of)
def test_round_trip(trips, case):
    trip, person = trips[case], case[0]
    own = f'"{table.PEOPLE[person]}" <{address(person)}>'
    assert not trip.refused
    assert trip.delivered
    assert trip.login == address(person)
    assert trip.header_from == own
    assert trip.reply_to == own
    assert trip.return_path == address(person)
    assert trip.landed_on == ("res.partner", trip.record)
    assert trip.answer_author == "Bob Customer"


@CATCHALL
def test_what_core_loses(core_trips, series, catchall):
    """The problem. If core ever does all of it, this addon is no longer needed."""
    found = cells(core_trips, series, False, catchall)
    lost = [case for case in table.CASES if found[table.name_of(case), table.column(series, False, catchall)] != "✓"]
    if catchall:
        assert set(found.values()) == {"rejected: 553"} if series == "14" else "✓" not in found.values()
    for case in table.CASES:
        if case[1].startswith("template.send_mail"):
            assert case in lost, "core keeps the message of a template's mail now"
    assert_in_document(found, series)


@CATCHALL
def test_table_of_the_addon(trips, series, catchall):
    assert_in_document(cells(trips, series, True, catchall), series)


def test_provider_that_judges_at_data(new_office, series):
    """Zoho, Office 365: every envelope sender is taken, and the answer to DATA is the judgement."""
    office = new_office(series, port="submission_at_data")
    trips = {case: office.send(case[1], case[0], reply_to=case[2]) for case in table.CASES if case[0] == "seconduser"}
    office.answers_land([office.follow(trip) for trip in trips.values()])
    assert {case: table.verdict(trip, "seconduser") for case, trip in trips.items()} == dict.fromkeys(trips, "✓")
    assert {trip.return_path for trip in trips.values()} == {address("seconduser")}
