"""How a task reaches its database: by its own options, else by the host's variables."""

import pytest

from ansible_collections.postroom.odoo.plugins.plugin_utils.connection import with_connection

HOST = {
    "odoo_url": "https://odoo.mydomain.com",
    "odoo_database": "mydomain",
    "odoo_login": "admin",
    "odoo_password": "{{ vault_password }}",
    "odoo_timeout": None,
    "mail_domain_name": "mydomain.com",
}


def connected(args, **variables):
    return with_connection(args, {**HOST, **variables}, lambda value: str(value).replace("{{ vault_password }}", "s3cret"))


def test_what_a_task_omits_is_the_hosts():
    assert connected({"config": [], "login": "other"}) == {
        "config": [],
        "url": "https://odoo.mydomain.com",
        "database": "mydomain",
        "login": "other",
        "password": "s3cret",
    }


@pytest.mark.parametrize("secret", ["password", "api_key"])
def test_a_secret_that_a_task_gives_stands_alone(secret):
    found = connected({secret: "own"}, odoo_api_key="hosts")
    assert {name: found[name] for name in ("password", "api_key") if name in found} == {secret: "own"}


def test_the_user_is_known_where_an_earlier_task_logged_in():
    state = {"uid": 2, "url": "https://odoo.mydomain.com", "database": "mydomain"}
    assert connected({}, routing_addon_state=state)["uid"] == 2
    assert connected({"uid": 7}, routing_addon_state=state)["uid"] == 7
    assert "uid" not in connected({"database": "another"}, routing_addon_state=state)
    assert "uid" not in connected({}, routing_addon_state={"skipped": True})
