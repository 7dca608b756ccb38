"""Users, from the first to the last; and that nobody is written to unless that is asked for."""

import uuid
from pathlib import Path

GROUP_LINKS = """
SELECT u.login, d.module || '.' || d.name AS name FROM res_groups_users_rel r
JOIN res_users u ON u.id = r.uid JOIN ir_model_data d ON d.model = 'res.groups' AND d.res_id = r.gid
"""
# Odoo keeps some options as groups too.
COMES_WITH = {
    "notification_type": {"mail.group_mail_notification_type_inbox"},
    "companies": {"base.group_multi_company"},
}


def users(database):
    """The users as Odoo's tables have them, by login."""
    found = database.rows("""
        SELECT u.id, u.login, p.name, p.email, u.active, u.share, u.notification_type, p.lang AS language, p.tz AS timezone,
            c.name AS company, (SELECT coalesce(json_agg(m.name ORDER BY m.name), '[]') FROM res_company_users_rel r
            JOIN res_company m ON m.id = r.cid WHERE r.user_id = u.id) AS companies
        FROM res_users u JOIN res_partner p ON p.id = u.partner_id JOIN res_company c ON c.id = u.company_id
        WHERE u.login NOT IN ('__system__', 'public', 'default', 'portaltemplate')
    """)
    return {row["login"]: row for row in found}


def groups(database, login):
    return {row["name"] for row in database.rows(GROUP_LINKS) if row["login"] == login}


def all_mail(database):
    return database.value("SELECT count(*) FROM mail_mail")


def item(number, **more):
    address = f"user{number}@mydomain.com"
    return {"login": address, "name": f"User {number}", "email": address, **more}


def test_life(database):
    """Each option is changed on a user of its own: that user changes in that option, no other in any."""
    client = database.odoo()
    second = client.env["res.company"].create({"name": "Second Company"})
    assert second
    client.env["res.lang"].browse(client.env["res.lang"].search([("code", "=", "fr_FR")])).write({"active": True})
    changes = [
        ("name", "Renamed"),
        ("email", "other@mydomain.com"),
        ("email", ""),
        ("groups", ["base.group_system"]),
        ("groups", ["base.group_erp_manager"]),
        ("companies", ["Second Company", "YourCompany"]),
        ("language", "fr_FR"),
        ("timezone", "Europe/Vienna"),
        ("notification_type", "inbox"),
        ("active", False),
    ]
    company = users(database)["admin"]["company"]
    changes[5] = ("companies", ["Second Company", company])
    everyone = [item(number) for number in range(len(changes))]
    done = database.converge("users", everyone)
    assert done["counts"] == {"created": len(changes), "updated": 0, "adopted": 0, "deleted": 0, "unchanged": 0}
    before = users(database)
    groups_before = {login: groups(database, login) for login in before}
    for each in everyone:
        expected = {**each, "active": True, "share": False, "notification_type": "email"}
        expected.update(company=company, companies=[company])
        assert before[each["login"]].items() >= expected.items()
        assert "base.group_user" in groups_before[each["login"]]

    logins = [each["login"] for each in everyone]
    items = [{"login": login, option: value} for login, (option, value) in zip(logins, changes, strict=True)]
    done = database.converge("users", items)
    after = users(database)
    for login, (option, value) in zip(logins, changes, strict=True):
        now = groups(database, login)
        if option == "groups":
            assert after[login] == before[login]
            # Odoo 14 to 18 keep implied groups as links of their own.
            assert now >= groups_before[login] | set(value)
        else:
            wanted = sorted(value) if option == "companies" else None if value == "" else value
            assert after[login] == {**before[login], option: wanted}
            assert now - groups_before[login] <= COMES_WITH.get(option, set())
            assert now >= groups_before[login]
        assert done["diff"]["after"][login].keys() == {option}

    move = {"login": logins[0], "company": "Second Company", "companies": ["Second Company"]}
    database.converge("users", [move])
    assert users(database)[logins[0]].items() >= {"company": "Second Company", "companies": ["Second Company"]}.items()

    done = database.converge("users", [{"login": login.upper()} for login in logins[:-1]], state="deleted")
    assert done["counts"]["updated"] == len(logins) - 1
    assert not any(users(database)[login]["active"] for login in logins)
    done = database.converge("users", [{"login": logins[0], "active": True}])
    assert users(database)[logins[0]]["active"]
    assert users(database)["admin"] == before["admin"]


def test_only_archived_of_what_is_owned(database):
    """`overridden` archives owned users that the list no longer names, and no one else."""
    database.odoo().env["res.users"].create({"name": "By hand", "login": "hand@mydomain.com"})
    database.ok("users", [item(number) for number in range(4)])
    result = database.refuses("users", [item(0)], state="overridden", max_deletions=2)
    assert result["problems"][0]["option"] == "max_deletions"
    done = database.converge("users", [item(0)], state="overridden", max_deletions=3)
    assert done["counts"] == {"created": 0, "updated": 3, "adopted": 0, "deleted": 0, "unchanged": 1}
    active = {login for login, user in users(database).items() if user["active"]}
    assert active == {"admin", "hand@mydomain.com", "user0@mydomain.com"}


def test_own_login_is_protected(database):
    reason = "is the user of this run, or Odoo's own, and cannot be archived or removed"
    result = database.refuses("users", [item(1), {"login": "admin"}], state="deleted")
    assert result["problems"][0]["index"] == 1
    assert reason in result["msg"]
    database.ok("users", [{"login": "admin", "timezone": "Europe/Vienna"}])
    assert reason in database.refuses("users", [], state="overridden")["msg"]
    assert users(database)["admin"]["active"]


def test_passwords(database):
    """A password is set on creation, and later only when that is asked for; each time someone really logs in."""
    first, second = "f1rst p4ssword ✉", "sec0nd; p4ssword"
    database.ok("users", [item(0), item(1, password=first), item(2, password=first)])
    assert not database.can_log_in("user0@mydomain.com", first)
    assert database.can_log_in("user1@mydomain.com", first)

    done = database.ok("users", [item(0, password=second), item(1, password=second)])
    assert not done["changed"]
    assert database.can_log_in("user1@mydomain.com", first)
    assert not database.can_log_in("user0@mydomain.com", second)

    always = [item(0, password=second, update_password="always"), item(1, password=second, update_password="always"), item(2)]
    done = database.converge("users", always, settled=False)
    assert done["counts"] == {"created": 0, "updated": 2, "adopted": 0, "deleted": 0, "unchanged": 1}
    assert second not in str(done)
    assert database.can_log_in("user0@mydomain.com", second)
    assert database.can_log_in("user1@mydomain.com", second)
    assert database.can_log_in("user2@mydomain.com", first)
    assert not database.can_log_in("user1@mydomain.com", first)


def test_no_mail_unless_asked_for(database):
    """No invitation without `invite: true`; a user that is as it should be is not written to either."""
    database.ok("users", [item(number, password=f"p4ss-{number}-word") for number in range(3)])
    assert all_mail(database) == 0
    # Odoo 17 and later write to a user for every write of login or password, even of the same one.
    database.ok("users", [item(0, name="Renamed"), item(1), item(2, groups=["base.group_system"], language="en_US")])
    assert all_mail(database) == 0

    result = database.run("users", [item(8), item(9, invite=True)])
    assert result["failed"], "there is no outgoing server that could carry the invitation"
    assert not {"user8@mydomain.com", "user9@mydomain.com"} & users(database).keys()

    # This server takes mail for the lab's mailboxes. Odoo 19 wants to know a sender too.
    database.ok("outgoing_mail_servers", [{"name": "MX", "host": "127.0.0.1", "port": database.lab["ports"]["mx"]}])
    database.ok(
        "alias_domains", [{"name": "mydomain.com", "catchall": "catchall", "bounce": "bounce", "default_from": "office"}]
    )
    boxes = Path(database.lab["mail"]["maildirs"])
    names = {name: f"{name}-{uuid.uuid4().hex}@mydomain.com" for name in ("invited", "silent", "later")}
    items = [{"login": address, "email": address, "name": name, "invite": name == "invited"} for name, address in names.items()]
    database.converge("users", items)
    database.ok("users", [{**each, "invite": True} for each in items])
    received = [path.read_text(errors="replace") for path in boxes.glob("**/new/*")]
    counts = {name: sum(f"<{address}>" in mail for mail in received) for name, address in names.items()}
    assert counts == {"invited": 1, "silent": 0, "later": 0}


def test_portal_users(database):
    """A portal user gets no internal user's groups; what Odoo then makes of it is stable."""
    database.converge("users", [item(1, groups=["base.group_portal"]), item(2)])
    found = users(database)
    assert found["user1@mydomain.com"]["share"]
    assert not found["user2@mydomain.com"]["share"]
    assert groups(database, "user1@mydomain.com") & {"base.group_user", "base.group_portal"} == {"base.group_portal"}


def test_a_user_made_by_hand_is_taken_over(database):
    """A login differs from another by more than its case; it is then spelled as the list says."""
    record = database.odoo().env["res.users"].create({"name": "By Hand", "login": "Hand@MyDomain.com", "email": "x@y.example"})
    before = users(database)
    done = database.converge("users", [{"login": "hand@mydomain.com", "email": "hand@mydomain.com"}])
    assert done["counts"] == {"created": 0, "updated": 1, "adopted": 1, "deleted": 0, "unchanged": 0}
    after = users(database)
    assert len(after) == len(before)
    assert after["hand@mydomain.com"].items() >= {"id": record, "email": "hand@mydomain.com", "name": "By Hand"}.items()


def test_gathered_and_back(database):
    client = database.odoo()
    client.env["res.company"].create({"name": "Second Company"})
    portal = client.env.ref("base.group_portal").id
    field = "group_ids" if database.major >= 19 else "groups_id"
    created = client.env["res.users"].create(
        [
            {"name": "Odd", "login": " odd login ", "email": '"Odd, One" <odd@mydomain.com>, two@mydomain.com'},
            {"name": "No mail", "login": "nomail", "tz": "Europe/Vienna", "notification_type": "inbox"},
            {"name": "Portal", "login": "portal@mydomain.com", field: [(6, 0, [portal])]},
            {"name": "Archived", "login": "archived@mydomain.com"},
        ]
    )
    client.env["res.users"].browse(created[-1]).write({"active": False})
    before = users(database)
    gathered = database.ok("users", state="gathered")["gathered"]
    assert {each["login"] for each in gathered} == {"admin", " odd login ", "nomail"}
    named = database.ok("users", [{"login": "portal@mydomain.com"}, {"login": "archived@mydomain.com"}], state="gathered")
    for items in (gathered, named["gathered"]):
        done = database.converge("users", items)
        assert done["counts"] == {"created": 0, "updated": 0, "adopted": len(items), "deleted": 0, "unchanged": 0}
    assert users(database) == before
    assert "password" not in str(gathered).lower()
    assert not database.converge("users", database.ok("users", state="gathered")["gathered"])["changed"]
