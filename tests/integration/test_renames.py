"""A changed address or a changed host: the records are changed, none is left behind and none is created."""

import pytest
from company import Company, open_mailbox


@pytest.fixture
def company(database, tmp_path):
    return Company(database, tmp_path)


OLD, NEW, OTHER = "old@mydomain.com", "new@mydomain.com", "other@mydomain.com"
KINDS = {
    "users": ("res_users", "login", {"name": "Same Name"}),
    "outgoing_mail_servers": ("ir_mail_server", "smtp_user", {"host": "smtp.mydomain.com", "password": "p4ss-w0rd-x"}),
    "incoming_mail_servers": ("fetchmail_server", '"user"', {"host": "imap.mydomain.com", "password": "p4ss-w0rd-x"}),
}


def mails_to(database, address):
    return database.value(f"SELECT count(*) FROM mail_mail WHERE email_to LIKE '%{address}%'")


@pytest.mark.parametrize("module", KINDS)
def test_a_record_is_renamed(database, module):
    table, column, values = KINDS[module]
    database.ok(module, [{"login": login, **values} for login in (OLD, OTHER)])
    before = {row["login"]: row["id"] for row in database.rows(f"SELECT {column} AS login, id FROM {table}")}
    # Another record changes in the same run, and keeps its login.
    items = [{"login": NEW, "previous_login": OLD.upper(), **values}, {"login": OTHER, **values, "name": "Renamed Other"}]
    done = database.converge(module, items)
    assert done["counts"] == {"created": 0, "updated": 2, "adopted": 0, "deleted": 0, "unchanged": 0}
    (renamed,) = [label for label in done["diff"]["after"] if label.startswith(NEW)]
    assert (done["diff"]["before"][renamed]["login"], done["diff"]["after"][renamed]["login"]) == (OLD, NEW)
    after = {row["login"]: row["id"] for row in database.rows(f"SELECT {column} AS login, id FROM {table}")}
    assert after == {NEW if login == OLD else login: number for login, number in before.items()}
    # 17 and later write to a user whose login is written, were it the same.
    assert mails_to(database, OTHER) == 0
    # The former login may be somebody else's from now on.
    done = database.converge(module, [items[0], {"login": OLD, **values}])
    assert (done["counts"]["created"], done["counts"]["unchanged"]) == (1, 1)


@pytest.mark.parametrize("module", KINDS)
def test_what_cannot_be_renamed_is_refused(database, module):
    _, _, values = KINDS[module]
    database.ok(module, [{"login": login, **values} for login in (OLD, NEW)])
    refused = database.refuses(module, [{"login": OTHER, **values}, {"login": NEW, "previous_login": OLD, **values}])
    assert [each["index"] for each in refused["problems"]] == [1]
    assert f"{OLD} (id " in refused["msg"].replace(" on imap.mydomain.com", "")
    assert f"{NEW} (id " in refused["msg"].replace(" on imap.mydomain.com", "")
    assert ", exist; remove one of them" in refused["msg"]
    refused = database.refuses(
        module, [{"login": OLD, "previous_login": NEW, **values}, {"login": NEW, "previous_login": OLD, **values}]
    )
    assert [(each["index"], each["option"]) for each in refused["problems"]] == [(0, "previous_login"), (1, "previous_login")]


def test_an_account_is_renamed(company):
    """In the inventory: the user, both servers, and what is named after the address."""
    database = company.database
    staying, leaving = company.account("staying"), company.account("maiden")
    married = company.account("married", name="Maiden", previous_email="maiden@mydomain.com")
    company.succeeds("site.yml", accounts=[staying, leaving])
    before = company.people()
    # What the records are called stays; that a connection is tried is noted on them, and leaves its time.
    names = """SELECT id, name, model, res_id, noupdate FROM ir_model_data
               WHERE module = '__postroom__' AND model <> 'ir.model.data' ORDER BY id"""
    untouched = database.rows(names)
    foretold, done, _ = company.settles("site.yml", accounts=[staying, married])
    for run in (foretold, done):
        # The user, the incoming server and the outgoing server.
        assert run.changed == 3, run.output
        assert "maiden@mydomain.com" in run.output
    after = company.people()
    assert after.keys() == before.keys() - {"maiden@mydomain.com"} | {"married@mydomain.com"}
    renamed = {"maiden@mydomain.com": "married@mydomain.com"}
    for login, kinds in before.items():
        expected = {kind: {key: renamed.get(value, value) for key, value in row.items()} for kind, row in kinds.items()}
        assert after[renamed.get(login, login)] == expected
    assert database.rows(names) == untouched
    if database.major >= 15:
        filters = database.values("SELECT from_filter FROM ir_mail_server WHERE smtp_user = 'married@mydomain.com'")
        assert filters == ["married@mydomain.com"]
    # Both there: nothing is written.
    open_mailbox("second@mydomain.com")
    company.succeeds("site.yml", accounts=[company.account("second")])
    words = company.refused("site.yml", accounts=[staying, company.account("second", previous_email="married@mydomain.com")])
    assert "second@mydomain.com (id " in words
    assert "married@mydomain.com (id " in words
    # A mistake in the list is told before the first role writes.
    for accounts in (
        [dict(married, previous_email="x")],
        [dict(married, previous_email=married["email"])],
        [married, dict(staying, previous_email=leaving["email"])],
    ):
        words = company.refused("site.yml", accounts=accounts)
        assert "mail_users_accounts, previous_email must be a valid, unique address" in words


def test_mailboxes_follow_the_provider_to_another_host(company):
    """Those of the users and those of the domain."""
    accounts = [company.account("staying")]
    company.succeeds("site.yml", accounts=accounts)
    by_hand = company.database.odoo().env["fetchmail.server"]
    by_hand.create({"name": "By hand", "server": "127.0.0.1", "user": "hand@mydomain.com", "server_type": "imap"})
    before = company.people()
    provider = company.variables["mail_provider"]
    company.variables["mail_provider"] = {kind: {**values, "host": "imap.mydomain.com"} for kind, values in provider.items()}
    _, done, _ = company.settles("site.yml", accounts=accounts)
    assert done.changed == 4, done.output
    after = company.people()
    hosts = {login: kinds["incoming"].pop("host") for login, kinds in after.items() if "incoming" in kinds}
    assert hosts.pop("hand@mydomain.com") == "127.0.0.1"
    assert set(hosts.values()) == {"imap.mydomain.com"}
    assert len(hosts) == 3
    ids = {login: {kind: row["id"] for kind, row in kinds.items()} for login, kinds in before.items()}
    assert {login: {kind: row["id"] for kind, row in kinds.items()} for login, kinds in after.items()} == ids
    assert {row["state"] for login, kinds in after.items() for kind, row in kinds.items() if "host" in kind} <= {"done"}
