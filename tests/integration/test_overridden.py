"""`overridden` removes what Postroom owns and the list no longer names: never more than allowed, and told beforehand."""

import pytest

OWNED = [f"owned{number:02}@mydomain.com" for number in range(25)]
HAND = ["hand1@mydomain.com", "hand2@mydomain.com"]
KINDS = {
    "users": ("res_users", "login", lambda login: {"login": login, "name": login, "active": True}),
    "outgoing_mail_servers": ("ir_mail_server", "smtp_user", lambda login: {"login": login, "host": "smtp.mydomain.com"}),
    "incoming_mail_servers": ("fetchmail_server", '"user"', lambda login: {"login": login, "host": "imap.mydomain.com"}),
    "config_parameters": ("ir_config_parameter", "key", lambda login: {"key": login, "value": "x"}),
}


def make_by_hand(database, module):
    model = {
        "users": ("res.users", "login", {"name": "Hand"}),
        "outgoing_mail_servers": ("ir.mail_server", "smtp_user", {"name": "Hand", "smtp_host": "h"}),
        "incoming_mail_servers": ("fetchmail.server", "user", {"name": "Hand", "server": "imap.mydomain.com"}),
        "config_parameters": ("ir.config_parameter", "key", {"value": "x"}),
    }[module]
    for login in HAND:
        database.odoo().env[model[0]].create({model[1]: login, **model[2]})


@pytest.mark.parametrize("module", KINDS)
def test_only_what_is_owned_and_never_more_than_allowed(database, module):
    table, column, make = KINDS[module]
    make_by_hand(database, module)
    items = [make(login) for login in OWNED]
    database.ok(module, items)

    def there():
        active = "WHERE active" if module == "users" else ""
        return set(database.values(f"SELECT {column} FROM {table} {active}")) & {*OWNED, *HAND}

    # Every one of them is listed, and none is removed, unless all may be.
    for options in ({}, {"max_deletions": 24}):
        refused = database.refuses(module, [], state="overridden", **options)
        assert refused["problems"][0]["option"] == "max_deletions"
        assert [login for login in OWNED if login not in refused["msg"]] == []
        assert not any(login in refused["msg"] for login in HAND)
    # The diff of check mode lists them too; `converge` compares it with the run's.
    done = database.converge(module, [], state="overridden", max_deletions=25)
    assert [label.partition(" on ")[0] for label in done["diff"]["before"]] == OWNED
    assert there() == set(HAND)
    # What is taken over is owned from then on.
    assert database.ok(module, [make(HAND[0])])["adopted"][0].startswith(HAND[0])
    done = database.converge(module, items[:1], state="overridden", max_deletions=1)
    assert there() == {OWNED[0], HAND[1]}
