"""Mailboxes that log in by OAuth: the module oauth_clients, and site.yml from passwords to tokens and back.

The lab's token server answers as Microsoft's and Google's do, and no password opens the mailboxes of the way there.
"""

import datetime
import json
import shutil
import subprocess

import pytest
import yaml
from company import MAILBOXES, Company
from inventory import Inventory, changed, notable
from oauth import APP, SECRET, key_and_certificate, oauth_of
from own_server import OwnServer
from support import ROOT, Database, changed_tables, install, tables_only

ADDONS = ROOT / "roles" / "routing_addon" / "files"
OAUTH = "mail_server_oauth"
FORGED = "n0t-the-lab's-secret"
# It has no token from an earlier test.
pytestmark = pytest.mark.usefixtures("tokens")


@pytest.fixture(scope="module")
def server(lab, series):
    """A server with the role's addons."""
    own = OwnServer(lab, series, "oauth")
    try:
        place = own.home / "data" / "addons" / f"{series}.0"
        shutil.copytree(ADDONS, place, ignore=shutil.ignore_patterns("__pycache__", ".*", "*.toml"))
        subprocess.run(["chmod", "-R", "a+rX", own.home / "data"], check=True)
        own.start()
        yield own
    finally:
        own.remove()


@pytest.fixture(scope="module")
def template(server, series):
    """A database with the addon, to be copied."""
    made = Database(server.lab, series)
    install(made, OAUTH)
    yield made
    made.drop()


@pytest.fixture
def database(server, series):
    """A database without the addon."""
    made = Database(server.lab, series)
    yield made
    made.drop()


@pytest.fixture
def with_addon(database):
    install(database, OAUTH)
    return database


def client_of(lab, **more):
    """Microsoft's grant, as the module has it."""
    return {
        "name": "Lab",
        "token_url": lab["tokens"]["microsoft"],
        "client_id": APP,
        "client_secret": SECRET,
        "scopes": "https://outlook.office365.com/.default",
        "tested": True,
        **more,
    }


def stored(database):
    query = "SELECT name, grant_, subject, client_authentication, stored_client_secret AS secret, stored_private_key AS key"
    return database.rows(
        query.replace("grant_", '"grant"') + ", certificate, scopes, active FROM mail_oauth_client ORDER BY name"
    )


# -- the module -----------------------------------------------------------------------------------------------------------


def test_life(with_addon, lab, tokens):
    database = with_addon
    done = database.converge("oauth_clients", [client_of(lab)])
    assert done["counts"]["created"] == 1
    (row,) = stored(database)
    assert (row["grant"], row["subject"], row["secret"]) == ("client_credentials", "none", SECRET)
    assert SECRET not in json.dumps({**done, "invocation": None})
    # Once for the new client; not for one that is as declared.
    assert len(tokens("read")["requests"]) == 1

    # From the secret to a key, and back. The key's file ends with a line break.
    key, certificate = key_and_certificate(lab)
    by_key = client_of(lab, client_secret="", private_key=key, certificate=certificate, client_authentication="private_key_jwt")
    done = database.converge("oauth_clients", [by_key])
    assert done["changes"][0]["options"] == ["certificate", "client_authentication", "client_secret", "private_key"]
    assert "PRIVATE" not in json.dumps({**done, "invocation": None})
    (row,) = stored(database)
    assert (row["secret"], row["key"]) == (None, key.strip())
    by_secret = client_of(lab, private_key="", certificate="", client_authentication="client_secret_post")
    database.converge("oauth_clients", [by_secret])

    # Neither shows its secret, and what is gathered is no change.
    (found,) = database.ok("oauth_clients", state="gathered")["gathered"]
    assert found == {
        "name": "Lab",
        "token_url": lab["tokens"]["microsoft"],
        "grant": "client_credentials",
        "subject": "none",
        "client_id": APP,
        "client_authentication": "client_secret_post",
        "scopes": "https://outlook.office365.com/.default",
        "active": True,
    }
    assert not database.converge("oauth_clients", [found])["changed"]
    (whole,) = database.ok("oauth_clients", state="gathered", include_secrets=True)["records"]
    assert whole["item"]["client_secret"] == SECRET
    assert not database.converge("oauth_clients", [whole["item"]])["changed"]

    drifted = {**by_secret, "client_secret": FORGED, "tested": False}
    (row,) = database.ok("oauth_clients", [drifted], check=True)["drift"]["differences"]
    assert (row["record"], row["kind"], row["option"], row["secret"]) == ("Lab", "differs", "client_secret", True)
    database.converge("oauth_clients", [], state="overridden")
    assert stored(database) == []


def test_a_client_that_the_provider_refuses_is_put_back(with_addon, lab):
    database = with_addon
    refused = database.run("oauth_clients", [client_of(lab, client_secret=FORGED)])
    assert refused["failed"]
    assert "AADSTS7000215" in refused["msg"]
    assert FORGED not in json.dumps({**refused, "invocation": None})
    assert stored(database) == []
    database.ok("oauth_clients", [client_of(lab)])
    refused = database.run("oauth_clients", [client_of(lab, client_secret=FORGED)])
    assert (refused["problems"][0]["index"], refused["problems"][0]["option"]) == (0, "tested")
    assert stored(database)[0]["secret"] == SECRET
    assert not database.ok("oauth_clients", [client_of(lab)])["changed"]


def test_what_makes_no_client(with_addon, lab):
    database = with_addon
    for changes, option in (
        ({"client_secret": None}, "client_secret"),
        ({"grant": "jwt_bearer", "tested": False}, "private_key"),
        ({"token_url": "http://127.0.0.1/token"}, "token_url"),
        ({"client_id": None}, "client_id"),
        ({"private_key": "no key"}, "private_key"),
    ):
        result = database.refuses("oauth_clients", [client_of(lab, **changes)])
        assert [each["option"] for each in result.get("problems", [])] == [option], result["msg"]
    # What Odoo knows only with what it has already.
    database.ok("oauth_clients", [client_of(lab)])
    result = database.refuses("oauth_clients", [{"name": "Lab", "client_secret": ""}])
    assert "The client secret is missing" in result["msg"]


def test_servers_of_a_client(with_addon, lab):
    database = with_addon
    database.ok("oauth_clients", [client_of(lab)])
    login = "newuser@mydomain.com"
    outgoing = {"login": login, "host": lab["host"], "port": lab["ports"]["submission"], "encryption": "starttls"}
    outgoing["from_filter"] = "own"
    incoming = {"login": login, "host": lab["host"], "port": lab["ports"]["imaps"], "ssl": True}
    for module, item, option in (
        ("outgoing_mail_servers", outgoing, "tested"),
        ("incoming_mail_servers", incoming, "confirmed"),
    ):
        password = {"password": lab["mail"]["mailboxes"][login]["password"], option: True}
        by_token = {"password": "", "oauth_client": "Lab", option: True}
        database.ok(module, [{**item, **password}])
        done = database.converge(module, [{**item, **by_token}])
        assert done["changes"][0]["options"] == ["oauth_client", "password"]
        (found,) = database.ok(module, state="gathered")["gathered"]
        assert found["oauth_client"] == "Lab"
        assert not database.converge(module, [found])["changed"]
        # A client that is not there, and a combination that cannot be.
        for wrong, named in (
            ({"oauth_client": "Labb"}, "oauth_client"),
            ({"oauth_client": "Lab", "password": "pw"}, "password"),
        ):
            result = database.refuses(module, [{**item, **wrong}])
            assert [each["option"] for each in result["problems"]] == [named], result["msg"]
        database.converge(module, [{**item, **password, "oauth_client": ""}])
        database.ok(module, [{**item, **by_token}])
    # As long as servers use it, it stays.
    result = database.run("oauth_clients", [{"name": "Lab"}], state="deleted")
    assert result["failed"]
    assert len(stored(database)) == 1


def test_without_the_addon(database, lab):
    """One error that names the addon, and how it comes there."""
    result = database.run("oauth_clients", [client_of(lab)])
    assert result["failed"]
    for words in ("install the addon mail_server_oauth first", "with routing_addon_oauth: true"):
        assert words in result["msg"]
    for module in ("outgoing_mail_servers", "incoming_mail_servers"):
        item = {"login": "a@mydomain.com", "host": "a.example"}
        result = database.refuses(module, [{**item, "oauth_client": "Lab"}])
        assert "the addon mail_server_oauth provides it, and is not installed (site.yml installs it" in result["msg"]
        # Nothing is nothing to do.
        database.converge(module, [{**item, "oauth_client": ""}])


# -- the inventory --------------------------------------------------------------------------------------------------------


class Tenant(Company):
    """A company whose mailboxes take tokens."""

    def __init__(self, database, folder):
        super().__init__(database, folder, routing_addon_enabled=True)
        self.lab, self.passwords = database.lab, self.variables["mail_provider"]
        # Of one series only: another one's tests give theirs a password in the meantime.
        self.people = (f"oauthone{database.series}", f"oauthtwo{database.series}")
        self.variables["mail_users_accounts"] = [{"name": each, "email": f"{each}@mydomain.com"} for each in self.people]

    def by_oauth(self, oauth):
        for person in self.people:
            subprocess.run([*MAILBOXES, "add", f"{person}@mydomain.com", ""], check=True, capture_output=True)
        self.variables["mail_provider"] = {**self.passwords, "kind": "custom", "oauth": oauth}
        self.variables.pop("mail_domain_passwords", None)
        self.variables.pop("mail_users_passwords", None)

    def by_password(self):
        passwords = {person: f"{person}-pw" for person in self.people}
        for person, password in passwords.items():
            subprocess.run([*MAILBOXES, "add", f"{person}@mydomain.com", password], check=True, capture_output=True)
        boxes = {address: box["password"] for address, box in self.lab["mail"]["mailboxes"].items()}
        self.variables["mail_provider"] = self.passwords
        self.variables["mail_domain_passwords"] = boxes
        self.variables["mail_users_passwords"] = {f"{person}@mydomain.com": each for person, each in passwords.items()}

    @property
    def logins(self):
        """All servers, C([(kind, login)])."""
        incoming = [("in", f"{each}@mydomain.com") for each in ("bounce", "catchall", *self.people)]
        return incoming + [("out", f"{each}@mydomain.com") for each in ("catchall", *self.people)]

    def servers(self):
        """How each server logs in, C({(kind, login): (client, has a password)}), and whether all mailboxes are confirmed."""
        query = """
            SELECT 'out' AS kind, smtp_user AS login, c.name, coalesce(smtp_pass, '') != '' AS password, 'done' AS state
            FROM ir_mail_server s LEFT JOIN mail_oauth_client c ON c.id = s.oauth_client_id
            UNION ALL
            SELECT 'in', "user", c.name, coalesce(password, '') != '', state
            FROM fetchmail_server s LEFT JOIN mail_oauth_client c ON c.id = s.oauth_client_id
        """
        rows = self.database.rows(query)
        assert {row["state"] for row in rows} == {"done"}
        return {(row["kind"], row["login"]): (row["name"], row["password"]) for row in rows}


@pytest.fixture
def tenant(database, tmp_path):
    return Tenant(database, tmp_path)


@pytest.mark.parametrize("grant", ["client_credentials", "jwt_bearer"])
def test_site(tenant, lab, tokens, tmp_path, grant):
    """Installed, set up and used in one run; changed by none after that; no drift; the export is the same again."""
    tenant.by_oauth(oauth_of(lab, grant))
    before = tenant.database.fingerprints()
    foretold = tenant.succeeds("site.yml", "--check", "--diff")
    tenant.database.assert_as(before, "check mode wrote")
    done = tenant.succeeds("site.yml", "--diff")
    assert foretold.changed == done.changed, foretold.output + done.output
    name = f"127.0.0.1 ({oauth_of(lab, grant)['client_id']})"
    assert tenant.servers() == dict.fromkeys(tenant.logins, (name, False))
    assert {row["grant_type"].rpartition(":")[2] for row in tokens("read")["requests"]} == {
        grant.replace("jwt_bearer", "jwt-bearer")
    }
    written = tenant.database.fingerprints()
    again = tenant.succeeds("site.yml", "-vvv")
    assert again.changed == 0
    tenant.database.assert_as(written, "a run without a change wrote")
    assert tenant.play("playbooks/drift.yml").status == 0
    secret = oauth_of(lab, grant).get("client_secret") or oauth_of(lab, grant)["private_key"].splitlines()[3]
    for run in (foretold, done, again):
        assert secret not in run.output

    inventory = Inventory(tmp_path / "exported", {"company": tenant.database})
    assert changed(inventory.export("-e", "export_passwords=true", vault=True)) == {"company"}
    text = inventory.path("company", "mail.yml").read_text()
    assert secret not in text
    exported = yaml.safe_load(text.replace("!unsafe", ""))
    given = {**oauth_of(lab, grant), "client_secret": None, "private_key": None}
    found = {**exported["mail_provider"]["oauth"], "client_secret": None, "private_key": None}
    assert found == given
    assert "mail_extras_oauth_clients" not in exported
    assert "mail_users_passwords" not in exported
    run = inventory.play("site.yml", "--check", "--diff", "-e", "routing_addon_enabled=true", vault=True)
    assert changed(run) == set(), notable(run)


def test_from_passwords_to_tokens_and_back(tenant, lab):
    tenant.by_password()
    tenant.settles("site.yml")
    tenant.by_oauth(oauth_of(lab, "client_credentials"))
    # The routing addon and the first password are there; the addon for tokens comes with the run.
    before = tenant.database.fingerprints()
    foretold = tenant.succeeds("site.yml", "--check", "--diff")
    tenant.database.assert_as(before, "check mode wrote")
    done = tenant.succeeds("site.yml", "--diff")
    assert foretold.changed == done.changed, foretold.output + done.output
    assert tenant.servers() == dict.fromkeys(tenant.logins, (f"127.0.0.1 ({APP})", False))
    assert tenant.succeeds("site.yml").changed == 0
    tenant.by_password()
    tenant.settles("site.yml")
    assert tenant.servers() == dict.fromkeys(tenant.logins, (None, True))
    assert tenant.database.value("SELECT count(*) FROM mail_oauth_client") == 1


def test_one_account_with_a_password(tenant, lab):
    """And one that still has a password that it does not need: it is told so."""
    tenant.by_password()
    provider = {**tenant.passwords, "oauth": oauth_of(lab, "client_credentials")}
    one, two = ({"name": each, "email": f"{each}@mydomain.com"} for each in tenant.people)
    tenant.variables.update(mail_provider=provider, mail_users_accounts=[{**one, "oauth": False}, two])
    run = tenant.succeeds("site.yml")
    name = f"127.0.0.1 ({APP})"
    found = tenant.servers()
    assert {login: found[login] for login in tenant.logins if "oauth" in login[1]} == {
        **dict.fromkeys((("in", one["email"]), ("out", one["email"])), (None, True)),
        **dict.fromkeys((("in", two["email"]), ("out", two["email"])), (name, False)),
    }
    output = " ".join(run.output.split())
    assert f"mail_users_passwords has a password that is not used, as the mailbox logs in by OAuth: {two['email']}." in output
    assert "mail_domain_passwords has a password that is not used" in output
    assert tenant.succeeds("site.yml").changed == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"client_secret": None}, "mail_provider.oauth: client_secret or private_key is missing"),
        ({"private_key": "s3cret-key"}, "mail_provider.oauth: both client_secret and private_key are given"),
        ({"token_url": "http://127.0.0.1/token"}, "does not begin with https://"),
        ({"client_secret": None, "private_key": "s3cret-key"}, "is not a private key in PEM format"),
        ({"tenant": "x"}, "mail_provider.oauth: kind custom does not use tenant"),
        ({"grant": "password"}, "value of grant must be one of"),
        ({"client_secret": FORGED}, "AADSTS7000215"),
    ],
    ids=str,
)
def test_what_a_run_refuses(tenant, lab, change, words):
    """With one error; and the client that the provider refuses keeps all servers from being written."""
    given = {**oauth_of(lab, "client_credentials"), **change}
    tenant.by_oauth({name: value for name, value in given.items() if value is not None})
    if "AADSTS" in words:
        install(tenant.database, "smtp_server_per_user")
        install(tenant.database, OAUTH)
    before = tenant.database.fingerprints()
    run = tenant.play("site.yml")
    assert run.status != 0
    assert words in " ".join(run.output.split()).replace(
        "'http://127.0.0.1/token' is not an address that begins", "does not begin"
    )
    assert "Traceback" not in run.output
    for secret in ("s3cret-key", FORGED, SECRET):
        assert secret not in run.output
    written = tables_only(changed_tables(before, tenant.database.fingerprints()))
    assert not [table for table in written if table not in ("mail_oauth_token",)], written


def test_a_database_without_the_addon_and_without_machines(tenant, lab):
    """Where the run does not install it, one error says how it comes there, and nothing is written."""
    tenant.by_oauth(oauth_of(lab, "client_credentials"))
    tenant.variables["routing_addon_enabled"] = False
    output = " ".join(tenant.refused("site.yml").split())
    assert "mail_provider.oauth: requires the addon mail_server_oauth, which this database does not get" in output
    assert "set routing_addon_enabled: true, or add the machine to odoo_servers" in output
    # Not once more for each server.
    assert "provides it" not in output


def test_clients_and_servers_of_nobody_s(tenant, lab):
    """Lists as they are: a client of its own, its server, drift, and back from the export."""
    tenant.by_password()
    host = {"host": lab["host"], "port": lab["ports"]["submission"], "encryption": "starttls"}
    login = "seconduser@mydomain.com"
    tenant.variables["mail_extras_oauth_clients"] = [client_of(lab, name="Orders")]
    tenant.variables["mail_extras_outgoing_servers"] = [
        {"name": "Orders", "login": login, **host, "oauth_client": "Orders", "from_filter": "own", "tested": True}
    ]
    tenant.succeeds("site.yml")
    assert tenant.succeeds("site.yml").changed == 0
    assert tenant.servers()["out", login] == ("Orders", False)
    assert tenant.play("playbooks/drift.yml").status == 0
    tenant.database.sql("UPDATE mail_oauth_client SET scopes = 'other'")
    run = tenant.play("playbooks/drift.yml")
    assert run.status == 2
    assert "scopes" in run.output
    # What is in no list any more is reported, whatever lists there are.
    for name in ("mail_extras_oauth_clients", "mail_extras_outgoing_servers"):
        del tenant.variables[name]
    run = tenant.play("playbooks/drift.yml")
    assert run.status == 2
    assert "Orders" in run.output


def test_onboarding_asks_for_no_password(tenant, lab):
    tenant.by_oauth(oauth_of(lab, "client_credentials"))
    tenant.variables["mail_users_accounts"] = []
    tenant.succeeds("site.yml")
    told = {"person_email": f"{tenant.people[0]}@mydomain.com", "person_name": "One"}
    run = tenant.succeeds("playbooks/onboard.yml", told=told)
    assert "Password of the mailbox" not in run.output
    assert tenant.servers()["in", told["person_email"]] == (f"127.0.0.1 ({APP})", False)


@pytest.mark.any_series
def test_verify(tenant, lab, tokens, tmp_path):
    """The controller asks for one token, and logs in to all mailboxes with it; no secret is in what it writes."""
    tenant.by_oauth(oauth_of(lab, "client_credentials"))
    told = {"verify_checks": ["connections"], "verify_report_dir": str(tmp_path / "report"), "verify_ca_path": lab["ca_file"]}

    def verified(status):
        run = tenant.play("playbooks/verify.yml", "-vvv", told=told)
        assert run.status == status, run.output
        text = (tmp_path / "report" / "verify.json").read_text()
        for secret in (SECRET, FORGED, *tokens("read")["tokens"]):
            assert secret not in text
            assert secret not in run.output
        (host,) = json.loads(text)["hosts"]
        return host

    host = verified(0)
    assert {each["rule"] for each in host["findings"]} == {"sender_strict"}
    assert [each["grant_type"] for each in tokens("read")["requests"]] == ["client_credentials"]
    tokens("set", deny=[f"{tenant.people[0]}@mydomain.com"])
    refused = {each["subject"].split(" at ")[0] for each in verified(2)["findings"] if each["rule"] == "token_refused"}
    assert refused == {f"{tenant.people[0]}@mydomain.com"}
    tenant.by_oauth({**oauth_of(lab, "client_credentials"), "client_secret": FORGED})
    (found,) = verified(2)["findings"]
    assert found["rule"] == "token_not_issued"
    assert "AADSTS7000215" in found["found"]
    assert found["found"].endswith("mailboxes that were not tried: 7")


# -- drift ----------------------------------------------------------------------------------------------------------------


def conflicts(database, module, items):
    """What check mode finds beside differences, C([(kind, record, words)])."""
    drift = database.ok(module, items, check=True)["drift"]
    assert drift["differences"] == [], drift
    return [(each["kind"], each["name"], each["found"]) for each in drift["conflicts"]]


def test_logins_that_end(with_addon, lab, tokens):
    """A mailbox without a token, one whose login failed, a secret that expires, and a password that Microsoft will not take."""
    database, login = with_addon, "newuser@mydomain.com"
    client = client_of(lab, secret_expires="2099-12-31")
    database.ok("oauth_clients", [client])
    # The client has a token by then.
    database.odoo().execute_kw("mail.oauth.client", "forget_tokens", [database.odoo().env["mail.oauth.client"].search([])])
    place = {"login": login, "host": lab["host"], "oauth_client": "Lab"}
    outgoing = {**place, "port": lab["ports"]["submission"], "encryption": "starttls", "from_filter": "own"}
    incoming = {**place, "port": lab["ports"]["imaps"], "ssl": True}
    for module, item, option in (
        ("outgoing_mail_servers", outgoing, "tested"),
        ("incoming_mail_servers", incoming, "confirmed"),
    ):
        database.ok(module, [item])
        if module == "outgoing_mail_servers":
            assert conflicts(database, module, [item]) == [("no_token", login, "has no token yet")]
            # As the next login.
            database.ok(module, [{**item, "name": "other"}])
            database.run(module, [{**item, "port": lab["ports"]["submission_at_data"], option: True}])
            database.ok(module, [{**item, "name": login}])
        else:
            database.ok(module, [{**item, option: True}])
        assert conflicts(database, module, [item]) == []
    tokens("set", deny=[login])
    refused = database.run(
        "incoming_mail_servers", [{**incoming, "host": "localhost", "match_by_login": True, "confirmed": True}]
    )
    assert refused["failed"]
    ((kind, name, words),) = conflicts(database, "incoming_mail_servers", [incoming])
    assert (kind, name) == ("token_fails", login)
    assert "AUTHENTICATIONFAILED" in words

    assert conflicts(database, "oauth_clients", [client]) == []
    soon = (datetime.date.today() + datetime.timedelta(20)).isoformat()
    database.ok("oauth_clients", [{**client, "secret_expires": soon}])
    assert conflicts(database, "oauth_clients", [{**client, "secret_expires": soon}]) == [
        ("client_expires", "Lab", f"has a secret that expires on {soon}")
    ]
    # As the inventory has it without a date.
    cleared = {**client, "secret_expires": ""}
    assert database.converge("oauth_clients", [cleared])["changes"][0]["options"] == ["secret_expires"]
    assert conflicts(database, "oauth_clients", [cleared]) == []
    by_password = {"login": "a@mydomain.com", "password": "pw"}
    for module, host, words in (
        ("outgoing_mail_servers", "smtp.office365.com", "end of December 2026"),
        ("incoming_mail_servers", "imap.gmail.com", "app passwords"),
    ):
        database.ok(module, [{**by_password, "host": host}])
        ((kind, _name, found),) = conflicts(database, module, [{**by_password, "host": host}])
        assert kind == "password_at_provider"
        assert words in found
        assert not conflicts(database, module, [{"login": "a@mydomain.com", "host": host}])
