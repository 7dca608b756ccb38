"""The check `odoo` of verify.yml on real databases: where each finding must appear, and where it must not."""

import pytest
from support import Database, run

from ansible_collections.postroom.odoo.plugins.plugin_utils.verify import odoo
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.findings import Findings

BOSS = "boss@mydomain.com"


class Healthy:
    """A database in which nothing is wrong, until a test breaks it."""

    def __init__(self, lab, series):
        self.database = Database(lab, series)
        self.major = self.database.major
        fetch = "mail" if self.major >= 16 else "fetchmail"
        self.send, self.fetch = (
            self._action("mail.ir_cron_mail_scheduler_action"),
            self._action(f"{fetch}.ir_cron_mail_gateway_action"),
        )
        self.client = self.database.odoo()
        self.domain()
        self.client.execute("ir.mail_server", "create", [{"name": "Shared", "smtp_host": "a", "smtp_user": BOSS}])
        self.mailbox = self.client.execute(
            "fetchmail.server", "create", [{"name": "Box", "server": "a", "user": BOSS, "server_type": "imap"}]
        )[0]
        partners = "UPDATE res_partner SET email = '{}' WHERE id = (SELECT partner_id FROM res_users WHERE login = 'admin');"
        self.database.sql(
            partners.format(BOSS)
            + f"UPDATE fetchmail_server SET state = 'done' WHERE id = {self.mailbox};"
            + f"UPDATE ir_config_parameter SET value = '{self.database.connection['url']}' WHERE key = 'web.base.url';"
            + f"UPDATE ir_cron SET active = true, nextcall = now() + interval '1 hour' WHERE id IN ({self.send}, {self.fetch});"
        )

    def domain(self):
        result = self.database.run(
            "alias_domains", [{"name": "mydomain.com", "catchall": "catchall", "bounce": "bounce", "default_from": "boss"}]
        )
        assert not result.get("failed"), result

    def _action(self, name):
        module, name = name.split(".")
        (number,) = self.database.values(f"SELECT res_id FROM ir_model_data WHERE module = '{module}' AND name = '{name}'")
        return number

    def check(self, url=None, **options):
        info = run("mail_info", {**self.database.connection, **options})
        assert not info.get("failed"), info
        findings = Findings()
        odoo.check(info, url or self.database.connection["url"], 7, findings)
        return findings.result()

    def found(self, **options):
        return {(each["rule"], each["subject"].split()[0], each["level"]) for each in self.check(**options)["findings"]}


@pytest.fixture(scope="module")
def healthy(lab, series):
    made = Healthy(lab, series)
    yield made
    made.database.drop()


@pytest.fixture
def broken(healthy):
    """Function that changes the database by SQL, and puts it back after the test."""
    undo = []

    def change(do, undone):
        undo.append(undone)
        healthy.database.sql(do)

    yield change
    for each in reversed(undo):
        healthy.database.sql(each)
    assert healthy.found() == set()


def test_nothing_is_wrong(healthy):
    before = healthy.database.fingerprints()
    found = healthy.check()
    healthy.database.assert_as(before, "mail_info wrote")
    assert found["findings"] == []
    assert {each["subject"] for each in found["looked_at"]} >= {"database", "user admin", "incoming mail server Box"}
    assert len([each for each in found["looked_at"] if each["subject"].startswith("scheduled action")]) == 2


@pytest.mark.parametrize("which", ["send", "fetch"])
def test_a_scheduled_action_that_does_not_run(healthy, broken, which):
    number = getattr(healthy, which)
    reset = f"UPDATE ir_cron SET active = true, nextcall = now() + interval '1 hour' WHERE id = {number}"
    broken(f"UPDATE ir_cron SET active = false WHERE id = {number}", reset)
    assert healthy.found() == {("action_inactive", "scheduled", "error")}
    broken(f"UPDATE ir_cron SET active = true, nextcall = now() - interval '2 days' WHERE id = {number}", reset)
    assert healthy.found() == {("action_overdue", "scheduled", "error")}
    # Late by less than its interval and a quarter of an hour is not overdue.
    broken(f"UPDATE ir_cron SET nextcall = now() - interval '14 minutes' WHERE id = {number}", reset)
    assert healthy.found() == set()


def test_a_scheduled_action_that_fails(healthy, broken):
    if healthy.major < 18:
        assert healthy.database.values("SELECT 1 FROM information_schema.columns WHERE column_name = 'failure_count'") == []
        return
    broken(
        f"UPDATE ir_cron SET failure_count = 3 WHERE id = {healthy.send}",
        f"UPDATE ir_cron SET failure_count = 0 WHERE id = {healthy.send}",
    )
    assert healthy.found() == {("action_failing", "scheduled", "error")}


def test_an_action_that_was_removed(healthy, broken):
    where = "WHERE module = 'mail' AND name = '{}ir_cron_mail_scheduler_action'"
    broken(
        "UPDATE ir_model_data SET name = 'x_ir_cron_mail_scheduler_action' " + where.format(""),
        "UPDATE ir_model_data SET name = 'ir_cron_mail_scheduler_action' " + where.format("x_"),
    )
    assert healthy.found() == {("action_inactive", "scheduled", "error")}


def test_nothing_to_fetch_needs_no_action(healthy, broken):
    """Odoo disables the action when no server is confirmed."""
    broken(
        f"UPDATE ir_cron SET active = false WHERE id = {healthy.fetch};"
        f"UPDATE fetchmail_server SET active = false WHERE id = {healthy.mailbox}",
        f"UPDATE ir_cron SET active = true WHERE id = {healthy.fetch};"
        f"UPDATE fetchmail_server SET active = true WHERE id = {healthy.mailbox}",
    )
    assert healthy.found() == set()


def test_the_queue(healthy, broken):
    def mail(**values):
        return healthy.client.execute("mail.mail", "create", [{"subject": "x", "email_to": "a@b.example", **values}])[0]

    waiting, scheduled, refused, other = mail(), mail(), mail(), mail()
    everything = f"({waiting}, {scheduled}, {refused}, {other})"
    broken("SELECT 1", f"DELETE FROM mail_mail WHERE id IN {everything}")
    failed = "UPDATE mail_mail SET state = 'exception', failure_reason = '553 {} not allowed' WHERE id = {}"
    healthy.database.sql(failed.format("a@b.example", refused) + ";" + failed.format("c@d.example", other))
    # None waits for long.
    assert healthy.found() == {("mails_failed", "queue", "warning")}
    (found,) = healthy.check()["findings"]
    assert found["found"] == "2 mails: 553 <address> not allowed"
    healthy.database.sql(
        f"UPDATE mail_mail SET create_date = now() - interval '3 hours' WHERE id IN ({waiting}, {scheduled});"
        f"UPDATE mail_mail SET write_date = now() - interval '8 days' WHERE id IN ({refused}, {other});"
        f"UPDATE mail_mail SET scheduled_date = to_char(now() + interval '1 day', 'YYYY-MM-DD HH24:MI:SS')"
        f"{'::timestamp' if healthy.major >= 15 else ''} WHERE id = {scheduled}"
    )
    assert healthy.found() == {("mails_waiting", "queue", "error")}
    (found,) = healthy.check()["findings"]
    assert found["found"].startswith("1 mails wait, the oldest since 20")
    assert healthy.found(waiting_minutes=240) == set()


def test_incoming_servers(healthy, broken):
    broken(
        f"UPDATE fetchmail_server SET state = 'draft' WHERE id = {healthy.mailbox}",
        f"UPDATE fetchmail_server SET state = 'done' WHERE id = {healthy.mailbox}",
    )
    assert healthy.found() == {("incoming_unconfirmed", "incoming", "error")}
    healthy.database.sql(f"UPDATE fetchmail_server SET state = 'done' WHERE id = {healthy.mailbox}")
    if healthy.database.values("SELECT 1 FROM information_schema.columns WHERE column_name = 'error_message'"):
        broken(
            f"UPDATE fetchmail_server SET error_date = now(), error_message = 'no such login' WHERE id = {healthy.mailbox}",
            f"UPDATE fetchmail_server SET error_date = NULL, error_message = NULL WHERE id = {healthy.mailbox}",
        )
        assert healthy.found() == {("incoming_failing", "incoming", "error")}
    else:
        assert healthy.major < 17


def test_no_outgoing_server(healthy, broken):
    broken("UPDATE ir_mail_server SET active = false", "UPDATE ir_mail_server SET active = true")
    assert healthy.found() == {("outgoing_missing", "outgoing", "error")}


def test_users(healthy, broken):
    admin = "WHERE id = (SELECT partner_id FROM res_users WHERE login = 'admin')"
    broken(f"UPDATE res_partner SET email = NULL {admin}", f"UPDATE res_partner SET email = '{BOSS}' {admin}")
    assert healthy.found() == {("user_without_address", "user", "warning")}
    healthy.database.sql(f"UPDATE res_partner SET email = '{BOSS}' {admin}")

    second = healthy.client.execute("res.users", "create", [{"login": "second", "name": "Second", "email": BOSS.upper()}])[0]
    broken("SELECT 1", f"UPDATE res_users SET active = false WHERE id = {second}")
    assert healthy.found() == {("users_with_one_address", "user", "warning")}
    partner = f"(SELECT partner_id FROM res_users WHERE id = {second})"
    healthy.database.sql(f"UPDATE res_partner SET email = 'second@other.example' WHERE id = {partner}")
    if healthy.major >= 15:
        # An empty filter is for everybody.
        assert healthy.found() == set()
        broken("UPDATE ir_mail_server SET from_filter = 'mydomain.com'", "UPDATE ir_mail_server SET from_filter = NULL")
    assert healthy.found() == {("user_without_server", "user", "warning")}


def test_an_alias_with_the_catchalls_address(healthy, broken):
    for name in ("catchall", "bounce"):
        # Odoo refuses it where it notices.
        link = ", alias_domain_id, alias_full_name" if healthy.major >= 17 else ""
        value = f", (SELECT id FROM mail_alias_domain), '{name}@mydomain.com'" if healthy.major >= 17 else ""
        broken(
            f"INSERT INTO mail_alias (alias_name, alias_model_id, alias_defaults, alias_contact{link}"
            f"{', alias_user_id' if healthy.major < 17 else ''}) SELECT '{name}', id, '{{}}', 'everyone'{value}"
            f"{', 2' if healthy.major < 17 else ''} FROM ir_model WHERE model = 'res.partner'",
            f"DELETE FROM mail_alias WHERE alias_name = '{name}'",
        )
        assert healthy.found() == {("alias_is_special", "alias", "error")}
        healthy.database.sql(f"DELETE FROM mail_alias WHERE alias_name = '{name}'")


def test_the_url(healthy):
    port = healthy.database.server["port"]
    assert healthy.found(url=f"https://127.0.0.1:{port}") == {("base_url", "database", "warning")}
    assert healthy.found(url=f"http://127.0.0.1:{port}/") == set()
    assert healthy.found(url="http://127.0.0.1:port") == {("base_url", "database", "warning")}


def test_a_neutralized_copy(healthy, broken):
    broken(
        "INSERT INTO ir_config_parameter (key, value) VALUES ('database.is_neutralized', 'true')",
        "DELETE FROM ir_config_parameter WHERE key = 'database.is_neutralized'",
    )
    assert healthy.found() == {("odoo_neutralized", "database", "warning")}


def test_a_neutralized_copy_of_an_older_series(healthy, broken):
    """The evidence is what marks the copy."""
    broken("UPDATE ir_mail_server SET smtp_host = 'invalid'", "UPDATE ir_mail_server SET smtp_host = 'a'")
    found = [each["found"] for each in healthy.check()["findings"] if each["rule"] == "odoo_neutralized"]
    assert found == (["outgoing mail server Shared with host invalid"] if healthy.major < 16 else [])


def test_the_clock(healthy):
    """Odoo's clock is this machine's, so that another time is put into what Odoo answered."""
    info = run("mail_info", healthy.database.connection)
    assert abs(info["clock_offset"]) < 30
    for offset, expected in ((61.0, ["odoo_clock"]), (-3600.0, ["odoo_clock"]), (59.0, [])):
        findings = Findings()
        odoo.check({**info, "clock_offset": offset}, healthy.database.connection["url"], 7, findings)
        assert [each["rule"] for each in findings.result()["findings"]] == expected


def test_a_database_without_mail(new_database):
    database = new_database("base")
    info, findings = run("mail_info", database.connection), Findings()
    odoo.check(info, info["base_url"], 7, findings)
    assert [each["rule"] for each in findings.result()["findings"]] == ["mail_missing"]
