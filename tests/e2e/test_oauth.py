"""Mail servers that log in by OAuth 2.0: every grant, every protocol, on mailboxes that Odoo has no password of."""

import ssl
import subprocess
import sys
import threading
import urllib.error
import uuid
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import odoorpc
import pytest
from maildir import Mailbox
from office import BOB, ROOT, Office, address
from tokens import GRANTS, OauthOffice

# With several databases, 14 answers every error like this.
REFUSED = (odoorpc.error.RPCError, urllib.error.HTTPError)


@pytest.fixture(scope="module")
def oauth_offices(lab, series, oauth_templates):
    """Function that gives an office of a kind; made once."""
    made = {}

    def get(grant, routing):
        if (grant, routing) not in made:
            made[grant, routing] = OauthOffice(lab, series, oauth_templates[routing], grant, routing)
        return made[grant, routing]

    yield get
    for office in made.values():
        office.drop()


@pytest.fixture
def new_oauth_office(oauth_offices, tokens):
    """Function that gives an office in which nobody has a token yet."""

    def get(grant="client_credentials", routing=False, **client):
        office = oauth_offices(grant, routing)
        office.start_anew(**client)
        return office

    return get


@pytest.fixture
def office(new_oauth_office):
    return new_oauth_office()


@pytest.fixture(params=[False, True], ids=["alone", "with routing"])
def either_office(request, new_oauth_office):
    return new_oauth_office(routing=request.param)


def arrived(lab, subject, count=1, patience=10):
    return len(Mailbox(lab, BOB).wait_for(subject, patience=patience, count=count)) == count


def letter(subject, to):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = BOB, to, subject
    message["Message-Id"] = f"<{uuid.uuid4().hex}@customer.example>"
    message.set_content("Hello")
    return message


def put_letters(office, person, count=1):
    """Letters in a mailbox; returns their Message-Ids."""
    made = [letter(f"Letter {number} {uuid.uuid4().hex}", address(person)) for number in range(count)]
    for each in made:
        office.deliver(each, address(person))
    for each in made:
        assert office.mailbox(person).wait_for(each["Subject"])
    return [each["Message-Id"] for each in made]


def take_all(office):
    """Have an incoming server make a record of each letter."""
    model = office.search("ir.model", [("model", "=", "res.partner")], "id")[0]["id"]
    office.call("fetchmail.server", "write", list(office.fetching.values()), {"object_id": model})


def kept(office, ids):
    return {row["message_id"] for row in office.search("mail.message", [("message_id", "in", ids)], "message_id")}


# ----------------------------------------------------------------------
# What works
# ----------------------------------------------------------------------


@pytest.mark.parametrize("grant", GRANTS)
def test_round_trip(new_oauth_office, grant):
    """All ways of sending leave by the user's own server; the answers come back."""
    office = new_oauth_office(grant, routing=True)
    trips = [office.follow(office.send(way)) for way in office.WAYS]
    for trip in trips:
        assert trip.delivered, trip
        assert (trip.login, trip.return_path) == (address("newuser"), address("newuser"))
    for trip in office.answers_land(trips):
        assert trip.landed_on == ("res.partner", trip.record)
    assert not office.postfix.refusals()


@pytest.mark.parametrize("grant", GRANTS)
def test_tokens_are_shared_where_the_grant_gives_one(new_oauth_office, grant):
    office = new_oauth_office(grant)
    for person in ("newuser", "seconduser"):
        for _ in range(3):
            assert office.test(person) == ""
            assert office.test(person, incoming=True) == ""
    assert len(office.tokens.requests()) == (1 if grant == "client_credentials" else 2)
    row = office.token_row("" if grant == "client_credentials" else address("newuser"))
    assert row["state"] == "valid"
    assert not row["last_error"]


@pytest.mark.parametrize("kind", ["imap", "pop"])
def test_fetching(lab, office, kind):
    office.fetching["newuser"] = office.incoming(kind)
    take_all(office)
    ids = put_letters(office, "newuser", 3)
    office.fetch("newuser")
    assert kept(office, ids) == set(ids)
    assert [each["subject"] for each in office.search("mail.mail", [("state", "=", "exception")], "subject")] == []


def test_mailbox_without_a_password(lab, office):
    """No password opens it, at all."""
    lab_mailbox("oauthonly@office.example")
    server = office.make_server("oauthonly")
    subject = f"No password {uuid.uuid4().hex}"
    mail = office.create(
        "mail.mail", subject=subject, body_html="x", email_from="oauthonly@office.example", email_to=BOB, mail_server_id=server
    )
    office.call("mail.mail", "send", [mail])
    assert arrived(lab, subject)
    for kind in ("imap", "pop"):
        incoming = office.make_incoming("oauthonly", kind, state="draft")
        office.call("fetchmail.server", "button_confirm_login", [incoming])
        assert office.read("fetchmail.server", incoming, "state")[0]["state"] == "done"
        office.call("fetchmail.server", "write", [incoming], {"oauth_client_id": False, "password": "*"})
        with pytest.raises(REFUSED):
            office.call("fetchmail.server", "button_confirm_login", [incoming])


def lab_mailbox(login):
    """A mailbox that no password opens."""
    subprocess.run([sys.executable, ROOT / "tests" / "lab" / "mailbox.py", "add", login, ""], check=True, capture_output=True)


def test_client_that_proves_itself_by_a_key(new_oauth_office, tokens, lab):
    """Microsoft's way without a secret: the header of the assertion names the certificate."""
    key, certificate = (Path(lab["tokens"][name]).read_text() for name in ("private_key", "certificate"))
    office = new_oauth_office(
        client_authentication="private_key_jwt", private_key=key, certificate=certificate, client_secret=False
    )
    assert office.test("newuser") == ""
    assert office.token_row()["state"] == "valid"
    row = office.read("mail.oauth.client", office.client_id, "certificate_expires")[0]
    assert row["certificate_expires"] > "2030"


def test_secret_in_the_header(new_oauth_office):
    office = new_oauth_office(client_authentication="client_secret_basic")
    assert office.call("mail.oauth.client", "test", [office.client_id])["error"] == ""


def test_servers_with_a_password_stay_as_they_are(lab, office):
    server = Office.make_server(office, "newuser", name="by password")
    subject = f"By password {uuid.uuid4().hex}"
    mail = office.queue("newuser", subject)
    office.call("mail.mail", "write", [mail], {"mail_server_id": server})
    office.call("mail.mail", "send", [mail])
    assert arrived(lab, subject)
    assert office.tokens.requests() == []


# ----------------------------------------------------------------------
# What a mail server refuses
# ----------------------------------------------------------------------


def test_refused_token_is_tried_once_more_with_a_fresh_one(lab, office):
    assert office.test("newuser") == ""
    office.tokens.revoke()
    subject = f"Revoked {uuid.uuid4().hex}"
    office.call("mail.mail", "send", [office.queue("newuser", subject)])
    assert arrived(lab, subject)
    assert len(office.tokens.requests()) == 2


def test_refusal_is_reported_at_login_in_the_provider_s_words(lab, either_office):
    office = either_office
    office.tokens.set(deny=[address("newuser")])
    words = office.failure("ir.mail_server", "test_smtp_connection", [office.servers["newuser"]])
    assert "5.7.8" in words
    assert "authentication failed" in words
    words = office.failure("fetchmail.server", "button_confirm_login", [office.fetching["newuser"]])
    assert "AUTHENTICATIONFAILED" in words
    # A second mailbox is not refused, and its token is not replaced for the first one's sake again and again.
    for _ in range(3):
        assert office.test("seconduser") == ""
        assert office.test("newuser")
    assert len(office.tokens.requests()) == 2
    server = office.read("ir.mail_server", office.servers["newuser"], "oauth_state", "oauth_error")[0]
    assert (server["oauth_state"], "authentication failed" in server["oauth_error"]) == ("failing", True)
    subject = f"Refused {uuid.uuid4().hex}"
    mail = office.queue("newuser", subject)
    office.send_queue()
    found = office.mail(mail)
    assert found["state"] == "exception"
    assert "5.7.8" in found["failure_reason"]
    assert not arrived(lab, subject, patience=1)


@pytest.mark.parametrize("kind", ["imap", "pop"])
def test_server_that_cannot_take_a_token_now(office, kind):
    """The token is not to blame, and not replaced. Postfix makes no difference between this and a refusal, so not by SMTP."""
    office.fetching["newuser"] = office.incoming(kind)
    assert office.test("newuser") == ""
    office.tokens.set(busy=[address("newuser")])
    assert "Temporary authentication failure" in office.test("newuser", incoming=True)
    office.tokens.set(busy=[])
    assert office.test("newuser", incoming=True) == ""
    assert len(office.tokens.requests()) == 1


# ----------------------------------------------------------------------
# What a token endpoint fails at
# ----------------------------------------------------------------------

PAGE = "<html><body>We are busy.</body></html>"
TEMPORARY = {
    "down": ({"status": 0}, "cannot be reached"),
    "slow": ({"delay": 12}, "did not answer within 10 seconds"),
    "500": ({"status": 500, "body": PAGE}, "answered 500 and no JSON"),
    "503 of OAuth's": ({"status": 503, "body": '{"error": "temporarily_unavailable"}'}, "503 temporarily_unavailable"),
    "page": ({"status": 200, "body": PAGE}, "answered 200 and no JSON"),
    "429": ({"status": 429, "body": '{"error": "slow_down"}', "headers": {"Retry-After": "300"}}, "429 slow_down"),
    "passing 400": ({"status": 400, "body": '{"error": "temporarily_unavailable"}'}, "400 temporarily_unavailable"),
}
LASTING = {
    "400 invalid_grant": (
        {"status": 400, "body": '{"error": "invalid_grant", "error_description": "AADSTS50173: expired"}'},
        "400 invalid_grant: AADSTS50173: expired",
    ),
    "401": ({"status": 401, "body": '{"error": "invalid_client", "error_description": "AADSTS7000222"}'}, "AADSTS7000222"),
    "redirect": ({"status": 302, "headers": {"Location": "https://127.0.0.1:9/"}}, "answered 302"),
    "404": ({"status": 404, "body": PAGE}, "answered 404 and no JSON"),
    "token of another kind": ({"status": 200, "body": '{"access_token": "x", "token_type": "mac"}'}, "not Bearer"),
    "token with a line break": ({"status": 200, "body": r'{"access_token": "x\r\ny"}'}, "with invalid characters"),
}


@pytest.mark.parametrize("case", TEMPORARY)
def test_mail_waits_where_a_retry_helps(lab, either_office, case):
    office, (how, words) = either_office, TEMPORARY[case]
    office.tokens.fail(times=1, **how)
    mail = office.queue("newuser", subject := f"Waits {uuid.uuid4().hex}")
    office.send_queue()
    found = office.mail(mail)
    assert found["state"] == "outgoing", found
    assert words in found["failure_reason"]
    assert "app-secret" not in found["failure_reason"]
    server = office.read("ir.mail_server", office.servers["newuser"], "oauth_state", "oauth_error")[0]
    assert server["oauth_state"] == "failing"
    assert words in server["oauth_error"]
    # Nobody asks again before its time, and no other server sends it meanwhile.
    office.call("mail.mail", "write", [mail], {"scheduled_date": False})
    office.send_queue()
    assert office.mail(mail)["state"] == "outgoing"
    assert len(office.tokens.requests()) == 1
    assert office.postfix.logins() == []
    pause = office.sql("SELECT round(extract(epoch FROM retry_at - last_error_date)) FROM mail_oauth_token WHERE mailbox = ''")
    assert abs(int(pause) - (300 if case == "429" else 60)) <= 1
    office.age("retry_at")
    office.call("mail.mail", "write", [mail], {"scheduled_date": False})
    office.send_queue()
    assert arrived(lab, subject)
    assert office.postfix.logins() == [address("newuser")]
    assert office.token_row()["state"] == "valid"


@pytest.mark.parametrize("case", LASTING)
def test_mail_fails_where_no_retry_helps(lab, office, case):
    how, words = LASTING[case]
    office.tokens.fail(times=1, **how)
    mail = office.queue("newuser", f"Fails {uuid.uuid4().hex}")
    office.send_queue()
    found = office.mail(mail)
    assert found["state"] == "exception", found
    assert words in found["failure_reason"]
    assert office.postfix.logins() == []


@pytest.mark.parametrize("case", ["500", "400 invalid_grant"])
@pytest.mark.parametrize("kind", ["imap", "pop"])
def test_nothing_is_lost_in_the_mailbox(office, kind, case):
    office.fetching["newuser"] = office.incoming(kind)
    take_all(office)
    ids = put_letters(office, "newuser", 2)
    before = office.mailbox("newuser").snapshot()
    how, words = {**TEMPORARY, **LASTING}[case]
    office.tokens.fail(times=1, **how)
    fetch_anyway(office)
    assert office.mailbox("newuser").snapshot() == before
    assert words in office.read("fetchmail.server", office.fetching["newuser"], "oauth_error")[0]["oauth_error"]
    office.age("retry_at")
    office.fetch("newuser")
    assert kept(office, ids) == set(ids)


def fetch_anyway(office):
    """19 raises, 14 notes in its log."""
    try:
        office.fetch("newuser")
    except REFUSED:
        assert office.series != "14"


def test_clock_that_is_off(new_oauth_office):
    office = new_oauth_office("jwt_bearer")
    office.tokens.set(clock=3000)
    assert "The clock of Odoo's machine is 50 minutes behind the token endpoint's" in office.test("newuser")


def test_certificate_that_nobody_vouches_for(new_oauth_office, tmp_path):
    """The secret is not sent to whoever has the endpoint's address, but not its certificate."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", certificate]
    subprocess.run([*command, *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    received = []

    class Impostor(BaseHTTPRequestHandler):
        def do_POST(self):
            received.append(self.path)
            self.send_error(400)

    with ThreadingHTTPServer(("127.0.0.1", 0), Impostor) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        office = new_oauth_office()
        url = f"https://127.0.0.1:{server.server_address[1]}/token"
        office.call("mail.oauth.client", "write", [office.client_id], {"token_url": url})
        result = office.call("mail.oauth.client", "test", [office.client_id])
        server.shutdown()
    assert "certificate verify failed" in result["error"], result
    assert received == []


def test_valid_token_is_used_while_the_endpoint_is_down(lab, office):
    """It is renewed some time before its end, so that an endpoint may be down for a moment."""
    assert office.test("newuser") == ""
    office.age("renew_at")
    office.tokens.fail(times=1, status=503)
    office.queue("newuser", subject := f"In time {uuid.uuid4().hex}")
    office.send_queue()
    assert arrived(lab, subject)
    assert "503" in office.token_row()["last_error"]


def test_expired_token_is_renewed(lab, office):
    assert office.test("newuser") == ""
    office.age("renew_at", "valid_until")
    assert office.token_row()["state"] == "renewable"
    assert office.test("newuser") == ""
    assert len(office.tokens.requests()) == 2


def test_changed_client_gets_another_token(office):
    assert office.test("newuser") == ""
    office.call("mail.oauth.client", "write", [office.client_id], {"client_secret": "wrong"})
    assert "AADSTS7000215" in office.test("newuser")
    office.call("mail.oauth.client", "write", [office.client_id], {"client_secret": "app-secret"})
    assert office.test("newuser") == ""


# ----------------------------------------------------------------------
# Consents
# ----------------------------------------------------------------------


def test_rotated_refresh_token_outlives_a_failed_send(new_oauth_office):
    office = new_oauth_office("refresh_token")
    before = office.stored_refresh_token(address("newuser"))
    office.tokens.set(deny=[address("newuser")])
    assert office.test("newuser")
    after = office.stored_refresh_token(address("newuser"))
    assert before != after
    assert after in office.tokens.read()["good"]


def test_revoked_consent_is_named(new_oauth_office):
    office = new_oauth_office("refresh_token")
    office.tokens.revoke(refresh=True, mailbox=address("newuser"))
    mail = office.queue("newuser", f"Revoked {uuid.uuid4().hex}")
    office.send_queue()
    found = office.mail(mail)
    assert found["state"] == "exception"
    assert "The mailbox's owner must consent again" in found["failure_reason"]
    assert office.token_row(address("newuser"))["state"] == "consent"
    office.consent(address("newuser"))
    assert office.test("newuser") == ""
    assert office.token_row(address("newuser"))["state"] == "valid"


def test_mailbox_that_has_not_consented(new_oauth_office):
    office = new_oauth_office("refresh_token")
    office.call("mail.oauth.client", "forget_tokens", [office.client_id], address("newuser"))
    assert "has not consented yet" in office.test("newuser")
    assert office.tokens.requests() == []


# ----------------------------------------------------------------------
# Who may know what
# ----------------------------------------------------------------------


def test_secrets_are_administrators_only(office):
    client = office.as_person("newuser")
    for model in ("mail.oauth.client", "mail.oauth.token"):
        with pytest.raises(REFUSED):
            office.call(model, "search_read", [], [], client=client)
    with pytest.raises(REFUSED):
        office.call("mail.oauth.client", "test", [office.client_id], client=client)
    assert office.read("mail.oauth.client", office.client_id, "client_secret")[0]["client_secret"] == "app-secret"
    columns = ["name", "oauth_client_id/client_secret"]
    exported = office.call("ir.mail_server", "export_data", [office.servers["newuser"]], columns)
    assert exported["datas"][0][1] == ""
    fields = office.call("mail.oauth.token", "fields_get", [], ["type"])
    assert not {"access_token", "refresh_token"} & set(fields)


def test_client_must_be_whole(office):
    values = office.tokens.client("jwt_bearer", name="Half")
    for missing, words in (
        ({"private_key": False}, "private key is missing"),
        ({"token_url": "http://mydomain.com/token"}, "must begin with https"),
        ({"grant": "client_credentials", "client_secret": "x"}, "One for All Mailboxes"),
        ({"grant": "refresh_token", "subject": "none"}, "One for Each Mailbox"),
    ):
        wanted = {**values, **missing}
        found = office.call("mail.oauth.client", "load", list(wanted), [list(wanted.values())])
        assert words in found["messages"][0]["message"]
    with pytest.raises(REFUSED):
        office.call("ir.mail_server", "write", [office.servers["newuser"]], {"smtp_encryption": "none"})
    with pytest.raises(REFUSED):
        office.call("fetchmail.server", "write", [office.fetching["newuser"]], {"is_ssl": False})


def test_load_creates_and_updates(office):
    columns = ["id", *office.tokens.client("client_credentials", name="")]
    for secret in ("app-secret", "wrong"):
        values = office.tokens.client("client_credentials", name="Loaded", client_secret=secret)
        result = office.call("mail.oauth.client", "load", columns, [["__test__.loaded", *values.values()]])
        assert result["ids"], result
        assert office.read("mail.oauth.client", result["ids"], "client_secret")[0]["client_secret"] == secret
