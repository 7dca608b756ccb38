"""From wanted and actual to a plan, on the real declarations."""

import pytest

from ansible_collections.postroom.odoo.plugins.module_utils import resources
from ansible_collections.postroom.odoo.plugins.module_utils.engine.desired import want_items
from ansible_collections.postroom.odoo.plugins.module_utils.engine.planner import (
    CREATE,
    DELETE,
    UPDATE,
    PlanError,
    Wanted,
    make_plan,
)

SERVERS = resources.OUTGOING_MAIL_SERVERS


def wanted(*items, defaults=None):
    return [
        Wanted(index, item, {k: v for k, v in item.items() if k != "tested"}, defaults or {})
        for index, item in enumerate(items)
    ]


def server(number, **values):
    return {
        "id": number,
        "name": f"Server {number}",
        "login": "",
        "host": "smtp.mydomain.com",
        "port": 25,
        "active": True,
        **values,
    }


def only(plan):
    (change,) = plan.changes
    return change


def test_a_missing_record_is_created_with_its_defaults():
    change = only(make_plan(SERVERS, wanted({"login": "a@b.c", "host": "h"}, defaults={"port": 25}), [], {}, "merged"))
    assert (change.action, change.label) == (CREATE, "a@b.c")
    assert change.after == {"login": "a@b.c", "host": "h", "port": 25}


def test_what_is_needed_to_create_is_asked_for():
    with pytest.raises(PlanError) as caught:
        make_plan(SERVERS, wanted({"login": "a@b.c"}), [], {}, "merged")
    assert caught.value.problems == [(0, "host", "is required to create this outgoing mail server")]


SENDS = {"login": "a@b.c", "host": "h"}
OUTGOING, INCOMING = SERVERS, resources.INCOMING_MAIL_SERVERS


@pytest.mark.parametrize(
    ("resource", "item"),
    [
        # Its trial would fail when others are written.
        (OUTGOING, {**SENDS, "tested": True}),
        (OUTGOING, {**SENDS, "tested": True, "authentication": "login", "password": ""}),
        (INCOMING, {**SENDS, "confirmed": True}),
        (INCOMING, {**SENDS, "confirmed": True, "type": "pop", "password": ""}),
        # What is declared can neither send nor fetch.
        (OUTGOING, {**SENDS, "password": ""}),
        (INCOMING, {**SENDS, "password": ""}),
    ],
)
def test_a_new_server_that_logs_in_needs_a_password(resource, item):
    with pytest.raises(PlanError) as caught:
        make_plan(resource, wanted(item), [], {}, "merged")
    assert caught.value.problems == [(0, "password", f"is required to create this {resource.noun}")]
    assert make_plan(resource, wanted({**item, "password": "p"}), [], {}, "merged").changes
    # Not filled in yet.
    there = {each.option: each.from_odoo(False) for each in resource.fields}
    assert make_plan(resource, wanted(item), [{**there, **SENDS, "id": 1}], {1: "x"}, "merged")


@pytest.mark.parametrize(
    ("resource", "item"),
    [
        (OUTGOING, {"name": "Relay", "host": "h", "tested": True}),
        (OUTGOING, {"name": "Relay", "host": "h", "login": "", "password": "", "tested": True}),
        (OUTGOING, {**SENDS, "tested": True, "oauth_client": "Microsoft 365", "password": ""}),
        (OUTGOING, {**SENDS, "tested": True, "authentication": "gmail", "password": ""}),
        (OUTGOING, {**SENDS, "active": False, "password": ""}),
        # Somebody enters it in Odoo.
        (OUTGOING, SENDS),
        (INCOMING, SENDS),
        (INCOMING, {"name": "Local", "type": "local", "confirmed": True}),
        (INCOMING, {**SENDS, "type": "outlook", "confirmed": True, "password": ""}),
        (INCOMING, {**SENDS, "active": False, "password": ""}),
    ],
)
def test_other_new_servers_need_none(resource, item):
    assert make_plan(resource, wanted(item), [], {}, "merged").changes


@pytest.mark.parametrize("login", ["a\n", " a ", "a\0b", "a\u2028b"])
def test_a_login_that_nobody_can_type_is_not_written(login):
    item, offer = {"login": login, "name": "A"}, {"login": {}, "name": {}}
    new = want_items(resources.USERS, [item], 19, offer, None)
    for there in ([], [{"id": 7, "login": login.strip().upper(), "name": "A"}]):
        with pytest.raises(PlanError) as caught:
            make_plan(resources.USERS, new, there, {}, "merged")
        assert [problem[:2] for problem in caught.value.problems] == [(0, "login")]
    # Whoever has it may keep it.
    assert not make_plan(resources.USERS, new, [{"id": 7, **item}], {7: "x"}, "merged").changes


def test_only_what_differs_is_written():
    plan = make_plan(SERVERS, wanted({"login": "a@b.c", "port": 587}), [server(1, login="a@b.c")], {1: "x"}, "merged")
    assert (only(plan).action, only(plan).before, only(plan).after) == (UPDATE, {"port": 25}, {"port": 587})


def test_what_is_no_value_may_stay_and_is_not_written():
    """Nothing is said where the value was not read, as in the first look of check mode."""
    (one,) = wanted({"login": "a@b.c", "port": 587})
    one.mistakes["port"] = "is wrong"
    record = {name: value for name, value in server(1, login="a@b.c").items() if name != "port"}
    for found in ({"port": 587}, {}):
        make_plan(SERVERS, [one], [{**record, **found}], {1: "x"}, "merged")
    with pytest.raises(PlanError) as caught:
        make_plan(SERVERS, [one], [{**record, "port": 25}], {1: "x"}, "merged")
    assert caught.value.problems == [(0, "port", "is wrong")]


def test_a_field_that_comes_later_counts_as_not_set():
    """In check mode, a field of an addon that an earlier task would have installed."""
    plan = make_plan(SERVERS, wanted({"login": "a@b.c", "owner": 7}), [server(1, login="a@b.c")], {1: "x"}, "merged")
    assert (only(plan).before, only(plan).after) == ({"owner": None}, {"owner": 7})


def test_an_owned_record_that_is_as_wanted_is_left_alone():
    plan = make_plan(SERVERS, wanted({"login": "a@b.c", "port": 25}), [server(1, login="a@b.c")], {1: "x"}, "merged")
    assert (plan.changes, plan.unchanged) == ([], 1)


def test_a_record_made_by_hand_is_taken_over_not_duplicated():
    change = only(make_plan(SERVERS, wanted({"login": "a@b.c"}), [server(7, login="A@B.c")], {}, "merged"))
    assert (change.action, change.record, change.adopt) == (UPDATE, 7, True)
    assert change.after == {"login": "a@b.c"}


def test_the_login_names_a_server_before_its_name_does():
    records = [server(1, login="a@b.c"), server(2, name="a@b.c")]
    plan = make_plan(SERVERS, wanted({"login": "a@b.c", "port": 1}), records, {1: "x", 2: "y"}, "merged")
    assert only(plan).record == 1


def test_two_records_of_one_login_are_an_error_that_names_both():
    records = [server(1, login="a@b.c"), server(2, login="a@b.c")]
    with pytest.raises(PlanError, match=r"IDs 1 \(Server 1\) and 2 \(Server 2\)"):
        make_plan(SERVERS, wanted({"login": "a@b.c"}), records, {}, "merged")


def test_an_archived_record_does_not_make_an_active_one_ambiguous():
    records = [server(1, login="a@b.c", active=False), server(2, login="a@b.c")]
    assert make_plan(SERVERS, wanted({"login": "a@b.c"}), records, {2: "x"}, "merged").unchanged == 1


def test_two_items_for_one_record_are_an_error():
    with pytest.raises(PlanError, match="same outgoing mail server as item 0"):
        make_plan(SERVERS, wanted({"login": "a@b.c"}, {"name": "Server 1"}), [server(1, login="a@b.c")], {}, "merged")


def test_every_problem_is_reported():
    with pytest.raises(PlanError) as caught:
        make_plan(SERVERS, wanted({"login": "a@b.c"}, {"login": "d@e.f"}), [], {}, "merged")
    assert [index for index, dummy, dummy in caught.value.problems] == [0, 1]


def test_overridden_removes_owned_records_only():
    records = [server(1, login="a@b.c"), server(2, login="owned@b.c"), server(3, login="foreign@b.c")]
    plan = make_plan(SERVERS, wanted({"login": "a@b.c"}), records, {1: "x", 2: "y"}, "overridden", max_deletions=1)
    assert (only(plan).action, only(plan).record) == (DELETE, 2)


def test_overridden_stops_at_its_bound_and_lists():
    records = [server(1, login="a@b.c"), server(2, login="d@e.f")]
    with pytest.raises(PlanError, match=r"2 records .* max_deletions is 1; .*: a@b.c, d@e.f"):
        make_plan(SERVERS, [], records, {1: "x", 2: "y"}, "overridden", max_deletions=1)


def test_deleted_passes_over_what_is_not_there():
    plan = make_plan(SERVERS, wanted({"login": "a@b.c"}), [], {}, "deleted")
    assert (plan.changes, plan.unchanged) == ([], 1)


def test_an_external_name_in_use_by_another_record_is_not_taken():
    first = only(make_plan(SERVERS, wanted({"login": "a@b.c", "host": "h"}), [], {}, "merged"))
    renamed = [server(1, login="new@b.c")]
    second = only(make_plan(SERVERS, wanted({"login": "a@b.c", "host": "h"}), renamed, {1: first.name}, "merged"))
    assert second.action == CREATE
    assert second.name != first.name


@pytest.mark.parametrize(
    ("item", "tried"),
    [
        ({"login": "a@b.c", "port": 587, "tested": True}, True),
        ({"login": "a@b.c", "name": "Other", "tested": True}, False),
        ({"login": "a@b.c", "port": 587}, False),
    ],
)
def test_a_changed_connection_is_tried_when_asked_for(item, tried):
    assert only(make_plan(SERVERS, wanted(item), [server(1, login="a@b.c")], {1: "x"}, "merged")).verify is tried


def test_groups_are_added_to_those_that_a_user_has():
    user = {"id": 9, "login": "u", "groups": frozenset({1, 2}), "active": True}
    change = only(make_plan(resources.USERS, wanted({"login": "u", "groups": frozenset({2, 3})}), [user], {9: "x"}, "merged"))
    assert change.after == {"groups": frozenset({1, 2, 3})}
    assert (
        make_plan(resources.USERS, wanted({"login": "u", "groups": frozenset({2})}), [user], {9: "x"}, "merged").unchanged == 1
    )


def test_removing_a_user_archives():
    user = {"id": 9, "login": "u", "active": True}
    change = only(make_plan(resources.USERS, wanted({"login": "u"}), [user], {9: "x"}, "deleted"))
    assert (change.action, change.after) == (UPDATE, {"active": False})
    assert make_plan(resources.USERS, wanted({"login": "u"}), [{**user, "active": False}], {9: "x"}, "deleted").unchanged == 1


def test_the_login_of_the_run_is_not_removed():
    with pytest.raises(PlanError, match="user of this run"):
        make_plan(resources.USERS, wanted({"login": "admin"}), [{"id": 2, "login": "admin"}], {}, "deleted", protected={2})


def test_the_login_of_the_run_is_not_archived_by_an_item_either():
    admin = {"id": 2, "login": "admin", "active": True}
    with pytest.raises(PlanError, match="is the user of this run"):
        make_plan(resources.USERS, wanted({"login": "admin", "active": False}), [admin], {}, "merged", protected={2})
    assert make_plan(resources.USERS, wanted({"login": "admin", "active": True}), [admin], {2: "x"}, "merged", protected={2})


def test_templates_are_not_created():
    with pytest.raises(PlanError, match="no such mail template"):
        make_plan(resources.MAIL_TEMPLATES, wanted({"template": "a.b"}), [], {}, "merged")


def test_resetting_a_template_clears_the_named_options():
    template = {"id": 3, "template": frozenset({"a.b"}), "email_from": "x@y.z", "reply_to": "r@y.z", "mail_server": 4}
    one = only(make_plan(resources.MAIL_TEMPLATES, wanted({"template": "a.b", "reply_to": ""}), [template], {}, "deleted"))
    assert one.after == {"reply_to": ""}
    every = only(make_plan(resources.MAIL_TEMPLATES, wanted({"template": "a.b"}), [template], {}, "deleted"))
    assert every.after == {"email_from": "", "reply_to": "", "mail_server": None}


def test_the_one_alias_domain_is_renamed_not_joined_by_a_second():
    record = {"id": 0, "name": "old.example", "catchall": "catchall", "bounce": "bounce", "default_from": ""}
    change = only(make_plan(resources.ALIAS_DOMAINS.in_series(16), wanted({"name": "new.example"}), [record], {}, "merged"))
    assert (change.action, change.after, change.adopt) == (UPDATE, {"name": "new.example"}, False)
