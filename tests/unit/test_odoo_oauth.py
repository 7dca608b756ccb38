"""Odoo's own OAuth: what an inventory makes of it without the addon, in each series, and what a plan does with it."""

import pytest

from ansible_collections.postroom.odoo.plugins.module_utils import resources
from ansible_collections.postroom.odoo.plugins.module_utils.engine.desired import BadItems, Unforeseen, want_items
from ansible_collections.postroom.odoo.plugins.module_utils.engine.planner import CREATE, make_plan
from ansible_collections.postroom.odoo.plugins.module_utils.resources.shared import FLAGS
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.forward import Accounts, BadEntry, MailDomain
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.lists import odoo_oauth_addons

OUTGOING, INCOMING = resources.OUTGOING_MAIL_SERVERS, resources.INCOMING_MAIL_SERVERS
MICROSOFT = {"kind": "microsoft365", "oauth": {"tenant": "t", "client_id": "c", "client_secret": "s3cret"}}
GOOGLE = {"kind": "google_workspace", "oauth": {"client_id": "c", "client_secret": "s3cret"}}
ACCOUNT = {"name": "New", "email": "new@mydomain.com"}


def accounts(provider, *entries, by_addon=False, **more):
    return Accounts(entries or [ACCOUNT], provider=provider, by_addon=by_addon, **more)


# -- the inventory --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider", "how", "hosts"),
    [
        (MICROSOFT, "outlook", ("smtp.office365.com", "outlook.office365.com")),
        (GOOGLE, "gmail", ("smtp.gmail.com", "imap.gmail.com")),
    ],
)
def test_servers(provider, how, hosts):
    made = accounts(provider, passwords={"new@mydomain.com": "old"})
    assert made.problems() == []
    assert made.oauth_clients() == []
    (outgoing,), (incoming,) = made.outgoing_servers(), made.incoming_servers()
    assert (outgoing["authentication"], incoming["type"]) == (how, how)
    assert (outgoing["host"], incoming["host"]) == hosts
    for each in (outgoing, incoming):
        # Neither is left of the time with passwords or with the addon.
        assert (each["password"], each["oauth_client"]) == ("", "")
        assert "when_connected" not in each
    assert "has a password that is not used" in made.warnings()[0]
    # The same inventory with the addon, where Google needs another client.
    assert "oauth_client" in accounts(MICROSOFT, by_addon=True).outgoing_servers()[0]
    assert accounts(MICROSOFT, by_addon=True).parameters() == []


def test_the_client_goes_to_system_parameters():
    assert {each["key"]: each["value"] for each in accounts(MICROSOFT).parameters()} == {
        "microsoft_outlook_client_id": "c",
        "microsoft_outlook_client_secret": "s3cret",
        "microsoft_outlook.endpoint": "https://login.microsoftonline.com/t/oauth2/v2.0/",
    }
    assert {each["key"] for each in accounts(GOOGLE).parameters()} == {"google_gmail_client_id", "google_gmail_client_secret"}
    own = {**ACCOUNT, "oauth": {"tenant": "t", "client_id": "other", "client_secret": "s"}}
    with pytest.raises(BadEntry, match="Odoo has one OAuth client for all mailboxes"):
        accounts(MICROSOFT, own).parameters()


@pytest.mark.parametrize(
    ("provider", "words"),
    [
        ({"kind": "microsoft365", "oauth": {"tenant": "t", "client_id": "c"}}, "client_secret is missing, which Odoo needs"),
        ({"kind": "google_workspace", "oauth": {"service_account": "{}"}}, "client_id and client_secret are missing"),
        ({"oauth": {"token_url": "https://t", "grant": "client_credentials", "client_id": "c"}}, "requires the addon"),
        ({**MICROSOFT, "pop": {}}, "Odoo logs in by OAuth to IMAP only"),
        ({**MICROSOFT, "pop": {"oauth": False}}, "No mailbox password for new@mydomain.com"),
        ({**MICROSOFT, "smtp": {"host": "smtp.mydomain.com"}}, "host is another than the provider's"),
    ],
    ids=str,
)
def test_what_odoo_cannot_use(provider, words):
    (problem,) = accounts(provider).problems()
    assert words in problem
    assert "s3cret" not in problem


def test_an_account_with_a_password():
    made = accounts(MICROSOFT, {**ACCOUNT, "oauth": False, "password": "pw"})
    (outgoing,) = made.outgoing_servers()
    assert ("authentication" in outgoing, outgoing["password"]) == (False, "pw")


def test_mailboxes_that_are_fetched_by_pop_with_a_password():
    pop = {"host": "pop.mydomain.com", "oauth": False, "password": "pw"}
    made = accounts(MICROSOFT, {**ACCOUNT, "pop": pop})
    assert (made.problems(), made.incoming_servers()[0]["type"]) == ([], "pop")
    names = {"name": "mydomain.com", "catchall": "catchall", "bounce": "", "default_from": "catchall"}
    made = MailDomain({"provider": MICROSOFT, "pop": pop, **names}, by_addon=False)
    assert (made.problems(), made.incoming_servers()[0]["type"]) == ([], "pop")
    made = MailDomain({"provider": MICROSOFT, "pop": {}, **names}, by_addon=False)
    assert made.problems()[0].startswith("mail_domain_pop: without the addon")


@pytest.mark.parametrize(
    ("given", "said"), [("when_connected", None), (True, False), ("yes", False), (False, None), ("no", None)]
)
def test_when_a_mailbox_is_tried(given, said):
    server = accounts(MICROSOFT, {**ACCOUNT, "imap": {"confirmed": given}}).incoming_servers()[0]
    assert server.get("when_connected") == said
    assert server["confirmed"] in (True, "yes", False, "no")
    # A password needs no person.
    by_password = {**ACCOUNT, "oauth": False, "imap": {"confirmed": given}}
    assert "when_connected" not in accounts(MICROSOFT, by_password).incoming_servers()[0]


def test_what_says_neither_yes_nor_no():
    with pytest.raises(BadEntry, match=r"tested of new@mydomain\.com must be true, false or when_connected"):
        accounts(MICROSOFT, {**ACCOUNT, "smtp": {"tested": "maybe"}}).outgoing_servers()


def test_the_mail_domain():
    names = {"name": "mydomain.com", "catchall": "catchall", "bounce": "bounce", "default_from": "catchall"}
    made = MailDomain({"provider": MICROSOFT, "imap": {}, **names}, by_addon=False)
    assert made.problems() == []
    assert {each["type"] for each in made.incoming_servers()} == {"outlook"}
    assert made.outgoing_servers()[0]["authentication"] == "outlook"


@pytest.mark.parametrize(
    ("given", "by_addon", "names"),
    [
        ({"mail_provider": MICROSOFT}, False, {"microsoft_outlook": None, "fetchmail_outlook": 15}),
        ({"mail_provider": MICROSOFT}, True, {}),
        ({"mail_provider": {"smtp": {"authentication": "gmail"}}}, True, {"google_gmail": None}),
        (
            {"mail_users_accounts": [{"email": "a@b.c", "imap": {"type": "outlook"}}]},
            True,
            {"microsoft_outlook": None, "fetchmail_outlook": 15},
        ),
        ({"mail_domain_imap": {"type": "gmail"}}, True, {"google_gmail": None, "fetchmail_gmail": 15}),
        ({"mail_extras_outgoing_servers": [{"authentication": "outlook"}]}, True, {"microsoft_outlook": None}),
    ],
)
def test_addons(given, by_addon, names):
    assert {each["name"]: each.get("until") for each in odoo_oauth_addons(given, by_addon)} == names


# -- series ---------------------------------------------------------------------------------------------------------------


BEFORE_16 = {column: {} for column in FLAGS.values()}


def offered(resource, major, flags=()):
    """What a server of a series has of the resource."""
    offer = dict(flags)
    for each in resource.fields:
        if each.column and each.is_native_in(major):
            known = [choice for choice in each.choices if major >= 16 or choice not in each.flags]
            offer[each.column_in(major)] = {"selection": [[choice, choice] for choice in known]}
    return offer


@pytest.mark.parametrize(
    ("resource", "option", "major", "value", "row"),
    [
        (OUTGOING, "authentication", 14, "outlook", {"use_microsoft_outlook_service": "1", "use_google_gmail_service": "0"}),
        (OUTGOING, "authentication", 14, "login", {"use_microsoft_outlook_service": "0", "use_google_gmail_service": "0"}),
        (
            OUTGOING,
            "authentication",
            15,
            "gmail",
            {"smtp_authentication": "login", "use_microsoft_outlook_service": "0", "use_google_gmail_service": "1"},
        ),
        (
            OUTGOING,
            "authentication",
            15,
            "certificate",
            {"smtp_authentication": "certificate", "use_microsoft_outlook_service": "0", "use_google_gmail_service": "0"},
        ),
        (OUTGOING, "authentication", 16, "outlook", {"smtp_authentication": "outlook"}),
        (
            INCOMING,
            "type",
            14,
            "outlook",
            {"server_type": "imap", "use_microsoft_outlook_service": "1", "use_google_gmail_service": "0"},
        ),
        (
            INCOMING,
            "type",
            14,
            "pop",
            {"server_type": "pop", "use_microsoft_outlook_service": "0", "use_google_gmail_service": "0"},
        ),
        (INCOMING, "type", 19, "gmail", {"server_type": "gmail"}),
    ],
)
def test_a_value_is_a_field_of_its_own_up_to_15(resource, option, major, value, row):
    """What is written, and what is read again."""
    offer = offered(resource, major, BEFORE_16 if major < 16 else {})
    field = resource.as_offered(offer).field(option)
    assert dict(zip(field.headers(major), field.cells(value, major), strict=True)) == row
    assert set(field.columns_in(major)) == set(row)
    read = {column: {"0": False, "1": True}.get(cell, cell) for column, cell in row.items()}
    assert field.from_row(read, major) == value


def want(resource, item, major, offer, unforeseen=None):
    return want_items(resource.as_offered(offer), [item], major, offer, None, unforeseen)[0]


def test_without_odoo_s_addon():
    item, offer = {"login": "a@b.c", "authentication": "outlook"}, offered(OUTGOING, 14)
    with pytest.raises(BadItems) as caught:
        want(OUTGOING, item, 14, offer)
    assert "outlook requires Odoo's addon microsoft_outlook, which this database does not have" in caught.value.problems[0][2]
    pending = Unforeseen(["microsoft_outlook"])
    assert want(OUTGOING, item, 14, offer, pending).values["authentication"] == "outlook"
    # A login with a password is all that 14 has.
    assert "authentication" not in want(OUTGOING, {"login": "a@b.c", "authentication": "login"}, 14, offer).values


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("outlook", "outlook requires Odoo's addon microsoft_outlook, which this database does not have"),
        ("certificate", "Odoo 14.0 does not have this field: Odoo has it from 15.0 on"),
        ("cli", "Odoo 14.0 does not have this field: Odoo has it from 15.0 on"),
    ],
)
def test_one_addon_of_odoo_s_brings_one_value(value, words):
    """Odoo 14 with google_gmail has no other flag, and no field for the rest."""
    offer = offered(OUTGOING, 14, {FLAGS["gmail"]: {}})
    for kept in ("gmail", "login"):
        assert want(OUTGOING, {"login": "a@b.c", "authentication": kept}, 14, offer).values["authentication"] == kept
    with pytest.raises(BadItems) as caught:
        want(OUTGOING, {"login": "a@b.c", "authentication": value}, 14, offer)
    assert words in caught.value.problems[0][2]


# -- plans ----------------------------------------------------------------------------------------------------------------


def planned(item, record=None, unproven=()):
    resource = INCOMING.as_offered(offered(INCOMING, 19))
    wanted = want_items(resource, [item], 19, offered(INCOMING, 19), None)
    owned = {record["id"]: "x"} if record else {}
    return make_plan(resource, wanted, [record] if record else [], owned, "merged", unproven=unproven)


ITEM = {"login": "a@b.c", "host": "outlook.office365.com", "type": "outlook", "confirmed": True}
RECORD = {
    "id": 1,
    "name": "a@b.c",
    "login": "a@b.c",
    "host": "outlook.office365.com",
    "type": "outlook",
    "confirmed": False,
    "active": True,
    "is_connected_to_outlook": False,
    "is_connected_to_gmail": False,
}


def test_a_new_server_waits():
    plan = planned(ITEM)
    (change,) = plan.changes
    assert (change.action, change.verify, change.waits, "confirmed" in change.after) == (CREATE, False, True, False)
    assert plan.to_connect == [change]
    (change,) = planned({**ITEM, "when_connected": False}).changes
    assert (change.verify, change.waits, change.after["confirmed"]) == (True, False, True)


@pytest.mark.parametrize(
    ("item", "record", "after", "waits", "verify"),
    [
        # Nobody has connected it: nothing to do, and it is listed.
        ({}, {}, None, True, False),
        # Somebody has.
        ({}, {"is_connected_to_outlook": True}, {"confirmed": True}, False, True),
        ({}, {"is_connected_to_outlook": True, "confirmed": True}, None, False, False),
        # In use without a token, it would only fail.
        ({}, {"confirmed": True}, {"confirmed": False}, True, False),
        # The other provider's token is none.
        ({}, {"is_connected_to_gmail": True}, None, True, False),
        # From consent to a password.
        (
            {"type": "imap", "password": "pw"},
            {"password": ""},
            {"type": "imap", "password": "pw", "confirmed": True},
            False,
            True,
        ),
        ({"confirmed": False}, {}, None, False, False),
    ],
)
def test_a_server_that_is_there(item, record, after, waits, verify):
    plan = planned({**ITEM, **item}, {**RECORD, **record})
    assert [change.after for change in plan.changes] == ([] if after is None else [after])
    assert bool(plan.to_connect) == waits
    assert [change.verify for change in plan.changes] == ([] if after is None else [verify])


def test_a_server_that_leaves_odoo_s_oauth_gets_its_login_back():
    """The inventory of a server with a password does not say how Odoo logs in."""
    offer = offered(OUTGOING, 19)
    wanted = want_items(OUTGOING.as_offered(offer), [{"login": "a@b.c", "password": "pw", "tested": True}], 19, offer, None)
    record = {"id": 1, "login": "a@b.c", "password": "", "authentication": "outlook", "is_connected_to_outlook": False}
    plan = make_plan(OUTGOING, wanted, [record], {1: "x"}, "merged")
    assert plan.changes[0].after == {"password": "pw", "authentication": "login"}
    assert (plan.changes[0].verify, plan.to_connect) == (True, [])
    # A relay that takes mail without a password must not get a token.
    without = want_items(OUTGOING.as_offered(offer), [{"login": "a@b.c", "password": ""}], 19, offer, None)
    assert make_plan(OUTGOING, without, [record], {1: "x"}, "merged").changes[0].after == {"authentication": "login"}
    record["authentication"] = "certificate"
    assert make_plan(OUTGOING, wanted, [record], {1: "x"}, "merged").changes[0].after == {"password": "pw"}


@pytest.mark.parametrize(
    ("record", "owned", "unproven", "noted"),
    [
        ({}, {1: "x"}, (), 1),
        # An earlier run noted it.
        ({}, {1: "x"}, {1: 5}, 0),
        ({}, {}, (), 0),
        # What is written is noted with it, and what is connected is not waited for.
        ({"port": 25}, {1: "x"}, (), 0),
        ({"is_connected_to_outlook": True}, {1: "x"}, (), 0),
    ],
)
def test_a_server_that_loses_its_consent_is_tried_when_it_has_another(record, owned, unproven, noted):
    """Odoo keeps no state of outgoing servers. Incoming ones lose theirs, which is a change."""
    offer = offered(OUTGOING, 19)
    item = {"login": "a@b.c", "authentication": "outlook", "port": 587, "tested": True}
    wanted = want_items(OUTGOING.as_offered(offer), [item], 19, offer, None)
    record = {"id": 1, **item, "is_connected_to_outlook": False, **record}
    plan = make_plan(OUTGOING, wanted, [record], owned, "merged", adopt=False, unproven=unproven)
    assert len(plan.to_note) == noted
    assert planned(ITEM, RECORD).to_note == []
