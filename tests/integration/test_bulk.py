"""A list of 1,000 costs as many requests as one of 10; all of it or nothing is written; two runs at once do not collide."""

import pytest
from proxy import proxy
from support import counted_requests, finish, start


def user(number, **more):
    return {"login": f"user{number}@mydomain.com", "name": f"User {number}", "email": f"user{number}@mydomain.com", **more}


def outgoing(number, **more):
    return {"login": f"user{number}@mydomain.com", "host": "smtp.mydomain.com", "password": f"p4ss-{number}", **more}


def incoming(number, **more):
    return {**outgoing(number), "host": "imap.mydomain.com", **more}


def parameter(number, **more):
    return {"key": f"test.{number}", "value": f"value {number}", **more}


KINDS = {
    "users": (user, {"name": "Renamed"}),
    "outgoing_mail_servers": (outgoing, {"port": 26}),
    "incoming_mail_servers": (incoming, {"port": 144}),
    "config_parameters": (parameter, {"value": "other"}),
}


@pytest.mark.parametrize("module", KINDS)
def test_calls_do_not_grow_with_the_list(new_database, module):
    make, change = KINDS[module]
    counts = {}
    for size in (10, 1000):
        database = new_database()
        # Odoo 19 takes 14 ms for a user; the calls, not the seconds, are what is compared.
        for phase, more in (("create", {}), ("settled", {}), ("update", change), ("check", change)):
            with counted_requests() as requests:
                result = database.ok(module, [make(number, **more) for number in range(size)], check=phase == "check")
            assert sum(result["counts"].values()) == size
            rpc = [url for url, _ in requests if url.endswith("/jsonrpc") or "/json/2/" in url]
            assert result["rpc_calls"] <= len(rpc) <= result["rpc_calls"] + 1  # A login takes two.
            # Odoo takes 128 MiB a request, and proxies often 1 MiB.
            assert max(length for _, length in requests) < 2**20
            counts.setdefault(phase, []).append((result["rpc_calls"], len(rpc)))
            # 1,000 alike take a line: the result stays small.
            assert len(result["changes"]) <= 1
    # Users go in parts, by how fast the server is at the moment. All else is as many requests as for ten.
    parts = 50 if module == "users" else 0
    assert all(small[0] <= large[0] <= small[0] + parts for small, large in counts.values()), counts


@pytest.mark.parametrize("at", [57])
def test_all_or_nothing(database, at):
    """Of 100 new items Odoo refuses one, for a reason that only Odoo knows: none is written, the error names it."""
    client = database.odoo()
    before = database.value("SELECT count(*) FROM res_users")
    client.env["res.company"].create({"name": "Second"})
    users = [user(number) for number in range(100)]
    # The company that a new user works in by default is not among those allowed.
    users[at]["companies"] = ["Second"]
    result = database.refuses("users", users)
    assert result["problems"][0]["index"] == at, result["msg"]
    assert len(result["problems"]) == 1, result["msg"]
    assert f"user{at}@mydomain.com" in result["msg"]

    # Odoo keeps one kind of user each.
    users[at] = user(at, groups=["base.group_user", "base.group_portal"])
    result = database.refuses("users", users)
    assert result["problems"][0]["index"] == at, result["msg"]
    assert database.value("SELECT count(*) FROM res_users") == before


def test_what_is_written_stays_when_the_connection_breaks(database):
    """A part is written whole or not at all; the next run goes on from there."""
    people = [user(number, password=f"odoo-{number}-pw") for number in range(45)]
    parts = []

    def break_off(path, body):
        if path.endswith("/res.users/load") or (b'"load"' in body and b'"res.users"' in body):
            parts.append(body.count(b"odoo-"))
            return 502 if len(parts) == 2 else None
        return None

    with proxy(database.server["port"], break_off) as url:
        result = database.run("users", people, url=url)
    # Odoo takes its time for passwords.
    assert parts[0] == 20
    assert "answers HTTP 502 to res.users.load" in result["msg"]
    assert "Of 45 users, 20 have been written and are kept. Run again to write the rest." in result["msg"]
    assert database.value("SELECT count(*) FROM res_users WHERE login LIKE 'user%@mydomain.com'") == 20

    result = database.ok("users", people)
    assert result["counts"] == {**result["counts"], "created": 25, "unchanged": 20}
    assert database.can_log_in("user44@mydomain.com", "odoo-44-pw")
    assert not database.ok("users", people)["changed"]


def test_creations_are_put_back_when_an_update_is_refused(database):
    database.odoo().env["res.company"].create({"name": "Second"})
    database.ok("users", [user(number) for number in range(5)])
    items = [user(number, name="Renamed") for number in range(10)]
    items[3] = user(3, companies=["Second"])
    tables = ("res_users", "res_partner", "ir_model_data", "ir_attachment", "mail_message", "mail_mail")
    before = database.fingerprints()
    result = database.run("users", items)
    assert result["failed"]
    # Odoo tells its chat of each new and each removed user; that is no one's data.
    written = {name for name, value in database.fingerprints().items() if value != before[name]}
    assert not written & set(tables), written
    assert [each["index"] for each in result["problems"]] == [3]
    assert "user3@mydomain.com" in result["msg"]
    assert database.value("SELECT count(*) FROM res_users WHERE login LIKE 'user%@mydomain.com'") == 5
    assert database.value("SELECT count(*) FROM res_partner WHERE name = 'Renamed'") == 0


def test_the_option_is_named(database):
    """PostgreSQL and Odoo's own checks of a field: the error leads to the option."""
    database.ok("config_parameters", [parameter(number) for number in range(3)])
    result = database.refuses("config_parameters", [parameter(0, value="x"), parameter(1, value=""), parameter(3)])
    assert [(each["index"], each["option"]) for each in result["problems"]] == [(1, "value")], result["msg"]
    if database.major >= 17:
        return  # Odoo needs no host of an outgoing server any more.
    database.ok("outgoing_mail_servers", [outgoing(number) for number in range(3)])
    items = [outgoing(0, port=26), outgoing(1, host=""), outgoing(2), outgoing(3)]
    result = database.refuses("outgoing_mail_servers", items)
    assert [(each["index"], each["option"]) for each in result["problems"]] == [(1, "host")], result["msg"]
    assert "p4ss-1" not in result["msg"]
    assert database.values("SELECT DISTINCT smtp_port FROM ir_mail_server") == [25]


@pytest.mark.parametrize("module", ["outgoing_mail_servers", "users"])
def test_two_runs_at_once(database, module):
    """All succeed, each record is there once, and one of them says that it created them."""
    make, _ = KINDS[module]
    items = [make(number) for number in range(50)]
    table, column = {"users": ("res_users", "login"), "outgoing_mail_servers": ("ir_mail_server", "smtp_user")}[module]
    processes = [start(module, {**database.connection, "config": items}) for dummy in range(3)]
    results = [finish(process) for process in processes]
    assert not any(result.get("failed") for result in results), [result.get("msg") for result in results]
    found = database.values(f"SELECT {column} FROM {table} WHERE {column} LIKE 'user%@mydomain.com'")
    assert sorted(found) == sorted(item["login"] for item in items)
    assert sorted(result["counts"]["created"] for result in results) == [0, 0, 50]
    assert sorted(result["changed"] for result in results) == [False, False, True]
    assert not database.ok(module, items)["changed"]
