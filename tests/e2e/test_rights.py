"""Who may not manage mail servers learns nothing of them, and can do nothing with them, by what the addon adds."""

import subprocess
from pathlib import Path

import pytest
from office import address


def refused(office, *arguments, person="nouser", **named):
    """Why a call is refused, to an internal user."""
    return office.refused(*arguments, person=person, **named)


@pytest.mark.parametrize(
    "field",
    ["user_id", "sender_addresses", "sender_scope", "sender_note", "from_filter", "smtp_pass", "sending_state", "last_error"],
)
def test_no_field_of_an_outgoing_server(office, field):
    refused(office, "ir.mail_server", "read", [office.servers["newuser"]], [field])
    refused(office, "ir.mail_server", "search", [(field, "!=", False)])
    refused(office, "ir.mail_server", "write", [office.servers["newuser"]], {field: False})


@pytest.mark.parametrize("field", ["smtp_server_id", "mail_server_ids", "sending_state", "sending_server_id"])
def test_no_server_of_a_user(office, field):
    """Its name is the login, mostly."""
    refused(office, "res.users", "read", [office.people["newuser"]], [field])
    refused(office, "res.users", "search", [(field, "!=", False)])
    refused(office, "res.users", "search", [(f"{field}.smtp_pass", "like", "n%")])
    assert field not in office.call("res.users", "fields_get", client=office.as_person("nouser"))
    # Nor one's own: a user does not choose a server.
    refused(office, "res.users", "write", [office.people["nouser"]], {field: office.servers["newuser"]})


@pytest.mark.parametrize("field", ["only_replies", "folders", "reading_notes"])
def test_no_field_of_an_incoming_server(office, field):
    refused(office, "fetchmail.server", "read", [office.fetching["newuser"]], [field])
    refused(office, "fetchmail.server", "write", [office.fetching["newuser"]], {field: False})


def test_no_method_but_cores_can_be_called(office, new_office, series):
    """What can be called over RPC is what core has, and what explains a route: all the addon's other methods are private."""
    script = """
import inspect
from odoo import models
for name in ('ir.mail_server', 'fetchmail.server', 'mail.mail', 'mail.message', 'res.users', 'res.partner'):
    ours, others = set(), set()
    for cls in type(env[name]).__mro__:
        mine = 'smtp_server_per_user' in (cls.__module__ or '')
        for key, value in vars(cls).items():
            if inspect.isfunction(value) and not key.startswith('_'):
                (ours if mine else others).add(key)
    print('NEW', name, sorted(ours - others))
"""
    output = shell(office, script)
    found = [line for line in output.splitlines() if line.startswith("NEW")]
    assert sorted(found) == sorted(
        f"NEW {model} {methods}"
        for model, methods in {
            # test_explain.py tests who may call it.
            "ir.mail_server": ["action_explain_route", "explain_route"],
            # test_mail_state.py, who may call the buttons.
            "res.users": ["action_explain_route", "action_fetch_now", "action_send_test_message"],
            **{model: [] for model in ("fetchmail.server", "mail.mail", "mail.message", "res.partner")},
        }.items()
    )


def shell(office, script):
    server = office.server
    command = [server["command"], "shell", f"--config={server['config']}", "-d", office.name, "--no-http", "--log-level=error"]
    return subprocess.run(command, input=script, capture_output=True, text=True, check=True).stdout


def toolbar(office, model, client=None):
    """The names of the actions that Odoo offers on a form."""
    named = {"views": [(False, "form")], "options": {"toolbar": True}, "client": client}
    if int(office.series) < 16:
        view = office.call(model, "load_views", **named)["fields_views"]["form"]
    else:
        view = office.call(model, "get_views", **named)["views"]["form"]
    return {each["name"] for each in view["toolbar"].get("action", ())}


def test_routes_are_explained_only_to_who_manages_mail_servers(office):
    assert "Explain Route" in toolbar(office, "res.users")
    assert "Explain Route" not in toolbar(office, "res.users", office.as_person("nouser"))
    actions = office.search("ir.actions.server", [("name", "=", "Explain Route")], "id")
    assert len(actions) == 3
    context = {"active_model": "res.users", "active_id": office.people["nouser"], "active_ids": [office.people["nouser"]]}
    for action in actions:
        refused(office, "ir.actions.server", "run", [action["id"]], context=context)
    told = refused(office, "res.users", "action_explain_route", [office.people["nouser"]])
    assert "Only users who manage mail servers" in told


def test_nobody_sets_what_the_addon_keeps_with_a_message(office):
    """Neither as a value nor as a default, which may be in the context (19 refuses that) or among the settings."""
    record, ours = office.make_record("Forged"), ("route_server", "route_rule", "sender_by_template")
    values = {"model": "res.partner", "res_id": record, "body": "Hello", "message_type": "comment"}
    office.call("ir.default", "set", "mail.message", "route_rule", "Forged")
    try:
        for more, context in (
            ({"route_server": "Forged"}, {}),
            ({"sender_by_template": True}, {}),
            ({}, {f"default_{each}": "Forged" for each in ours}),
            ({}, {}),
        ):
            if context and int(office.series) >= 19:
                refused(office, "mail.message", "create", values, context=context)
                continue
            client = office.as_person("nouser")
            created = office.call("mail.message", "create", {**values, **more}, client=client, context=context)
            (found,) = office.read("mail.message", created, *ours)
            assert [found[each] for each in ours] == [False] * 3, (more, context)
    finally:
        defaults = office.search("ir.default", [("json_value", "=", '"Forged"')], "id")
        office.call("ir.default", "unlink", [each["id"] for each in defaults])


def test_private_methods_are_not_to_be_called(office):
    for method in ("_sender", "_find_mail_server", "_connect_for", "_load_series_views"):
        assert "rivate" in refused(office, "ir.mail_server", method, [office.servers["newuser"]])


def test_sending_needs_no_rights_on_servers(office):
    """An internal user's mail leaves through the own server all the same: see the round trips."""
    trip = office.follow(office.send("chatter", "newuser"))
    assert trip.login == address("newuser")


def test_two_users_servers_with_one_address(office):
    told = "The servers of two users cannot have the same address"
    servers = office.servers
    values = {"name": "Another", "smtp_host": "localhost", "smtp_user": "NewUser@Office.Example"}
    assert told in refused(office, "ir.mail_server", "create", {**values, "user_id": office.people["seconduser"]}, person=None)
    values = {"from_filter": "a@b.example, newuser@office.example"}
    assert told in refused(office, "ir.mail_server", "write", [servers["seconduser"]], values, person=None)


def test_owner_and_server_point_at_each_other(office):
    user, server = office.people["newuser"], office.servers["newuser"]
    assert office.read("res.users", user, "smtp_server_id")[0]["smtp_server_id"][0] == server
    assert office.sql(f"SELECT smtp_server_id FROM res_users WHERE id = {user}").strip() == str(server)
    assert [each["id"] for each in office.search("ir.mail_server", [("user_id", "=", user)], "id")] == [server]
    assert [each["id"] for each in office.search("ir.mail_server", [("user_id.login", "=", address("newuser"))], "id")] == [
        server
    ]


# A list's view type up to 17, and from 18 on.
LISTS = ("tree", "list")


def shown(office, model, kind):
    """The XML of a view."""
    return office.call(model, "fields_view_get" if int(office.series) < 16 else "get_view", view_type=kind)["arch"]


def test_owner_is_shown_and_searchable(office):
    arch = {kind: shown(office, "ir.mail_server", kind) for kind in ("form", LISTS[int(office.series) >= 18], "search")}
    for kind, text in arch.items():
        assert 'name="user_id"' in text, kind
    assert arch["form"].count('name="from_filter"') == 1
    assert 'name="only_replies"' in shown(office, "fetchmail.server", "form")
    assert "smtp_server_id" not in shown(office, "res.users", "form")


def test_new_address_of_an_owner(new_office, series):
    """The server follows where only its filter named the address, and says so where it cannot."""
    office = new_office(series)
    technical, login = office.servers["newuser"], office.servers["seconduser"]
    office.call("ir.mail_server", "write", [technical], {"smtp_user": "api-key-17"})
    for person in ("newuser", "seconduser"):
        office.call("res.users", "write", [office.people[person]], {"email": f"{person}.married@office.example"})
    assert office.read("ir.mail_server", technical, "from_filter")[0]["from_filter"] == "newuser.married@office.example"
    assert not office.read("ir.mail_server", technical, "sender_note")[0]["sender_note"]
    assert "seconduser.married@office.example" in office.read("ir.mail_server", login, "sender_note")[0]["sender_note"]
    assert office.read("ir.mail_server", login, "from_filter")[0]["from_filter"] == address("seconduser")
    partner = office.read("res.users", office.people["seconduser"], "partner_id")[0]["partner_id"][0]
    notes = office.search("mail.message", [("model", "=", "res.partner"), ("res_id", "=", partner)], "body")
    assert any("seconduser out sends as seconduser@office.example" in note["body"] for note in notes), notes


WAYS_TO_A_SERVER = {
    "a path from contacts": ("res.partner", "search", [("user_ids.smtp_server_id", "!=", False)]),
    "a path to the server's login": ("res.partner", "search", [("user_ids.smtp_server_id.smtp_user", "like", "n%")]),
    "a path by what is joined": ("res.partner", "search", [("user_ids.mail_server_ids", "!=", False)]),
    "a path from what one wrote": ("res.partner", "search", [("create_uid.smtp_server_id", "!=", False)]),
    "a path from messages": ("mail.message", "search", [("author_id.user_ids.smtp_server_id.name", "like", "n%")]),
    "a count": ("res.partner", "search_count", [("user_ids.smtp_server_id", "!=", False)]),
    "a count of users": ("res.users", "search_count", [("smtp_server_id", "!=", False)]),
    "a name search": ("res.partner", "name_search", "", [("user_ids.smtp_server_id", "!=", False)]),
    "groups": ("res.users", "read_group", [], ["login"], ["smtp_server_id"]),
    "groups with an aggregate": ("res.users", "read_group", [], ["x:array_agg(smtp_server_id)"], ["company_id"]),
    "groups of a domain": ("res.users", "read_group", [("smtp_server_id", "!=", False)], ["login"], ["company_id"]),
    "an export": ("res.users", "export_data", "users", ["smtp_server_id"]),
    "an export of paths": ("res.partner", "export_data", "partners", ["user_ids/smtp_server_id/name"]),
    "a filtered domain": ("res.users", "filtered_domain", "users", [("smtp_server_id", "!=", False)]),
    "messages": ("mail.message", "search", [("sender_by_template", "=", True)]),
    "whose sending fails": ("res.users", "search", [("sending_state", "=", "failing")]),
    "a path to whose sending fails": ("res.partner", "search", [("user_ids.sending_state", "=", "failing")]),
    "a path to whose mailbox fails": ("mail.message", "search", [("create_uid.fetching_state", "!=", "working")]),
}


@pytest.mark.parametrize("way", WAYS_TO_A_SERVER)
def test_no_way_to_a_users_server(office, way):
    """Finding, counting, grouping, sorting and exporting tell as little as reading."""
    model, method, *arguments = WAYS_TO_A_SERVER[way]
    people = list(office.people.values())
    partners = [each["partner_id"][0] for each in office.read("res.users", people, "partner_id")]
    arguments = [
        {"users": people, "partners": partners}.get(each, each) if isinstance(each, str) else each for each in arguments
    ]
    if method == "export_data":
        # Who may not export at all is refused for that.
        groups = "group_ids" if office.has("res.users", "group_ids") else "groups_id"
        group = office.search("ir.model.data", [("module", "=", "base"), ("name", "=", "group_allow_export")], "res_id")
        office.call("res.users", "write", [office.people["nouser"]], {groups: [(4, group[0]["res_id"])]})
    refused(office, model, method, *arguments)


@pytest.mark.parametrize("method", ["search", "search_read"])
@pytest.mark.parametrize("order", ["smtp_server_id", "smtp_server_id DESC, login", "login, smtp_server_id"])
def test_no_order_by_a_users_server(office, method, order):
    refused(office, "res.users", method, [], order=order)


def test_what_is_not_restricted_stays_as_it_was(office):
    person = office.as_person("nouser")
    assert office.call("res.users", "search", [("partner_id.user_ids.login", "like", "nouser")], order="login", client=person)
    assert office.call("res.partner", "search_count", [("user_ids.company_id", "!=", False)], client=person)
    # Who manages mail servers finds by all of them.
    assert office.call("res.partner", "search", [("user_ids.smtp_server_id.smtp_user", "like", "newuser%")])
    assert office.call("res.users", "search", [], order="smtp_server_id, login")


@pytest.mark.parametrize("password", ["Käse", "lineend-7\n", "p\u00a0w", "密码"])
def test_password_that_mail_cannot_carry(office, password):
    """Core would fail over it at each login, and write it to its log."""
    for model, field, server in (
        ("ir.mail_server", "smtp_pass", office.servers["newuser"]),
        ("fetchmail.server", "password", office.fetching["newuser"]),
    ):
        message = refused(office, model, "write", [server], {field: password}, person=None)
        assert "ASCII" in message
        assert "newuser" in message
        assert password.strip() not in message
        assert office.read(model, server, field)[0][field] == "newuser-pw"
    log = Path(office.server["log"]).read_text(errors="replace")
    assert password.strip() not in log
