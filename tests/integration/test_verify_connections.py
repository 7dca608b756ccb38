"""The check `connections` of verify.yml on real mail servers: where each finding must appear, and where it must not."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from oauth import key_and_certificate, oauth_of
from odd_servers import busy_server, free_port, silent_server
from support import ROOT

from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.providers import Provider
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify import connections
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.findings import Findings
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.targets import mailboxes_of
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.tokens import Tokens

USER, PASSWORD = "newuser@mydomain.com", "newuser-pw"


def outgoing(host, port, encryption="starttls", **more):
    item = {"login": USER, "password": PASSWORD, "host": host, "port": port, "encryption": encryption, "from_filter": "own"}
    return "mail_extras_outgoing_servers", "outgoing_mail_servers", [{**item, **more}]


def incoming(host, port, **more):
    item = {"login": USER, "password": PASSWORD, "host": host, "port": port, "ssl": True}
    return "mail_extras_incoming_servers", "incoming_mail_servers", [{**item, **more}]


def check(*lists, ca_path=None, timeout=5):
    findings = Findings()
    way = connections.Way(timeout=timeout, ca_path=ca_path, tokens=Tokens(ca_path))
    connections.check(mailboxes_of(lists), findings, way)
    return findings.result()


def rules_of(found):
    assert found["not_checked"] == []
    return {each["rule"]: each["level"] for each in found["findings"]}


# What is said of every server that is as strict as the lab's, and is no fault.
STRICT = {"sender_strict": "information"}


def test_nothing_is_wrong_with_the_lab(lab):
    """Each of its ports, by each protocol."""
    host, ports = lab["host"], lab["ports"]
    found = check(
        outgoing(host, ports["submission"]),
        outgoing(host, ports["smtps"], "ssl"),
        incoming(host, ports["imaps"]),
        incoming(host, ports["pop3s"], type="pop"),
        ca_path=lab["ca_file"],
    )
    assert rules_of(found) == STRICT
    assert len(found["looked_at"]) == 8


def test_strictness(lab):
    """By RCPT or by DATA: what is judged after the message cannot be known without one."""
    host, ports = lab["host"], lab["ports"]
    found = check(outgoing(host, ports["submission"]), outgoing(host, ports["submission_at_data"]), ca_path=lab["ca_file"])
    assert {each["rule"]: each["subject"].rpartition(":")[2] for each in found["findings"]} == {
        "sender_strict": str(ports["submission"]),
        "sender_open": str(ports["submission_at_data"]),
    }


def test_no_message_is_sent(lab):
    """Nor is anything read: new mail stays as it was, and Postfix queues nothing."""
    with Path(lab["mail"]["logs"]["postfix"]).open() as file:
        file.seek(0, 2)
        check(outgoing(lab["host"], lab["ports"]["submission"]), ca_path=lab["ca_file"])
        lines = file.read()
    assert "submission" in lines
    assert "queued as" not in lines
    assert "/cleanup[" not in lines


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("good", {}),
        ("expired", {"certificate_expired": "warning"}),
        ("soon", {"certificate_expires": "warning"}),
        ("other_name", {"certificate_for_other_name": "warning"}),
        ("stranger", {"certificate_untrusted": "warning"}),
        # One does not hide the other.
        ("both", {"certificate_for_other_name": "warning", "certificate_expired": "warning"}),
    ],
)
def test_certificates(odd, name, expected):
    found = check(incoming(odd.addresses[name], odd.imaps_port), ca_path=str(odd.ca_file))
    assert rules_of(found) == expected
    found = check(incoming(odd.addresses[name], odd.pop3s_port, type="pop"), ca_path=str(odd.ca_file))
    assert rules_of(found) == expected


def test_a_certificate_by_starttls(odd):
    port = odd.smtp_ports["expired"]
    assert rules_of(check(outgoing("127.0.0.1", port), ca_path=str(odd.ca_file))) == {
        "certificate_expired": "warning",
        **STRICT,
    }
    # Odoo itself refuses it with strict encryption.
    found = check(outgoing("127.0.0.1", port, "starttls_strict"), ca_path=str(odd.ca_file))
    # So its password is not sent there, either: nothing is known of how strict it is.
    assert rules_of(found) == {"certificate_expired": "error"}
    good = odd.smtp_ports["good"]
    assert rules_of(check(outgoing("127.0.0.1", good, "starttls_strict"), ca_path=str(odd.ca_file))) == STRICT


def test_an_authority_that_the_system_does_not_know(odd):
    assert rules_of(check(incoming(odd.addresses["good"], odd.imaps_port))) == {"certificate_untrusted": "warning"}


def test_starttls_that_is_not_offered(odd):
    found = check(outgoing("127.0.0.1", odd.smtp_ports["plain"]))
    assert rules_of(found) == {"starttls_missing": "error"}
    assert found["findings"][0]["found"].endswith("mailboxes that were not tried: 1")


def test_no_encryption(odd):
    (first, _strict) = check(outgoing("127.0.0.1", odd.smtp_ports["plain"], "none"))["findings"]
    assert (first["rule"], first["found"]) == ("not_encrypted", "STARTTLS is not offered")
    found = check(incoming(odd.addresses["good"], odd.imap_port, ssl=False))
    assert "not_encrypted" in {each["rule"] for each in found["findings"]}


def test_old_tls(odd):
    found = check(outgoing("127.0.0.1", odd.smtp_ports["old"]), ca_path=str(odd.ca_file))
    assert rules_of(found) == {"tls_old": "warning", **STRICT}


def test_kinds_of_authentication(odd):
    """None at all, none but for the encrypted, and passwords where OAuth is declared."""
    found = check(outgoing("127.0.0.1", odd.smtp_ports["no_logins"]), ca_path=str(odd.ca_file))
    assert {each["rule"] for each in found["findings"]} == {"authentication_missing"}
    found = check(outgoing("127.0.0.1", odd.smtp_ports["strict_plain"], "none"), ca_path=str(odd.ca_file))
    assert {each["rule"] for each in found["findings"]} == {"not_encrypted", "authentication_missing"}
    found = check(incoming(odd.addresses["good"], odd.imap_port, ssl=False))
    assert {"not_encrypted", "authentication_missing"} <= {each["rule"] for each in found["findings"]}
    found = check(outgoing("127.0.0.1", odd.smtp_ports["good"], authentication="gmail"), ca_path=str(odd.ca_file))
    assert rules_of(found) == {"authentication_missing": "error", "login_not_tried": "information"}


def test_size(odd):
    port = odd.smtp_ports["plain"]
    assert "size_smaller" in rules_of(check(outgoing("127.0.0.1", port, "none", max_email_size=2.5)))
    assert "size_smaller" not in rules_of(check(outgoing("127.0.0.1", port, "none", max_email_size=2)))


def test_a_wrong_password(lab):
    host, ports = lab["host"], lab["ports"]
    found = check(
        outgoing(host, ports["submission"], password="wr0ng"),
        incoming(host, ports["imaps"], password="wr0ng"),
        incoming(host, ports["pop3s"], type="pop", password="wr0ng"),
        ca_path=lab["ca_file"],
    )
    assert rules_of(found) == {"login_refused": "error"}
    assert sorted(each["subject"] for each in found["findings"]) == sorted(
        f"{USER} at {protocol} {host}:{ports[name]}"
        for protocol, name in (("SMTP", "submission"), ("IMAP", "imaps"), ("POP", "pop3s"))
    )
    assert all("uth" in each["found"] for each in found["findings"])


def test_an_address_that_the_login_may_not_use(lab):
    found = check(
        outgoing(lab["host"], lab["ports"]["submission"], from_filter="seconduser@mydomain.com"), ca_path=lab["ca_file"]
    )
    assert rules_of(found) == {"sender_refused": "error"}
    assert "553" in found["findings"][0]["found"]


# -- OAuth ---------------------------------------------------------------------------------------------------------------


def by_token(lab, made_for, *logins, **client):
    """Servers of each kind that log in by tokens of a client, made for a grant."""
    item = {**Provider({"kind": "custom", "oauth": oauth_of(lab, made_for)}).client(), **client}
    host, ports, named = lab["host"], lab["ports"], {"password": "", "oauth_client": item["name"]}
    for login in logins or (USER,):
        yield outgoing(host, ports["submission"], login=login, **named)
        yield incoming(host, ports["imaps"], login=login, **named)
        yield incoming(host, ports["pop3s"], type="pop", login=login, **named)
    yield "mail_provider", "oauth_clients", [item]


@pytest.mark.parametrize(("grant", "requests"), [("client_credentials", 1), ("jwt_bearer", 2)])
def test_logins_by_oauth(lab, tokens, grant, requests):
    """By SMTP, IMAP and POP3, with as few tokens as the grant takes, and senders tried as with a password."""
    found = check(*by_token(lab, grant, USER, "seconduser@mydomain.com"), ca_path=lab["ca_file"])
    assert rules_of(found) == STRICT
    assert len(tokens("read")["requests"]) == requests
    logins = [each["subject"] for each in found["looked_at"] if " at " in each["subject"]]
    assert len(logins) == 6


def test_a_key_and_its_certificate_in_place_of_a_secret(lab, tokens):
    key, certificate = key_and_certificate(lab)
    proof = {"client_secret": "", "private_key": key, "certificate": certificate, "client_authentication": "private_key_jwt"}
    assert rules_of(check(*by_token(lab, "client_credentials", **proof), ca_path=lab["ca_file"])) == STRICT


def test_a_token_that_is_not_issued(lab, tokens):
    """Each request is one finding, however many mailboxes wait for its token."""
    found = check(*by_token(lab, "client_credentials", client_secret="wr0ng"), ca_path=lab["ca_file"])
    assert rules_of(found) == {"token_not_issued": "error"}
    ((subject, words),) = [(each["subject"], each["found"]) for each in found["findings"]]
    assert subject == "OAuth client 127.0.0.1 (postroom-app)"
    assert "AADSTS7000215" in words
    assert words.endswith("mailboxes that were not tried: 3")
    found = check(*by_token(lab, "jwt_bearer", USER, "seconduser@mydomain.com", scopes="other"), ca_path=lab["ca_file"])
    assert rules_of(found) == {"token_not_issued": "error"}
    assert sorted(each["subject"].split()[0] for each in found["findings"]) == [USER, "seconduser@mydomain.com"]


def test_a_token_that_is_refused(lab, tokens):
    tokens("set", deny=[USER])
    found = check(*by_token(lab, "client_credentials", USER, "seconduser@mydomain.com"), ca_path=lab["ca_file"])
    assert rules_of(found) == {"token_refused": "error", **STRICT}
    refused = [each["subject"].split()[0] for each in found["findings"] if each["rule"] == "token_refused"]
    assert refused == [USER] * 3


def test_an_endpoint_that_does_not_answer_is_not_checked(lab, tokens):
    tokens("fail", status=503)
    found = check(*by_token(lab, "client_credentials"), ca_path=lab["ca_file"])
    assert found["findings"] == []
    (missing,) = found["not_checked"]
    assert "answered 503" in missing["reason"]


def test_an_endpoint_that_is_not_trusted(lab, tokens):
    found = check(*by_token(lab, "client_credentials"))
    assert rules_of(found) == {"token_not_issued": "error", "certificate_untrusted": "warning"}
    assert tokens("read")["requests"] == []


def test_tokens_are_only_sent_encrypted(lab, tokens):
    client = list(by_token(lab, "client_credentials"))[-1]
    named = {"password": "", "oauth_client": client[2][0]["name"]}
    found = check(client, incoming(lab["host"], lab["ports"]["imap"], ssl=False, **named), ca_path=lab["ca_file"])
    assert {"not_encrypted", "token_refused"} == set(rules_of(found))


@pytest.mark.parametrize(
    ("item", "words"), [({"grant": "refresh_token"}, "refresh tokens"), ({"client_secret": ""}, "does not have the secret")]
)
def test_tokens_that_only_odoo_has(lab, tokens, item, words):
    found = check(*by_token(lab, "client_credentials", **item), ca_path=lab["ca_file"])
    assert rules_of(found) == {"login_not_tried": "information"}
    assert all(words in each["found"] for each in found["findings"])
    assert tokens("read")["requests"] == []


# -- what is not there -----------------------------------------------------------------------------------------------------


def test_what_is_not_there():
    found = check(
        outgoing("127.0.0.1", free_port()), incoming("imap.does-not-exist.invalid", 993), incoming("127.0.0.1", free_port())
    )
    assert sorted(each["rule"] for each in found["findings"]) == ["host_refuses", "host_refuses", "host_unknown"]


def test_another_protocol(odd):
    """TLS where STARTTLS is spoken, and the other way round."""
    assert rules_of(check(outgoing("127.0.0.1", odd.smtp_ports["good"], "ssl"))) == {"protocol_wrong": "error"}
    found = check(incoming("127.0.0.1", odd.smtp_ports["plain"], ssl=False))
    assert rules_of(found) == {"protocol_wrong": "error"}


@pytest.mark.parametrize("ssl", [True, False])
def test_silence_is_not_checked(ssl):
    """A port that says nothing may be a firewall's, and TLS spoken too early."""
    with silent_server() as port:
        found = check(incoming("127.0.0.1", port, ssl=ssl), timeout=0.5)
    assert found["findings"] == []
    (missing,) = found["not_checked"]
    assert missing["reason"].startswith("no answer within 0.5 seconds")
    assert ("expects TLS" in missing["reason"]) == (not ssl)


@pytest.mark.parametrize(
    ("greeting", "target"),
    [
        (b"421 4.7.0 too many connections\r\n", lambda port: outgoing("127.0.0.1", port)),
        (b"* BYE too many connections\r\n", lambda port: incoming("127.0.0.1", port, ssl=False)),
        (b"-ERR too many connections\r\n", lambda port: incoming("127.0.0.1", port, ssl=False, type="pop")),
    ],
)
def test_a_server_that_is_busy_is_not_checked(greeting, target):
    with busy_server(greeting) as port:
        found = check(target(port))
    assert found["findings"] == []
    (missing,) = found["not_checked"]
    assert "too many connections" in missing["reason"]


def test_many_mailboxes_far_away():
    """With several connections at a time it takes a fraction of the time that one would, and leaves out none."""
    with tempfile.NamedTemporaryFile("r") as file:
        command = [sys.executable, ROOT / "tests" / "bench" / "verifying.py", "--mailboxes", "25", "--json", file.name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        one, several = json.load(file)["runs"]
    for each in (one, several):
        assert (each["errors"], each["not_checked"], each["looked_at"]) == (0, 0, 52)
    assert one["seconds"] > 3 * several["seconds"]
