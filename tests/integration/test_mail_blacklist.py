"""The mail blacklist."""


def blacklist(database):
    return {row["email"]: row["active"] for row in database.rows("SELECT email, active FROM mail_blacklist")}


def test_life(database):
    done = database.converge("mail_blacklist", [{"email": "One@mydomain.com"}, {"email": "two@mydomain.com", "active": False}])
    assert done["counts"]["created"] == 2
    assert blacklist(database) == {"one@mydomain.com": True, "two@mydomain.com": False}
    database.converge("mail_blacklist", [{"email": "TWO@mydomain.com", "active": True}])
    gathered = database.ok("mail_blacklist", state="gathered")["gathered"]
    assert not database.converge("mail_blacklist", gathered)["changed"]
    database.converge("mail_blacklist", [{"email": "one@mydomain.com"}], state="deleted")
    assert blacklist(database) == {"one@mydomain.com": False, "two@mydomain.com": True}


def test_what_somebody_blacklisted_stays(database):
    database.odoo().env["mail.blacklist"].create({"email": "hand@mydomain.com"})
    database.converge("mail_blacklist", [{"email": "one@mydomain.com"}])
    database.converge("mail_blacklist", [], state="overridden", max_deletions=1)
    assert blacklist(database) == {"hand@mydomain.com": True, "one@mydomain.com": False}
    done = database.converge("mail_blacklist", [{"email": "hand@mydomain.com"}])
    assert done["counts"]["adopted"] == 1
    problem = database.refuses("mail_blacklist", [{"email": "nobody"}])["problems"][0]
    assert (problem["index"], problem["option"]) == (0, "email")
