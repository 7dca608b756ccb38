"""Names in an inventory that nobody reads are errors with the nearest right name, and people's own names are not."""

import pytest

from ansible_collections.postroom.odoo.plugins.plugin_utils.known_names import no_database, unread_variables

KNOWN = (
    *("mail_provider", "mail_adopt", "mail_users_accounts", "mail_users_passwords", "mail_users_defaults", "odoo_password"),
    *(
        "mail_extras_parameters",
        "mail_templates_settings",
        "mail_domain_name",
        "mail_domain_catchall",
        "odoo_url",
        "odoo_database",
        "routing_addon_enabled",
    ),
)
ROLES = ("mail_domain", "mail_users", "mail_extras", "mail_templates", "routing_addon")


def unread(*names, **values):
    return list(unread_variables({**dict.fromkeys(names, "text"), **values}, KNOWN, ROLES))


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("mail_user_accounts", "mail_users_accounts"),
        ("mail_users_account", "mail_users_accounts"),
        ("mail_users_acounts", "mail_users_accounts"),
        ("mail_providers", "mail_provider"),
        ("odoo_databse", "odoo_database"),
        ("odoo_pasword", "odoo_password"),
        ("mail_domain_nmae", "mail_domain_name"),
        ("mail_domains_name", "mail_domain_name"),
        ("routing_addons_enabled", "routing_addon_enabled"),
    ],
)
def test_a_misspelled_name_is_reported_with_the_right_one(name, right):
    (line,) = unread(name)
    assert line.startswith(f"{name}: ")
    assert f"did you mean {right}?" in line


@pytest.mark.parametrize("name", ["odoo_password", "odoo_pasword", "mail_users_passwords", "mail_domain_pasword"])
@pytest.mark.parametrize("between", [":", "=", " "])
def test_a_secret_in_a_name_is_not_shown(name, between):
    """{odoo_url: http://x, odoo_password:s3cret}, also beside one that is right."""
    for names in ([f"{name}{between}s3cret-and-long"], [f"{name}{between}s3cret", "odoo_password"]):
        (line,) = unread(*names)
        assert line.startswith(f"{name} must be followed by a colon and a blank")
        assert "s3cret" not in line


@pytest.mark.parametrize("name", ["my_password:s3cret", "vault_odoo_password=s3cret", "_mail_users_a:b"])
def test_other_names_with_something_in_them(name):
    assert unread(name) == []


def test_a_name_with_a_roles_prefix_is_that_roles():
    (line,) = unread("mail_extras_zebra")
    assert "_mail_extras_zebra" in line


@pytest.mark.parametrize(
    "name",
    [
        *(
            "mail_host",
            "mail_accounts",
            "odoo_version",
            "odoo_admin_email",
            "vault_mail_user_accounts",
        ),
        *("_mail_users_sales", "ansible_user", "company", "mail_users_accounts", "routing_addon_state"),
    ],
)
def test_people_have_names_of_their_own(name):
    assert unread(name) == []


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("mail_users", [{"name": "A"}], "mail_users_accounts"),
        ("mail_users", "{{ vault_people }}", "mail_users_accounts"),
        ("mail_domain", {"name": "x.example"}, "mail_domain_name"),
        ("mail_domain", "x.example", "mail_domain_name"),
        ("mail_templates", [], "mail_templates_settings"),
        ("mail_extras", {}, "mail_extras_parameters"),
        ("routing_addon", {"enabled": True}, "routing_addon_enabled"),
        ("Mail_Users_Accounts", [], "mail_users_accounts"),
        ("MAIL_USERS_ACCOUNTS", [], "mail_users_accounts"),
        ("Mail_User_Accounts", [], "mail_users_accounts"),
        ("Mail_Users", [], "mail_users_accounts"),
        ("Mail_Provider", {}, "mail_provider"),
        ("users_accounts", [], "mail_users_accounts"),
        ("mail_accounts", [], "mail_users_accounts"),
        ("mail_passwords", {}, "mail_users_passwords"),
        ("mail_passwords", "{{ vault_passwords }}", "mail_users_passwords"),
        ("mail_defaults", {}, "mail_users_defaults"),
    ],
)
def test_a_name_that_may_be_somebodys_own(name, value, right):
    """It is a mistake if nothing in the inventory reads it."""
    (line,) = unread(**{name: value})
    assert line.startswith(f"{name}: ")
    assert right in line
    assert f"start its name with an underscore: _{name}" in line
    helper = {name: value, "odoo_url": f"http://{{{{ {name}.x }}}}"}
    assert unread(**helper) == []
    assert len(unread(**{**helper, "odoo_url": f"http://{{{{ a{name} }}}}"})) == 1
    # In a dictionary or list, too.
    assert unread(**{name: value, "odoo_url": {"x": [f"{{% if {name} %}}"]}}) == []


@pytest.mark.parametrize(
    "given",
    [
        # Of a role that sets up Postfix on all machines.
        {"mail_domain": "x.example", "mail_domain_name": "x.example"},
        {"mail_users": "vmail", "mail_users_accounts": []},
        {"mail_accounts": "x"},
        {"mail_accounts": [], "mail_users_accounts": []},
        {"mail_passwords": {}, "mail_users_passwords": {}},
        {"mail_passwords": 3},
        {"domain_name": "x.example"},
        {"ODOO_PASSWORD": "x"},
        {"users": [], "domain": {}, "name": []},
        {1: "x", "a": "b"},
    ],
)
def test_a_name_of_another_role(given):
    assert list(unread_variables(given, KNOWN, ROLES)) == []


def test_the_name_of_a_playbook_is_a_word():
    known = {"verify_checks"}
    assert list(unread_variables({"verify": True}, known, ["verify"])) == []
    (line,) = unread_variables({"verify_check": ["dns"]}, known, ["verify"])
    assert "did you mean verify_checks?" in line


def test_a_helper_beside_what_it_helps_with_is_meant():
    """odoo_passwords, of which odoo_password takes one."""
    assert unread("odoo_passwords", "odoo_password") == []
    assert len(unread("odoo_passwords")) == 1
    assert len(unread("mail_user_accounts", "mail_users_accounts")) == 1


def test_an_inventory_without_a_database():
    hosts = ["a"]
    assert no_database({"odoo_databases": ["a"], "all": ["a"]}, hosts) is None
    assert no_database({"odoo_servers": ["a"]}, hosts) is None
    assert "If the group odoo_database is meant, rename it" in no_database({"all": ["a"], "odoo_database": ["a"]}, hosts)
    assert "Add each database to this group as a host" in no_database({"all": [], "ungrouped": []}, [])
    assert "Check --limit: the groups have b" in no_database({"odoo_databases": ["b"], "all": ["a", "b"]}, hosts)


def test_a_misspelled_group_beside_one_that_has_hosts():
    """Either half of a run would be left out: without the machines no addon, and whole mailboxes are fetched then."""
    hosts = ["a", "x"]
    found = no_database({"odoo_servers": ["x"], "odoo_database": ["a"], "all": hosts}, hosts)
    assert "no host in the group odoo_databases. If the group odoo_database is meant, rename it" in found
    found = no_database({"odoo_databases": ["a"], "odoo_server": ["x"], "all": hosts}, ["a"])
    assert "no host in the group odoo_servers. If the group odoo_server is meant, rename it" in found


@pytest.mark.parametrize("group", ["odoo_databases_eu", "odoo_database"])
def test_a_group_of_a_like_name_beside_the_right_one(group):
    assert no_database({"odoo_databases": ["a"], group: ["a"], "odoo_servers": ["x"]}, ["a"]) is None


def test_a_like_name_without_hosts():
    assert no_database({"odoo_databases": ["a"], "odoo_server": []}, ["a"]) is None


@pytest.mark.parametrize(
    "group", ["odoo-servers", "odooservers", "odoo_severs", "odoo_serevrs", "oodoo_servers", "Odoo_Servers"]
)
def test_a_slip_in_the_name_of_a_group(group):
    """There is a way out for a group of something else: an empty group of the right name."""
    found = no_database({"odoo_databases": ["a"], group: ["x"]}, ["a"])
    assert found.endswith(f"If the group {group} is meant, rename it; if not, add an empty group odoo_servers")
    assert no_database({"odoo_databases": ["a"], group: ["x"], "odoo_servers": []}, ["a"]) is None


GROUPS_OF_OTHERS = (
    "odoo_db_servers odoo_dbservers odoo_web_servers odoo_app_servers odoo_dev_servers odoo_services odoo14_servers "
    "my_odoo_servers servers"
)


@pytest.mark.parametrize("group", GROUPS_OF_OTHERS.split())
def test_a_group_of_something_else_beside_the_databases(group):
    """Hosted Odoo has no machines; what another role calls its own is not our concern."""
    assert no_database({"odoo_databases": ["a"], group: ["x"]}, ["a"]) is None


def test_databases_of_a_region_beside_the_machines():
    assert no_database({"odoo_servers": ["x"], "odoo_databases_eu": ["a"]}, ["x"]) is None
