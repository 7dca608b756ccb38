"""Odoo's own OAuth, where no addon of ours can be installed: servers that a person has to connect, once each.

On 19, what Odoo's page would store after the person's consent is written to the server; the token is the lab's, and Dovecot
takes it. Debian's Odoo 14 has none of the addons: there, a run says so before it writes anything.
"""

import json
import ssl
import subprocess
import time
import urllib.parse
import urllib.request

from company import MAILBOXES, Company
from oauth import APP, SECRET
from support import changed_tables, tables_only

OUTLOOK = "microsoft_outlook"
CLIENT = {"tenant": "mydomain.com", "client_id": "00000000-0000-0000-0000-000000000000", "client_secret": "s3cret-of-odoo"}
PEOPLE = ("consentone", "consenttwo", "consentthree")


class Hosted(Company):
    """A company on a hosted Odoo, with three people."""

    def __init__(self, database, folder):
        super().__init__(database, folder, mail_domain_incoming=False, mail_domain_outgoing=False)
        del self.variables["mail_domain_passwords"]
        self.by_password = self.variables["mail_provider"]
        here = {each: {**options, "oauth": True} for each, options in self.by_password.items()}
        self.by_consent = {"kind": "microsoft365", "oauth": CLIENT, **here}
        for person in PEOPLE:
            subprocess.run([*MAILBOXES, "add", f"{person}@mydomain.com", f"{person}-pw"], check=True, capture_output=True)
        self.variables["mail_users_accounts"] = [{"name": each, "email": f"{each}@mydomain.com"} for each in PEOPLE]
        self.variables["mail_provider"] = self.by_consent

    def servers(self):
        """Each server: how it logs in, whether it has a password, and whether Odoo fetches it."""
        query = """
            SELECT 'out' AS kind, smtp_user AS login, smtp_authentication AS how, coalesce(smtp_pass, '') != '' AS password,
                '' AS state, id FROM ir_mail_server
            UNION ALL SELECT 'in', "user", server_type, coalesce(password, '') != '', state, id FROM fetchmail_server
        """
        rows = self.database.rows(query)
        return {(row["kind"], row["login"].partition("@")[0]): (row["how"], row["password"], row["state"]) for row in rows}

    def connect(self, person, token, refresh_token="refresh"):
        """What Odoo stores when the person has consented."""
        values = {
            f"{OUTLOOK}_refresh_token": refresh_token,
            f"{OUTLOOK}_access_token": token,
            f"{OUTLOOK}_access_token_expiration": int(time.time()) + 3600,
        }
        odoo = self.database.odoo()
        for model, login in (("fetchmail.server", "user"), ("ir.mail_server", "smtp_user")):
            found = odoo.env[model].search([(login, "=", f"{person}@mydomain.com")])
            odoo.env[model].write(found, values)


def listed(run):
    """The mailboxes that a run says are to be connected, with the words of a refusal: C({(model, login): words})."""
    lines = [line for line in run.output.splitlines() if line.startswith("[mydomain]   ")]
    found = {}
    for line in lines:
        login = line.partition("]")[2].split()[0]
        model = line.partition("/odoo/")[2].partition("/")[0]
        found[model, login.partition("@")[0]] = line.partition("(refused: ")[2].rstrip(")")
    return found


BOTH = [(model, person) for model in ("fetchmail.server", "ir.mail_server") for person in PEOPLE]


def test_from_the_first_run_to_the_last_mailbox(database, lab, tokens, tmp_path):
    """And back to passwords, in one run each."""
    company = Hosted(database, tmp_path)
    if int(database.series) < 16:
        before = database.fingerprints()
        run = company.play("site.yml")
        assert run.status != 0
        for addon in (OUTLOOK, "fetchmail_outlook"):
            assert addon in run.output
        # Odoo looked for them on its disk.
        written = tables_only(changed_tables(before, database.fingerprints()))
        assert all(table.startswith(("ir_module_", "ir_model_data")) for table in written), written
        return
    token = tokens_for_all(lab)

    # Nobody has consented: the servers are there, nothing fails, and all are listed, in each run.
    _foretold, done, again = company.settles("site.yml")
    assert company.servers() == {
        **{("out", person): ("outlook", False, "") for person in PEOPLE},
        **{("in", person): ("outlook", False, "draft") for person in PEOPLE},
    }
    assert dict.fromkeys(BOTH, "") == listed(done) == listed(again)
    query = "SELECT key, value FROM ir_config_parameter WHERE key LIKE 'microsoft_outlook%' ORDER BY key"
    assert [(row["key"], row["value"]) for row in database.rows(query)] == [
        ("microsoft_outlook.endpoint", "https://login.microsoftonline.com/mydomain.com/oauth2/v2.0/"),
        ("microsoft_outlook_client_id", CLIENT["client_id"]),
        ("microsoft_outlook_client_secret", CLIENT["client_secret"]),
    ]
    drift = company.play("playbooks/drift.yml")
    assert drift.status == 2
    assert drift.output.count("  logs in by OAuth  ") == len(BOTH), drift.output
    assert "no_token:" in drift.output

    # One person has, and another one whose consent is no good any more: the next run confirms the first mailbox, and names the
    # others, with the reason if there is one. No server goes.
    company.connect(PEOPLE[0], token)
    company.connect(PEOPLE[1], "n0t-a-token")
    done = company.succeeds("site.yml")
    assert done.changed == 1
    assert [company.servers()["in", person][-1] for person in PEOPLE] == ["done", "draft", "draft"]
    words = listed(done)
    assert words.keys() == {(model, person) for model, person in BOTH if person != PEOPLE[0]}
    assert "Authentication failed" in words["fetchmail.server", PEOPLE[1]]
    assert words["fetchmail.server", PEOPLE[2]] == words["ir.mail_server", PEOPLE[2]] == ""
    assert CLIENT["client_secret"] not in done.output

    # A consent explains no refusal of a port that the list has just changed: the record has the old one again.
    server = {"login": f"{PEOPLE[0]}@mydomain.com", "tested": True}
    ports = database.values("SELECT smtp_port FROM ir_mail_server ORDER BY id")
    refused = database.run("outgoing_mail_servers", [{**server, "port": 1}])
    assert (refused["failed"], [each["option"] for each in refused["problems"]]) == (True, ["tested"])
    assert database.values("SELECT smtp_port FROM ir_mail_server ORDER BY id") == ports

    # Who loses the consent is listed, and tried when there is another, which is no good here.
    company.connect(PEOPLE[0], False, False)
    for _run in range(2):
        done = database.ok("outgoing_mail_servers", [server])
        assert (done["changed"], [each["reason"] for each in done["to_connect"]]) == (False, [""])
    company.connect(PEOPLE[0], "n0t-a-token")
    (waiting,) = database.ok("outgoing_mail_servers", [server])["to_connect"]
    assert "authentication failed" in waiting["reason"]
    company.connect(PEOPLE[0], token)
    assert not database.ok("outgoing_mail_servers", [server]).get("to_connect")

    company.variables["mail_provider"] = company.by_password
    company.variables["mail_users_passwords"] = {f"{each}@mydomain.com": f"{each}-pw" for each in PEOPLE}
    assert listed(company.succeeds("site.yml")) == {}
    assert database.values("SELECT count(*) FROM ir_model_data WHERE module = '__postroom__' AND noupdate") == [0]
    assert company.servers() == {
        **{("out", person): ("login", True, "") for person in PEOPLE},
        **{("in", person): ("imap", True, "done") for person in PEOPLE},
    }


def tokens_for_all(lab):
    """A token of the lab that is good for all mailboxes."""
    tls = ssl.create_default_context(cafile=lab["ca_file"])
    scope = "https://outlook.office365.com/.default"
    asked = {"grant_type": "client_credentials", "client_id": APP, "client_secret": SECRET, "scope": scope}
    body = urllib.parse.urlencode(asked).encode()
    with urllib.request.urlopen(lab["tokens"]["microsoft"], body, context=tls, timeout=30) as answer:
        return json.load(answer)["access_token"]
