"""Routes explained: what Odoo says of a message that is not sent is what happens to one that is."""

import json
import os
import re
import subprocess
import sys
import urllib.error
from email.utils import parseaddr
from pathlib import Path

import odoorpc
import pytest
from office import BOB, SHARED, address, shell

from ansible_collections.postroom.odoo.plugins.module_utils.operations.route_info import explain
from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import OdooError
from ansible_collections.postroom.odoo.plugins.module_utils.transport.session import Session

ROOT = Path(__file__).resolve().parents[2]
# To whom the messages would go.
RECEIVER = "somebody@customer.example"
COUNTED = ("mail_message", "mail_mail", "res_partner", "ir_model_data", "mail_followers", "ir_attachment")
# Odoo 14 does not say which, with several databases.
REFUSALS = (odoorpc.error.RPCError, urllib.error.HTTPError)


class Asker:
    def __init__(self, office):
        self.office = office

    def session(self, **options):
        server = self.office.server
        return Session(server["url"], self.office.name, server["login"], server["password"], read_only=True, **options)

    def ask(self, email_from=None, template=None, record=None):
        """The explanation. Nothing is left of what Odoo did for it, and nobody got a mail."""
        before = self.counts()
        found = explain(self.session(), email_from, template, record)
        assert self.counts() == before
        assert RECEIVER not in "\n".join(self.office.postfix.lines())
        if found.get("known"):
            assert_complete(found)
        return found

    def counts(self):
        tables = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in COUNTED)
        # No contact was made, even for a while.
        return self.office.sql(f"{tables} UNION ALL SELECT 'contacts', last_value FROM res_partner_id_seq")


# What is said of each message that would be sent, and of its answer.
SAID = ("Sent through: ", "Reason: ", "From: ", "Reply-To: ", "Envelope sender: ", "An answer goes to ")
PLACES = ("Odoo posts it on ", "Odoo does not post it ", "Odoo creates a new record for it: ")


def assert_complete(found):
    """With the addon and without it: server, rule, sender, where an answer goes, and whether Odoo would thread it."""
    halves = "\n".join(found["lines"]).split("Without the addon SMTP server per user:\n")
    for half, route in zip(halves, (found["with_addon"], found["without_addon"]), strict=True):
        if not route["sent"]:
            assert "It would not be sent: " in half
            continue
        assert [words for words in SAID if f"\n{words}" not in half] == []
        assert any(f"\n{words}" in half for words in PLACES), half
        assert half.count("\nNot through ") == len(route["others"])
        assert (f"\nServers not listed here: {route['more']}\n" in half) is bool(route["more"])


@pytest.fixture(scope="module")
def asker(new_office, series):
    return Asker(new_office(series))


@pytest.fixture(scope="module")
def core(new_office, series):
    return Asker(new_office(series, addon=False))


def seen(trip):
    """Of a message that was sent, what an explanation says, too."""
    sender, reply_to = (parseaddr(each)[1] for each in (trip.header_from, trip.reply_to))
    return trip.login, sender, reply_to, trip.return_path


def told(route):
    sender, reply_to = (parseaddr(route[each])[1] for each in ("from", "reply_to"))
    return route["login"], sender, reply_to, route["envelope_sender"]


@pytest.mark.parametrize("person", ["newuser", "seconduser"])
def test_it_is_what_happens(asker, person):
    office = asker.office
    trip = office.follow(office.send("chatter", person))
    found = asker.ask(address(person))
    route = found["with_addon"]
    assert told(route) == seen(trip)
    assert route["rule"] == f"{address(person)} is an address of its own."
    assert (route["fetched"], route["threaded"]) == (True, True)
    office.answers_land([trip])
    assert trip.landed_on == ("res.partner", trip.record)
    assert f"Sent through: {person} out ({address(person)})" in found["lines"]
    assert f"An answer goes to {address(person)}." in found["lines"]
    # The servers that were not chosen, each with the reason.
    assert f"Not through catchall out ({SHARED}): Its From Filter does not have the address." in found["lines"]
    assert len(found["without_addon"]["others"]) >= 2
    # A record of theirs is the same way, with the heading of that record.
    on_record = asker.ask(address(person), record=f"res.partner,{trip.record}")
    assert on_record["lines"][0].endswith(f"on res.partner,{trip.record}:")
    assert (told(on_record["with_addon"]), on_record["with_addon"]["threaded"]) == (seen(trip), True)


def test_more_servers_than_are_listed(asker):
    """What is left out is said."""
    office = asker.office
    values = {"name": "One of many", "smtp_host": "127.0.0.1", "from_filter": "elsewhere.example", "sequence": 50}
    made = [office.create("ir.mail_server", **values) for _ in range(25)]
    try:
        for route in (asker.ask(address("newuser"))[each] for each in ("with_addon", "without_addon")):
            assert len(route["others"]) == 20
            assert route["more"] >= 5
        assert asker.ask(address("newuser"))["with_addon"]["more"] == 6
    finally:
        office.call("ir.mail_server", "unlink", made)
    assert asker.ask(address("newuser"))["with_addon"]["more"] == 0


def test_a_user_without_a_server(asker):
    office = asker.office
    trip = office.follow(office.send("chatter", "nouser"))
    found = asker.ask(address("nouser"))
    route = found["with_addon"]
    assert told(route) == seen(trip)
    assert route["login"] == SHARED
    assert "default From address" in route["rule"]
    # Nobody's own server is among those that are considered.
    assert [each for each in route["others"] if "newuser" in each] == []


def test_without_the_addon_it_is_what_core_does(asker, core, series):
    """What the addon says of core is what a database without it does."""
    trip = core.office.follow(core.office.send("chatter", "seconduser"))
    route = asker.ask(address("seconduser"))["without_addon"]
    if series == "14":
        assert "553" in trip.refused
        assert (route["login"], route["rule"]) == (
            address("newuser"),
            "It is the first of all servers: Odoo 14 does not look at From.",
        )
    else:
        assert told(route) == seen(trip)
        assert route["reply_to"] != address("seconduser")


@pytest.mark.parametrize("auto_delete", [True, False])
def test_a_template(asker, core, series, auto_delete):
    office = asker.office
    template = office.make_template(address("seconduser"), auto_delete=auto_delete)
    name = f"Explained {auto_delete}"
    office.call("mail.template", "write", [template], {"name": name})
    record = office.make_record("A deal")
    found = asker.ask(address("newuser"), name, f"res.partner,{record}")
    route = found["with_addon"]
    assert told(route)[:3] == (address("seconduser"),) * 3
    assert route["threaded"]
    assert found["lines"][0].endswith(f"written by {address('newuser')}, on res.partner,{record}:")
    # Core deletes the message together with its mail.
    core_route = found["without_addon"]
    assert core_route["sent"] is False or core_route["threaded"] is not auto_delete
    if core_route["sent"] and auto_delete:
        assert core_route["answer"][1:] == [
            "Odoo does not find the record: it deletes the message after sending it.",
            "Odoo does not post it anywhere.",
        ]


def test_a_server_that_was_selected(asker):
    office = asker.office
    template = office.make_template("user", mail_server_id=office.servers["shared"], name="By hand")
    found = asker.ask(address("nouser"), "By hand")["with_addon"]
    assert template
    assert (found["login"], found["rule"]) == (SHARED, "It was selected for this message or template.")


def test_who_may_not_send(asker):
    """A template with somebody's address that is not an administrator's."""
    office = asker.office
    office.call("ir.config_parameter", "set_param", "smtp_server_per_user.send_as", "owner")
    try:
        office.make_template(address("seconduser"), name="Forbidden")
        route = asker.ask(address("newuser"), "Forbidden")["with_addon"]
    finally:
        office.call("ir.config_parameter", "set_param", "smtp_server_per_user.send_as", "template")
    assert route["login"] == SHARED
    assert [each for each in route["others"] if each.startswith("seconduser out") and "may not send" in each]


def test_a_mailbox_that_nobody_fetches(asker):
    office = asker.office
    office.call("fetchmail.server", "write", [office.fetching["newuser"]], {"active": False})
    try:
        found = asker.ask(address("newuser"))
    finally:
        office.call("fetchmail.server", "write", [office.fetching["newuser"]], {"active": True, "state": "done"})
    assert found["with_addon"]["fetched"] is False
    assert f"No active incoming mail server has the login {address('newuser')}, so Odoo may not receive it." in found["lines"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("nobody", None, None), "nobody is not an e-mail address"),
        (("a@b.c", None, "res.partner,99999999"), "There is no record res.partner,99999999"),
        (("a@b.c", None, "res.partner"), "record must be a model and a database ID"),
        ((None, "no.such_template", None), "has no mail template no.such_template"),
    ],
)
def test_what_cannot_be_explained(asker, asked, words):
    with pytest.raises(OdooError) as refused:
        asker.ask(*asked)
    assert words in str(refused.value)


def test_a_database_without_the_addon(core):
    found = core.ask(address("newuser"))
    assert found["known"] is False
    assert "cannot be known" in found["lines"][0]
    assert [line for line in found["lines"] if address("newuser") in line]


def test_only_who_manages_mail_servers(asker):
    with pytest.raises(REFUSALS) as refused:
        asker.office.call("ir.mail_server", "explain_route", address("newuser"), client=asker.office.as_person("seconduser"))
    assert "Only users who manage mail servers" in str(refused.value) or isinstance(refused.value, urllib.error.HTTPError)


def test_the_authors_company(asker, series):
    """Not that of who asks. With alias domains, it decides where answers go."""
    office = asker.office
    company = office.create("res.company", name="Second Company")
    if office.has("res.company", "alias_domain_id"):
        names = {"catchall_alias": "second-catchall", "bounce_alias": "second-bounce", "default_from": "catchall"}
        domain = office.create("mail.alias.domain", name="office.example", **names)
        office.call("res.company", "write", [company], {"alias_domain_id": domain})
    before = office.read("res.users", office.people["nouser"], "company_id", "company_ids")[0]
    values = {"company_ids": [(6, 0, [company])], "company_id": company}
    office.call("res.users", "write", [office.people["nouser"]], values)
    try:
        trip = office.follow(office.send("chatter", "nouser"))
        found = asker.ask(address("nouser"))
        script = MADE_AND_POSTED.format(author=office.people["nouser"], record=trip.record, subject=trip.subject)
        output = shell(office.lab, office.series, office.name, script)
    finally:
        values = {"company_ids": [(6, 0, before["company_ids"])], "company_id": before["company_id"][0]}
        office.call("res.users", "write", [office.people["nouser"]], values)
    made, posted = re.findall(r"FIELDS (.*)", output)
    assert made == posted == ("['office.example', 'Second Company']" if "second-catchall" in trip.reply_to else "[]")
    assert told(found["with_addon"]) == seen(trip)
    for route in (found["with_addon"], found["without_addon"]):
        assert ("Second Company" in route["reply_to"]) is ("Second Company" in trip.reply_to)
        assert route["reply_to"].count("second-catchall") == int(office.has("res.company", "alias_domain_id"))


MADE_AND_POSTED = """
from odoo.addons.smtp_server_per_user import compat
with compat.never_committed(env) as inside:
    author = inside["res.users"].browse({author})
    of_author = inside(user=author.id, context={{"allowed_company_ids": author.company_id.ids}})
    made = inside["ir.mail_server"]._mail_of_author(of_author, author.email, ["res.partner", {record}])
    posted = inside["mail.message"].search([("subject", "=", "{subject}")], limit=1)
    for message in (made.mail_message_id, posted):
        print("FIELDS", [message[name].name for name in ("record_alias_domain_id", "record_company_id") if name in message])
"""


IN_PASSING = """
Mails = type(env["mail.mail"])
send = Mails.send
def send_another(self, *args, **named):
    if not self.env.context.get("in_passing"):
        other = self.env(context={{"in_passing": True}})["mail.mail"].create(
            {{"email_from": "{other}", "email_to": "{receiver}", "subject": "In passing", "body_html": "<p>Hello</p>"}}
        )
        other.send()
        self.env.cr.commit()
    return send(self, *args, **named)
Mails.send = send_another
route = env["ir.mail_server"].explain_route("{sender}")["with_addon"]
print("LOGIN", route["login"], route["rule"])
"""


def test_what_is_sent_and_committed_in_passing(asker):
    """By code of another addon, without the explanation's context."""
    office = asker.office
    before, receiver = asker.counts(), f"in-passing-{office.name}@customer.example"
    script = IN_PASSING.format(other=address("seconduser"), receiver=receiver, sender=address("newuser"))
    output = shell(office.lab, office.series, office.name, script)
    assert f"LOGIN {address('newuser')} {address('newuser')} is an address of its own." in output
    assert asker.counts() == before
    assert receiver not in "\n".join(office.postfix.lines())


def test_a_template_reaches_nobody_else(asker):
    """Neither whom it copies in, nor whom another addon's field does."""
    office = asker.office
    template = office.make_template("user", email_cc=BOB, name="Copied in")
    script = f"""
from odoo.addons.smtp_server_per_user import compat
with compat.never_committed(env) as inside:
    mail = inside["ir.mail_server"]._mail_of_template(inside["mail.template"].browse({template}), None)
    print("TO", [mail.email_to, mail.email_cc, mail.recipient_ids.ids])
    # An answer to a message that is not there, at an address that is no alias: what fetching does with it.
    place = inside["ir.mail_server"]._place_of_answer
    print("PLACES", [place("<none@nowhere>", "a@b.example", model) for model in ("res.partner", None)])
"""
    output = shell(office.lab, office.series, office.name, script)
    assert "PLACES [('res.partner', 0), None]" in output
    assert f"TO ['{RECEIVER}', False, []]" in output


def test_several_at_once(asker):
    """On 14, explaining one empties the cache of all."""
    office = asker.office
    servers = [office.servers[person] for person in ("newuser", "seconduser")]
    context = {"smtp_server_per_user_explain": True}
    found = {
        each["id"]: each["route_explanation"]
        for each in office.call("ir.mail_server", "read", servers, ["route_explanation"], context=context)
    }
    for person in ("newuser", "seconduser"):
        assert f"Sent through: {person} out ({address(person)})" in found[office.servers[person]]


def test_a_personal_server_of_odoo_that_has_sent_enough(new_office, series):
    """From 19 on, Odoo has further messages wait."""
    asker = Asker(new_office(series))
    office, key = asker.office, "mail.server.personal.limit.minutes"
    personal = office.has("ir.mail_server", "owner_user_id")
    office.call("ir.config_parameter", "set_param", key, "-1")
    if personal:
        values = {"user_id": False, "owner_user_id": office.people["newuser"]}
        office.call("ir.mail_server", "write", [office.servers["newuser"]], values)
    route = asker.ask(address("newuser"))["with_addon"]
    assert route["sent"] is not personal
    assert ("as many messages as Odoo allows per minute" in route.get("reason", "")) is personal


def plain(text):
    """Without what YAML adds, and without the numbers of Odoo 14's envelope senders, which are other ones each time."""
    return re.sub(r"\+\d+respartner\d+|respartner,\d+", "", re.sub(r"[\s\"'\\.-]", "", text))


# -- in Odoo -------------------------------------------------------------------------------------------------------------


def test_kept_with_the_message(asker):
    office = asker.office
    for person, server, rule in (
        ("newuser", f"newuser out ({address('newuser')})", f"{address('newuser')} is an address of its own."),
        ("nouser", f"catchall out ({SHARED})", None),
    ):
        trip = office.send("chatter", person)
        (found,) = office.search("mail.message", [("subject", "=", trip.subject)], "route_server", "route_rule")
        assert found["route_server"] == server
        assert rule in (None, found["route_rule"])
        assert found["route_rule"]
    with pytest.raises(REFUSALS):
        office.search("mail.message", [("route_server", "!=", False)], "id", client=office.as_person("newuser"))
    with pytest.raises(REFUSALS):
        office.search("mail.message", [("subject", "=", trip.subject)], "route_server", client=office.as_person("newuser"))


def test_kept_in_one_language(asker):
    """Whoever sends: who reads it may have another language."""
    office = asker.office
    languages = office.search("res.lang", [("code", "=", "de_DE")], "id", context={"active_test": False})
    several = office.has("base.language.install", "lang_ids")
    chosen = {"lang_ids": [(6, 0, [languages[0]["id"]])]} if several else {"lang": "de_DE"}
    office.call("base.language.install", "lang_install", office.create("base.language.install", overwrite=True, **chosen))
    record, subject = office.make_record("In German"), f"In German {address('newuser')}"
    values = {"body": "Hallo", "subject": subject, "message_type": "comment", "partner_ids": [office.bob]}
    named = {"client": office.as_person("newuser"), "context": {"lang": "de_DE"}, "subtype_xmlid": "mail.mt_comment"}
    office.call("res.partner", "message_post", [record], **named, **values)
    (found,) = office.search("mail.message", [("subject", "=", subject)], "route_rule")
    assert found["route_rule"] == f"{address('newuser')} is an address of its own."


WITHOUT_A_SERVER = """
from odoo.addons.smtp_server_per_user.tools.sending import Attempt
mail = env["mail.mail"].create({"email_from": "a@b.example", "email_to": "c@d.example", "subject": "By the file"})
attempt = Attempt()
attempt.note(["c@d.example"], {})
mail._note_route(attempt)
print("KEPT", [mail.mail_message_id.route_server, mail.mail_message_id.route_rule])
"""


def test_kept_of_the_configuration_files_server(asker):
    output = shell(asker.office.lab, asker.office.series, asker.office.name, WITHOUT_A_SERVER)
    assert "the server in Odoo's configuration file" in output
    assert "There is no outgoing mail server: the one in Odoo's configuration file sends." in output


def test_a_database_that_is_not_upgraded_yet(new_office, series):
    """The addon's files are newer: messages are read and sent as before."""
    office = new_office(series)
    office.sql("ALTER TABLE mail_message DROP COLUMN route_server, DROP COLUMN route_rule")
    office.sql("ALTER TABLE ir_mail_server DROP COLUMN max_messages_per_minute, DROP COLUMN max_connections")
    # Odoo reads how the database is when it starts, or when another process has changed it.
    sequence = "SELECT count(*) FROM pg_class WHERE relname = 'base_registry_signaling'"
    signal = "SELECT nextval('base_registry_signaling')"
    if not int(office.sql(sequence)):
        signal = "INSERT INTO orm_signaling_registry DEFAULT VALUES"
    office.sql(signal)
    trip = office.follow(office.send("chatter", "newuser"))
    assert trip.login == address("newuser")
    (found,) = office.search("mail.message", [("subject", "=", trip.subject)], "body", "author_id", "sender_by_template")
    assert found["author_id"]
    office.answers_land([trip])
    assert trip.landed_on == ("res.partner", trip.record)


def test_what_was_not_sent_has_no_server(asker):
    office = asker.office
    office.call("ir.mail_server", "write", [office.servers["newuser"]], {"smtp_pass": "wrong"})
    try:
        trip = office.send("chatter", "newuser")
    finally:
        office.call("ir.mail_server", "write", [office.servers["newuser"]], {"smtp_pass": "newuser-pw"})
    (found,) = office.search("mail.message", [("subject", "=", trip.subject)], "route_server")
    assert not found["route_server"]


def test_the_same_words_in_odoo(asker):
    """What the action opens on servers, users and templates."""
    office = asker.office
    template = office.make_template("user", name="Words")
    for model, record, asked in (
        ("ir.mail_server", office.servers["newuser"], (address("newuser"),)),
        ("res.users", office.people["seconduser"], (address("seconduser"),)),
        ("mail.template", template, (None, "Words")),
    ):
        opened = office.call(model, "action_explain_route", [record])
        assert (opened["res_model"], opened["res_id"], opened["target"]) == (model, record, "new")
        # Only where it is asked for.
        assert not office.read(model, record, "route_explanation")[0]["route_explanation"]
        (found,) = office.call(model, "read", [record], ["route_explanation"], context=opened["context"])
        assert plain(found["route_explanation"]) == plain("\n".join(asker.ask(*asked)["lines"]))
        names = office.search("ir.actions.server", [("binding_model_id.model", "=", model)], "name")
        assert "Explain Route" in {each["name"] for each in names}


def test_the_playbook(asker, tmp_path):
    server = asker.office.server
    host = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "odoo_url": server["url"],
        "odoo_database": asker.office.name,
        "odoo_login": server["login"],
        "odoo_password": server["password"],
    }
    (tmp_path / "hosts.json").write_text(json.dumps({"odoo_databases": {"hosts": {"company": host}}}))
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", tmp_path / "hosts.json", "playbooks/explain.yml"]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "true"}

    def run(*arguments):
        return subprocess.run([*command, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    done = run("-e", f"from={address('newuser')}")
    assert done.returncode == 0, done.stdout + done.stderr
    for line in asker.ask(address("newuser"))["lines"]:
        assert plain(line) in plain(done.stdout)
    assert "changed=0" in done.stdout
    done = run()
    assert done.returncode == 2
    assert "Set the sender with -e from=" in done.stdout
