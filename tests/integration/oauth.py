"""The lab's token server, and the clients that it knows."""

import contextlib
import json
import ssl
import urllib.request
from pathlib import Path

from facts import alone

APP, SECRET = "postroom-app", "app-secret"


@contextlib.contextmanager
def token_server(lab):
    """Gives a function that asks something of the token server, which before and afterwards knows no token.

    There is one for all tests, and when it is reset, it forgets the tokens of all. So each test has it for itself.
    """

    def ask(do, **named):
        tls, body = ssl.create_default_context(cafile=lab["ca_file"]), json.dumps({"do": do, **named}).encode()
        request = urllib.request.Request(f"{lab['tokens']['url']}/admin", body, method="POST")
        with urllib.request.urlopen(request, context=tls, timeout=30) as answer:
            return json.load(answer)

    with alone(lab, "tokens/tests.lock"):
        ask("reset")
        yield ask
        ask("reset")


def key_and_certificate(lab):
    return [Path(lab["tokens"][each]).read_text() for each in ("private_key", "certificate")]


def oauth_of(lab, grant):
    """The provider's client, as an inventory has it."""
    if grant == "client_credentials":
        return {
            "token_url": lab["tokens"]["microsoft"],
            "grant": grant,
            "client_id": APP,
            "client_secret": SECRET,
            "scopes": ["https://outlook.office365.com/.default"],
        }
    return {
        "token_url": lab["tokens"]["google"],
        "grant": grant,
        "client_id": lab["tokens"]["service_account"],
        "private_key": key_and_certificate(lab)[0],
        "key_id": lab["tokens"]["key_id"],
        "scopes": ["https://mail.google.com/"],
    }
