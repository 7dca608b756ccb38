"""What the check of the variables says before the database is asked: each value as the module gets it, or one line."""

import importlib

import pytest
import yaml
from ansible.plugins import loader

from ansible_collections.postroom.odoo.plugins.plugin_utils.declared import lists_for, variables_of
from ansible_collections.postroom.odoo.plugins.plugin_utils.specifications import SPECIFICATIONS

ROLES = dict.fromkeys(("mail_domain", "mail_users", "mail_templates", "mail_extras"), "main")
DOMAIN = {"mail_domain_name": "x.example", "mail_domain_incoming": False, "mail_domain_outgoing": False}
DOMAIN.update({f"mail_domain_{alias}": alias for alias in ("catchall", "bounce", "default_from")})
TASK_VARS = {"groups": {"odoo_servers": ["machine"]}}

# Its filters are loaded with it, which only Ansible can do.
with pytest.MonkeyPatch.context() as patch:
    patch.setattr(loader.filter_loader, "get", lambda name: None)
    action = importlib.import_module("ansible_collections.postroom.odoo.plugins.action.check_variables")


def checked(text):
    """The lists as the modules have them, and what is wrong."""
    given = yaml.safe_load(text)
    given = variables_of(ROLES, {**DOMAIN, **given}, lambda value: value)
    specs = {role: SPECIFICATIONS[role][entry_point] for role, entry_point in ROLES.items()}
    problems = action._not_as_specified(specs, given)
    if problems:
        return [], problems
    lists, problems = object.__new__(action.ActionModule)._lists(ROLES, given, TASK_VARS, True)
    return {module: items for module, _made, items in lists}, list(problems)


def account(options):
    return f"mail_users_accounts: [{{name: Ann, email: ann@x.example, password: Secret, {options}}}]"


def relay(options):
    return f"mail_extras_outgoing_servers: [{{name: Relay, host: relay.internal, {options}}}]"


@pytest.mark.parametrize(
    ("text", "module", "option", "value"),
    [
        # Text in YAML 1.1.
        (account("smtp: {max_messages_per_minute: 1e3}"), "outgoing_mail_servers", "max_messages_per_minute", 1000),
        (account('smtp: {priority: "-5"}'), "outgoing_mail_servers", "priority", -5),
        (account('smtp: {port: "587.0"}'), "outgoing_mail_servers", "port", 587),
        (account('smtp: {port: " 587 "}'), "outgoing_mail_servers", "port", 587),
        (relay('max_email_size: "2.5"'), "outgoing_mail_servers", "max_email_size", 2.5),
        (relay("max_email_size: 0"), "outgoing_mail_servers", "max_email_size", 0),
        (account("active: 'no'"), "users", "active", False),
        (account("imap: {ssl: 'yes'}"), "incoming_mail_servers", "ssl", True),
        (account("groups: base.group_user"), "users", "groups", ["base.group_user"]),
        (account("groups: 'base.group_user,base.group_system'"), "users", "groups", ["base.group_user", "base.group_system"]),
        (account("companies: My Company"), "users", "companies", ["My Company"]),
        ("mail_domain_companies: Acme", "alias_domains", "companies", ["Acme"]),
        ("mail_domain_sequence: '1e1'", "alias_domains", "sequence", 10),
    ],
)
def test_a_value_is_what_the_module_makes_of_it(text, module, option, value):
    lists, problems = checked(text)
    assert problems == []
    assert lists[module][0][option] == value
    assert type(lists[module][0][option]) in (type(value), float)


@pytest.mark.parametrize("value", [".inf", "-.inf", ".nan", "'1e400'", "1" + 400 * "0", "inf", "'-5'", "-5", "a", "yes"])
@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("port", account("smtp: {port: %s}")),
        ("max_messages_per_minute", account("smtp: {max_messages_per_minute: %s}")),
        ("max_email_size", relay("max_email_size: %s")),
    ],
)
def test_what_is_no_number_that_odoo_can_use_is_one_problem(option, text, value):
    (line,) = checked(text % value)[1]
    assert option in line
    assert len(line) < 600


@pytest.mark.parametrize("value", [".inf", ".nan", "'1e400'"])
def test_the_order_of_a_domain_is_finite(value):
    (line,) = checked(f"mail_domain_sequence: {value}")[1]
    assert line.startswith("mail_domain_sequence: ")


def test_other_actions_get_the_same():
    """verify opens connections to the ports."""
    given = variables_of({"mail_users": "main"}, yaml.safe_load(account('smtp: {port: "587.0"}')), lambda value: value)
    lists = {module: items for _variable, module, items in lists_for({"mail_users": "main"}, given, TASK_VARS)}
    assert lists["outgoing_mail_servers"][0]["port"] == 587
