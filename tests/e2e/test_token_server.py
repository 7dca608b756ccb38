"""The lab's token server is not only our idea of one: Microsoft's and Google's own clients get tokens from it."""

import threading
import time
from pathlib import Path

import msal
import pytest
import requests
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2 import credentials, service_account

MICROSOFT, GOOGLE = ["https://outlook.office365.com/.default"], ["https://mail.google.com/"]


@pytest.fixture
def place(lab, monkeypatch):
    """What a client needs to know. REQUESTS_CA_BUNDLE, where the machine sets it, has it doubt the lab's authority."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    return {**lab["tokens"], "ca": lab["ca_file"]}


def application(place, kind=msal.ConfidentialClientApplication, client="postroom-app", **credential):
    tenant = f"{place['url']}/lab-tenant/v2.0"
    return kind(client, oidc_authority=tenant, verify=place["ca"], instance_discovery=False, **credential)


def key_of(place):
    return {
        "private_key": Path(place["private_key"]).read_text(),
        "public_certificate": Path(place["certificate"]).read_text(),
    }


def test_msal_gets_a_token_for_all_mailboxes(tokens, place):
    for credential in ("app-secret", key_of(place)):
        found = application(place, client_credential=credential).acquire_token_for_client(MICROSOFT)
        assert found.get("access_token") in tokens.read()["tokens"], found
    refused = application(place, client_credential="wrong").acquire_token_for_client(MICROSOFT)
    assert refused["error"] == "invalid_client"


def test_msal_gets_a_consent(tokens, place):
    app = application(place, msal.PublicClientApplication, "postroom-consent")
    flow = app.initiate_device_flow(MICROSOFT)
    assert "user_code" in flow, flow
    person = threading.Timer(1.5, lambda: tokens.enter_code(code=flow["user_code"], mailbox="newuser@office.example"))
    person.start()
    found = app.acquire_token_by_device_flow(flow)
    person.join()
    assert found.get("access_token") in tokens.read()["tokens"], found
    # The refresh token is good once.
    first = app.acquire_token_by_refresh_token(found["refresh_token"], MICROSOFT)
    assert first.get("refresh_token") not in (None, found["refresh_token"]), first
    assert app.acquire_token_by_refresh_token(found["refresh_token"], MICROSOFT)["error"] == "invalid_grant"
    assert tokens.read()["reused"] == 1


def google_session(place):
    session = requests.Session()
    session.verify = place["ca"]
    return Request(session)


def test_google_auth_gets_a_token_for_a_mailbox(tokens, place):
    account = {
        "type": "service_account",
        "client_email": place["service_account"],
        "token_uri": place["google"],
        "private_key_id": place["key_id"],
        "private_key": Path(place["private_key"]).read_text(),
    }
    found = service_account.Credentials.from_service_account_info(account, scopes=GOOGLE, subject="newuser@office.example")
    found.refresh(google_session(place))
    assert found.token in tokens.read()["tokens"]
    assert found.expiry.timestamp() > time.time() - 86400
    wrong = service_account.Credentials.from_service_account_info(account, scopes=["https://other"], subject="a@office.example")
    with pytest.raises(RefreshError, match="unauthorized_client"):
        wrong.refresh(google_session(place))


def test_google_auth_uses_a_consent(tokens, place):
    given = tokens.consent(mailbox="newuser@office.example", client="postroom-web")["refresh_token"]
    found = credentials.Credentials(
        None, refresh_token=given, token_uri=place["google"], client_id="postroom-web", client_secret="web-secret"
    )
    for _ in range(2):
        found.refresh(google_session(place))
        assert found.token in tokens.read()["tokens"]
    assert found.refresh_token == given
