"""playbooks/consent.yml: the owners of mailboxes consent once each, and Odoo logs in with what the lab's token server gives."""

import subprocess
import threading
import time

import pytest
from company import MAILBOXES, Company

PLAYBOOK, CLIENT = "playbooks/consent.yml", "postroom-consent"
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
    run = office.consent(tokens, office.mailboxes[1], arguments=["-e", f"email={office.mailboxes[1].upper()}"])
    assert len(lines(run, "enter the code")) == 1
    run = office.consent(tokens, first)
    assert lines(run, f"{first} has consented: the token is stored (1 of 1)")
    assert (run.changed, office.stored()) == (1, set(office.mailboxes))

    shown, written = tokens("read")["shown"], office.database.fingerprints()
    run = office.consent(tokens)
    assert (run.changed, tokens("read")["shown"]) == (0, shown)
    office.database.assert_as(written, "a run without a change wrote")

    # Odoo logs in to each mailbox, and keeps the refresh token that it gets in return.
    done = office.succeeds("site.yml")
    assert set(office.states().values()) == {"done"}
    assert not lines(done, "has to consent")
    assert "refresh_token" in {each.get("grant_type") for each in tokens("read")["requests"]}
    assert tokens("read")["reused"] == 0
    assert office.succeeds("site.yml").changed == 0
    assert office.play("playbooks/drift.yml").status == 0

    # A consent that was withdrawn: the next login fails, and then the owner is asked again.
    tokens("revoke", refresh=True, mailbox=first)
    office.database.odoo().execute_kw("mail.oauth.client", "test", [clients(office)], {"mailbox": first})
    run = office.consent(tokens, first)
    assert (run.changed, len(lines(run, "enter the code"))) == (1, 1)
    assert office.consent(tokens).changed == 0


def test_what_goes_wrong(office, tokens):
    """Each once, in words, and for nobody else. This provider does not say who has signed in: the mail server is asked."""
    office.variables["mail_provider"]["oauth"]["scopes"] = ["offline_access"]
    first, second = office.people
    run = office.consent(tokens, status=2)
    assert "does not have the addon mail_server_oauth. Run site.yml first" in run.output
    office.succeeds("site.yml")
    run = office.consent(tokens, arguments=["-e", "email=nobody@mydomain.com"], status=2)
    assert "No mailbox of this database with the address nobody@mydomain.com" in run.output
    office.variables["consent_timeuot"] = 1
    assert "did you mean consent_timeout?" in office.consent(tokens, status=2).output
    del office.variables["consent_timeuot"]

    # A provider that is down is not asked once for each mailbox.
    already = len(tokens("read")["requests"])
    tokens("fail", status=503, body="<html>Down</html>")
    run = office.consent(tokens, status=2)
    assert len(tokens("read")["requests"]) == already + 1
    assert "4 mailboxes without a token" in run.output
    assert len(lines(run, "answered 503")) == 1, run.output

    # Nobody comes.
    tokens("set", code_seconds=3)
    run = office.consent(tokens, None, arguments=["-e", f"email={first}"], status=2)
    assert lines(run, f"{first}: The code has expired before anybody signed in")
    tokens("set", code_seconds=900)

    # Somebody else: the mail server rejects the token.
    run = office.consent(tokens, second, arguments=["-e", f"email={first}"], status=2)
    assert lines(run, f"{first}: The mail server rejects the token for this mailbox, as if somebody else had signed in")
    assert office.stored() == set()

    # Down for a moment, and too many requests: the person waits a little longer.
    down = {"do": "fail", "options": {"status": 503, "times": 2}, "seconds": 0, "then": first}
    run = office.consent(tokens, down, arguments=["-e", f"email={first}"])
    assert len(lines(run, f"Trying again until the code of {first} expires")) == 1
    slow = {"do": "fail", "options": {"status": 400, "body": '{"error": "slow_down"}'}, "seconds": 0, "then": second}
    already = len(tokens("read")["requests"])
    office.consent(tokens, slow, arguments=["-e", f"email={second}"])
    assert len(tokens("read")["requests"]) <= already + 4
    assert office.stored() == {first, second}

    # The mail server cannot be asked: nothing is stored on trust.
    office.variables["mail_provider"]["imap"]["port"] = office.variables["mail_provider"]["smtp"]["port"] = 1
    run = office.consent(tokens, office.mailboxes[0], arguments=["-e", f"email={office.mailboxes[0]}"], status=2)
    assert lines(run, "It cannot be checked who has signed in")
    assert office.stored() == {first, second}


def clients(office):
    return office.database.odoo().env["mail.oauth.client"].search([])
