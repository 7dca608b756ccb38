"""The addon's views in a browser: what they show, what can be changed, and by whom."""

import pytest
from office import address
from playwright.sync_api import expect
from webclient import Person, keep_picture

OUTGOING, INCOMING = "ir.mail_server", "fetchmail.server"
PICTURES = {OUTGOING: "outgoing", INCOMING: "incoming"}


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
def test_explain_route(client, office, series, model, record):
    """The menu of actions explains the route of what is open."""
    number = getattr(office, record)["newuser"] if record else office.make_template(address("newuser"))
    client.open_record(model, number)
    client.act("Explain Route")
    expect(client.dialog).to_contain_text(f"Sent through: New User ({address('newuser')})")
    expect(client.dialog).to_contain_text(f"Reason: {address('newuser')} is an address of its own.")
    if model == "res.users":
        keep_picture(client.dialog.locator(".modal-content"), series, "route")
    client.close_dialog()


@pytest.mark.parametrize("model", ["mail.message", "mail.mail"])
def test_the_server_that_sent(client, office, series, model):
    """It is shown on the message."""
    sender = address("newuser")
    values = {"route_server": f"New User ({sender})", "route_rule": f"{sender} is an address of its own."}
    message = office.create(model, subject="Our offer", body="Here is our offer.", email_from=f"New User <{sender}>")
    # Only Odoo sets them when it creates a message.
    office.call(model, "write", [message], values)
    client.open_record(model, message)
    for name, text in values.items():
        expect(client.field(name)).to_have_text(text)
    if model == "mail.message":
        keep_picture(client.form, series, "message")


@pytest.fixture(scope="module")
def happened(office):
    """What happened at the servers of New User and Second User; nothing did at the others. One mail waits."""
    office.sql("DELETE FROM mail_mail WHERE state = 'outgoing'")
    office.create("mail.mail", subject="An offer", email_from=address("seconduser"), email_to="bob@customer.example")
    rows = [
        (OUTGOING, office.servers["newuser"], "worked", "08:15", ""),
        (INCOMING, office.fetching["newuser"], "worked", "08:20", ""),
        (INCOMING, office.fetching["newuser"], "fetched", "08:05", ""),
        (OUTGOING, office.servers["seconduser"], "worked", "07:30", ""),
        (OUTGOING, office.servers["seconduser"], "failed", "08:10", "535 5.7.8 Error: authentication failed"),
    ]
    values = ", ".join(
        f"('{model}', {server}, '{kind}', '2026-11-30 {at}', '{words}')" for model, server, kind, at, words in rows
    )
    office.sql(f"INSERT INTO smtp_server_per_user_outcome (model, server_id, kind, at, words) VALUES {values}")


def test_state_of_servers(client, series, happened):
    client.page.set_viewport_size({"width": 1500, "height": 900})
    client.open_list(OUTGOING)
    expect(client.rows).to_have_count(3)
    expect(client.column("State")).to_have_text(["Works", "Failing", "Not used yet"])
    expect(client.column("Last Error")).to_have_text(["", "535 5.7.8 Error: authentication failed", ""])
    expect(client.column("Mails Waiting")).to_have_text(["0", "1", "0"])
    keep_picture(client.list, series, "servers")
    client.filter("Failing")
    expect(client.column("State")).to_have_text(["Failing"])
    client.open_form(OUTGOING, "Second User")
    expect(client.field("last_error")).to_have_text("535 5.7.8 Error: authentication failed")


@pytest.mark.parametrize(("title", "found"), [("No Mail Server", ["No Server"]), ("Failing", ["Second User"])])
def test_users_by_state(client, happened, title, found):
    client.open_users()
    client.filter(title)
    for name in found:
        expect(client.rows.filter(has_text=name)).to_have_count(1)
    expect(client.rows.filter(has_text="New User")).to_have_count(0)


def test_mail_servers_of_a_user(client, series, happened):
    client.page.set_viewport_size({"width": 1100, "height": 1000})
    client.open_mail_servers("Second User")
    expect(client.field("sending_server_id")).to_have_text("Second User")
    expect(client.field("sending_state")).to_have_text("Failing")
    expect(client.field("sending_error")).to_have_text("535 5.7.8 Error: authentication failed")
    expect(client.field("fetching_state")).to_have_text("Not used yet")
    keep_picture(client.form, series, "user")


def test_buttons_of_a_user(client, happened):
    """What they tell. That they do what they say is tested without a browser."""
    client.open_mail_servers("No Server")
    client.page.get_by_role("button", name="Fetch Now").click()
    expect(client.dialog).to_contain_text(f"No active incoming mail server has the login {address('nouser')}.")
    client.close_dialog()
    client.page.get_by_role("button", name="Send a Test Message").click()
    expect(client.dialog).to_contain_text("The test message was not sent: [Errno 111] Connection refused")
    client.close_dialog()


def test_own_mail(browser, office, series, happened):
    """In the own preferences, without any right."""
    person = Person(browser, office, address("seconduser"), "seconduser-odoo")
    with person.client() as client:
        client.open_preferences()
        client.tab("Mail", within=client.preferences)
        told = client.preferences.locator("[name=own_mail]").last
        expect(told).to_contain_text(f"Your messages are sent as {address('seconduser')} through Second User.")
        expect(told).to_contain_text("was not sent: 535 5.7.8 Error: authentication failed")
        expect(client.preferences.locator("[name=own_mail] textarea, [name=own_mail] input")).to_have_count(0)
        keep_picture(client.preferences, series, "preferences")
        client.page.keyboard.press("Escape")
    person.close()


@pytest.mark.parametrize(("model", "field"), [(OUTGOING, "user_id"), (INCOMING, "only_replies")])
def test_picture(client, series, happened, model, field):
    client.page.set_viewport_size({"width": 1000, "height": 1100})
    client.open_form(model, "New User")
    expect(client.input(field)).to_be_enabled()
    keep_picture(client.form, series, PICTURES[model])
