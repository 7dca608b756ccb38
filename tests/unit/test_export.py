"""From records to variables, and from variables to text that Ansible reads as it was meant."""

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader

from ansible_collections.postroom.odoo.plugins.module_utils import resources
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.backward import EXPORTED, Variables
from ansible_collections.postroom.odoo.plugins.plugin_utils.yaml_writer import inventory_text, vault_text

ODD = ("{{ 7 * 7 }}", "{% if %}", "{# #}", "yes", "0123", "1e3", "12:30", "null", "~", "=", "<<", "a: b", "# c", "'\"\\", " x ")


def record(item, defaults=(), **more):
    return {
        "item": item,
        "label": item.get("name", ""),
        "defaults": defaults,
        "left_out": [],
        "reason": None,
        "customized": True,
        **more,
    }


def user(address, **more):
    return record({"login": address, "name": address, "email": address, "active": True, **more}, ("active",))


def outgoing(login, **more):
    item = {"name": login, "host": "smtp.example", "port": 587, "login": login, "password": "pw", "encryption": "starttls"}
    return record({**item, "from_filter": login, "priority": 100, "active": True, **more}, ("active",))


def variables(routed=False, **found):
    exported = Variables({kind.replace("_", " "): records for kind, records in found.items()}, routed)
    return {name: value for dummy, group in exported.groups for name, value in group.items()}, exported


def test_a_server_goes_to_its_user():
    servers = [outgoing("a@b.example"), outgoing("c@d.example", host="other.example")]
    given, exported = variables(user=[user("a@b.example")], outgoing_mail_server=servers)
    assert given["mail_provider"] == {"smtp": {"host": "smtp.example", "port": 587, "encryption": "starttls"}}
    assert given["mail_users_accounts"] == [{"name": "a@b.example", "email": "a@b.example", "incoming": False}]
    assert [each["login"] for each in given["mail_extras_outgoing_servers"]] == ["c@d.example"]
    assert exported.vault == {
        "vault_mail_passwords": {"a@b.example": "pw"},
        "vault_mail_secrets": {"outgoing_c@d.example_other.example": "pw"},
    }


def test_an_owner_who_is_another_is_said():
    servers = [outgoing("a@b.example", owner="")]
    given, _ = variables(routed=True, user=[user("a@b.example")], outgoing_mail_server=servers)
    assert given["mail_users_accounts"][0]["smtp"] == {"owner": ""}
    servers = [outgoing("a@b.example", owner="somebody")]
    given, _ = variables(routed=True, user=[user("a@b.example")], outgoing_mail_server=servers)
    assert given["mail_users_accounts"][0]["outgoing"] is False
    assert given["mail_extras_outgoing_servers"][0]["owner"] == "somebody"


def test_a_kind_of_record_without_a_variable_is_reported():
    """A resource that is added to the collection is exported, or its records are named."""
    _, exported = variables(user=[user("a@b.example")], mail_blacklist=[record({"name": "spam@b.example"})])
    assert exported.remarks == ["mail blacklist 'spam@b.example': the export has no variable for it"]


def test_every_resource_is_exported():
    """Or its declaration says that it is not; docs/export.md names those."""
    assert {resource.noun for resource in resources.BY_MODULE.values() if resource.exported} == EXPORTED


def test_what_all_accounts_say_is_said_once():
    users = [user(f"{name}@b.example", timezone="UTC", language="fr_FR" if name == "c" else "de_DE") for name in "abc"]
    servers = [outgoing(each["item"]["login"], priority=7) for each in users]
    given, _ = variables(user=users, outgoing_mail_server=servers)
    assert given["mail_users_defaults"] == {"timezone": "UTC", "incoming": False, "smtp": {"priority": 7}}
    assert all("smtp" not in each and "timezone" not in each for each in given["mail_users_accounts"])


def test_a_domain_that_cannot_be_said_whole_is_none():
    """An address that is missing would be cleared."""
    domain = record({"name": "b.example", "catchall": "all", "bounce": ""}, label="b.example")
    domain["left_out"] = [{"option": "default_from", "reason": "is no address"}]
    given, exported = variables(alias_domain=[domain])
    assert given["mail_domain_name"] == ""
    assert given["mail_extras_alias_domains"] == [{"name": "b.example", "catchall": "all", "bounce": ""}]
    assert exported.remarks == ["alias domain 'b.example', default_from: is no address"]


@pytest.mark.parametrize("text", [*ODD, "two\nlines\n", "x" * 500, "日本 🦉"])
def test_text_stays_as_it_is(text):
    """Loaded as Ansible does; what Ansible could take for a template is marked."""
    written = inventory_text(["head"], [("Heading", {"v": [{"name": text, "more": {"x": text}}]})], [text])
    loaded = DataLoader().load(written)
    assert loaded == {"v": [{"name": text, "more": {"x": text}}]}
    assert written.count("!unsafe") == (2 if "{" in text else 0)


def test_a_remark_does_not_end_its_comment():
    assert yaml.safe_load(inventory_text([], [], ["name\nevil: true\u2028more: true"])) is None


def test_the_skeleton_has_names_and_no_secret():
    vault = {"v": {"a@b.example": "s3cret", "none": ""}}
    assert yaml.safe_load(vault_text(["head"], vault, False)) == {"v": {"a@b.example": None, "none": ""}}
    assert yaml.safe_load(vault_text(["head"], vault, True)) == vault
