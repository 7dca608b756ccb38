"""The addon's views in a browser: what they show, what can be changed, and by whom.

The pictures in docs are taken here (POSTROOM_WRITE_DOCS=1).
"""

import os

import pytest
import table
from office import ROOT, address
from playwright.sync_api import expect
from webclient import Person

OUTGOING, INCOMING = "ir.mail_server", "fetchmail.server"
PICTURES = {OUTGOING: "docs/pictures/outgoing-{}.png", INCOMING: "docs/pictures/incoming-{}.png"}


@pytest.fixture(scope="module")
def office(new_office, series):
    """Servers as a company has them: names that say whose they are, and no port of the lab's. Nothing is sent here."""
    office = new_office(series)
    names = {"newuser": "New User", "seconduser": "Second User", "shared": "Everybody", "catchall": "Everybody"}
    for person, server in office.servers.items():
        office.call(OUTGOING, "write", [server], {"name": names[person], "smtp_port": 587})
    for person, server in office.fetching.items():
        values = {"name": names[person], "port": 993, "only_replies": person == "newuser"}
        office.call(INCOMING, "write", [server], values)
    return office


@pytest.fixture(scope="module")
def admin(browser, office):
    person = Person(browser, office, office.server["login"], office.server["password"])
    yield person
    person.close()


@pytest.fixture
def client(admin):
    with admin.client() as client:
        yield client


def test_menus(client):
    for title in ("Outgoing Mail Servers", "Incoming Mail Servers"):
        client.open_by_menu(title)
        expect(client.page.locator(".breadcrumb, .o_breadcrumb").first).to_contain_text(title)
        expect(client.rows).to_have_count(3)


def test_list(client):
    """It shows the owners, and can be searched for one."""
    client.open_list(OUTGOING)
    expect(client.rows).to_have_count(3)
    expect(client.column("Owner")).to_have_text(["New User", "Second User", ""])
    client.search("Owner", "Second User")
    expect(client.column("Owner")).to_have_text(["Second User"])


@pytest.mark.parametrize(("title", "owners"), [("With Owner", ["New User", "Second User"]), ("Shared", [""])])
def test_filters(client, title, owners):
    client.open_list(OUTGOING)
    client.filter(title)
    expect(client.column("Owner")).to_have_text(owners)


def test_outgoing_form(client, office):
    """Another owner is chosen, and the form says at once what is amiss, until the filter names the owner's address."""
    client.open_form(OUTGOING, "Second User")
    expect(client.input("user_id")).to_have_value("Second User")
    expect(client.input("from_filter")).to_have_value(address("seconduser"))
    expect(client.field("sender_note")).to_have_text("")
    client.choose("user_id", "No Server")
    note = f"The owner's e-mail address is {address('nouser')}, but this server sends as {address('seconduser')}."
    expect(client.field("sender_note")).to_have_text(note)
    both = f"{address('seconduser')}, {address('nouser')}"
    client.input("from_filter").fill(both)
    client.input("from_filter").press("Tab")
    expect(client.field("sender_note")).to_have_text("")
    client.save()
    assert saved(office) == ([office.people["nouser"], "No Server"], both)


def test_owner_is_taken_away_and_given_back(client, office):
    client.open_form(OUTGOING, "Second User")
    client.input("user_id").fill("")
    client.input("user_id").press("Tab")
    client.save()
    assert saved(office)[0] is False
    client.edit()
    client.choose("user_id", "Second User")
    client.save()
    assert saved(office)[0] == [office.people["seconduser"], "Second User"]


def test_two_owners_with_one_address(client, office):
    """Odoo says so in a dialog, and saves nothing."""
    before = saved(office)
    client.open_form(OUTGOING, "Second User")
    client.input("from_filter").fill(address("newuser"))
    client.save_button.click()
    told = f"{address('newuser')} already has a server, which belongs to New User."
    expect(client.dialog).to_contain_text(told)
    assert saved(office) == before
    client.close_dialog()


def saved(office):
    (server,) = office.read(OUTGOING, office.servers["seconduser"], "user_id", "from_filter")
    return server["user_id"], server["from_filter"]


def test_incoming_form(client, office):
    """Take Only Replies is switched on, saved, and switched off again."""
    client.open_form(INCOMING, "Second User")
    for wanted in (True, False):
        client.edit()
        expect(client.input("only_replies")).to_be_checked(checked=not wanted)
        client.switch("only_replies")
        client.save()
        assert office.read(INCOMING, office.fetching["seconduser"], "only_replies")[0]["only_replies"] is wanted


def test_whoever_may_not_manage_mail_servers(browser, office):
    person = Person(browser, office, address("nouser"), "nouser-odoo")
    with person.client() as client:
        apps = client.open_apps()
        expect(apps.filter(has_text="Discuss")).to_be_visible()
        expect(apps.filter(has_text="Settings")).to_have_count(0)
    for model in (OUTGOING, INCOMING):
        with person.client() as client:
            client.open_list(model)
            expect(client.dialog).to_contain_text(f"({model})")
            expect(client.dialog).to_contain_text("You are not allowed to access")
            assert address("newuser") not in client.page.content()
            client.close_dialog()
    person.close()


@pytest.mark.parametrize(
    ("model", "record"),
    [(OUTGOING, "servers"), ("res.users", "people"), ("mail.template", None)],
    ids=["server", "user", "template"],
)
def test_explain_route(client, office, model, record):
    """The menu of actions explains the route of what is open."""
    number = getattr(office, record)["newuser"] if record else office.make_template(address("newuser"))
    client.open_record(model, number)
    client.act("Explain Route")
    expect(client.dialog).to_contain_text(f"Sent through: New User ({address('newuser')})")
    expect(client.dialog).to_contain_text(f"Reason: {address('newuser')} is an address of its own.")
    client.close_dialog()


@pytest.mark.parametrize("model", ["mail.message", "mail.mail"])
def test_the_server_that_sent(client, office, model):
    """It is shown on the message."""
    values = {"route_server": "New User (a@b.c)", "route_rule": "a@b.c is an address of its own."}
    message = office.create(model, subject="Sent", body="Sent")
    # Only Odoo sets them when it creates a message.
    office.call(model, "write", [message], values)
    client.open_record(model, message)
    for name, text in values.items():
        expect(client.field(name)).to_have_text(text)


@pytest.mark.parametrize(("model", "field"), [(OUTGOING, "user_id"), (INCOMING, "only_replies")])
def test_picture(client, series, model, field):
    """As docs show it. Whether it still looks so is for eyes to see: other fonts make another picture."""
    client.page.set_viewport_size({"width": 1000, "height": 1100})
    client.open_form(model, "New User")
    expect(client.input(field)).to_be_enabled()
    if series not in table.SERIES:
        return
    picture = ROOT / PICTURES[model].format(series)
    if os.environ.get("POSTROOM_WRITE_DOCS"):
        client.form.screenshot(path=picture, animations="disabled")
    assert picture.stat().st_size < 150_000
