"""playbooks/drift.yml, and the callback on site.yml --check: what they find, how they end, and that they write nothing."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml
from browser import watched
from inventory import mail_of
from playbook import run_playbook
from reported import Reported
from support import ROOT, Database, plain_ansible

PICTURE = ROOT / "docs" / "pictures" / "drift.png"
USERS = ("newuser@mydomain.com", "seconduser@mydomain.com")
WRONG = "wr0ng-unusual-p4ss"


class Outcome(Reported):
    kind = "drift"

    def found(self, name="company"):
        """The differences of a host, each in short: resource, record, kind, option or the other record's name."""
        return sorted(
            (row["resource"], row["record"], row["kind"], row["option"] or (row["other"] or {}).get("name") or "")
            for row in self.host(name)["differences"]
        )


class Company:
    """A database that site.yml has set up, and its inventory."""

    def __init__(self, lab, series, folder, template="mail"):
        self.lab, self.series, self.folder = lab, series, folder
        self.database = Database(lab, series, template)
        self.major = self.database.major
        self.mailboxes = {address: box["password"] for address, box in lab["mail"]["mailboxes"].items()}
        self.runs = 0

    def variables(self, **changes):
        connection = {f"odoo_{name}": value for name, value in self.database.connection.items()}
        return {
            **connection,
            **mail_of(self.lab),
            "mail_users_accounts": [{"name": login.split("@")[0], "email": login} for login in USERS],
            **changes,
        }

    def play(self, playbook, *arguments, hosts=None, inventory=None, environment=None):
        """Run a playbook for `hosts` ({name: what differs from this company's variables})."""
        self.runs += 1
        folder = self.folder / str(self.runs)
        folder.mkdir()
        if inventory is None:
            inventory = folder / "hosts.json"
            listed = {name: self.variables(**changes) for name, changes in (hosts or {"company": {}}).items()}
            inventory.write_text(json.dumps({"odoo_databases": {"hosts": listed}}))
        settings = {"POSTROOM_DRIFT_REPORT_DIR": str(folder), **(environment or {})}
        done = run_playbook("-i", inventory, playbook, *arguments, **settings)
        return Outcome(done.returncode, done.stdout + done.stderr, folder)

    def drift(self, *arguments, **options):
        return self.play("playbooks/drift.yml", *arguments, **options)


@pytest.fixture(scope="module")
def company(lab, series, tmp_path_factory):
    company = Company(lab, series, tmp_path_factory.mktemp("runs"))
    done = company.play("site.yml")
    assert done.code == 0, done.output
    yield company
    company.database.drop()


@pytest.fixture
def odoo(company):
    """A client that is not ours. What a test creates with make() is removed after it."""
    client, made = company.database.odoo(), []

    def make(model, **values):
        made.append((model, client.execute(model, "create", [values])[0]))
        return made[-1][1]

    client.make = make
    yield client
    for model, record in reversed(made):
        client.execute(model, "unlink", [record])


def test_as_declared(company):
    before = company.database.fingerprints()
    done = company.drift()
    assert done.code == 0, done.output
    company.database.assert_as(before, "drift.yml wrote")
    host = done.host()
    assert (host["status"], host["differences"], host["reasons"], host["notes"]) == ("as_declared", [], [], [])
    assert host["database"] == company.database.name
    declared = {(each["resource"], each["record"]) for each in host["records"]}
    own = {("alias_domains", "mydomain.com"), ("addons", "mail"), ("outgoing_mail_servers", "catchall@mydomain.com")}
    incoming = {f"{name}@mydomain.com" for name in ("catchall", "bounce")}.union(USERS)
    own |= {("incoming_mail_servers", f"{login} on {company.lab['host']}") for login in incoming}
    own |= {(kind, login) for kind in ("users", "outgoing_mail_servers") for login in USERS}
    own |= {("addons", "fetchmail")} if company.major < 16 else set()
    assert declared == own
    # A test case for each declared record, and no failure.
    cases = {(case.get("classname"), case.get("name")) for case in done.suites.iter("testcase")}
    assert cases == {(f"company.{kind}", name) for kind, name in own}
    assert (done.suites.get("failures"), done.suites.get("errors")) == ("0", "0")
    assert "As declared" in (done.folder / "drift.html").read_text()
    assert "As declared: 0 differences" in done.output


def test_parameters_beside_the_alias_domain(company):
    """Up to 16 the alias domain is system parameters too: a list of parameters does not name them, and they are declared."""
    extras = {"company": {"mail_extras_parameters": [{"key": "test.extra", "value": "x"}]}}
    assert company.play("site.yml", hosts=extras).code == 0
    done = company.drift(hosts=extras)
    company.database.ok("config_parameters", [{"key": "test.extra"}], state="deleted")
    assert (done.code, done.found()) == (0, [])


def test_a_secret_that_differs_is_nowhere(company, odoo):
    (server,) = odoo.execute("ir.mail_server", "search", [["smtp_user", "=", USERS[0]]])
    odoo.execute("ir.mail_server", "write", [server], {"smtp_pass": WRONG, "smtp_port": 25})
    before = company.database.fingerprints()
    done = company.drift("--diff", "-v")
    company.database.assert_as(before, "drift.yml wrote")
    assert done.code == 2, done.output
    assert done.found() == [("outgoing_mail_servers", USERS[0], "differs", option) for option in ("password", "port")]
    rows = {row["option"]: row for row in done.host()["differences"]}
    assert (rows["password"]["secret"], rows["password"]["declared"], rows["password"]["found"]) == (True, None, None)
    assert (rows["port"]["declared"], rows["port"]["found"]) == (company.lab["ports"]["submission"], 25)
    # A mailbox of the tests of OAuth has no password.
    for secret in filter(None, (WRONG, company.database.connection[company.database.secret], *company.mailboxes.values())):
        assert secret not in done.written()
    assert re.search(rf"company +outgoing mail server {USERS[0]} +password +\(secret\) +differs", done.output)
    (failed,) = [case for case in done.suites.iter("testcase") if case.find("failure") is not None]
    assert failed.get("name") == USERS[0]
    assert "port: declared" in failed.find("failure").text

    # The same by site.yml, where the callback is enabled; that run has no exit code for it.
    same = company.play("site.yml", "--check", environment={"ANSIBLE_CALLBACKS_ENABLED": "postroom.odoo.drift"})
    assert same.code == 0, same.output
    company.database.assert_as(before, "site.yml --check wrote")
    assert {**same.report, "generated": ""} == {**done.report, "generated": ""}

    assert company.play("site.yml").code == 0
    assert company.drift().code == 0


def test_records_that_the_inventory_names_no_more(company):
    left = {"mail_users_accounts": [{"name": "newuser", "email": USERS[0]}]}
    kinds = ("incoming_mail_servers", "outgoing_mail_servers", "users")

    def gone(*logins):
        labels = {"incoming_mail_servers": "{} on " + company.lab["host"]}
        return sorted((kind, labels.get(kind, "{}").format(login), "unnamed", "") for kind in kinds for login in logins)

    done = company.drift(hosts={"company": left})
    assert (done.code, done.found()) == (2, gone(USERS[1]))
    # A list that is empty is not run by its role, and what it named is found all the same.
    done = company.drift(hosts={"company": {"mail_users_accounts": []}})
    assert (done.code, done.found()) == (2, gone(*USERS))
    # A run that leaves out a part of the inventory cannot know.
    done = company.drift("--tags", "mail_domain")
    assert (done.code, done.found()) == (0, [])
    assert "Not all lists of the inventory were compared" in done.output


def test_what_mail_extras_owns_is_not_unnamed_where_it_is_left_out(company):
    """Each role says what it owns; of a resource some of whose lists were not compared, nothing is called unnamed."""
    host, parameter = company.lab["host"], {"key": "test.postroom", "value": "1"}
    extras = {
        "mail_extras_parameters": [parameter],
        "mail_extras_incoming_servers": [{"login": "more@mydomain.com", "host": host, "confirmed": False}],
        "mail_extras_outgoing_servers": [{"login": "more@mydomain.com", "host": host}],
        "mail_extras_users": [{"login": "more@mydomain.com", "name": "More"}],
    }
    hosts = {"company": extras}
    try:
        done = company.play("site.yml", hosts=hosts)
        assert done.code == 0, done.output
        assert company.drift(hosts=hosts).code == 0
        done = company.drift("--tags", "mail_domain,mail_users", hosts=hosts)
        assert (done.code, done.found()) == (0, []), done.output
        assert "Not all lists of the inventory were compared" in done.output
        # Where it is not left out, nothing is hidden; and what a list that became empty named is found.
        label = f"more@mydomain.com on {host}"
        done = company.drift()
        assert (done.code, done.found()) == (
            2,
            [
                ("config_parameters", "test.postroom", "unnamed", ""),
                ("incoming_mail_servers", label, "unnamed", ""),
                ("outgoing_mail_servers", "more@mydomain.com", "unnamed", ""),
                ("users", "more@mydomain.com", "unnamed", ""),
            ],
        ), done.output
    finally:
        for module, record in (
            ("config_parameters", {"key": "test.postroom"}),
            ("incoming_mail_servers", {"login": "more@mydomain.com", "host": host}),
            ("outgoing_mail_servers", {"login": "more@mydomain.com"}),
        ):
            company.database.ok(module, [record], state="deleted")
        company.database.ok("users", [{"login": "more@mydomain.com", "active": False}])


def test_what_was_made_by_hand_and_interferes_with_ours(company, odoo):
    host = company.lab["host"]
    # Of no harm: another address, a filter for others, a place behind ours.
    odoo.make("ir.mail_server", name="Foreign", smtp_host="smtp.foreign.example", smtp_user="foreign")
    odoo.make("fetchmail.server", name="Foreign", server_type="imap", server="imap.foreign.example", user="foreign")
    odoo.make("ir.mail_server", name="Resting", smtp_host="x.example", smtp_user=USERS[0], active=False)
    assert company.drift().code == 0

    odoo.make("ir.mail_server", name="Mine", smtp_host="smtp.foreign.example", smtp_user=USERS[0])
    odoo.make("ir.mail_server", name="First", smtp_host="smtp.foreign.example", smtp_user="relay", sequence=0)
    odoo.make("fetchmail.server", name="Again", server_type="pop", server="pop.foreign.example", user=USERS[1])
    odoo.make("fetchmail.server", name="Twice", server_type="imap", server=host, user=USERS[0])
    odoo.make("res.users", name="Double", login="double", email=USERS[1].upper())
    expected = [
        ("incoming_mail_servers", f"{USERS[0]} on {host}", "second_incoming_server", "Twice"),
        ("incoming_mail_servers", f"{USERS[1]} on {host}", "second_incoming_server", "Again"),
        ("outgoing_mail_servers", "catchall@mydomain.com", "earlier_outgoing_server", "First"),
        ("outgoing_mail_servers", USERS[0], "second_outgoing_server", "Mine"),
        ("users", USERS[1], "second_user", "Double"),
    ]
    if company.major >= 15:
        all_of_it = {"smtp_host": "smtp.foreign.example", "smtp_user": "all", "from_filter": "mydomain.com", "sequence": 500}
        odoo.make("ir.mail_server", name="Everybody", **all_of_it)
        expected.append(("outgoing_mail_servers", "catchall@mydomain.com", "earlier_outgoing_server", "Everybody"))
    if company.major >= 17:
        (own,) = odoo.execute("mail.alias.domain", "search", [["name", "=", "mydomain.com"]])
        companies = odoo.execute("res.company", "search", [])
        other = odoo.make("mail.alias.domain", name="elsewhere.example")
        odoo.execute("res.company", "write", companies, {"alias_domain_id": other})
        expected.append(("alias_domains", "mydomain.com", "other_alias_domain", "elsewhere.example"))
        expected.append(("alias_domains", "mydomain.com", "unused_alias_domain", "mydomain.com"))
    before = company.database.fingerprints()
    done = company.drift()
    company.database.assert_as(before, "drift.yml wrote")
    if company.major >= 17:
        odoo.execute("res.company", "write", companies, {"alias_domain_id": own})
    assert (done.code, done.found()) == (2, sorted(expected)), done.output
    # Each is explained, with its cure.
    assert done.report["kinds"].keys() == {kind for _, _, kind, _ in expected}
    assert all(kind in done.output for _, _, kind, _ in expected)


def test_a_database_without_mail_has_drifted(lab, series, tmp_path):
    company = Company(lab, series, tmp_path, "base")
    try:
        before = company.database.fingerprints()
        done = company.drift(hosts={"company": {"routing_addon_enabled": True}})
        assert done.code == 2, done.output
        company.database.assert_as(before, "drift.yml wrote")
        missing = {(row["resource"], row["record"]) for row in done.host()["differences"] if row["kind"] == "missing"}
        assert {("addons", "mail"), ("addons", "smtp_server_per_user"), ("users", USERS[0])} <= missing
        assert ("alias_domains", "mydomain.com") in missing
        assert done.host()["notes"]
    finally:
        company.database.drop()


def test_one_that_cannot_be_reached_hides_nobody(company, tmp_path):
    smtp = {"host": company.lab["host"], "port": 26, "encryption": "starttls"}
    hosts = {
        "clean": {},
        "drifted": {"mail_provider": {**company.variables()["mail_provider"], "smtp": smtp}},
        "unreachable": {"odoo_url": "http://127.0.0.1:9"},
        "refused": {"odoo_api_key": WRONG},
        "unknown": {"odoo_database": "test_no_such_database"},
        "mistaken": {"mail_users_accounts": [{"name": "x", "email": "nobody", "password": "x"}]},
        "impossible": {"mail_users_defaults": {"company": "Nobody, Inc."}},
    }
    done = company.drift("-e", f"drift_report_dir={tmp_path}/made", hosts=hosts)
    assert done.code == 4, done.output
    done = Outcome(done.code, done.output, tmp_path / "made")
    assert {host["host"]: host["status"] for host in done.report["hosts"]} == {
        "clean": "as_declared",
        "drifted": "drift",
        **dict.fromkeys(("unreachable", "refused", "unknown", "mistaken", "impossible"), "not_checked"),
    }
    assert done.report["status"] == "not_checked"
    assert done.report["summary"] | {"records": 0} == {
        "hosts": 7,
        "as_declared": 1,
        "drift": 1,
        "not_checked": 5,
        "records": 0,
        "differences": 3,
    }
    logins = ("catchall@mydomain.com", *USERS)
    assert done.found("drifted") == sorted(("outgoing_mail_servers", login, "differs", "port") for login in logins)
    for host, reason in (
        ("unreachable", "Cannot reach Odoo at http://127.0.0.1:9"),
        ("refused", "refuses the login"),
        ("unknown", "test_no_such_database"),
        ("mistaken", "email is not an address"),
        ("impossible", "this database has no company 'Nobody, Inc.'"),
    ):
        assert reason in " ".join(done.host(host)["reasons"])
        assert reason in done.output.rpartition("NOT CHECKED")[2]
        assert len(done.host(host)["reasons"]) == 1
        (suite,) = [suite for suite in done.suites if suite.get("name") == host]
        assert suite.get("errors") == "1"
    assert WRONG not in done.written()


def test_what_is_not_checked_never_reads_as_no_drift(company):
    """Hosts of which none can be checked."""
    wrong = {
        "refused": ({"odoo_api_key": WRONG}, "refuses the login"),
        "unreachable": ({"odoo_url": "http://127.0.0.1:9"}, "Cannot reach Odoo"),
        "undefined": ({"mail_domain_name": "{{ nowhere }}"}, "nowhere"),
        "mistyped": ({"mail_provider": {"smtp": {"port": "five"}}}, "must be a whole number, not text"),
    }
    done = company.drift(hosts={name: changes for name, (changes, words) in wrong.items()})
    assert done.code == 4, done.output
    for name, (_, words) in wrong.items():
        assert done.host(name)["status"] == "not_checked", name
        assert words in " ".join(done.host(name)["reasons"]), name
        assert words in done.output, name


@pytest.mark.any_series
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--limit", "elsewhere"), 1, "no hosts to target"),
        (("-e", "drift_report_dir=/proc/nowhere"), 4, "No drift report can be written to /proc/nowhere"),
    ],
)
def test_a_run_that_compares_or_reports_nothing_fails(company, arguments, code, words):
    done = company.drift(*arguments)
    assert done.code == code, done.output
    assert words in done.output


@pytest.mark.any_series
def test_an_inventory_that_names_nothing_is_no_inventory(tmp_path, lab, series):
    company = Company(lab, series, tmp_path)
    company.database.drop()
    (tmp_path / "empty.yml").write_text("all: {}\n")
    (tmp_path / "others.yml").write_text("web: {hosts: {somebody: {ansible_connection: local}}}\n")
    (tmp_path / "broken.yml").write_text("odoo_databases: [\n")
    somebody = "{hosts: {somebody: {ansible_connection: local}}}"
    (tmp_path / "misspelled.yml").write_text(f"odoo_database: {somebody}\n")
    # One half would be compared, and nothing found in the other.
    (tmp_path / "half.yml").write_text(f"odoo_database: {somebody}\nodoo_servers: {somebody}\n")
    (tmp_path / "other_half.yml").write_text(f"odoo_databases: {somebody}\nodoo_server: {somebody}\n")
    for name, arguments, code, words in (
        ("empty", (), 4, "no host in the group odoo_databases"),
        ("others", (), 4, "no host in the group odoo_databases"),
        ("others", ("--limit", "somebody"), 4, "no host in the group odoo_databases"),
        ("misspelled", (), 4, "If the group odoo_database is meant, rename it"),
        ("half", (), 4, "If the group odoo_database is meant, rename it"),
        ("other_half", (), 4, "If the group odoo_server is meant, rename it"),
        ("broken", (), 1, "broken.yml"),
    ):
        done = company.drift(*arguments, inventory=tmp_path / f"{name}.yml")
        assert done.code == code, (name, done.output)
        assert words in " ".join(done.output.split()), (name, done.output)


@pytest.mark.any_series
def test_the_page_in_a_browser(company, odoo, browser):
    """Its summary, its filter, a row's before and after. The picture in docs/drift.md is taken here (POSTROOM_WRITE_DOCS=1)."""
    (server,) = odoo.execute("ir.mail_server", "search", [["smtp_user", "=", USERS[0]]])
    odoo.execute("ir.mail_server", "write", [server], {"smtp_port": 25, "smtp_pass": WRONG})
    odoo.make("ir.mail_server", name="Mine", smtp_host="smtp.foreign.example", smtp_user=USERS[1])
    left = {"mail_users_accounts": company.variables()["mail_users_accounts"][:1]}
    hosts = {"mydomain": {}, "mydomain_training": left, "shop": {"odoo_url": "http://127.0.0.1:9"}}
    done = company.drift(hosts=hosts)
    asked = []
    with watched(browser.new_page(viewport={"width": 1200, "height": 1000}, color_scheme="light")) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.goto((done.folder / "drift.html").as_uri())
        assert page.locator("#status").inner_text() == "Not everything was checked"
        assert "Cannot reach Odoo" in page.locator("#unchecked").inner_text()
        rows = page.locator(".row")
        total = done.report["summary"]["differences"]
        assert rows.count() == total == page.locator(".row:visible").count()

        page.fill("#words", "mydomain PORT")
        shown = page.locator(".row:visible")
        assert {row.get_attribute("data-kind") for row in shown.all()} == {"differs"}
        assert shown.count() == 2
        assert page.locator("#shown").inner_text() == f"2 of {total}"
        page.fill("#words", "")
        page.select_option("#host", "mydomain")
        page.select_option("#kind", "second_outgoing_server")
        assert page.locator(".row:visible").count() == 1
        page.select_option("#host", "")
        page.select_option("#kind", "")
        assert page.locator(".row:visible").count() == total

        port = page.locator(".row", has_text="port").first
        assert not port.locator(".body").is_visible()
        port.locator("summary").click()
        before, after = port.locator(".found pre").inner_text(), port.locator(".declared pre").inner_text()
        assert (before, after) == ("25", str(company.lab["ports"]["submission"]))
        assert "Run site.yml" in port.locator(".body").inner_text()
        if company.series == "19" and os.environ.get("POSTROOM_WRITE_DOCS"):
            page.screenshot(path=PICTURE, full_page=True, animations="disabled")
    assert asked == [(done.folder / "drift.html").as_uri()]
    assert PICTURE.stat().st_size < 200_000
    assert company.play("site.yml").code == 0


def github():
    workflow = yaml.safe_load((ROOT / "docs" / "ci" / "github-actions.yml").read_text())
    job = workflow["jobs"]["drift"]
    return job["env"], [step["run"] for step in job["steps"] if "run" in step]


def gitlab():
    job = yaml.safe_load((ROOT / "docs" / "ci" / "gitlab-ci.yml").read_text())["drift"]
    assert job["artifacts"]["reports"]["junit"] == job["variables"]["POSTROOM_DRIFT_REPORT_DIR"] + "/drift.xml"
    return job["variables"], job["script"]


def scenario():
    """Molecule's, which is a company's too."""
    (command,) = re.findall(r"POSTROOM_INVENTORY=\S+ (molecule test .*)", (ROOT / "docs" / "drift.md").read_text())
    return {}, [command]


@pytest.mark.any_series
@pytest.mark.parametrize("ci", [github, gitlab, scenario])
def test_what_runs_in_ci(company, odoo, tmp_path, ci):
    """As the files to copy have it, for an inventory with a vault."""
    settings, commands = ci()
    vault = tmp_path / "password"
    vault.write_text("vault-pw\n")
    secrets = tmp_path / "mine" / "group_vars" / "odoo_databases" / "vault.yml"
    secrets.parent.mkdir(parents=True)
    secret = company.database.secret
    variables = company.variables(**{f"odoo_{secret}": "{{ vault_odoo_secret }}"})
    (tmp_path / "mine" / "hosts.json").write_text(json.dumps({"odoo_databases": {"hosts": {"company": variables}}}))
    secrets.write_text(f"vault_odoo_secret: {company.database.connection[secret]}\n")
    tools = Path(sys.executable).parent
    subprocess.run([tools / "ansible-vault", "encrypt", "--vault-password-file", vault, secrets], check=True)

    told = {
        **settings,
        "POSTROOM_INVENTORY": str(tmp_path / "mine"),
        "POSTROOM_DRIFT_REPORT_DIR": str(tmp_path / "drift-report"),
        "PATH": f"{tools}:{os.environ['PATH']}",
        # What the service brings: a secret, a variable of the type File, a folder.
        **({"VAULT_PASSWORD": "vault-pw", "RUNNER_TEMP": str(tmp_path)} if ci is github else {}),
        **({"ANSIBLE_VAULT_PASSWORD_FILE": str(vault)} if ci is not github else {}),
        # Where this test itself runs below Molecule.
        "MOLECULE_EPHEMERAL_DIRECTORY": str(tmp_path / "molecule"),
    }

    def run():
        environment = plain_ansible(**told)
        script = ["bash", "-e", "-c", "\n".join(commands)]
        return subprocess.run(script, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)

    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    odoo.make("ir.mail_server", name="Mine", smtp_host="smtp.foreign.example", smtp_user=USERS[0])
    done = run()
    assert done.returncode == 2, done.stdout + done.stderr
    assert ET.parse(tmp_path / "drift-report" / "drift.xml").getroot().get("failures") == "1"
