"""The forms of OAuth in a browser: the client, and the state of a server's token."""

import pytest
from office import address
from playwright.sync_api import expect
from tokens import OauthOffice
from webclient import Person, keep_picture

OUTGOING, INCOMING, CLIENT = "ir.mail_server", "fetchmail.server", "mail.oauth.client"


@pytest.fixture(scope="module")
def office(lab, series, oauth_templates):
    office = OauthOffice(lab, series, oauth_templates[False])
    office.call(CLIENT, "write", [office.client_id], {"name": "Microsoft 365"})
    for model, server in ((OUTGOING, office.servers["newuser"]), (INCOMING, office.fetching["newuser"])):
        office.call(model, "write", [server], {"name": "New User"})
    yield office
    office.drop()


@pytest.fixture(scope="module")
def admin(browser, office):
    person = Person(browser, office, office.server["login"], office.server["password"])
    yield person
    person.close()


@pytest.fixture
def client(admin, office, tokens):
    """The web client, while nobody has a token."""
    office.call(CLIENT, "forget_tokens", [office.client_id])
    with admin.client() as client:
        yield client


def press(client, title):
    client.page.get_by_role("button", name=title, exact=True).click()


@pytest.mark.parametrize("model", [OUTGOING, INCOMING])
def test_button_of_a_server(client, tokens, model):
    """It logs in, and the form says what became of that."""
    client.open_form(model, "New User")
    expect(client.input("oauth_client_id")).to_have_value("Microsoft 365")
    expect(client.field("oauth_state")).to_have_text("No Token Yet")
    press(client, "Test OAuth")
    expect(client.page.locator(".o_notification")).to_contain_text("The login succeeded. The token is valid until")
    client.open_form(model, "New User")
    expect(client.field("oauth_state")).to_have_text("Valid")
    expect(client.field("oauth_valid_until")).not_to_have_text("")
    expect(client.field("oauth_error")).to_have_text("")
    tokens.set(deny=[address("newuser")])
    press(client, "Test OAuth")
    expect(client.dialog).to_contain_text("uthentication")
    client.close_dialog()
    client.open_form(model, "New User")
    expect(client.field("oauth_state")).to_have_text("Failing")
    expect(client.field("oauth_error")).to_contain_text("uthentication")


def test_button_of_a_client(client, tokens):
    """It gets a token, or shows the provider's words. The secret cannot be read."""
    client.open_by_menu("OAuth Clients")
    client.rows.get_by_text("Microsoft 365", exact=True).click()
    client.edit()
    expect(client.input("client_secret")).to_have_attribute("type", "password")
    press(client, "Get a Token")
    expect(client.page.locator(".o_notification")).to_contain_text("The provider returned a token that is valid until")
    tokens.fail(status=401, body='{"error": "invalid_client", "error_description": "The secret has expired."}')
    press(client, "Get a Token")
    expect(client.dialog).to_contain_text("The secret has expired")
    client.close_dialog()


@pytest.mark.parametrize(("model", "name"), [(CLIENT, "oauth-client"), (OUTGOING, "oauth-server")])
def test_picture(client, office, series, model, name):
    office.start_anew(name="Microsoft 365")
    office.call(CLIENT, "test", [office.client_id])
    office.sql(
        "UPDATE mail_oauth_client SET token_url = 'https://login.microsoftonline.com/mydomain.com/oauth2/v2.0/token',"
        " client_id = '11111111-2222-3333-4444-555555555555';"
        "UPDATE mail_oauth_token SET valid_until = '2030-01-01 10:00:00', refreshed = '2030-01-01 09:00:00',"
        " last_used = '2030-01-01 09:00:00';"
        "UPDATE ir_mail_server SET smtp_host = 'smtp.office365.com', smtp_port = 587"
    )
    client.page.set_viewport_size({"width": 1000, "height": 1300})
    client.open_form(model, {CLIENT: "Microsoft 365", OUTGOING: "New User"}[model])
    # Nothing is explained to who points at nothing.
    client.page.mouse.move(0, 0)
    keep_picture(client.form, series, name)
