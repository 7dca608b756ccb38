"""playbooks/verify.yml: how it ends, what it reports, and that it writes nothing."""

import json

import pytest
from browser import watched
from company import open_mailbox
from inventory import mail_of
from odd_servers import silent_server
from playbook import run_playbook
from reported import Reported
from support import Database

USER = "newuser@mydomain.com"
WRONG = "wr0ng-unusual-p4ss"
OUTSIDE = json.dumps({"verify_checks": ["connections"]})


class Outcome(Reported):
    kind = "verify"

    def rules(self, name="company"):
        return sorted({each["rule"] for each in self.host(name)["findings"]})


class Company:
    """A database and its inventory."""

    def __init__(self, lab, series, folder):
        self.lab, self.folder = lab, folder
        self.database = Database(lab, series)
        self.runs = 0

    def variables(self, **changes):
        connection = {f"odoo_{name}": value for name, value in self.database.connection.items()}
        return {
            **connection,
            **mail_of(self.lab),
            "mail_users_accounts": [{"name": "New User", "email": USER}],
            "verify_ca_path": self.lab["ca_file"],
            "verify_resolvers": [f"127.0.0.1:{self.lab['ports']['dns']}"],
            "verify_dkim_selectors": {"mydomain.com": ["lab"]},
            **changes,
        }

    def verify(self, *arguments, hosts=None, inventory=None):
        """Run the playbook for `hosts` ({name: what differs from this company's variables})."""
        self.runs += 1
        folder = self.folder / str(self.runs)
        folder.mkdir()
        if inventory is None:
            listed = {name: self.variables(**changes) for name, changes in (hosts or {"company": {}}).items()}
            inventory = {"odoo_databases": {"hosts": listed}}
        (folder / "hosts.json").write_text(json.dumps(inventory))
        told = ("-e", json.dumps({"verify_report_dir": str(folder)}))
        done = run_playbook("-i", folder / "hosts.json", "playbooks/verify.yml", *told, *arguments, COLUMNS="1000")
        return Outcome(done.returncode, done.stdout + done.stderr, folder)


@pytest.fixture(scope="module")
def company(lab, series, tmp_path_factory):
    company = Company(lab, series, tmp_path_factory.mktemp("runs"))
    yield company
    company.database.drop()


@pytest.mark.any_series
def test_all_is_well(company):
    before = company.database.fingerprints()
    done = company.verify("-e", json.dumps({"verify_checks": ["connections", "dns"], "verify_at_a_time": 2}))
    assert done.code == 0, done.output
    company.database.assert_as(before, "verify.yml wrote")
    host = done.host()
    assert (host["status"], host["not_checked"], host["reasons"]) == ("well", [], [])
    assert done.rules() == ["mta_sts_missing", "sender_strict"]
    # Each port once, each mailbox at each of its servers.
    ports = company.lab["ports"]
    smtp, imap = (f"{kind} 127.0.0.1:{ports[port]}" for kind, port in (("SMTP", "submission"), ("IMAP", "imaps")))
    mailboxes = {f"{login} at {imap}" for login in (USER, "catchall@mydomain.com", "bounce@mydomain.com")}
    mailboxes |= {f"{login} at {smtp}" for login in (USER, "catchall@mydomain.com")}
    assert {each["subject"] for each in host["looked_at"]} == {smtp, imap, "mydomain.com"} | mailboxes
    # Progress, as there are more logins than are tried at a time.
    assert "[company] verify: 5 of 5 logins were tried" in done.output
    assert (done.suites.get("tests"), done.suites.get("failures"), done.suites.get("errors")) == ("8", "0", "0")
    assert "All is well" in (done.folder / "verify.html").read_text()
    assert "All is well: 0 errors, 0 warnings, 2 remarks" in done.output
    # It is no comparison, and nothing that was not done.
    assert "DRIFT" not in done.output
    assert "NOT DONE" not in done.output


def test_after_site(company):
    """Everything that site.yml sets up is well, on each series; what the lab has not got is a worker for scheduled actions."""
    inventory = company.folder / "hosts.json"
    inventory.write_text(json.dumps({"odoo_databases": {"hosts": {"company": company.variables()}}}))
    done = run_playbook("-i", inventory, "site.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    url = company.database.connection["url"]
    company.database.sql(
        f"UPDATE ir_config_parameter SET value = '{url}' WHERE key = 'web.base.url';"
        "UPDATE ir_cron SET nextcall = now() + interval '1 hour';"
        "UPDATE res_partner SET email = 'catchall@mydomain.com'"
        " WHERE id = (SELECT partner_id FROM res_users WHERE login = 'admin')"
    )
    before = company.database.fingerprints()
    done = company.verify()
    company.database.assert_as(before, "verify.yml wrote")
    assert done.code == 0, done.output
    host = done.host()
    assert done.rules() == ["mta_sts_missing", "sender_strict"], done.output
    assert (host["url"], host["database"], host["series"]) == (url, company.database.name, f"{company.database.major}.0")
    assert {each["check"] for each in host["looked_at"]} == {"connections", "dns", "odoo"}
    assert_round_trip(company)
    # Somebody stops the queue by hand.
    company.database.sql("UPDATE ir_cron SET active = false")
    done = company.verify("-e", json.dumps({"verify_checks": ["odoo"]}))
    assert (done.code, done.rules()) == (2, ["action_inactive"]), done.output


def assert_round_trip(company):
    """The user's mail goes to a customer and back, by the playbook; with --check, nothing is sent."""
    customer, ports = "verified@customer.example", company.lab["ports"]
    echo = {
        "email": customer,
        "password": open_mailbox(customer),
        "imap": {"host": "127.0.0.1", "port": ports["imaps"]},
        "smtp": {"host": "127.0.0.1", "port": ports["submission"]},
    }
    told = ("-e", "round_trip=true", "-e", json.dumps({"verify_checks": [], "verify_echo": echo}))
    done = company.verify(*told)
    if company.database.major == 14:
        # Without the addon, Odoo 14 sends all mail through the first server.
        assert (done.code, done.rules()) == (2, ["trip_refused"]), done.output
        assert "553" in done.host()["findings"][0]["found"]
    else:
        assert (done.code, done.rules()) == (0, ["trip_done", "trip_not_judged", "trip_reply_to_catchall"]), done.output
        assert done.host()["looked_at"] == [{"check": "round_trip", "subject": f"round trip of {USER}", "status": "well"}]
        assert f"round trip of {USER}: received by {customer} after" in done.output
    assert echo["password"] not in done.written()
    assert company.database.values("SELECT name FROM ir_model_data WHERE module = '__postroom_verify__'") == []
    done = company.verify(*told, "--check")
    assert (done.code, done.rules()) == (4, []), done.output
    assert "check mode sends no mail" in done.output


@pytest.mark.any_series
def test_round_trip_variables_that_are_wrong(company):
    """Nothing is checked, and nothing written."""
    for variables, words in (
        ({"verify_round_trip_users": ["ghost@mydomain.com"]}, "addresses of no user of the inventory: ghost@mydomain.com"),
        ({"verify_echo": "ghost@mydomain.com"}, "the inventory has no mailbox ghost@mydomain.com"),
        ({"verify_round_trip_user": [USER]}, "did you mean verify_round_trip_users?"),
    ):
        done = company.verify("-e", "round_trip=true", hosts={"company": variables})
        assert done.code == 4, done.output
        assert words in done.output


@pytest.mark.any_series
def test_something_is_wrong(company):
    """Of two databases one is well; every finding has its reasons, and no secret is told."""
    changes = {"mail_users_passwords": {USER: WRONG}}
    done = company.verify("-e", OUTSIDE, "-v", hosts={"company": changes, "other": {}})
    assert done.code == 2, done.output
    assert (done.host()["status"], done.host("other")["status"]) == ("wrong", "well")
    refused = [each for each in done.host()["findings"] if each["level"] == "error"]
    assert {(each["rule"], each["subject"].split(" at ")[0]) for each in refused} == {("login_refused", USER)}
    assert len(refused) == 2
    assert done.suites.get("failures") == "2"
    assert "login_refused: the server rejects the login of a mailbox" in done.output
    assert "NOT DONE" not in done.output
    for secret in (WRONG, company.database.connection[company.database.secret]):
        assert secret not in done.written()


@pytest.mark.any_series
def test_what_cannot_be_checked_is_not_well(company):
    """A server that does not answer, a database with bad variables: 4, and the others are checked all the same."""
    with silent_server() as port:
        silent = {
            "mail_provider": {**company.variables()["mail_provider"], "imap": {"host": "127.0.0.1", "port": port, "ssl": True}}
        }
        hosts = {"company": {"mail_users_passwords": {USER: WRONG}}, "silent": silent, "bad": {"mail_domain_name": "no domain"}}
        done = company.verify("-e", OUTSIDE, "-e", "verify_timeout=1", hosts=hosts)
    assert done.code == 4, done.output
    assert {host["host"]: host["status"] for host in done.report["hosts"]} == {
        "company": "wrong",
        "silent": "not_checked",
        "bad": "not_checked",
    }
    (missing,) = done.host("silent")["not_checked"]
    assert missing["subject"] == f"IMAP 127.0.0.1:{port}"
    assert missing["reason"].startswith("no answer within 1 seconds")
    assert missing["reason"].endswith("mailboxes that were not tried: 3")
    (reason,) = done.host("bad")["reasons"]
    assert reason.startswith("mail_domain_name is not a domain")
    assert done.suites.get("errors") == "2"
    assert "NOT CHECKED" in done.output
    assert "NOT DONE" not in done.output


@pytest.mark.any_series
def test_an_odoo_that_cannot_be_reached(company):
    """The connections are in the report all the same."""
    checks = {"verify_checks": ["connections", "odoo"]}
    done = company.verify("-e", json.dumps(checks), hosts={"company": {"odoo_url": "http://127.0.0.1:9"}})
    assert (done.code, done.rules()) == (4, ["sender_strict"]), done.output
    (missing,) = done.host()["not_checked"]
    assert (missing["check"], missing["subject"]) == ("odoo", "database")
    assert "Cannot reach Odoo" in missing["reason"]


@pytest.mark.any_series
def test_domains_that_are_wrong(company):
    nowhere = {"mail_domain_name": "nowhere.example", "mail_domain_passwords": {"catchall": "x1", "bounce": "x2"}}
    done = company.verify("-e", json.dumps({"verify_checks": ["dns"]}), hosts={"company": nowhere})
    assert (done.code, done.rules()) == (2, ["domain_unknown", "mta_sts_missing"]), done.output
    unreached = {"verify_resolvers": ["127.0.0.1:9"], "verify_dns_timeout": 1}
    done = company.verify("-e", json.dumps({"verify_checks": ["dns"]}), hosts={"company": unreached})
    assert (done.code, done.rules()) == (4, []), done.output


@pytest.mark.any_series
def test_an_inventory_without_databases(company):
    done = company.verify(inventory={"all": {"hosts": {"lonely": {"ansible_connection": "local"}}}})
    assert done.code == 4, done.output
    assert "no host in the group odoo_databases" in " ".join(done.output.split())


@pytest.mark.any_series
def test_a_check_that_does_not_exist(company):
    done = company.verify("-e", json.dumps({"verify_checks": ["conections"]}))
    assert done.code == 4, done.output
    assert "conections" in done.output


@pytest.mark.any_series
def test_a_variable_that_does_not_exist(company):
    done = company.verify(hosts={"company": {"verify_dkim_selector": {"mydomain.com": ["lab"]}}})
    assert done.code == 4, done.output
    assert "did you mean verify_dkim_selectors?" in done.output


@pytest.mark.any_series
def test_fifty_databases(company):
    """As many at a time as forks allows, and each in the report."""
    hosts = {f"database{number:02}": {} for number in range(50)}
    hosts["database07"] = {"odoo_url": "http://127.0.0.1:9"}
    checks = {"verify_checks": ["connections", "odoo"]}
    done = company.verify("-e", json.dumps(checks), "--forks", "10", hosts=hosts)
    assert done.code == 4, done.output
    statuses = {host["host"]: host["status"] for host in done.report["hosts"]}
    assert statuses.keys() == hosts.keys()
    assert [name for name, status in statuses.items() if status == "not_checked"] == ["database07"]


@pytest.mark.any_series
def test_a_report_that_cannot_be_written(company):
    """It is not lost unseen."""
    done = company.verify("-e", OUTSIDE, "-e", "verify_report_dir=/proc/nowhere")
    assert "No report can be written to /proc/nowhere" in done.output
    assert done.code == 4, done.output


@pytest.mark.any_series
def test_the_page_in_a_browser(company, browser):
    done = company.verify("-e", OUTSIDE, hosts={"company": {"mail_users_passwords": {USER: WRONG}}})
    with watched(browser.new_page()) as page:
        page.goto((done.folder / "verify.html").as_uri())
        assert page.locator("#status").inner_text() == "Something is wrong"
        assert page.locator(".row:visible").count() == 3
        page.select_option("#kind", "error")
        assert page.locator(".row:visible").count() == 2
        page.locator(".row:visible summary").first.click()
        assert "Odoo cannot log in as this mailbox" in page.locator(".row[open]").inner_text()
