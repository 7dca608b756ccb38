"""Who may send in whose name: by another's server leaves only what the owner, or an administrator, has a hand in."""

import uuid

import odoorpc
import pytest
from office import SHARED, Trip, address

SEND_AS = "smtp_server_per_user.send_as"


@pytest.fixture(scope="module")
def intruder(office):
    """Second User, who writes in New User's name. The own server stays out of it."""
    return office.as_person("seconduser")


def post(office, client, **values):
    subject = f"In another's name {uuid.uuid4().hex[:12]}"
    record = office.make_record(subject)
    office.chatter(client, record, subject, None, **values)
    return office.follow(Trip("chatter", record, subject))


def partner_of(office, person):
    return office.read("res.users", office.people[person], "partner_id")[0]["partner_id"][0]


def as_from(office, client):
    return post(office, client, email_from='"New User" <newuser@office.example>')


def as_author(office, client):
    return post(office, client, author_id=partner_of(office, "newuser"))


def by_hand(office, client):
    return post(office, client, email_from=address("newuser"), mail_server_id=office.servers["newuser"])


def with_the_own_address_changed(office, client):
    user = office.people["seconduser"]
    office.call("res.users", "write", [user], {"email": address("newuser")}, client=client)
    try:
        return post(office, client)
    finally:
        office.call("res.users", "write", [user], {"email": address("seconduser")})


def by_the_composer(office, client):
    subject = f"In another's name {uuid.uuid4().hex[:12]}"
    record = office.make_record(subject)
    values = {"model": "res.partner", "composition_mode": "comment", "subject": subject, "body": "Hello"}
    values |= {"partner_ids": [(6, 0, [office.bob])], "email_from": address("newuser")}
    values |= {"res_ids": str([record])} if office.has("mail.compose.message", "res_ids") else {"res_id": record}
    created = office.call("mail.compose.message", "create", values, client=client)
    ids = created if isinstance(created, list) else [created]
    office.call("mail.compose.message", "action_send_mail", ids, client=client)
    return office.follow(Trip("composer", record, subject))


def by_values_over_a_template(office, client):
    template = office.make_template(name="For values")
    subject = f"In another's name {uuid.uuid4().hex[:12]}"
    record = office.make_record(subject)
    values = {"email_from": address("newuser"), "subject": subject}
    office.call("mail.template", "send_mail", [template], record, force_send=True, email_values=values, client=client)
    return office.follow(Trip("template", record, subject))


def by_an_own_template(office, client):
    subject = f"In another's name {uuid.uuid4().hex[:12]}"
    record = office.make_record(subject)
    values = {
        "name": "An own one",
        "model_id": office.search("ir.model", [("model", "=", "res.partner")], "id")[0]["id"],
        "subject": subject,
        "body_html": "<p>Hello</p>",
        "email_from": address("newuser"),
        "partner_to": str(office.bob),
    }
    if office.has("mail.template", "use_default_to"):
        values["use_default_to"] = False
    created = office.call("mail.template", "create", values, client=client)
    ids = created if isinstance(created, list) else [created]
    office.call("mail.template", "send_mail", ids, record, force_send=True, client=client)
    return office.follow(Trip("template", record, subject))


def by_the_mark_of_a_template(office, client):
    """RPC cannot set the mark. 19 refuses to; 14 does not look at it."""
    try:
        return post(office, client, email_from=address("newuser"), sender_by_template=True)
    except odoorpc.error.RPCError:
        return post(office, client, email_from=address("newuser"))


WAYS = [
    as_from,
    as_author,
    by_hand,
    with_the_own_address_changed,
    by_the_composer,
    by_values_over_a_template,
    by_an_own_template,
    by_the_mark_of_a_template,
]


@pytest.mark.parametrize("way", WAYS)
def test_another_users_name(office, intruder, way):
    """It is not refused. It leaves the standard way, as any mail whose sender has no server."""
    office.postfix.restart()
    trip = way(office, intruder)
    assert (trip.refused, trip.login, trip.return_path) == ("", SHARED, SHARED)
    assert f"<{SHARED}>" in trip.header_from
    assert not office.postfix.refusals()


def test_own_name(office):
    trip = post(office, office.as_person("newuser"), email_from='"Me" <NewUser@office.example>')
    assert trip.login == address("newuser")


def test_administrators_may(office):
    trip = as_from(office, office.admin)
    assert trip.login == address("newuser")


def test_queue_asks_for_who_wrote(office, intruder):
    """The queue runs as Odoo itself, which may all. The mail is its author's all the same."""
    subject = f"In another's name {uuid.uuid4().hex[:12]}"
    record = office.make_record(subject)
    office.chatter(intruder, record, subject, None, queued=True, email_from=address("newuser"))
    office.send_queue()
    trip = office.follow(Trip("queue", record, subject))
    assert (trip.refused, trip.login) == ("", SHARED)


@pytest.mark.parametrize(
    ("allowed", "written", "named"),
    [
        ("anybody", "newuser", "newuser"),
        ("template", "catchall", "newuser"),
        ("owner", "catchall", "catchall"),
        ("nonsense", "catchall", "catchall"),
    ],
)
def test_setting(office, intruder, allowed, written, named):
    """`written`: by whose server leaves what a user writes in another's name; `named`: what an administrator's template has."""
    office.call("ir.config_parameter", "set_param", SEND_AS, allowed)
    try:
        assert as_from(office, intruder).login == address(written)
        trip = office.follow(office.send("template.send_mail", "seconduser", email_from=address("newuser")))
        assert trip.login == address(named)
        trip = office.follow(office.send("composer with template", "seconduser", email_from=address("newuser")))
        assert trip.login == address(named)
    finally:
        office.remove_parameter(SEND_AS)
