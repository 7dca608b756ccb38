"""Records made by hand that mean the same as the inventory: taken over, not joined by a second, and the run says which."""

import pytest
from company import Company

OTHERS = {"name": "Other", "server": "imap.other.example", "user": "adopted@mydomain.com", "server_type": "imap"}


@pytest.fixture
def company(database, tmp_path):
    made = Company(database, tmp_path)
    provider = made.variables["mail_provider"]
    made.variables["mail_provider"] = {
        "smtp": {**provider["smtp"], "host": "smtp.mydomain.com"},
        "imap": {**provider["imap"], "host": "imap.mydomain.com"},
    }
    return made


@pytest.mark.parametrize("state", ["in use", "archived", "without a login"])
def test_what_was_made_by_hand_is_taken_over(company, state):
    database = company.database
    client = database.odoo()
    accounts = [company.account("adopted"), company.account("staying")]
    login = "" if state == "without a login" else "Adopted@MyDomain.com "
    name = "Adopted@mydomain.com" if state == "without a login" else "Smith"
    active = state != "archived"
    made = {
        "user": client.env["res.users"].create({"name": "By Hand", "login": "Adopted@mydomain.com", "active": True}),
        "incoming": client.env["fetchmail.server"].create(
            {"name": name, "server": " IMAP.mydomain.com", "user": login, "active": active}
        ),
        "outgoing": client.env["ir.mail_server"].create(
            {"name": name, "smtp_host": "SMTP.MyDomain.com", "smtp_user": login, "smtp_port": 2525, "active": active}
        ),
    }
    client.env["res.users"].browse(made["user"]).write({"active": active})
    # The same login with another provider is another mailbox.
    client.env["fetchmail.server"].create(OTHERS)

    foretold, done, again = company.settles("site.yml", accounts=accounts)
    adopted = (
        f"Adopted existing users: adopted@mydomain.com (id {made['user']})",
        f"Adopted existing incoming mail servers: adopted@mydomain.com on imap.mydomain.com (id {made['incoming']})",
        f"Adopted existing outgoing mail servers: adopted@mydomain.com (id {made['outgoing']})",
    )
    for run in (foretold, done):
        assert all(line in " ".join(run.output.split()) for line in adopted)
    assert "Adopted existing" not in again.output
    database.sql("DELETE FROM fetchmail_server WHERE server = 'imap.other.example'")
    adopted = company.people()["adopted@mydomain.com"]
    assert {kind: row["id"] for kind, row in adopted.items()} == made
    assert all(row["active"] for row in adopted.values())
    assert adopted["incoming"]["state"] == "done"
    assert adopted["incoming"]["host"] == "imap.mydomain.com"


def test_two_that_mean_the_same_are_named(company):
    client = company.database.odoo()
    values = {"name": "Smith", "smtp_host": "smtp.mydomain.com", "smtp_user": "twice@mydomain.com"}
    ids = [client.env["ir.mail_server"].create({**values, "name": name}) for name in ("One", "Two")]
    run = company.play("site.yml", accounts=[company.account("twice")])
    assert run.status != 0
    words = " ".join(run.output.split())
    assert f"IDs {ids[0]} (One) and {ids[1]} (Two)" in words
