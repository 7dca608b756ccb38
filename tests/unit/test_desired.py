"""The list as given: every bad item at once, by index and option, before any server is asked."""

import pytest

from ansible_collections.postroom.odoo.plugins.module_utils import resources
from ansible_collections.postroom.odoo.plugins.module_utils.engine.desired import BadItems, Unforeseen, check_items, want_items


def problems(resource, *items):
    with pytest.raises(BadItems) as caught:
        check_items(resource, list(items))
    return [(index, option) for index, option, dummy in caught.value.problems]


def test_every_bad_item_is_reported_with_its_option():
    bad = problems(
        resources.OUTGOING_MAIL_SERVERS,
        {"login": "a@b.c", "port": 99999},
        {"login": "d@e.f", "host": "smtp://x"},
        {"login": "a@B.C"},
        {"host": "nameless"},
        {"login": "nobody", "from_filter": "own"},
    )
    assert bad == [(0, "port"), (1, "host"), (2, None), (3, None), (4, "from_filter")]


@pytest.mark.parametrize(
    "value", [{"expression": ""}, {"expression": 3}, {"expresion": "x"}, {"expression": "x", "a": 1}, 3, "nobody"]
)
def test_a_from_is_text_or_an_expression(value):
    assert problems(resources.MAIL_TEMPLATES, {"template": "a.b", "email_from": value}) == [(0, "email_from")]


NUMBERS = [(each, field) for each in resources.BY_MODULE.values() for field in each.fields if field.type == "integer"]


@pytest.mark.parametrize(("resource", "field"), NUMBERS, ids=lambda each: getattr(each, "name", "") or each.option)
def test_a_number_fits_the_database(resource, field):
    """PostgreSQL's integers have 32 bits; no other error would name the item."""
    assert problems(resource, {field.option: 2**31})[0] == (0, field.option)
    assert problems(resource, {field.option: -(2**31) - 1})[0] == (0, field.option)


MAIL_SERVERS = [resources.INCOMING_MAIL_SERVERS, resources.OUTGOING_MAIL_SERVERS]


@pytest.mark.parametrize("resource", MAIL_SERVERS)
@pytest.mark.parametrize("password", ["P\u00e4ssw\u00f6rt", "secret\n", "secret\r\n", "sec\nret", "sec\0ret"])
def test_a_password_is_one_that_mail_can_carry(resource, password):
    """And is not shown."""
    with pytest.raises(BadItems) as caught:
        check_items(resource, [{"host": "h", "login": "a@b.example", "password": password}])
    assert [(index, option) for index, option, dummy in caught.value.problems] == [(0, "password")]
    assert "ret" not in str(caught.value)
    assert "P\u00e4" not in str(caught.value)


@pytest.mark.parametrize("password", ["with blank ", "{{ }}", "'\"\\", "~" * 500, ""])
def test_a_password_may_have_anything_else(password):
    for resource in MAIL_SERVERS:
        check_items(resource, [{"host": "h", "login": "a@b.example", "password": password}])


def test_a_user_may_log_in_by_other_letters():
    check_items(resources.USERS, [{"login": "a", "password": "P\u00e4ssw\u00f6rt"}])
    assert problems(resources.USERS, {"login": "a", "password": "secret\n"}) == [(0, "password")]


@pytest.mark.parametrize(
    ("resource", "item", "option"),
    [
        (resources.USERS, {"login": "a", "name": "two\nlines"}, "name"),
        (resources.OUTGOING_MAIL_SERVERS, {"login": "a", "name": "two\nlines"}, "name"),
        (resources.INCOMING_MAIL_SERVERS, {"host": "h", "login": "b\u00fcro@b.example"}, "login"),
        (resources.OUTGOING_MAIL_SERVERS, {"login": "a", "from_filter": "*@mydomain.com"}, "from_filter"),
        (resources.OUTGOING_MAIL_SERVERS, {"login": "a", "from_filter": "*.mydomain.com"}, "from_filter"),
        (resources.INCOMING_MAIL_SERVERS, {"name": "a", "type": "gmail", "ssl": False}, "ssl"),
        (resources.INCOMING_MAIL_SERVERS, {"name": "a", "type": "outlook", "host": ""}, "host"),
        (resources.OUTGOING_MAIL_SERVERS, {"login": "a", "authentication": "gmail", "encryption": "none"}, "encryption"),
        (resources.OUTGOING_MAIL_SERVERS, {"login": "a", "authentication": "outlook", "password": "x"}, "password"),
    ],
)
def test_what_mail_cannot_carry(resource, item, option):
    assert problems(resource, item) == [(0, option)]


def test_a_server_of_the_command_line_has_no_host():
    check_items(resources.OUTGOING_MAIL_SERVERS, [{"name": "a", "host": "", "authentication": "cli"}])


def test_a_long_value_is_not_quoted_whole():
    with pytest.raises(BadItems) as caught:
        check_items(resources.OUTGOING_MAIL_SERVERS, [{"login": "a", "host": "x/" * 50_000}])
    assert len(str(caught.value)) < 500
    assert "100000 characters" in str(caught.value)


def test_a_template_has_one_name():
    assert problems(resources.MAIL_TEMPLATES, {"template": "a.b", "name": "x", "model": "y"}) == [(0, "template")]


def test_a_company_must_be_among_the_companies():
    assert problems(resources.USERS, {"login": "u", "company": "A", "companies": ["B"]}) == [(0, "companies")]


@pytest.mark.parametrize(
    ("resource", "item", "option"),
    [
        (resources.USERS, {"login": "u", "name": ""}, "name"),
        (resources.USERS, {"login": "u", "name": " "}, "name"),
        (resources.USERS, {"login": "u", "company": ""}, "company"),
        (resources.OUTGOING_MAIL_SERVERS, {"login": "u", "host": "h", "name": ""}, "name"),
        (resources.OUTGOING_MAIL_SERVERS, {"login": "u", "host": ""}, "host"),
        (resources.OUTGOING_MAIL_SERVERS, {"login": "u", "host": "", "authentication": "gmail"}, "host"),
        (resources.INCOMING_MAIL_SERVERS, {"login": "u", "host": "h", "name": ""}, "name"),
        (resources.USERS, {"login": "u", "groups": ["base.group_user", "base.group_portal"]}, "groups"),
        (resources.USERS, {"login": "u", "groups": ["base.group_public", "base.group_portal"]}, "groups"),
    ],
)
def test_what_odoo_would_refuse_when_others_are_written(resource, item, option):
    assert problems(resource, item) == [(0, option)]


@pytest.mark.parametrize("option", ["email_from", "reply_to"])
@pytest.mark.parametrize("value", ["a@b.example\nBcc: c@d.example", "a@b.example\r\n", '"Two\nLines" <a@b.example>'])
def test_a_header_has_one_line(option, value):
    assert problems(resources.MAIL_TEMPLATES, {"template": "a.b", option: value}) == [(0, option)]


def test_one_alias_domain_up_to_16():
    assert problems(resources.ALIAS_DOMAINS.in_series(16), {"name": "a.example"}, {"name": "b.example"}) == [(1, None)]
    check_items(resources.ALIAS_DOMAINS.in_series(17), [{"name": "a.example"}, {"name": "b.example"}])


def want(resource, item, major, offer, unforeseen=None):
    (wanted,) = want_items(resource, [item], major, offer, None, unforeseen)
    return wanted


OFFER_14 = {
    "name": {},
    "smtp_host": {},
    "smtp_port": {},
    "smtp_encryption": {"selection": [["none", "None"], ["starttls", "TLS"], ["ssl", "SSL"]]},
    "smtp_user": {},
    "smtp_pass": {},
    "sequence": {},
    "active": {},
}


def test_own_stands_for_the_login_where_the_field_is():
    item = {"login": "a@b.c", "host": "h", "from_filter": "own"}
    assert "from_filter" not in want(resources.OUTGOING_MAIL_SERVERS, item, 14, OFFER_14).values
    wanted = want(resources.OUTGOING_MAIL_SERVERS, item, 19, dict(OFFER_14, from_filter={}))
    assert wanted.values["from_filter"] == "a@b.c"


def test_what_an_addon_brings_is_there_without_it_only_when_it_asks_for_nothing():
    item, offer = {"login": "a@b.c", "name": "n", "only_replies": False}, {"name": {}, "user": {}, "port": {}}
    offer["server_type"] = {"selection": [("imap", "IMAP")]}
    assert "only_replies" not in want(resources.INCOMING_MAIL_SERVERS, item, 14, offer).values
    with pytest.raises(BadItems):
        want(resources.INCOMING_MAIL_SERVERS, {**item, "only_replies": True}, 14, offer)


def test_check_mode_takes_pending_addons_for_installed():
    item = {"login": "a@b.c", "host": "h", "from_filter": "own"}
    unforeseen = Unforeseen(["smtp_server_per_user"])
    assert want(resources.OUTGOING_MAIL_SERVERS, item, 14, OFFER_14, unforeseen).values["from_filter"] == "a@b.c"
    (line,) = unforeseen.lines()
    assert line.startswith("from_filter: ")
    # Without an incoming mail server's model, too: fetchmail is another addon.
    item = {"login": "a@b.c", "host": "h", "only_replies": True}
    assert want(resources.INCOMING_MAIL_SERVERS, item, 14, None, unforeseen).values["only_replies"] is True


def test_check_mode_says_what_it_leaves_out_for_lack_of_an_addon():
    unforeseen = Unforeseen()
    item = {"login": "a@b.c", "host": "h", "only_replies": True}
    assert "only_replies" not in want(resources.INCOMING_MAIL_SERVERS, item, 14, None, unforeseen).values
    (line,) = unforeseen.lines()
    assert line.startswith("only_replies: left out")
    # An option that the series has not is an error all the same.
    with pytest.raises(BadItems):
        want(resources.OUTGOING_MAIL_SERVERS, {"login": "a@b.c", "from_filter": "b.c"}, 14, OFFER_14, unforeseen)


def test_what_is_unforeseen_takes_a_line_however_many_items():
    unforeseen = Unforeseen()
    owner = resources.OUTGOING_MAIL_SERVERS.field("owner")
    for number in range(1000):
        unforeseen.name(owner, f"user{number}")
    (line,) = unforeseen.lines()
    assert line == "owner: this database has no user user0, user1, user2, user3, user4 … (1000 in total) yet"


@pytest.mark.parametrize(
    ("item", "option", "words"),
    [
        ({"from_filter": "b.c"}, "from_filter", "from 15.0 on, and in earlier series with the addon smtp_server_per_user"),
        ({"encryption": "ssl_strict"}, "encryption", "none, starttls, ssl"),
        ({"owner": "u"}, "owner", "smtp_server_per_user"),
    ],
)
def test_what_the_series_lacks_is_an_error(item, option, words):
    with pytest.raises(BadItems) as caught:
        want(resources.OUTGOING_MAIL_SERVERS, {"login": "a@b.c", **item}, 14, OFFER_14)
    ((index, named, reason),) = caught.value.problems
    assert (index, named) == (0, option)
    assert words in reason


@pytest.mark.parametrize(
    ("item", "port"),
    [({}, 25), ({"encryption": "starttls"}, 587), ({"encryption": "ssl"}, 465), ({"encryption": "none"}, 25)],
)
def test_a_new_outgoing_server_has_the_registered_port(item, port):
    assert want(resources.OUTGOING_MAIL_SERVERS, {"login": "a@b.c", **item}, 14, OFFER_14).defaults["port"] == port


@pytest.mark.parametrize(
    ("item", "port"),
    [({}, 143), ({"ssl": True}, 993), ({"type": "pop"}, 110), ({"type": "pop", "ssl": True}, 995), ({"type": "gmail"}, 993)],
)
def test_a_new_incoming_server_has_the_registered_port(item, port):
    wanted = want(resources.INCOMING_MAIL_SERVERS, {"login": "a@b.c", "host": "h", **item}, 16, None)
    assert wanted.defaults["port"] == port


def test_a_password_is_for_new_users_unless_always_is_said():
    on_create = want(resources.USERS, {"login": "u", "password": "p", "update_password": "on_create"}, 19, None)
    assert ("password" in on_create.values, on_create.defaults["password"]) == (False, "p")
    always = want(resources.USERS, {"login": "u", "password": "p", "update_password": "always"}, 19, None)
    assert always.values["password"] == "p"
