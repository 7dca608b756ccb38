"""What becomes of mail when a provider refuses, delays or hangs up. Nobody's mail is lost, and nobody gets one twice."""

import threading
import urllib.error
import uuid
from contextlib import contextmanager

import odoorpc
import pytest
from maildir import Mailbox
from office import BOB, address, lab_database
from provider import HANG_UP


@pytest.fixture
def desk(new_office_here, provider):
    """An office whose newuser has the provider; seconduser has the lab's Postfix."""
    provider.behave()
    return new_office_here


@pytest.fixture(scope="module")
def new_office_here(new_office, series, provider):
    office = new_office(series)
    values = {"smtp_host": "127.0.0.1", "smtp_port": provider.port, "smtp_encryption": "none"}
    office.call("ir.mail_server", "write", [office.servers["newuser"]], values)
    return Desk(office)


class Desk:
    def __init__(self, office):
        self.office = office
        self.call = office.call

    def queue(self, person="newuser", to=("bob@elsewhere.example",), record=None, **values):
        """Put a mail into the queue; returns its id and the token in its subject."""
        token = uuid.uuid4().hex[:12]
        settings = {
            "subject": f"Queued {token}",
            "body_html": "<p>Hello</p>",
            "email_from": address(person),
            "email_to": ", ".join(to),
            "model": "res.partner" if record else False,
            "res_id": record or False,
            "auto_delete": False,
        }
        created = self.call("mail.mail", "create", {**settings, **values})
        return created[0] if isinstance(created, list) else created, token

    def run(self, due=()):
        """Run the queue. `due`: mails that wait, for which it is time."""
        if due:
            # By SQL: the time passes, nobody writes.
            ids = ",".join(map(str, due))
            self.office.sql(f"UPDATE mail_mail SET scheduled_date = '2020-01-01 00:00:00' WHERE id IN ({ids})")
        self.office.send_queue()

    def mail(self, mail_id):
        return self.office.read("mail.mail", mail_id, "state", "failure_reason", "scheduled_date")[0]

    def state(self, mail_id):
        return self.mail(mail_id)["state"]

    def partner(self, name, **values):
        return self.office.create("res.partner", name=name, email=f"{name}@elsewhere.example", **values)

    def notes(self, record):
        found = self.office.search("mail.message", [("model", "=", "res.partner"), ("res_id", "=", record)], "body")
        return [each["body"] for each in found]


ENDINGS = {
    "421 at the second mail": {"on_mail": lambda _address, session: session.mails and "421 4.7.0 one mail a session"},
    "hang-up at the second mail": {"on_mail": lambda _address, session: session.mails and HANG_UP},
    "421 at the second mail's recipient": {"on_rcpt": lambda _address, session: session.mails and "421 4.7.0 enough"},
    "hang-up at the second mail's recipient": {"on_rcpt": lambda _address, session: session.mails and HANG_UP},
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_session_that_ends_in_the_middle(desk, provider, ending):
    provider.behave(**ENDINGS[ending])
    mails = [desk.queue() for _ in range(4)]
    other, other_token = desk.queue("seconduser", to=[BOB])
    desk.run()
    assert [desk.state(mail) for mail, _ in mails] == ["sent"] * 4
    assert [provider.receipts(token) for _, token in mails] == [["bob@elsewhere.example"]] * 4
    assert provider.sessions == 4
    assert desk.state(other) == "sent"
    assert Mailbox(desk.office.lab, BOB).wait_for(other_token)


def test_mail_over_which_the_provider_hangs_up(desk, provider):
    """The next mails have a session of their own; this one waits, with what happened as its reason."""
    provider.behave(on_rcpt=lambda to, _session: HANG_UP if to.startswith("poison") else None)
    first, poison, last = desk.queue(), desk.queue(to=["poison@elsewhere.example"]), desk.queue()
    desk.run()
    assert [desk.state(mail) for mail, _ in (first, poison, last)] == ["sent", "outgoing", "sent"]
    assert "closed" in desk.mail(poison[0])["failure_reason"]
    assert desk.mail(poison[0])["scheduled_date"]


def test_provider_that_is_busy(desk, provider):
    """Not one mail is tried more than is useful, the reason is the provider's, and the others' mail leaves."""
    provider.behave(on_connect=lambda _number: "421 4.3.2 The system is not accepting network messages")
    mails = [desk.queue()[0] for _ in range(5)]
    other, _token = desk.queue("seconduser", to=[BOB])
    desk.run()
    assert desk.state(other) == "sent"
    assert [desk.state(mail) for mail in mails] == ["outgoing"] * 5
    assert {desk.mail(mail)["failure_reason"] for mail in mails} == {"421 4.3.2 The system is not accepting network messages"}
    assert provider.sessions == 1
    provider.behave()
    desk.run()
    assert not provider.taken, "it is not time yet"
    desk.run(due=mails)
    assert [desk.state(mail) for mail in mails] == ["sent"] * 5
    assert len(provider.taken) == 5


def test_wrong_password_is_not_tried_again(desk, provider):
    provider.behave(on_login=lambda _login: "535 5.7.8 Username and password not accepted")
    mail, _token = desk.queue()
    desk.run()
    assert desk.state(mail) == "exception"
    assert desk.mail(mail)["failure_reason"] == "535 5.7.8 Username and password not accepted"


GREY = {
    "at MAIL": {"on_mail": lambda _address, _session: "432 4.3.2 Concurrent connections limit exceeded"},
    "at RCPT": {"on_rcpt": lambda _address, _session: "450 4.2.0 Greylisted, come back in 5 minutes"},
    "at DATA": {"on_data": lambda _message, _session: "451 4.7.1 Try again later"},
    "no room": {"on_rcpt": lambda _address, _session: "452 4.2.2 Mailbox full"},
}


@pytest.mark.parametrize("place", GREY)
def test_greylisting(desk, provider, place):
    provider.behave(**GREY[place])
    mail, token = desk.queue()
    desk.run()
    code = {"at MAIL": "432 4.3.2", "at RCPT": "450 4.2.0", "at DATA": "451 4.7.1", "no room": "452 4.2.2"}[place]
    assert desk.state(mail) == "outgoing"
    assert code in desk.mail(mail)["failure_reason"]
    # Again in vain: it waits longer.
    desk.run(due=[mail])
    assert desk.state(mail) == "outgoing"
    provider.behave()
    desk.run(due=[mail])
    assert desk.state(mail) == "sent"
    assert not desk.mail(mail)["failure_reason"]
    assert provider.receipts(token) == ["bob@elsewhere.example"]


def test_greylisting_without_end(desk, provider):
    """After the stated time the mail is a failure, in the provider's words."""
    provider.behave(on_rcpt=lambda _address, _session: "450 4.2.0 Greylisted")
    mail, _token = desk.queue()
    desk.run()
    assert desk.state(mail) == "outgoing"
    desk.office.sql(
        f"UPDATE mail_mail SET delivery_state = jsonb_set(delivery_state::jsonb, '{{since}}', '\"2020-01-01 00:00:00\"') "
        f"WHERE id = {mail}"
    )
    desk.run(due=[mail])
    assert desk.state(mail) == "exception"
    assert "450 4.2.0 Greylisted" in desk.mail(mail)["failure_reason"]


def test_time_to_try_again_is_a_parameter(desk, provider):
    provider.behave(on_rcpt=lambda _address, _session: "450 4.2.0 Greylisted")
    desk.call("ir.config_parameter", "set_param", "smtp_server_per_user.retry_hours", "0")
    try:
        mail, _token = desk.queue()
        desk.run()
    finally:
        desk.office.remove_parameter("smtp_server_per_user.retry_hours")
    assert desk.state(mail) == "exception"


def refuse(*people, words="550 5.1.1 User unknown"):
    return lambda to, _session: words if to.split("@")[0] in people else None


def test_some_of_many_recipients_are_refused(desk, provider):
    """One message to 50: the 47 have it once, and the record says who has not."""
    record = desk.office.make_record("A deal with many")
    people = [f"person{number}" for number in range(50)]
    provider.behave(on_rcpt=refuse("person7", "person8", "person49"))
    mail, token = desk.queue(to=[f"{each}@elsewhere.example" for each in people], record=record)
    desk.run()
    refused = {f"{each}@elsewhere.example" for each in ("person7", "person8", "person49")}
    wanted = sorted({f"{each}@elsewhere.example" for each in people} - refused)
    assert provider.receipts(token) == wanted
    note = next(note for note in desk.notes(record) if "User unknown" in note)
    assert all(each in note for each in refused)
    assert "person1@" not in note
    assert desk.state(mail) == "sent"
    assert all(each in desk.mail(mail)["failure_reason"] for each in refused)
    desk.run()
    assert provider.receipts(token) == wanted


@pytest.mark.parametrize("way", ["at once", "by the queue"])
def test_refused_and_greylisted_partners(desk, provider, way):
    """A message each: of five, one is refused and one comes later. The others have theirs once, and the author sees it."""
    office = desk.office
    names = [f"{name}{uuid.uuid4().hex[:6]}" for name in ("ann", "refused", "ben", "grey", "cid")]
    partners = dict(zip(names, (desk.partner(name) for name in names), strict=True))
    grey = names[3]

    def on_rcpt(to, _session):
        return refuse(names[1])(to, None) or refuse(grey, words="450 4.2.0 Greylisted")(to, None)

    provider.behave(on_rcpt=on_rcpt)
    record = office.make_record("A deal with five")
    subject = f"To five {uuid.uuid4().hex[:12]}"
    post = {"body": "Hello", "subject": subject, "message_type": "comment", "partner_ids": list(partners.values())}
    context = {} if way == "at once" else {"mail_notify_force_send": False}
    office.call(
        "res.partner",
        "message_post",
        [record],
        client=office.as_person("newuser"),
        subtype_xmlid="mail.mt_comment",
        context=context,
        **post,
    )
    if way != "at once":
        desk.run()
    now = sorted(f"{names[number]}@elsewhere.example" for number in (0, 2, 4))
    assert provider.receipts(subject) == now
    (found,) = office.search("mail.message", [("subject", "=", subject)], "route_server")
    message = found["id"]
    # While it waits for the rest, the message has the server that has sent a part.
    assert found["route_server"] == f"newuser out ({address('newuser')})"

    def statuses():
        domain = [("mail_message_id", "=", message), ("res_partner_id", "in", list(partners.values()))]
        found = office.search("mail.notification", domain, "res_partner_id", "notification_status", "failure_reason")
        by_partner = {each["res_partner_id"][0]: each for each in found}
        return [by_partner[partner]["notification_status"] for partner in partners.values()], by_partner

    status, by_partner = statuses()
    assert status == ["sent", "exception", "sent", "ready", "sent"]
    assert "550 5.1.1 User unknown" in by_partner[partners[names[1]]]["failure_reason"]
    mail = office.search("mail.mail", [("mail_message_id", "=", message), ("state", "=", "outgoing")], "id")
    assert len(mail) == 1
    provider.behave(on_rcpt=refuse(names[1]))
    desk.run(due=[mail[0]["id"]])
    assert provider.receipts(subject) == [f"{grey}@elsewhere.example"]
    assert statuses()[0] == ["sent", "exception", "sent", "sent", "sent"]
    desk.run()
    assert provider.receipts(subject) == [f"{grey}@elsewhere.example"]


def test_everybody_is_refused(desk, provider):
    """A template's mail that deletes itself is kept, with the reason."""
    provider.behave(on_rcpt=lambda _address, _session: "550 5.1.1 User unknown")
    mail, _token = desk.queue(auto_delete=True, email_to=False, recipient_ids=[(6, 0, [desk.partner(uuid.uuid4().hex)])])
    desk.run()
    assert desk.state(mail) == "exception"
    assert "550 5.1.1 User unknown" in desk.mail(mail)["failure_reason"]


def test_hang_up_after_the_message_was_handed_over(desk, provider):
    """It may have been sent. It is not sent twice: a person decides."""
    provider.behave(on_data=lambda _message, _session: HANG_UP)
    mail, _token = desk.queue()
    desk.run()
    assert desk.state(mail) == "exception"
    assert "may have sent it" in desk.mail(mail)["failure_reason"]


def test_hang_up_after_one_of_several_messages_was_handed_over(desk, provider):
    """The others get theirs, one of them later; the one in doubt gets nothing twice."""
    names = [f"{name}{uuid.uuid4().hex[:6]}" for name in ("ann", "doubt", "grey", "ben")]
    partners = [desk.partner(name) for name in names]

    def on_data(message, _session):
        return HANG_UP if names[1] in message["To"] else None

    provider.behave(on_data=on_data, on_rcpt=refuse(names[2], words="450 4.2.0 Greylisted"))
    mail, token = desk.queue(email_to=False, recipient_ids=[(6, 0, partners)])
    desk.run()
    assert provider.receipts(token) == sorted(f"{names[number]}@elsewhere.example" for number in (0, 3))
    assert desk.state(mail) == "outgoing"
    provider.behave()
    desk.run(due=[mail])
    assert provider.receipts(token) == [f"{names[2]}@elsewhere.example"]
    assert desk.state(mail) == "sent"
    assert f"{names[1]}@elsewhere.example: The connection was lost" in desk.mail(mail)["failure_reason"]


def test_mail_of_others(desk, provider):
    """The standard way has the same patience."""
    values = {"smtp_host": "127.0.0.1", "smtp_port": provider.port, "smtp_encryption": "none"}
    shared = desk.office.servers["shared"]
    kept = desk.office.read("ir.mail_server", shared, *values)[0]
    desk.call("ir.mail_server", "write", [shared], values)
    try:
        provider.behave(on_rcpt=lambda _address, _session: "450 4.2.0 Greylisted")
        mail, token = desk.queue("nouser")
        desk.run()
        assert desk.state(mail) == "outgoing"
        provider.behave()
        desk.run(due=[mail])
        assert provider.receipts(token) == ["bob@elsewhere.example"]
    finally:
        desk.call("ir.mail_server", "write", [shared], {key: kept[key] for key in values})


# ----------------------------------------------------------------------
# The limit of a server
# ----------------------------------------------------------------------

# As many minutes as 200 mails take at 30 a minute.
LIMIT, MAILS = 9, 60
# Of the addon: what numbers the connections of a server.
MOST_CONNECTIONS = 100
WAITING, SENT = ("outgoing", False), ("sent", False)


@pytest.fixture
def limit(desk):
    """Function that sets the limits of newuser's server, until the end of the test."""
    desk.office.sql("DELETE FROM mail_mail; DELETE FROM smtp_server_per_user_sent")

    def write(**values):
        desk.call("ir.mail_server", "write", [desk.office.servers["newuser"]], values)

    yield write
    write(max_messages_per_minute=0, max_connections=0)


def a_minute_passes(desk):
    """By SQL: nobody waits. And the second to which Odoo rounds up."""
    kind = "varchar" if desk.office.series == "14" else "timestamp"
    desk.office.sql(
        "UPDATE smtp_server_per_user_sent SET sent_at = sent_at - interval '61 seconds';"
        "UPDATE mail_mail SET scheduled_date = to_char(scheduled_date::timestamp - interval '61 seconds', "
        f"'YYYY-MM-DD HH24:MI:SS')::{kind} WHERE scheduled_date IS NOT NULL"
    )


def states(desk, *mails):
    return {
        (row["state"], row["failure_reason"]) for row in desk.office.read("mail.mail", list(mails), "state", "failure_reason")
    }


@contextmanager
def another_worker(desk, server):
    """Has the first of the server's connections, as far as the database knows."""
    lock = f"SELECT pg_try_advisory_lock(hashtext('smtp_server_per_user.connection'), {server * MOST_CONNECTIONS});\n"
    with lab_database.session(desk.office.name) as psql:
        psql.stdin.write(lock)
        psql.stdin.flush()
        assert psql.stdout.readline() == "t\n"
        yield


def assert_the_queue_wakes(desk, turns):
    """At each of the times; Odoo 14 has the interval of the scheduled action only."""
    if desk.office.series != "14":
        times = desk.office.sql("SELECT DISTINCT call_at FROM ir_cron_trigger WHERE call_at > now() AT TIME ZONE 'UTC'")
        assert len(times.splitlines()) >= turns, times


def test_many_mails_of_one_user(desk, provider, limit):
    """All arrive, in order, so many a minute; the provider need not refuse one."""
    limit(max_messages_per_minute=LIMIT, max_connections=3)
    provider.behave(on_mail=lambda *_: "432 4.3.2 Too many messages" if len(provider.taken) >= LIMIT else None)
    values = {"body_html": "x", "email_from": address("newuser"), "email_to": "bob@elsewhere.example", "auto_delete": False}
    mails = desk.call("mail.mail", "create", [{**values, "subject": f"Number {number}"} for number in range(MAILS)])
    arrived, minutes = [], -(-MAILS // LIMIT)
    for minute in range(minutes):
        provider.taken.clear()
        desk.run()
        # Before the minute is over, nothing more is sent.
        desk.run()
        arrived += [str(message["Subject"]) for _sender, _recipients, message in provider.taken]
        assert len(arrived) == min((minute + 1) * LIMIT, MAILS)
        assert states(desk, *mails) <= {SENT, WAITING}
        if minute == 0:
            assert_the_queue_wakes(desk, turns=minutes - 1)
        a_minute_passes(desk)
    assert arrived == [f"Number {number}" for number in range(MAILS)]
    assert states(desk, *mails) == {SENT}


def test_mail_to_more_people_than_a_minute_has(desk, provider, limit):
    """Each gets it once."""
    limit(max_messages_per_minute=2)
    people = [desk.partner(f"limit{number}") for number in range(5)]
    mail, token = desk.queue(to=(), email_to=False, recipient_ids=[(6, 0, people)])
    other, _token = desk.queue()
    for arrived in (2, 4, 5):
        desk.run()
        assert len(provider.receipts(token)) == arrived
        assert states(desk, mail, other) <= {SENT, WAITING}
        a_minute_passes(desk)
    desk.run()
    assert provider.receipts(token) == sorted(f"limit{number}@elsewhere.example" for number in range(5))
    assert states(desk, mail, other) == {SENT}


def test_another_worker_has_a_mail_that_is_to_wait(desk, provider, limit):
    """Odoo then does again what the user has asked for: nothing must have been sent by then."""
    limit(max_messages_per_minute=1)
    (first, token), (second, _token) = desk.queue(), desk.queue()
    with lab_database.session(desk.office.name) as psql:
        psql.stdin.write(f"BEGIN; UPDATE mail_mail SET email_cc = '' WHERE id = {second} RETURNING id;\n")
        psql.stdin.flush()
        while psql.stdout.readline() != f"{second}\n":
            pass
        # Its commit, while Odoo waits for it.
        commit = threading.Timer(1, lambda: print("COMMIT;", file=psql.stdin, flush=True))
        commit.start()
        desk.call("mail.mail", "send", [first, second])
        commit.join()
    assert provider.receipts(token) == ["bob@elsewhere.example"]
    assert states(desk, first) == {SENT}
    assert states(desk, second) == {WAITING}


def test_connections_at_once(desk, provider, limit):
    """While another worker has the only one, mail waits; the next run sends it, and gives its place up."""
    limit(max_connections=1)
    mail, _token = desk.queue()
    with another_worker(desk, desk.office.servers["newuser"]):
        desk.run()
        assert states(desk, mail) == {WAITING}
        assert provider.sessions == 0
    desk.run(due=[mail])
    assert states(desk, mail) == {SENT}
    another, _token = desk.queue()
    desk.run()
    assert states(desk, another) == {SENT}


def test_what_is_no_limit(limit):
    for values in ({"max_messages_per_minute": -1}, {"max_connections": -1}, {"max_connections": MOST_CONNECTIONS + 1}):
        # With several databases, 14 answers every error like this.
        with pytest.raises((odoorpc.error.RPCError, urllib.error.HTTPError)):
            limit(**values)
