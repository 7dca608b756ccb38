"""Which record an item means: renamed, moved to another host, or made by hand and not quite alike."""

import pytest

from ansible_collections.postroom.odoo.plugins.module_utils import resources
from ansible_collections.postroom.odoo.plugins.module_utils.engine.desired import BadItems, check_items
from ansible_collections.postroom.odoo.plugins.module_utils.engine.planner import CREATE, UPDATE, PlanError, Wanted, make_plan

USERS, OUTGOING, INCOMING = resources.USERS, resources.OUTGOING_MAIL_SERVERS, resources.INCOMING_MAIL_SERVERS
EXTRA = ("previous_login", "match_by_login", "tested")


def plan(resource, items, records, owned=None, state="merged"):
    check_items(resource, items)
    wanted = [
        Wanted(number, item, {option: value for option, value in item.items() if option not in EXTRA})
        for number, item in enumerate(items)
    ]
    owned = {record["id"]: f"x{record['id']}" for record in records} if owned is None else dict.fromkeys(owned, "x")
    return make_plan(resource, wanted, records, owned, state, max_deletions=9)


def user(number, login, **values):
    return {"id": number, "login": login, "name": login, "active": True, **values}


def mailbox(number, login, host="one.example", **values):
    return {"id": number, "login": login, "host": host, "name": login, "active": True, **values}


def done(made):
    return [(change.action, change.record, change.after) for change in made.changes]


def test_a_record_of_the_former_login_is_renamed():
    made = plan(USERS, [{"login": "new@b.c", "previous_login": "Old@b.c"}], [user(1, "old@b.c")])
    assert done(made) == [(UPDATE, 1, {"login": "new@b.c"})]
    assert made.changes[0].label == "new@b.c"


def test_was_means_nothing_once_it_is_done():
    made = plan(USERS, [{"login": "new@b.c", "previous_login": "old@b.c"}], [user(1, "new@b.c")])
    assert (made.changes, made.unchanged) == ([], 1)


def test_was_means_nothing_where_neither_is():
    made = plan(USERS, [{"login": "new@b.c", "previous_login": "old@b.c", "name": "N"}], [user(1, "other@b.c")])
    assert [change.action for change in made.changes] == [CREATE]


def test_both_there_is_an_error_that_names_both():
    with pytest.raises(PlanError, match=r"both new@b.c \(id 2\) and old@b.c \(id 1\), its previous login, exist"):
        plan(USERS, [{"login": "new@b.c", "previous_login": "old@b.c"}], [user(1, "old@b.c"), user(2, "new@b.c")])


def test_an_archived_record_of_the_former_login_is_history():
    records = [user(1, "old@b.c", active=False), user(2, "new@b.c")]
    assert plan(USERS, [{"login": "new@b.c", "previous_login": "old@b.c"}], records).unchanged == 1
    # The other way round, the login cannot be given to another.
    records = [user(1, "old@b.c"), user(2, "new@b.c", active=False)]
    with pytest.raises(PlanError, match=r"both .* exist"):
        plan(USERS, [{"login": "new@b.c", "previous_login": "old@b.c"}], records)


def test_a_former_login_may_be_somebody_elses_by_now():
    items = [{"login": "new@b.c", "previous_login": "old@b.c"}, {"login": "old@b.c"}]
    assert plan(USERS, items, [user(1, "new@b.c"), user(2, "old@b.c")]).unchanged == 2


def test_a_chain_is_refused_until_its_end_is_free():
    items = [{"login": "b@b.c", "previous_login": "a@b.c"}, {"login": "c@b.c", "previous_login": "b@b.c", "name": "C"}]
    with pytest.raises(PlanError, match=r"b@b.c \(id 2\) and a@b.c \(id 1\)"):
        plan(USERS, items, [user(1, "a@b.c"), user(2, "b@b.c")])
    assert done(plan(USERS, items[1:], [user(1, "a@b.c"), user(2, "b@b.c")])) == [(UPDATE, 2, {"login": "c@b.c", "name": "C"})]
    assert done(plan(USERS, items[:1], [user(1, "a@b.c"), user(2, "c@b.c")])) == [(UPDATE, 1, {"login": "b@b.c"})]


@pytest.mark.parametrize(
    ("items", "indexes"),
    [
        ([{"login": "a", "previous_login": "b"}, {"login": "b", "previous_login": "a"}], [0, 1]),
        (
            [
                {"login": "a", "previous_login": "b"},
                {"login": "b", "previous_login": "c"},
                {"login": "c", "previous_login": "a"},
                {"login": "d"},
            ],
            [0, 1, 2],
        ),
        ([{"login": "a", "previous_login": "A "}], [0]),
        ([{"login": "a", "previous_login": "x"}, {"login": "b", "previous_login": "X"}], [1]),
    ],
)
def test_renames_that_cannot_be(items, indexes):
    with pytest.raises(BadItems) as caught:
        check_items(USERS, items)
    assert [(index, option) for index, option, dummy in caught.value.problems] == [
        (index, "previous_login") for index in indexes
    ]


def test_a_server_without_a_login_was_nobodys():
    with pytest.raises(BadItems, match="also set login"):
        check_items(OUTGOING, [{"name": "Relay", "previous_login": "a@b.c"}])


def test_an_owned_mailbox_follows_its_login_to_another_host():
    item = {"host": "two.example", "login": "a@b.c", "match_by_login": True}
    assert done(plan(INCOMING, [item], [mailbox(1, "a@b.c")])) == [(UPDATE, 1, {"host": "two.example"})]
    # By hand, or without the option, it is another mailbox.
    assert [change.action for change in plan(INCOMING, [item], [mailbox(1, "a@b.c")], owned=()).changes] == [CREATE]
    assert [change.action for change in plan(INCOMING, [dict(item, match_by_login=False)], [mailbox(1, "a@b.c")]).changes] == [
        CREATE
    ]


def test_a_mailbox_that_another_item_names_does_not_move():
    items = [{"host": host, "login": "a@b.c", "match_by_login": True} for host in ("one.example", "two.example")]
    made = plan(INCOMING, items, [mailbox(1, "a@b.c")])
    assert [(change.action, change.index) for change in made.changes] == [(CREATE, 1)]


def test_which_of_two_mailboxes_moves_is_not_guessed():
    records = [mailbox(1, "a@b.c"), mailbox(2, "a@b.c", "two.example")]
    with pytest.raises(PlanError, match=r"IDs 1 \(a@b.c\) and 2 \(a@b.c\)"):
        plan(INCOMING, [{"host": "three.example", "login": "a@b.c", "match_by_login": True}], records)
    assert plan(INCOMING, [{"host": "two.example", "login": "a@b.c", "match_by_login": True}], records).unchanged == 1


def test_a_mailbox_is_renamed_and_moved_at_once():
    item = {"host": "two.example", "login": "new@b.c", "previous_login": "old@b.c", "match_by_login": True}
    assert done(plan(INCOMING, [item], [mailbox(1, "old@b.c")])) == [(UPDATE, 1, {"host": "two.example", "login": "new@b.c"})]
    assert plan(INCOMING, [item], [mailbox(1, "new@b.c", "two.example")]).unchanged == 1


def test_a_server_made_by_hand_may_lack_its_login():
    item = {"login": "a@b.c", "name": "a@b.c", "host": "H.example"}
    by_hand = {"id": 5, "name": "A@b.c ", "login": "", "host": " h.example", "active": True}
    (change,) = plan(OUTGOING, [item], [by_hand], owned=()).changes
    assert (change.action, change.record, change.adopt) == (UPDATE, 5, True)
    # Another host's, one that is owned, and one that is an item's own are others.
    for record, owned, more in (
        (dict(by_hand, host="other.example"), (), []),
        (by_hand, (5,), []),
        (by_hand, (), [{"name": "a@b.c"}]),
    ):
        actions = {change.index: change.action for change in plan(OUTGOING, [item, *more], [record], owned=owned).changes}
        assert actions[0] == CREATE


def test_nothing_is_renamed_to_be_removed():
    assert plan(USERS, [{"login": "new@b.c", "previous_login": "old@b.c"}], [user(1, "old@b.c")], state="deleted").changes == []


def test_overridden_does_not_remove_what_it_renames():
    made = plan(OUTGOING, [{"login": "new@b.c", "previous_login": "old@b.c"}], [mailbox(1, "old@b.c")], state="overridden")
    assert done(made) == [(UPDATE, 1, {"login": "new@b.c"})]
