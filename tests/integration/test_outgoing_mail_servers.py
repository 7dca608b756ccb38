"""Outgoing mail servers, from the first to the last."""

import pytest
from support import base64_text, changed_tables, tables_only

COLUMNS = {
    "name": "name",
    "host": "smtp_host",
    "port": "smtp_port",
    "encryption": "smtp_encryption",
    "authentication": "smtp_authentication",
    "login": "smtp_user",
    "password": "smtp_pass",
    "from_filter": "from_filter",
    "priority": "sequence",
    "debug": "smtp_debug",
    "max_email_size": "max_email_size",
    "active": "active",
}
PEM = "-----BEGIN CERTIFICATE-----\nbm90IHJlYWxseQ==\n-----END CERTIFICATE-----\n"


def servers(database):
    """The servers as Odoo's table has them, by option."""
    has = set(database.values("SELECT column_name FROM information_schema.columns WHERE table_name = 'ir_mail_server'"))
    chosen = ", ".join(f"{column} AS {option}" for option, column in COLUMNS.items() if column in has)
    return database.rows(f"SELECT {chosen} FROM ir_mail_server ORDER BY id")


def server(database):
    found = servers(database)
    assert len(found) == 1, found
    return found[0]


def said(row):
    """A row as Odoo tells it: what is null in the table is 0 or false there, and empty text is null."""
    return {option: value or None for option, value in row.items()}


def updates(major):
    """A new value of each option that the series has."""
    yield "name", "Renamed"
    yield "host", "smtp.other.example"
    yield "encryption", "starttls"
    yield "port", 2465
    yield "password", "other-p4ssword"
    yield "password", ""
    yield "priority", 3
    yield "priority", 0
    yield "debug", True
    yield "active", False
    if major >= 15:
        yield "from_filter", "newuser@mydomain.com"
        yield "from_filter", ""
    if major >= 17:
        yield "from_filter", "mydomain.com,boss@other.example"
        yield "authentication", "cli"
    if major >= 18:
        yield "max_email_size", 12.5
    if major >= 19:
        yield "encryption", "starttls_strict"


def test_life(database):
    """Each option is changed on a server of its own: that server changes in that option, no other in any."""
    changes = list(updates(database.major))
    logins = [f"user{number}@mydomain.com" for number in range(len(changes))]
    first = {"host": "smtp.mydomain.com", "password": "f1rst-password"}
    if database.major >= 15:
        first["from_filter"] = "mydomain.com"
    done = database.converge("outgoing_mail_servers", [{"login": login, **first} for login in logins])
    assert done["counts"] == {"created": len(logins), "updated": 0, "adopted": 0, "deleted": 0, "unchanged": 0}
    assert done["changes"][0]["items"] == logins
    before = {each["login"]: each for each in servers(database)}
    expected = {**first, "port": 25, "encryption": "none", "priority": 10, "active": True}
    for login in logins:
        assert before[login].items() >= {**expected, "name": login}.items()
        assert not before[login]["debug"]

    items = [{"login": login, option: value} for login, (option, value) in zip(logins, changes, strict=True)]
    done = database.converge("outgoing_mail_servers", items)
    after = {each["login"]: each for each in servers(database)}
    for login, (option, value) in zip(logins, changes, strict=True):
        assert said(after[login]) == said({**before[login], option: value})
        assert done["diff"]["after"][login].keys() == {option}
    assert "other-p4ssword" not in str(done)

    done = database.converge("outgoing_mail_servers", [{"login": login.title()} for login in logins], state="deleted")
    assert done["counts"]["deleted"] == len(logins)
    assert servers(database) == []
    assert database.values("SELECT name FROM ir_model_data WHERE module = '__postroom__' AND model <> 'ir.model.data'") == []


def test_everything_at_once(database):
    """A new server with every option that the series has, and the default of the port by encryption."""
    item = {
        "name": "All",
        "login": "all@mydomain.com",
        "password": "p4ss, \"word\" \\ with 'quotes'",
        "host": "smtp.mydomain.com",
        "encryption": "starttls",
        "from_filter": "own",
        "priority": 1,
        "debug": True,
        "active": False,
    }
    if database.major >= 15:
        item["authentication"] = "login"
    if database.major >= 18:
        item["max_email_size"] = 7.25
    database.converge("outgoing_mail_servers", [item])
    expected = {**item, "port": 587}
    if database.major >= 15:
        expected["from_filter"] = "all@mydomain.com"
    else:
        expected.pop("from_filter")
    assert server(database).items() >= expected.items()

    ports = {"none": 25, "starttls": 587, "ssl": 465}
    items = [{"login": f"{kind}@mydomain.com", "host": "127.0.0.1", "encryption": kind} for kind in ports]
    database.ok("outgoing_mail_servers", items)
    assert {each["encryption"]: each["port"] for each in servers(database) if each["host"] == "127.0.0.1"} == ports


def test_certificates(database):
    pair = {"ssl_certificate": PEM, "ssl_private_key": PEM.replace("CERTIFICATE", "PRIVATE KEY")}
    if database.major < 15:
        result = database.refuses("outgoing_mail_servers", [{"login": "a@b.example", "host": "h", **pair}])
        assert {problem["option"] for problem in result["problems"]} == {"ssl_certificate", "ssl_private_key"}
        assert "Odoo has it from 15.0 on" in result["msg"]
        return
    item = {"name": "Certified", "host": "smtp.mydomain.com", "encryption": "ssl", "authentication": "certificate", **pair}
    done = database.converge("outgoing_mail_servers", [item])
    assert "PRIVATE" not in str(done)
    assert base64_text(pair["ssl_private_key"]) not in str(done)
    read = database.odoo().env["ir.mail_server"].search_read([], ["smtp_ssl_certificate", "smtp_ssl_private_key"])[0]
    assert read["smtp_ssl_certificate"] == base64_text(pair["ssl_certificate"])
    assert read["smtp_ssl_private_key"] == base64_text(pair["ssl_private_key"])
    gathered = database.ok("outgoing_mail_servers", state="gathered")["gathered"]
    assert not {"ssl_certificate", "ssl_private_key"} & gathered[0].keys()
    database.converge("outgoing_mail_servers", gathered)


def test_overridden_removes_what_is_owned(database):
    client = database.odoo()
    client.env["ir.mail_server"].create({"name": "By hand", "smtp_host": "h", "smtp_user": "hand@mydomain.com"})
    owned = [{"login": f"user{number}@mydomain.com", "host": "smtp.mydomain.com"} for number in range(5)]
    database.converge("outgoing_mail_servers", owned)

    result = database.refuses("outgoing_mail_servers", owned[:1], state="overridden", max_deletions=3)
    assert result["problems"][0]["option"] == "max_deletions"
    assert all(item["login"] in result["msg"] for item in owned[1:])

    done = database.converge("outgoing_mail_servers", owned[:1], state="overridden", max_deletions=4)
    assert done["counts"] == {"created": 0, "updated": 0, "adopted": 0, "deleted": 4, "unchanged": 1}
    assert {each["login"] for each in servers(database)} == {"hand@mydomain.com", "user0@mydomain.com"}
    # What is named is taken over, and what is taken over is removed once it is named no more.
    done = database.converge("outgoing_mail_servers", [{"login": "hand@mydomain.com"}], state="overridden")
    assert done["counts"] == {"created": 0, "updated": 0, "adopted": 1, "deleted": 1, "unchanged": 0}
    database.converge("outgoing_mail_servers", [], state="overridden")
    assert servers(database) == []


def test_a_server_made_by_hand_is_taken_over(database):
    client = database.odoo()
    record = client.env["ir.mail_server"].create(
        {
            "name": "By hand",
            "smtp_host": "old.example",
            "smtp_port": 2500,
            "smtp_user": "hand@mydomain.com",
            "smtp_pass": "h4nd",
        }
    )
    item = {"login": "hand@mydomain.com", "host": "new.example", "password": "h4nd"}
    done = database.converge("outgoing_mail_servers", [item])
    assert done["counts"] == {"created": 0, "updated": 1, "adopted": 1, "deleted": 0, "unchanged": 0}
    assert done["diff"]["after"] == {"hand@mydomain.com": {"host": "new.example", "managed by Postroom": True}}
    assert server(database).items() >= {"name": "By hand", "host": "new.example", "port": 2500, "password": "h4nd"}.items()
    assert database.values("SELECT id FROM ir_mail_server") == [record]


@pytest.mark.parametrize("owner", ["by hand", "by us"])
def test_gathered_and_back(database, owner):
    """What is there, however odd, is gathered such that it can be given back and changes nothing."""
    client = database.odoo()
    odd = [
        {
            "name": "  Blank around ",
            "smtp_host": "smtp.mydomain.com",
            "smtp_user": "one@mydomain.com",
            "smtp_pass": "s3cr3t-gathered",
        },
        {"name": "No login", "smtp_host": "relay", "smtp_port": 25},
        {"name": "No address", "smtp_host": "10.0.0.1", "smtp_user": "AKIAXYZ", "smtp_port": 0},
        {"name": "Not a host", "smtp_host": "smtp://odd.example/ x", "smtp_user": "two@mydomain.com", "smtp_port": 99999},
        {"name": "Archived", "smtp_host": "h", "smtp_user": "three@mydomain.com", "active": False, "sequence": 0},
        {"name": "Ärger ${x} {{ y }}", "smtp_host": "h", "smtp_encryption": "ssl", "smtp_debug": True},
    ]
    if database.major >= 15:
        odd[0]["from_filter"] = " one@mydomain.com ,, MyDomain.com"
        odd[1]["from_filter"] = "mydomain.com"
    client.env["ir.mail_server"].create(odd)
    before = servers(database)
    if owner == "by us":
        database.converge("outgoing_mail_servers", database.ok("outgoing_mail_servers", state="gathered")["gathered"])
    gathered = database.ok("outgoing_mail_servers", state="gathered")["gathered"]
    assert len(gathered) == len(odd)
    assert "s3cr3t-gathered" not in str(gathered)
    prints = database.fingerprints()
    done = database.converge("outgoing_mail_servers", gathered)
    assert done["changed"] == (owner == "by hand")
    assert not any(done["counts"][name] for name in ("created", "updated", "deleted"))
    assert servers(database) == before
    assert set(tables_only(changed_tables(prints, database.fingerprints()))) <= {"ir_model_data"}


def test_gathered_names_what_is_asked_for(database):
    database.converge("outgoing_mail_servers", [{"login": f"{name}@mydomain.com", "host": "h"} for name in "abc"])
    gathered = database.ok("outgoing_mail_servers", [{"login": "B@mydomain.com"}], state="gathered")["gathered"]
    assert [item["login"] for item in gathered] == ["b@mydomain.com"]


def brands(database):
    """Two servers of a provider that gives every customer the same login."""
    servers = [
        {"name": f"Brand {brand}", "host": "smtp.brands.example", "port": 587, "encryption": "starttls", "login": "apikey"}
        for brand in "AB"
    ]
    for server, secret in zip(servers, ("s3cret-a", "s3cret-b"), strict=True):
        server["password"] = secret
        if database.major >= 15:
            server["from_filter"] = f"{server['name'].replace(' ', '-').lower()}.example"
    return servers


def of_brands(database):
    rows = database.rows("SELECT name, smtp_pass FROM ir_mail_server WHERE smtp_user = 'apikey' ORDER BY name")
    return {row["name"]: row["smtp_pass"] for row in rows}


def test_servers_with_the_same_login(database):
    first, second = brands(database)
    both = {"Brand A": "s3cret-a", "Brand B": "s3cret-b"}
    done = database.converge("outgoing_mail_servers", [first, second])
    assert done["changes"][0]["items"] == ["Brand A (apikey)", "Brand B (apikey)"]
    assert of_brands(database) == both
    # In any order, one at a time, and given back.
    assert not database.converge("outgoing_mail_servers", [second, first])["changed"]
    assert not database.converge("outgoing_mail_servers", [second])["changed"]
    gathered = database.ok("outgoing_mail_servers", state="gathered")["gathered"]
    assert not database.converge("outgoing_mail_servers", gathered)["changed"]
    exported = database.ok("outgoing_mail_servers", state="gathered", include_secrets=True)["records"]
    items = [each["item"] for each in exported if not each["reason"]]
    assert {item["name"]: item["password"] for item in items if item["login"] == "apikey"} == both
    assert not database.converge("outgoing_mail_servers", items)["changed"]
    # A password that differs is found, and set, on its own server.
    done = database.converge("outgoing_mail_servers", [first, {**second, "password": "n3w-secret"}])
    assert done["diff"]["after"].keys() == {"Brand B (apikey)"}
    assert of_brands(database) == {"Brand A": "s3cret-a", "Brand B": "n3w-secret"}
    drift = database.ok("outgoing_mail_servers", [first], check=True)["drift"]
    assert list(drift["unnamed"].values()) == ["Brand B (apikey)"]
    done = database.converge("outgoing_mail_servers", [first], state="overridden", max_deletions=1)
    assert of_brands(database) == {"Brand A": "s3cret-a"}
    database.converge("outgoing_mail_servers", [first, second])
    database.converge("outgoing_mail_servers", [{"login": "apikey", "name": "Brand A"}], state="deleted")
    assert of_brands(database) == {"Brand B": "s3cret-b"}


def test_servers_with_the_same_login_made_by_hand(database):
    first, second = brands(database)
    client = database.odoo()
    for server in (second, first):
        values = {"name": server["name"].upper(), "smtp_host": server["host"], "smtp_user": "apikey", "smtp_pass": "x"}
        client.env["ir.mail_server"].create(values)
    done = database.converge("outgoing_mail_servers", [first, second])
    assert (done["counts"]["created"], done["counts"]["adopted"]) == (0, 2)
    assert of_brands(database) == {"Brand A": "s3cret-a", "Brand B": "s3cret-b"}
    if database.major >= 15:
        # A new name does not make another server of one that has the same host and filter.
        done = database.converge("outgoing_mail_servers", [{**first, "name": "Renamed"}, second])
        assert (done["counts"]["created"], done["counts"]["updated"]) == (0, 1)


def test_the_same_login_twice_and_nothing_that_tells_apart(database):
    first, second = brands(database)
    same = {**second, "name": first["name"], **({"from_filter": first["from_filter"]} if database.major >= 15 else {})}
    (problem,) = database.refuses("outgoing_mail_servers", [first, same])["problems"]
    assert problem["index"] == 1
    assert "is already in the list, as item 0" in problem["reason"]
    assert "name or host and from_filter" in problem["reason"]
    database.ok("outgoing_mail_servers", [first, second])
    assert "matches several records" in database.refuses("outgoing_mail_servers", [{"login": "apikey", "port": 25}])["msg"]
