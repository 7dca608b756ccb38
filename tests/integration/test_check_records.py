"""What a list has that a database does not know is found in one reading, before the first list is written."""

import pytest
from support import counted_requests

GOOD = [
    {"module": "users", "config": [{"login": "a@mydomain.com", "name": "A", "groups": ["base.group_user"]}]},
    {"module": "outgoing_mail_servers", "config": [{"login": "a@mydomain.com", "host": "h", "password": "unusual-p4ss"}]},
    {"module": "mail_templates", "config": [{"template": "base_x.y"}]},
]
WELCOME = "auth_signup.mail_template_user_signup_account_created"


def check(database, *lists, **options):
    return database.run("check_records", lists=list(lists), **options)


def given(module, **item):
    return {"module": module, "config": [item]}


LATE = [
    (given("users", login="x", name="X", groups=["base.group_nobody"]), "user x: groups: this database has no group"),
    (given("users", login="x", name="X", company="Nowhere"), "company: this database has no company 'Nowhere'"),
    (given("users", login="x", name="X", companies=["Nowhere"]), "companies: this database has no company 'Nowhere'"),
    (given("users", login="x", name="X", language="xx_XX"), "language: 'xx_XX' is not available"),
    (given("users", login="x", name="X", timezone="Mars"), "timezone: 'Mars' is not available"),
    (given("users", login="x"), "name: is required to create"),
    (given("users", login=" w ", name="X"), "login: ' w ' begins or ends with a blank"),
    (given("users", login="admin", active=False), "active: admin is the user of this run"),
    (given("users", login="demo-former", name="X", previous_login="admin"), None),
    (given("incoming_mail_servers", host="h", login="x", model="no.such"), "model: this database has no model 'no.such'"),
    (given("incoming_mail_servers", name="x", type="imap", login="y"), "host: is required to create"),
    (given("outgoing_mail_servers", login="x"), "host: is required to create"),
    (given("outgoing_mail_servers", host="h", login="y", password=""), "server y: password: is required to create"),
    (given("outgoing_mail_servers", host="h", login="z", tested=True), "server z: password: is required to create"),
    (given("incoming_mail_servers", host="h", login="z", password=""), "server z on h: password: is required to create"),
    # Odoo 14 has no such servers.
    (given("outgoing_mail_servers", name="certified", host="h", authentication="certificate"), "mail server certified: "),
    (given("outgoing_mail_servers", login="x", host="h", owner="admin"), "owner: Odoo"),
    (given("mail_templates", template="no.such", reply_to="a@b.example"), "has no such mail template"),
    (given("mail_templates", template=WELCOME, mail_server="nowhere"), "has no outgoing mail server 'nowhere'"),
    (given("mail_templates", name="x", model="y.z", reply_to="a@b.example"), "has no such mail template"),
]


def test_what_only_a_later_task_would_refuse(untouched):
    before = untouched.fingerprints()
    for one, words in LATE:
        result = check(untouched, GOOD[0], one)
        if words is None:
            assert not result.get("failed"), result
            continue
        assert result.get("failed"), one
        assert any(words in line for line in result["problems"]), result
    untouched.assert_as(before, "a check wrote")


def test_everything_is_reported_at_once(untouched):
    result = check(untouched, *(one for one, words in LATE if words))
    for _one, words in LATE:
        assert words is None or words in result["msg"], result["msg"]
    assert "Traceback" not in result["msg"]


def test_names_that_an_earlier_list_brings_are_there(untouched):
    server = given("outgoing_mail_servers", login="new@mydomain.com", host="h")
    template = given("mail_templates", template=WELCOME, mail_server="New@mydomain.com")
    assert not check(untouched, server, template).get("failed")
    assert check(untouched, template, server)["failed"]


def test_secrets_are_not_shown(untouched):
    wrong = given("outgoing_mail_servers", login="unusual-p4ss", password="unusual-p4ss")
    result = check(untouched, wrong)
    assert result["failed"]
    assert "unusual-p4ss" not in str(result)


def test_a_model_that_an_addon_brings(new_database):
    bare = new_database("base")
    template = given("mail_templates", template=WELCOME, reply_to="a@b.example")
    assert "install the addon mail first" in check(bare, template)["msg"]
    assert not check(bare, template, pending_addons=["mail", "fetchmail"]).get("failed")
    owner = given("outgoing_mail_servers", login="x", host="h", owner="admin")
    assert "smtp_server_per_user" in check(bare, owner)["msg"]
    assert not check(bare, owner, pending_addons=["smtp_server_per_user"]).get("failed")


@pytest.mark.any_series
def test_few_requests(untouched):
    lists = [
        {"module": "users", "config": [{"login": f"u{number}@mydomain.com", "name": "X"} for number in range(500)]},
        *(
            {"module": module, "config": [{"login": f"u{number}@mydomain.com", "host": "h"} for number in range(500)]}
            for module in ("incoming_mail_servers", "outgoing_mail_servers")
        ),
    ]
    with counted_requests() as requests:
        assert not check(untouched, *lists).get("failed")
    assert len(requests) <= 14, [url for url, size in requests]
