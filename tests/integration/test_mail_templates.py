"""Mail templates: which are found, what is written, and what Odoo makes of an expression."""

WELCOME = "auth_signup.mail_template_user_signup_account_created"


def template(database, name=WELCOME):
    module, _, name = name.partition(".")
    return database.rows(f"""
        SELECT t.id, t.email_from, t.reply_to, t.mail_server_id FROM mail_template t
        JOIN ir_model_data d ON d.model = 'mail.template' AND d.res_id = t.id AND d.module = '{module}' AND d.name = '{name}'
    """)[0]


def rendered(database, record, option, users):
    """The field as Odoo itself renders it, for each of some users."""
    templates = database.odoo().env["mail.template"]
    if database.major < 17:
        found = templates.browse([record]).generate_email(users, [option])
        return [found[str(user)][option] for user in users]
    # Rendering is no public method any more: prepare the mail, as sending would, and look at it.
    values = []
    for user in users:
        mail = templates.browse([record]).send_mail(user)
        values.append(
            database.value(f"""
            SELECT coalesce(m.{option}, '') FROM mail_mail JOIN mail_message m ON m.id = mail_mail.mail_message_id
            WHERE mail_mail.id = {mail}
        """)
        )
    return values


def test_life(database):
    before = template(database)
    server, other = (f"{name}@mydomain.com" for name in ("office", "other"))
    database.ok("outgoing_mail_servers", [{"login": server, "name": "Office", "host": "h"}, {"login": other, "host": "h"}])
    ids = {row["smtp_user"]: row["id"] for row in database.rows("SELECT id, smtp_user FROM ir_mail_server")}
    item = {"template": WELCOME, "email_from": "Office <office@mydomain.com>", "reply_to": "a@mydomain.com, B <b@mydomain.com>"}
    done = database.converge("mail_templates", [{**item, "mail_server": server}])
    assert done["counts"] == {"created": 0, "updated": 1, "adopted": 0, "deleted": 0, "unchanged": 0}
    assert template(database) == {
        "id": before["id"],
        "email_from": item["email_from"],
        "reply_to": item["reply_to"],
        "mail_server_id": ids[server],
    }
    for option, value, column, stored in (
        ("mail_server", other, "mail_server_id", ids[other]),
        ("mail_server", "Office", "mail_server_id", ids[server]),
        ("mail_server", "", "mail_server_id", None),
        ("reply_to", "", "reply_to", None),
        ("email_from", "äöü <x@mydomain.com>", "email_from", "äöü <x@mydomain.com>"),
    ):
        was = template(database)
        done = database.converge("mail_templates", [{"template": WELCOME, option: value}])
        assert done["changes"] == [{"action": "updated", "options": [option], "items": [WELCOME]}]
        assert template(database) == {**was, column: stored}

    database.ok("mail_templates", [{"template": WELCOME, "reply_to": "r@mydomain.com", "mail_server": server}])
    was = template(database)
    database.converge("mail_templates", [{"template": WELCOME, "reply_to": "whatever@mydomain.com"}], state="deleted")
    assert template(database) == {**was, "reply_to": None}
    database.converge("mail_templates", [{"template": WELCOME}], state="deleted")
    assert template(database) == {"id": before["id"], "email_from": None, "reply_to": None, "mail_server_id": None}


def test_by_name_and_model(database):
    record = template(database)["id"]
    name = database.odoo().env["mail.template"].search_read([("id", "=", record)], ["name"])[0]["name"]
    item = {"name": name, "model": "res.users", "reply_to": "a@mydomain.com"}
    database.converge("mail_templates", [item])
    assert template(database)["reply_to"] == "a@mydomain.com"
    # The same template under both of its names is one template twice.
    result = database.refuses("mail_templates", [item, {"template": WELCOME, "reply_to": "b@mydomain.com"}])
    assert "identifies the same mail template as item 0" in result["msg"]


def test_expressions(database):
    """One inventory on every series, and Odoo makes of it what it says, names in quotes and brackets included."""
    client = database.odoo()
    names = ['"Doe, Jane" & Söhne', "Plain Name"]
    people = [{"name": name, "login": f"u{number}", "email": f"u{number}@mydomain.com"} for number, name in enumerate(names)]
    users = client.env["res.users"].with_context(no_reset_password=True).create(people)
    expected = [row["email_formatted"] for row in client.env["res.users"].browse(users).read(["email_formatted"])]
    assert "<u0@mydomain.com>" in expected[0]
    item = {"email_from": {"expression": "object.email_formatted"}, "reply_to": {"expression": "object.email or 'x'"}}
    database.converge("mail_templates", [{"template": WELCOME, **item}])
    stored = template(database)
    if database.major == 14:
        assert stored["email_from"] == "${object.email_formatted | safe}"
        assert stored["reply_to"] == "${(object.email or 'x') | safe}"
    else:
        assert stored["email_from"] == "{{ object.email_formatted }}"
    assert rendered(database, stored["id"], "email_from", users) == expected
    assert rendered(database, stored["id"], "reply_to", users) == ["u0@mydomain.com", "u1@mydomain.com"]
    # The series' own spelling means the same.
    literal = {14: "${object.email_formatted|safe}"}.get(database.major, "{{object.email_formatted}}")
    assert not database.converge("mail_templates", [{"template": WELCOME, "email_from": literal}])["changed"]


def test_gathered_and_back(database):
    """Every template that Odoo brings, and odd ones made by hand."""
    client = database.odoo()
    model = client.env["ir.model"].search([("model", "=", "res.users")])[0]
    mixed = {14: "A ${object.name} <${object.email|safe}>"}.get(database.major, "A {{ object.name }} <{{ object.email }}>")
    client.env["mail.template"].create(
        [
            {"name": "Mixed", "model_id": model, "email_from": mixed, "reply_to": "not an address"},
            {"name": "Blank", "model_id": model, "email_from": " a@mydomain.com ", "reply_to": ""},
            {"name": " Blank around ", "model_id": model, "email_from": False},
        ]
    )
    before = database.rows("SELECT * FROM mail_template ORDER BY id")
    gathered = database.ok("mail_templates", state="gathered")["gathered"]
    assert len(gathered) == len(before)
    assert not database.converge("mail_templates", gathered)["changed"]
    assert database.rows("SELECT * FROM mail_template ORDER BY id") == before


def test_an_expression_that_fails(database):
    """Odoo 19 tries expressions when they are written: its refusal names item and option. Older ones take them."""
    result = database.run("mail_templates", [{"template": WELCOME, "email_from": {"expression": "object.no_such_field"}}])
    if database.major >= 19:
        assert result["failed"]
        assert result["problems"][0]["index"] == 0
        assert WELCOME in result["msg"]
    else:
        assert result["changed"]


def test_an_expression_that_is_none(database):
    """What no series can evaluate, or this one sends as text, is refused before anything is written; found, it may stay."""
    foreign = {14: "A <{{ object.email }}>"}.get(database.major, "A <${object.email}>")
    whole = {"template": WELCOME, "reply_to": "fine@mydomain.com"}
    for wrong, words in (({"expression": "object."}, "is no "), (foreign, "this series sends")):
        refused = database.refuses("mail_templates", [{**whole, "email_from": wrong}])
        assert refused["problems"][0]["option"] == "email_from"
        assert words in refused["msg"]
    database.sql(f"UPDATE mail_template SET email_from = '{foreign}' WHERE id = {template(database)['id']}")
    database.converge("mail_templates", [{**whole, "email_from": foreign}])


def test_auto_delete(database):
    def kept():
        (model,) = database.values(f"SELECT auto_delete FROM mail_template WHERE id = {template(database)['id']}")
        return not model

    for wanted in (False, True, False):
        database.converge("mail_templates", [{"template": WELCOME, "auto_delete": wanted}])
        assert kept() != wanted
    # An item that does not name it leaves it alone, be it cleared.
    database.converge("mail_templates", [{"template": WELCOME}], state="deleted")
    assert kept()
