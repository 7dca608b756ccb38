"""What verify.yml waits for, and what it makes once for a whole run."""

import ssl
from types import SimpleNamespace

import pytest

from ansible_collections.postroom.odoo.plugins.plugin_utils.verify import dane, domains, tls
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.findings import Findings
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.targets import Domain, OauthClient
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.tokens import NoToken, Tokens


def test_a_mail_server_has_the_time_of_mail_servers(monkeypatch):
    """The DNS answers faster, and has a limit of its own."""
    waited = []
    monkeypatch.setattr(dane, "fault", lambda *arguments: waited.append(arguments[-1]))
    dns = SimpleNamespace(library=None, timeout=1, addresses=lambda host: ["192.0.2.1"])
    check = domains._Check(Domain("mydomain.com"), Findings(), domains.Way(timeout=1, server_timeout=7), dns)
    check._dane_of_host("mx.mydomain.com", [])
    assert waited == [7]


def test_all_tokens_of_a_run_have_one_context(monkeypatch):
    """It takes longer to read the system's certificates than to ask for a token."""
    made = []
    monkeypatch.setattr(tls, "strict_context", lambda ca_path: made.append(ca_path) or ssl.create_default_context())
    client = dict.fromkeys(OauthClient.__dataclass_fields__, "")
    client.update(token_url="https://127.0.0.1:1/", grant="client_credentials", client_authentication="client_secret_post")
    tokens = Tokens("a file")
    for name in ("a", "b"):
        with pytest.raises(NoToken, match=r"127\.0\.0\.1"):
            tokens.of((OauthClient(**{**client, "client_id": name}), ""))
    assert made == ["a file"]
