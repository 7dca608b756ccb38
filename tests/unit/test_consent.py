"""Who is asked to consent when, and what becomes of it, by a clock of the test's. tests/integration has the lab's provider."""

import base64
import contextlib
import json
import socket
import threading
import urllib.request
from types import SimpleNamespace

import pytest

from ansible_collections.postroom.odoo.plugins.module_utils.operations import consents
from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import BrokenConnection, NoRights, OdooError
from ansible_collections.postroom.odoo.plugins.plugin_utils.consent.device import Code, Interrupted, NoConsent, Unreachable
from ansible_collections.postroom.odoo.plugins.plugin_utils.consent.link import Link, Listener, answer_in
from ansible_collections.postroom.odoo.plugins.plugin_utils.consent.people import Person, Way, ask
from ansible_collections.postroom.odoo.plugins.plugin_utils.consent.proof import Prover, denied_scopes, names_of
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.targets import Endpoint, Mailbox
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.tokens import token_requests

try:
    socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    HAS_IPV6 = True
except OSError:
    HAS_IPV6 = False
TOKEN = SimpleNamespace(refresh_token="r3fresh", access_token="acc3ss", id_token=None)
# Stands for somebody who has consented by the time that it is their turn.
GONE_ON = object()
GIVEN = {"device_code": "d", "user_code": "ABCD", "verification_uri": "https://p.example/device", "expires_in": 600}


def failing(error, temporary=False):
    return token_requests().TokenError(f"The endpoint answered 400 {error}", temporary=temporary, error=error)


class Provider:
    """Gives each person a code, and answers in turn what it is told to; the last answer again and again."""

    def __init__(self, **answers):
        self.now, self.answers, self.started, self.shown, self.stored, self.asked = 0, answers, [], [], [], []
        self.given, self.tried = dict(GIVEN), []

    def start(self, person):
        answers = self.answers[person.address]
        self.tried.append((person.address, self.now))
        if isinstance(answers, Exception):
            raise answers
        while isinstance(answers[0], Unreachable):
            raise answers.pop(0)
        if answers == [GONE_ON]:
            return None
        self.started.append(person.address)
        left = list(answers)

        def request(code):
            self.asked.append((person.address, self.now))
            answer = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return Code(self.given, request, lambda: self.now)

    def sleep(self, seconds):
        self.now += seconds

    def ask(self, at_a_time=10, store=None, **clients):
        people = [Person(SimpleNamespace(name=clients.get(each, "client")), each) for each in self.answers]
        way = Way(
            self.start,
            lambda person, answer: None,
            store or (lambda person, token: self.stored.append((person.address, token))),
            self.shown.append,
            at_a_time,
            lambda: self.now,
            self.sleep,
        )
        return ask(people, way)


PENDING = failing("authorization_pending")


def test_several_at_a_time():
    provider = Provider(a=[PENDING, PENDING, TOKEN], b=[TOKEN], c=[failing("access_denied")], d=[TOKEN])
    outcome = provider.ask(at_a_time=2)
    assert outcome.stored == ["b", "a", "d"]
    assert [address for address, _reason in outcome.failed] == ["c"]
    assert provider.stored == [("b", "r3fresh"), ("a", "r3fresh"), ("d", "r3fresh")]
    assert provider.started == ["a", "b", "c", "d"]
    # The third is asked when the second is done, and not before.
    assert provider.shown[0].startswith("a: open https://p.example/device, enter the code ABCD, and sign in as this mailbox")
    assert provider.shown[2] == "b has consented: the token is stored (1 of 4)"
    assert "r3fresh" not in "".join(provider.shown)


def test_who_is_waited_for_is_shown_now_and_then():
    provider = Provider(a=[PENDING])
    outcome = provider.ask()
    assert outcome.failed[0][1].startswith("The code has expired")
    waits = [each for each in provider.shown if each.startswith("Waiting for a (0 of 1 stored)")]
    assert 600 / 60 <= len(waits) <= 600 / 30
    assert provider.now == pytest.approx(600, abs=10)


def test_slower_when_it_is_told_to():
    provider = Provider(a=[failing("slow_down"), failing("slow_down"), PENDING, TOKEN])
    provider.given["interval"] = 2
    provider.ask()
    assert [when for _address, when in provider.asked] == [2, 9, 21, 33]


@pytest.mark.parametrize(
    ("interval", "answers", "seconds"),
    [
        # One that asks for more than others is not asked more often.
        (100, [PENDING], [100, 200, 300, 400, 500]),
        (100, [failing("slow_down"), PENDING], [100, 200, 300, 400, 500]),
        (100, [failing("", temporary=True), PENDING], [100, 200, 300, 400, 500]),
        (58, [failing("slow_down"), PENDING], [58, 118, 178, 238, 298, 358, 418, 478, 538, 598]),
        # It never comes to it.
        (5000, [PENDING], []),
    ],
)
def test_a_provider_that_has_much_time(interval, answers, seconds):
    """Nobody is waited for after the code has expired."""
    provider = Provider(a=answers)
    provider.given["interval"] = interval
    outcome = provider.ask()
    assert ([when for _address, when in provider.asked], provider.now) == (seconds, 600)
    assert outcome.failed[0][1].startswith("The code has expired")


def test_a_provider_that_is_down_for_a_while():
    down = failing("", temporary=True)
    provider = Provider(a=[down, down, PENDING, down, TOKEN])
    assert provider.ask().stored == ["a"]
    assert sum("Trying again" in each for each in provider.shown) == 2
    assert [when for _address, when in provider.asked] == [5, 15, 35, 40, 50]


def test_a_provider_that_is_down_is_asked_three_times():
    """And not for each person; another one's people do not wait for it."""
    down = Unreachable("down", pause=20)
    provider = Provider(a=[down, down, down, TOKEN], b=[TOKEN], c=[TOKEN])
    outcome = provider.ask(c="other")
    assert (outcome.stored, outcome.failed) == (["c"], [("a", "down"), ("b", "down")])
    assert (provider.started, provider.tried) == (["c"], [("a", 0), ("c", 0), ("a", 20), ("a", 40)])


def test_a_provider_that_gives_no_code_for_a_moment():
    """Everybody is asked a little later. Failures count in a row only."""
    down = Unreachable("down", pause=20)
    provider = Provider(a=[down, down, TOKEN], b=[down, TOKEN], c=[TOKEN])
    outcome = provider.ask(at_a_time=1)
    assert (outcome.stored, outcome.failed) == (["a", "b", "c"], [])
    assert provider.shown[0] == "down. Trying again for a in 20 seconds"
    assert [when for who, when in provider.tried if who != "c"] == [0, 20, 40, 45, 65]
    # Nobody waits for an hour.
    provider = Provider(a=[Unreachable("down", pause=3600), TOKEN], b=[TOKEN])
    assert (provider.ask().stored, provider.now) == ([], 0)


def test_what_concerns_one_person():
    provider = Provider(a=NoConsent("unknown client"), b=[failing("invalid_client")], c=[TOKEN])
    outcome = provider.ask()
    assert (outcome.stored, len(outcome.failed)) == (["c"], 2)


def test_a_token_for_an_hour_only():
    provider = Provider(a=[SimpleNamespace(refresh_token=None)])
    ((_address, reason),) = provider.ask().failed
    assert "offline_access" in reason


@pytest.mark.parametrize("error", [BrokenConnection, NoRights])
def test_odoo_that_stores_nothing_more(error):
    def store(person, token):
        raise error("gone")

    provider = Provider(a=[TOKEN], b=[PENDING], c=[TOKEN])
    outcome = provider.ask(at_a_time=2, store=store)
    assert [address for address, _reason in outcome.failed] == ["a", "b", "c"]
    assert provider.started == ["a", "b"]
    assert outcome.over


def test_odoo_that_is_back_for_those_who_have_consented():
    """Each code is looked at once more before nobody is waited for."""
    stored = []

    def store(person, token):
        if person.address == "a":
            raise BrokenConnection("gone")
        stored.append(person.address)

    provider = Provider(a=[PENDING, TOKEN], b=[failing("slow_down"), TOKEN], c=[PENDING], d=[TOKEN])
    outcome = provider.ask(at_a_time=3, store=store)
    assert (stored, outcome.stored) == (["b"], ["b"])
    assert [address for address, _reason in outcome.failed] == ["a", "c", "d"]
    # And not before its time, when it would not answer.
    assert provider.asked[3:] == [("a", 10), ("b", 15), ("c", 15)]


def test_odoo_that_does_not_take_one_token():
    def store(person, token):
        if person.address == "a":
            raise OdooError("a is odd")

    outcome = Provider(a=[TOKEN], b=[PENDING, TOKEN], c=[TOKEN]).ask(at_a_time=2, store=store)
    assert (outcome.stored, outcome.over) == (["b", "c"], "")
    assert outcome.failed == [("a", "The token could not be stored: a is odd")]


def test_a_person_who_consents_to_another_run():
    provider = Provider(a=[GONE_ON], b=[TOKEN])
    outcome = provider.ask()
    assert (outcome.stored, outcome.failed) == (["b"], [])
    assert provider.shown[0] == "a has consented in the meantime"
    assert provider.shown[-1].endswith("(1 of 1)")


def test_an_interrupt_ends_it():
    """What is stored stays, and the others are told."""
    provider = Provider(a=[TOKEN], b=[Interrupted()], c=[TOKEN])
    outcome = provider.ask(at_a_time=1)
    assert (outcome.stored, [address for address, _reason in outcome.failed]) == (["a"], ["b", "c"])
    assert outcome.over == "Not asked, as the run was interrupted"


class Database:
    """The tokens of an Odoo whose answers get lost, or which is not there.

    :param answers: what becomes of each request to store: None, or what happens after it, with its answer lost.
    """

    database = "db"

    def __init__(self, *answers, token=None, refreshed=False, away=0):
        self.token, self.refreshed, self.answers = token, refreshed, list(answers)
        self.now, self.away, self.stored = 0, away, []

    def call(self, model, method, *args, **kwargs):
        if self.now < self.away:
            raise BrokenConnection("Connection refused")
        if method == "search_read":
            row = {"client_id": [7, "c"], "mailbox": "a", "state": "valid", "refreshed": self.refreshed}
            return [{**row, "has_refresh_token": True}] if self.token else []
        self.stored.append(kwargs["refresh_token"])
        happens = self.answers.pop(0) if self.answers else None
        if happens != "lost":
            self.token = kwargs["refresh_token"]
        if not happens:
            return True
        if happens == "renewed":
            self.token, self.refreshed = self.token + "+", "2026-01-01 00:00:01"
        raise BrokenConnection("No answer")

    def store(self, monkeypatch, **more):
        def sleep(seconds):
            self.now += seconds

        monkeypatch.setattr(consents, "time", SimpleNamespace(monotonic=lambda: self.now, sleep=sleep))
        consents.store(self, 7, "a", "R1", **more)
        return self.token


def test_a_token_that_odoo_has_renewed_is_not_overwritten(monkeypatch):
    """The answer to the first request is lost, and the provider has replaced the token since."""
    assert Database("renewed").store(monkeypatch) == "R1+"
    # A mailbox that had a token before: the former one may be the one that was renewed.
    database = Database("renewed", token="R0", refreshed="2026-01-01 00:00:00")
    with pytest.raises(OdooError, match="Ask for this mailbox once more"):
        database.store(monkeypatch)
    assert (database.token, database.stored) == ("R1+", ["R1"])


@pytest.mark.parametrize(
    ("answers", "token", "stored"),
    [([], None, 1), (["kept"], None, 1), (["lost"], None, 2), (["kept"], "R0", 2), (["lost", "lost"], "R0", 3)],
)
def test_a_token_whose_answer_is_lost(monkeypatch, answers, token, stored):
    database = Database(*answers, token=token)
    assert (database.store(monkeypatch), len(database.stored)) == ("R1", stored)


def test_an_odoo_that_restarts_is_waited_for(monkeypatch):
    assert Database(away=240).store(monkeypatch) == "R1"
    database = Database(away=1000)
    with pytest.raises(BrokenConnection):
        database.store(monkeypatch)
    assert 300 <= database.now <= 310
    database = Database(away=1000)
    with pytest.raises(BrokenConnection):
        database.store(monkeypatch, patience=0)
    assert database.now == 0


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, None),
        ({"scopes": False}, "differs from the inventory (scopes). Run site.yml first"),
        ({"grant": "jwt_bearer", "client_id": "d", "token_url": "u"}, "inventory (grant, client_id, token_url)"),
        ({"name": "another"}, "Database db has no OAuth client c. Run site.yml first"),
    ],
)
def test_a_client_that_is_another_one_in_odoo(changed, words):
    declared = {"name": "c", "grant": "refresh_token", "client_id": "c", "token_url": "https://p.example", "scopes": "openid"}
    session = SimpleNamespace(database="db", call=lambda *args, **kwargs: [{"id": 7, **declared, **changed}])
    if not words:
        assert consents.clients_of(session, [SimpleNamespace(**declared)]) == {"c": 7}
        return
    with pytest.raises(OdooError) as problem:
        consents.clients_of(session, [SimpleNamespace(**declared)])
    assert words in str(problem.value)


@pytest.mark.parametrize("missing", ["device_code", "user_code", "verification_uri"])
def test_no_code(missing):
    with pytest.raises(NoConsent):
        Code({**GIVEN, missing: None}, None)


def id_token(claims):
    return ".".join(base64.urlsafe_b64encode(each).decode().rstrip("=") for each in (b"{}", json.dumps(claims).encode(), b"s"))


@pytest.mark.parametrize(
    ("claims", "found"),
    [
        ({"aud": "c", "email": "New@b.c"}, {"new@b.c"}),
        ({"aud": ["x", "c"], "preferred_username": "new@b.c", "email": "n@b.c"}, {"new@b.c", "n@b.c"}),
        ({"aud": "c", "email": "new@b.c", "email_verified": False}, set()),
        ({"aud": "another", "email": "new@b.c"}, set()),
        ({"aud": "c", "preferred_username": "New", "upn": " "}, {"new"}),
        (["c"], set()),
    ],
)
def test_whom_a_token_is_about(claims, found):
    assert names_of(id_token(claims), "c") == found


MICROSOFT = "https://outlook.office.com/SMTP.Send https://outlook.office.com/IMAP.AccessAsUser.All offline_access openid email"
GOOGLE = "https://mail.google.com/ openid email"


@pytest.mark.parametrize(
    ("asked", "given", "denied"),
    [
        (MICROSOFT, None, []),
        (MICROSOFT, "", []),
        # In other letters, another order, and by another host.
        (MICROSOFT, "https://outlook.office365.com/imap.accessasuser.all https://outlook.office365.com/smtp.send", []),
        (MICROSOFT, "IMAP.AccessAsUser.All SMTP.Send openid", []),
        (MICROSOFT, "openid profile email", MICROSOFT.split()[:2]),
        (MICROSOFT, "https://outlook.office.com/IMAP.AccessAsUser.All", MICROSOFT.split()[:1]),
        (GOOGLE, "https://mail.google.com/ https://www.googleapis.com/auth/userinfo.email openid", []),
        (GOOGLE, "https://www.googleapis.com/auth/userinfo.email openid", ["https://mail.google.com/"]),
        ("https://outlook.office365.com/.default offline_access", "https://outlook.office365.com/IMAP.AccessAsUser.All", []),
        ("openid email offline_access", "openid", []),
        ("mail offline_access", "profile email", ["mail"]),
    ],
)
def test_what_a_person_did_not_allow(asked, given, denied):
    assert denied_scopes(asked, given) == denied


def proves(person, **answer):
    """Prove an answer; NoConsent's words, or None. No mail server can be asked."""
    answer = {"access_token": "acc3ss", "id_token": None, "scope": None, **answer}
    try:
        Prover().prove(person, SimpleNamespace(**answer))
    except NoConsent as exc:
        return str(exc)
    return None


def test_a_token_that_does_not_open_the_mailbox():
    """The person's own, but the box of the permission was not selected."""
    about = id_token({"aud": "c", "email": "new@b.c"})
    person = Person(SimpleNamespace(client_id="c", scopes=GOOGLE), "new@b.c")
    assert proves(person, id_token=about, scope=GOOGLE) is None
    assert proves(person, id_token=about) is None
    assert "did not allow access to mail (https://mail.google.com/)" in proves(person, id_token=about, scope="openid email")
    # A scope that is no URL need not be named, so the mail server is asked.
    other = Person(SimpleNamespace(client_id="c", scopes="openid email mail"), "new@b.c")
    assert proves(other, id_token=about, scope="openid email mail") is None
    assert "the mail server could not be asked" in proves(other, id_token=about, scope="openid email")


def test_a_login_that_is_no_address():
    """It is compared with the provider's own name for the person; otherwise, the mail server is asked."""
    asks = "the mail server could not be asked"
    person = Person(SimpleNamespace(client_id="c", scopes="openid"), "newuser")
    assert proves(person, id_token=id_token({"aud": "c", "email": "a@b.c", "preferred_username": "NewUser"})) is None
    assert asks in proves(person, id_token=id_token({"aud": "c", "email": "a@b.c", "preferred_username": "other"}))
    # Nor does a login say anything of an address.
    person = Person(person.client, "newuser@b.c")
    assert asks in proves(person, id_token=id_token({"aud": "c", "preferred_username": "newuser"}))
    other = proves(person, id_token=id_token({"aud": "c", "email": "a@b.c", "preferred_username": "newuser"}))
    assert other.startswith("a@b.c has signed in instead")


@pytest.fixture
def mail_server():
    """SMTP without TLS, which offers a login by token."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with contextlib.suppress(OSError):
            while True:
                peer = listener.accept()[0]
                with peer, peer.makefile("rwb") as lines:
                    lines.write(b"220 here\r\n")
                    lines.flush()
                    for line in lines:
                        lines.write(b"250-here\r\n250 AUTH XOAUTH2\r\n" if line.startswith(b"EHLO") else b"221 Bye\r\n")
                        lines.flush()

    threading.Thread(target=serve, daemon=True).start()
    yield Endpoint("smtp", "127.0.0.1", listener.getsockname()[1], "none")
    listener.close()


def test_a_connection_without_tls_says_nothing_of_the_person(mail_server):
    person = Person(SimpleNamespace(client_id="c", scopes=""), "new@b.c", (Mailbox(mail_server, "new", "new@b.c", None),))
    words = proves(person)
    assert words.startswith("It cannot be checked who has signed in")
    assert "Tokens are only sent over TLS connections" in words


@pytest.mark.parametrize("token", [None, "", "a.b", "a.!.c"])
def test_a_token_about_nobody(token):
    assert names_of(token, "c") == set()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_where_a_browser_finds_this_machine(host):
    """By either of the addresses of localhost."""
    if ":" in host and not HAS_IPV6:
        pytest.skip("This machine has no IPv6.")
    listener = Listener("s")
    try:
        with urllib.request.urlopen(f"http://{host}:{listener.port}/?code=c&state=s", timeout=10) as page:
            assert b"close this window" in page.read()
    finally:
        listener.close()
    assert listener.found == {"code": "c", "state": "s"}


class Pasted(Link):
    """A link whose address is pasted, and whose code is good."""

    def __init__(self, paste):
        self.now, self.came = 0, None
        super().__init__("http://127.0.0.1", self.make, lambda *dummy: TOKEN, lambda left: paste(self, left), lambda: self.now)

    def make(self, here, state, verifier):
        self.came = f"{here}/?code=c&state={state}"
        return "https://p.example/auth"


def test_an_address_that_is_pasted():
    link = Pasted(lambda link, left: link.came)
    assert link.look() is TOKEN
    # No browser refuses to go there.
    assert link.came.startswith("http://127.0.0.1:49151/")


def test_an_address_that_nobody_pastes():
    def prompt(link, left):
        link.now += left
        return ""

    with pytest.raises(NoConsent, match="Nobody signed in with the link"):
        Pasted(prompt).look()
    with pytest.raises(NoConsent, match="What was pasted is not the address"):
        Pasted(lambda link, left: "").look()


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("http://localhost:1/?code=c&state=s&scope=x", "c"),
        (" http://localhost:1?state=s&code=c\n", "c"),
        ("/?error=access_denied&state=s", None),
        ("http://localhost:1/?code=c&state=another", ...),
        ("http://localhost:1/?code=c", ...),
        ("/favicon.ico", ...),
        ("http://[", ...),
        ("", ...),
        (None, ...),
    ],
)
def test_where_a_browser_comes_back(address, found):
    answer = answer_in(address, "s")
    assert answer is None if found is ... else answer.get("code") == found
