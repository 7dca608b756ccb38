"""playbooks/consent.yml: the owners of mailboxes consent once each, and Odoo logs in with what the lab's token server gives."""

import os
import pty
import re
import select
import signal
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from types import SimpleNamespace

import pytest
from company import MAILBOXES, Company
from playbook import COMMAND
from support import ROOT, install, plain_ansible

from ansible_collections.postroom.odoo.plugins.module_utils.operations import consents
from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import OdooError
from ansible_collections.postroom.odoo.plugins.plugin_utils.in_process import session_of

PLAYBOOK, CLIENT = "playbooks/consent.yml", "postroom-consent"
# Seconds for which a run in a terminal may be silent.
SILENCE = 25
# Consents, and a person who declines.
DECLINES = False


class Office(Company):
    """A company whose mailboxes have no password, at a provider where each owner consents."""

    def __init__(self, database, folder, **oauth):
        super().__init__(database, folder, routing_addon_enabled=True)
        # Of one series only: another one's tests may give theirs a password in the meantime.
        self.people = [f"consents{number}x{database.series}@mydomain.com" for number in (1, 2)]
        for person in self.people:
            subprocess.run([*MAILBOXES, "add", person, ""], check=True, capture_output=True)
        del self.variables["mail_domain_passwords"]
        self.variables["mail_users_accounts"] = [{"name": each.partition("@")[0], "email": each} for each in self.people]
        self.mailboxes = ["catchall@mydomain.com", "bounce@mydomain.com", *self.people]
        places = database.lab["tokens"]
        self.variables["mail_provider"]["oauth"] = {
            "token_url": places["microsoft"],
            "device_authorization_url": places["microsoft"].replace("/token", "/devicecode"),
            "grant": "refresh_token",
            "client_id": CLIENT,
            "scopes": ["openid", "email", "offline_access"],
            **oauth,
        }
        self.variables["consent_ca_path"] = database.lab["ca_file"]

    def consent(self, tokens, *answers, arguments=(), status=0):
        """Run the playbook; the first code is entered by the first of these, and so on.

        None: nobody does. A dictionary: what the token server is asked before (do, options), and who enters the code then.
        """
        already = len(tokens("read")["shown"])
        ended = threading.Event()

        def enter():
            for number, answer in enumerate(answers, already):
                who = answer
                while not ended.is_set() and len(tokens("read")["shown"]) <= number:
                    time.sleep(0.2)
                if isinstance(who, dict):
                    tokens(who["do"], **who["options"])
                    time.sleep(who["seconds"])
                    who = who["then"]
                if who is not None and not ended.is_set():
                    tokens("enter_code", code=tokens("read")["shown"][number], mailbox=who)

        person = threading.Thread(target=enter)
        person.start()
        try:
            run = self.play(PLAYBOOK, "-vvv", *arguments)
        finally:
            ended.set()
            person.join()
        assert run.status == status, run.output
        assert "Traceback" not in run.output
        for secret in tokens("read")["secret"]:
            assert secret not in run.output
        return run

    def in_terminal(self, react, *arguments):
        """Run the playbook in a terminal; exit code and output.

        :param react: is given each new line, and None where a person types what it returns
        """
        environment = plain_ansible(**self.database.environment, COLUMNS="1000")
        child, terminal = pty.fork()
        if not child:
            os.chdir(ROOT)
            command = [COMMAND, "-i", self.folder / "hosts.yml", PLAYBOOK, "-vvv", *arguments]
            os.execve(COMMAND, [str(each) for each in command], environment)
        output, seen = b"", 0
        while True:
            # A run that waits for somebody who does not come.
            if not select.select([terminal], [], [], SILENCE)[0]:
                os.kill(child, signal.SIGKILL)
            try:
                new = os.read(terminal, 65536)
            except OSError:
                # So a terminal ends.
                break
            if not new:
                break
            output += new
            while b"\n" in output[seen:]:
                end = output.index(b"\n", seen) + 1
                line, seen = output[seen:end].decode(), end
                react(line)
                if "(it is not shown):" in line:
                    # What is typed before Ansible waits for it is thrown away.
                    time.sleep(2)
                    os.write(terminal, (react(None) + "\r").encode())
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), output.decode()

    def stored(self):
        rows = self.database.rows("SELECT mailbox FROM mail_oauth_token WHERE refresh_token IS NOT NULL")
        return {row["mailbox"] for row in rows}

    def states(self):
        return {row["login"]: row["state"] for row in self.database.rows('SELECT "user" AS login, state FROM fetchmail_server')}


@pytest.fixture
def office(database, tmp_path):
    return Office(database, tmp_path)


def lines(run, words):
    return [line for line in run.output.splitlines() if line.startswith("[mydomain]") and words in line]


def test_from_the_first_run_to_mail(office, tokens):
    """Servers first, then consents over several runs, and then logins of Odoo's with what they gave."""
    first, second = office.people
    done = office.succeeds("site.yml")
    # All servers are there and wait; nothing fails, and each run says so.
    assert set(office.states().values()) == {"draft"}
    again = office.succeeds("site.yml")
    assert again.changed == 0
    for run in (done, again):
        assert len(lines(run, "for which the mailbox's owner has to consent")) == 4, run.output
        assert f"[mydomain]   {first}" in run.output
    drift = office.play("playbooks/drift.yml")
    assert (drift.status, drift.output.count("no_token:")) == (2, 1), drift.output

    before = office.database.fingerprints()
    foretold = office.consent(tokens, arguments=["--check"])
    assert [line.split()[1] for line in lines(foretold, "would be asked")] == office.mailboxes
    assert tokens("read")["shown"] == []
    office.database.assert_as(before, "check mode wrote")

    # One consents, one declines, one is somebody else, one consents.
    run = office.consent(tokens, office.mailboxes[0], DECLINES, second, second, status=2)
    assert office.stored() == {office.mailboxes[0], second}
    assert "2 mailboxes without a token" in run.output
    assert lines(run, f"{office.mailboxes[1]}: The person at the provider's page has declined")
    assert lines(run, f"{first}: {second} has signed in instead. Nothing was stored")
    # Only the rest is asked for; one of them by name.
    run = office.consent(tokens, office.mailboxes[1], arguments=["-e", f"person_email={office.mailboxes[1].upper()}"])
    assert len(lines(run, "enter the code")) == 1
    run = office.consent(tokens, first)
    assert lines(run, f"{first} has consented: the token is stored (1 of 1)")
    assert lines(run, "Run site.yml: it confirms the servers")
    assert (run.changed, office.stored()) == (1, set(office.mailboxes))

    shown, written = tokens("read")["shown"], office.database.fingerprints()
    run = office.consent(tokens)
    assert (run.changed, tokens("read")["shown"]) == (0, shown)
    assert lines(run, "4 mailboxes have consented already")
    assert not lines(run, "Run site.yml")
    office.database.assert_as(written, "a run without a change wrote")

    # Odoo logs in to each mailbox, and keeps the refresh token that it gets in return.
    done = office.succeeds("site.yml")
    assert set(office.states().values()) == {"done"}
    assert not lines(done, "has to consent")
    assert "refresh_token" in {each.get("grant_type") for each in tokens("read")["requests"]}
    assert tokens("read")["reused"] == 0
    assert office.succeeds("site.yml").changed == 0
    assert office.play("playbooks/drift.yml").status == 0

    # A consent that nobody uses is about to expire.
    columns = ("refreshed", "last_used", "write_date")
    earlier = "UPDATE mail_oauth_token SET " + ", ".join(f"{each} = now() - interval '%d days'" for each in columns)
    office.database.sql(earlier % ((61,) * 3))
    drift = office.play("playbooks/drift.yml")
    assert (drift.status, drift.output.count("token_unused:")) == (2, 1), drift.output
    office.database.sql(earlier % ((59,) * 3))
    assert office.play("playbooks/drift.yml").status == 0

    # Who is named is asked in any case.
    run = office.consent(tokens, first, arguments=["-e", f"person_email={first}"])
    assert (run.changed, len(lines(run, "enter the code"))) == (1, 1)

    # A consent that was withdrawn: the next login fails, and then the owner is asked again.
    tokens("revoke", refresh=True, mailbox=first)
    office.database.odoo().execute_kw("mail.oauth.client", "test", [clients(office)], {"mailbox": first})
    run = office.consent(tokens, first)
    assert (run.changed, len(lines(run, "enter the code"))) == (1, 1)
    assert office.consent(tokens).changed == 0


def test_what_goes_wrong(office, tokens):
    """Each once, in words, and for nobody else. This provider does not say who has signed in: the mail server is asked."""
    oauth, first, second = office.variables["mail_provider"]["oauth"], *office.people
    oauth["scopes"] = ["offline_access"]
    for_all = {"grant": "client_credentials", "client_secret": "app-secret", "device_authorization_url": None}
    office.variables["mail_provider"]["oauth"] = {name: each for name, each in {**oauth, **for_all}.items() if each}
    run = office.consent(tokens)
    assert (run.changed, len(lines(run, "No mailbox of this database logs in by an OAuth client of grant"))) == (0, 1)
    office.variables["mail_provider"]["oauth"] = oauth
    run = office.consent(tokens, status=2)
    assert "does not have the addon mail_server_oauth. Run site.yml first" in run.output
    elsewhere = {"oauth_client": "Elsewhere", "login": "elsewhere@mydomain.com", "name": "Elsewhere"}
    elsewhere.update(office.variables["mail_provider"]["imap"], confirmed=False)
    shown = {name: oauth[name] for name in ("token_url", "grant", "client_id")}
    extras = {"oauth_clients": [{"name": "Elsewhere", **shown}], "incoming_servers": [elsewhere]}
    office.variables.update({f"mail_extras_{name}": each for name, each in extras.items()})
    office.succeeds("site.yml")
    # Where it is not known how one person consents, the others are asked.
    run = office.consent(tokens, arguments=["--check"], status=2)
    assert len(lines(run, "would be asked")) == 4
    assert lines(run, "elsewhere@mydomain.com: The inventory does not say where people consent to the OAuth client Elsewhere")
    for name in extras:
        del office.variables[f"mail_extras_{name}"]
    run = office.consent(tokens, arguments=["-e", "person_email=nobody@mydomain.com"], status=2)
    assert "No mailbox of this database with the address nobody@mydomain.com" in run.output
    office.variables["consent_timeuot"] = 1
    assert "did you mean consent_timeout?" in office.consent(tokens, status=2).output
    del office.variables["consent_timeuot"]
    office.variables.update(consent_at_a_time=0, consent_timeout=0)
    run = office.consent(tokens, arguments=["-e", "person_email="], status=2)
    for words in ("consent_at_a_time must be at least 1", "consent_timeout must be at least 1", "person_email is empty"):
        assert words in run.output
    del office.variables["consent_at_a_time"], office.variables["consent_timeout"]
    oauth["scopes"] = ["offline_access", "mail"]
    assert "differs from the inventory (scopes). Run site.yml first" in office.consent(tokens, status=2).output
    oauth["scopes"] = ["offline_access"]

    # A provider that is down is not asked once for each mailbox.
    already = len(tokens("read")["requests"])
    tokens("fail", status=503, body="<html>Down</html>", headers={"Retry-After": "1"}, times=3)
    run = office.consent(tokens, status=2)
    assert len(tokens("read")["requests"]) == already + 3
    assert "4 mailboxes without a token" in run.output
    assert len(lines(run, "answered 503")) == 3, run.output

    # Nobody comes.
    tokens("set", code_seconds=3)
    run = office.consent(tokens, None, arguments=["-e", f"person_email={first}"], status=2)
    assert lines(run, f"{first}: The code has expired before anybody signed in")
    tokens("set", code_seconds=900)

    # Somebody else: the mail server rejects the token.
    run = office.consent(tokens, second, arguments=["-e", f"person_email={first}"], status=2)
    assert lines(
        run, f"{first}: The mail server rejects the token for this mailbox, for example because somebody else signed in"
    )
    assert office.stored() == set()

    # Down for a moment, and too many requests: the person waits a little longer.
    down = {"do": "fail", "options": {"status": 503, "times": 2}, "seconds": 0, "then": first}
    run = office.consent(tokens, down, arguments=["-e", f"person_email={first}"])
    assert len(lines(run, f"Trying again for {first}")) == 1
    slow = {"do": "fail", "options": {"status": 400, "body": '{"error": "slow_down"}'}, "seconds": 0, "then": second}
    already = len(tokens("read")["requests"])
    office.consent(tokens, slow, arguments=["-e", f"person_email={second}"])
    assert len(tokens("read")["requests"]) <= already + 4
    assert office.stored() == {first, second}

    # The mail server cannot be asked: nothing is stored on trust.
    office.variables["mail_provider"]["imap"]["port"] = office.variables["mail_provider"]["smtp"]["port"] = 1
    run = office.consent(tokens, office.mailboxes[0], arguments=["-e", f"person_email={office.mailboxes[0]}"], status=2)
    assert lines(run, "It cannot be checked who has signed in")
    assert office.stored() == {first, second}


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Browser:
    """Opens links, with somebody signed in at the provider."""

    def __init__(self, office, tokens):
        tls = ssl.create_default_context(cafile=office.database.lab["ca_file"])
        self.opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=tls), NoRedirect)
        self.tokens, self.people, self.address, self.links = tokens, [], None, []

    def see(self, line):
        """A line of the run: if it has a link, the next person opens it."""
        found = re.match(r"\[mydomain\] (\S+): open this link.*: (https://\S+)", line)
        if not found:
            return
        self.links.append(found.group(1))
        self.tokens("sign_in", mailbox=self.people.pop(0))
        with pytest.raises(urllib.error.HTTPError, match="302") as redirect:
            self.opener.open(found.group(2), timeout=30)
        self.address = redirect.value.headers["Location"]

    def follow(self, line):
        self.address = None
        self.see(line)
        if self.address:
            # Something else comes by first.
            there = self.address.partition("?")[0]
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(f"{there}?code=forged&state=unknown", timeout=30)
            assert b"close this window" in urllib.request.urlopen(self.address, timeout=30).read()


def test_by_links(office, tokens):
    """As Google has it: a browser on the controller, or an address that is pasted from another machine."""
    places = office.database.lab["tokens"]
    oauth = office.variables["mail_provider"]["oauth"]
    del oauth["device_authorization_url"]
    oauth.update(token_url=places["google"], authorization_url=places["google"].replace("/token", "/auth"))
    oauth.update(client_id="postroom-web", client_secret="web-secret", scopes=["https://mail.google.com/", "openid", "email"])
    office.succeeds("site.yml")
    first, second = office.people
    browser = Browser(office, tokens)

    browser.people = [office.mailboxes[0], DECLINES, second, second]
    status, output = office.in_terminal(browser.follow)
    assert status == 2, output
    assert (browser.links, office.stored()) == (office.mailboxes, {office.mailboxes[0], second})
    assert f"{office.mailboxes[1]}: The person at the provider's page has declined" in output
    assert f"{first}: {second} has signed in instead" in output

    # On another machine. Something else is pasted, then the right address.
    def paste(line):
        if line is not None:
            return browser.see(line)
        return browser.address if browser.links[-1] == first else "http://localhost:1/?code=forged&state=unknown"

    # Ctrl-C asks nobody else.
    browser.people, browser.links = [office.mailboxes[1]], []
    status, interrupted = office.in_terminal(
        lambda line: "\x03" if line is None else browser.see(line), "-e", "consent_paste=true"
    )
    assert status == 2, interrupted
    assert f"{office.mailboxes[1]}: Interrupted. Run consent.yml again" in interrupted
    assert f"{first}: Not asked, as the run was interrupted" in interrupted
    assert browser.links == [office.mailboxes[1]]

    browser.people, browser.links = [office.mailboxes[1], first], []
    status, pasted = office.in_terminal(paste, "-e", "consent_paste=true")
    assert status == 2, pasted
    assert f"{office.mailboxes[1]}: What was pasted is not the address to which the link leads" in pasted
    assert office.stored() == {office.mailboxes[0], first, second}
    assert f"{first}: paste the address" in pasted
    # Without a terminal, nobody can paste.
    run = office.consent(tokens, arguments=["-e", "consent_paste=true"], status=2)
    assert "consent_paste needs a terminal" in run.output

    # Somebody who does not tick the box.
    tokens("set", withheld=["https://mail.google.com/"])
    browser.people, browser.links = [office.mailboxes[1]], []
    status, without = office.in_terminal(browser.follow)
    assert status == 2, without
    assert "did not allow access to mail (https://mail.google.com/)" in without
    assert office.mailboxes[1] not in office.stored()
    tokens("set", withheld=[])

    browser.people, browser.links = [office.mailboxes[1]], []
    status, last = office.in_terminal(browser.follow)
    assert (status, browser.links) == (0, [office.mailboxes[1]]), last
    for secret in (*tokens("read")["secret"], "web-secret"):
        assert secret not in output + pasted + last + run.output

    office.succeeds("site.yml")
    assert set(office.states().values()) == {"done"}
    assert office.consent(tokens).changed == 0


def clients(office):
    return office.database.odoo().env["mail.oauth.client"].search([])


def test_by_the_api_of_the_series(database):
    """JSON-2 on 19, where arguments have names only."""
    install(database, "mail_server_oauth")
    values = {"name": "Lab", "token_url": "https://a.example/token", "grant": "refresh_token", "subject": "mailbox"}
    values.update(client_id="c", client_authentication="none")
    database.odoo().env["mail.oauth.client"].create(values)
    session = session_of("consent", dict(database.connection), writes=True)
    assert session.facts["transport"] == ("JSON-2" if database.connection.get("api_key") else "JSON-RPC")
    declared = SimpleNamespace(**values, scopes="")
    found = consents.clients_of(session, [declared])
    assert consents.consented(session, found.values()) == {}
    consents.store(session, found["Lab"], "new@mydomain.com", "r3fresh")
    assert set(consents.consented(session, found.values())) == {(found["Lab"], "new@mydomain.com")}
    assert consents.consented(session, found.values(), "old@mydomain.com") == {}
    with pytest.raises(OdooError, match="has no OAuth client Other"):
        consents.clients_of(session, [SimpleNamespace(**{**values, "name": "Other"}, scopes="")])
    with pytest.raises(OdooError, match=r"differs from the inventory \(client_id\). Run site.yml first"):
        consents.clients_of(session, [SimpleNamespace(**{**values, "client_id": "d"}, scopes="")])
