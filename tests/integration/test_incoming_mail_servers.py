"""Incoming mail servers, from the first to the last. What confirms them is in test_provider.py."""

import pytest
from support import changed_tables, tables_only

COLUMNS = {
    "name": "s.name",
    "type": "server_type",
    "host": "server",
    "port": "port",
    "ssl": "is_ssl",
    "login": 's."user"',
    "password": "password",
    "model": "m.model",
    "keep_attachments": "attach",
    "keep_original": "original",
    "priority": "priority",
    "active": "active",
    "confirmed": "s.state",
}
UPDATES = (
    ("name", "Renamed"),
    ("type", "pop"),
    ("port", 2993),
    ("ssl", True),
    ("password", "other-p4ssword"),
    ("password", ""),
    ("model", "res.partner"),
    ("model", ""),
    ("keep_attachments", False),
    ("keep_original", True),
    ("priority", 1),
    ("active", False),
    ("confirmed", False),
)


def servers(database):
    """The servers as Odoo's table has them, by option."""
    chosen = ", ".join(f"{column} AS {option}" for option, column in COLUMNS.items())
    found = database.rows(f"SELECT {chosen} FROM fetchmail_server s LEFT JOIN ir_model m ON m.id = s.object_id ORDER BY s.id")
    return [{**row, "confirmed": row["confirmed"] == "done"} for row in found]


def said(row):
    """A row as Odoo tells it: what is null in the table is 0 or false there, and empty text is null."""
    return {option: value or None for option, value in row.items()}


def test_life(database):
    """Each option is changed on a server of its own: that server changes in that option, no other in any."""
    logins = [f"user{number}@mydomain.com" for number in range(len(UPDATES))]
    first = {"host": "imap.mydomain.com", "password": "f1rst-password", "model": "res.users"}
    done = database.converge("incoming_mail_servers", [{"login": login, **first} for login in logins])
    assert done["counts"] == {"created": len(logins), "updated": 0, "adopted": 0, "deleted": 0, "unchanged": 0}
    assert done["changes"][0]["items"][0] == "user0@mydomain.com on imap.mydomain.com"
    before = {each["login"]: each for each in servers(database)}
    expected = {**first, "type": "imap", "port": 143, "priority": 5, "active": True}
    expected.update(confirmed=False, keep_attachments=True)
    for login in logins:
        assert before[login].items() >= {**expected, "name": login}.items()
        assert not before[login]["ssl"]
        assert not before[login]["keep_original"]

    # As if Odoo had confirmed it: to be taken back.
    database.sql(f"UPDATE fetchmail_server SET state = 'done' WHERE \"user\" = '{logins[-1]}'")
    before[logins[-1]]["confirmed"] = True
    items = [
        {"host": "imap.mydomain.com", "login": login, option: value}
        for login, (option, value) in zip(logins, UPDATES, strict=True)
    ]
    done = database.converge("incoming_mail_servers", items)
    after = {each["login"]: each for each in servers(database)}
    for login, (option, value) in zip(logins, UPDATES, strict=True):
        assert said(after[login]) == said({**before[login], option: value})
        assert done["diff"]["after"][f"{login} on imap.mydomain.com"].keys() == {option}
    assert "other-p4ssword" not in str(done)

    gone = [{"host": "IMAP.mydomain.com", "login": login} for login in logins]
    done = database.converge("incoming_mail_servers", gone, state="deleted")
    assert done["counts"]["deleted"] == len(logins)
    assert servers(database) == []


def test_ports_and_a_server_without_connection(database):
    """A new server gets its protocol's port; a local one has no host, login or port, and is known by its name."""
    items = [
        {"host": "h", "login": "a", "type": "imap"},
        {"host": "h", "login": "b", "type": "imap", "ssl": True},
        {"host": "h", "login": "c", "type": "pop"},
        {"host": "h", "login": "d", "type": "pop", "ssl": True},
        {"name": "Local", "type": "local"},
    ]
    database.converge("incoming_mail_servers", items)
    assert [each["port"] or 0 for each in servers(database)] == [143, 993, 110, 995, 0]
    assert servers(database)[-1].items() >= {"name": "Local", "type": "local", "host": None, "login": None}.items()


def test_one_login_on_two_hosts(database):
    """Host and login together name a server."""
    items = [{"host": host, "login": "a@b.example", "password": host} for host in ("one.example", "two.example")]
    database.converge("incoming_mail_servers", items)
    done = database.converge("incoming_mail_servers", [{"host": "two.example", "login": "a@b.example", "priority": 1}])
    assert done["changes"] == [{"action": "updated", "options": ["priority"], "items": ["a@b.example on two.example"]}]
    assert [(each["host"], each["priority"]) for each in servers(database)] == [("one.example", 5), ("two.example", 1)]


def test_the_action_that_fetches(database):
    """Odoo looks after each record whether anything is to be fetched: as often as it matters, and not for every other row."""
    action = (
        "FROM ir_cron WHERE id = (SELECT res_id FROM ir_model_data WHERE model = 'ir.cron' "
        "AND name = 'ir_cron_mail_gateway_action')"
    )
    key = {"host": "imap.mydomain.com", "login": "sales@mydomain.com"}

    def converge(**options):
        return database.converge("incoming_mail_servers", [{**key, **options}])["changed"]

    def runs():
        return database.value(f"SELECT active {action}")

    version = database.value(f"SELECT xmin::text {action}")
    for password in ("f1rst-p4ss", "s3cond-p4ss"):
        assert converge(password=password, confirmed=False)
    assert database.value(f"SELECT xmin::text {action}") == version
    assert not runs()

    for option, before, after in (("active", False, True), ("type", "local", "pop")):
        converge(**{option: before})
        # As if Odoo had confirmed it, and somebody switched the action off.
        database.sql(
            f"UPDATE fetchmail_server SET state = 'done'; UPDATE ir_cron SET active = false WHERE id = (SELECT id {action})"
        )
        assert converge(**{option: after})
        assert runs(), option
    assert converge(confirmed=False)
    assert not runs()


def test_overridden_removes_what_is_owned(database):
    client = database.odoo()
    client.env["fetchmail.server"].create({"name": "By hand", "server": "h", "user": "hand@mydomain.com"})
    owned = [{"login": f"user{number}@mydomain.com", "host": "imap.mydomain.com"} for number in range(4)]
    database.ok("incoming_mail_servers", owned)
    result = database.refuses("incoming_mail_servers", owned[:1], state="overridden", max_deletions=2)
    assert result["problems"][0]["option"] == "max_deletions"
    done = database.converge("incoming_mail_servers", owned[:1], state="overridden", max_deletions=3)
    assert done["counts"] == {"created": 0, "updated": 0, "adopted": 0, "deleted": 3, "unchanged": 1}
    assert {each["login"] for each in servers(database)} == {"hand@mydomain.com", "user0@mydomain.com"}


@pytest.mark.parametrize("owner", ["by hand", "by us"])
def test_gathered_and_back(database, owner):
    """What is there, however odd, is gathered such that it can be given back and changes nothing."""
    client = database.odoo()
    model = client.env["ir.model"].search([("model", "=", "res.partner")])[0]
    odd = [
        {"name": "One", "server": " imap.mydomain.com ", "user": "One@mydomain.com", "password": "s3cr3t-gathered"},
        {"name": "Local", "server_type": "local"},
        {"name": "Also local", "server_type": "local", "port": 7},
        {"name": "Port 0", "server": "h", "user": "zero", "port": 0, "is_ssl": True, "server_type": "pop"},
        {"name": "Model", "server": "not a host", "user": "model", "object_id": model, "attach": False},
        {"name": "Archived", "server": "h", "user": "archived", "active": False, "original": True},
        {"name": "Confirmed", "server": "h", "user": "confirmed", "state": "done", "priority": 0},
    ]
    client.env["fetchmail.server"].create(odd)
    before = servers(database)
    if owner == "by us":
        database.ok("incoming_mail_servers", database.ok("incoming_mail_servers", state="gathered")["gathered"])
    gathered = database.ok("incoming_mail_servers", state="gathered")["gathered"]
    assert len(gathered) == len(odd)
    assert "s3cr3t-gathered" not in str(gathered)
    prints = database.fingerprints()
    done = database.converge("incoming_mail_servers", gathered)
    assert done["changed"] == (owner == "by hand")
    assert not any(done["counts"][name] for name in ("created", "updated", "deleted"))
    assert servers(database) == before
    assert set(tables_only(changed_tables(prints, database.fingerprints()))) <= {"ir_model_data"}
