"""verify.yml: what an inventory means for mail outside Odoo, and what the report makes of findings."""

import html.parser
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from ansible_collections.postroom.odoo.plugins.plugin_utils.report.findings import Verification
from ansible_collections.postroom.odoo.plugins.plugin_utils.report.findings_formats import FORMATS, as_html, as_junit, as_table
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify import rules
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.findings import Findings
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.targets import domains_of, mailboxes_of

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "verify.schema.json").read_text())
NOW = "2026-11-29T18:00:00+00:00"
EVIL = "<script>alert(1)</script>\"'&\x1b[31m\n{{ 7 * 7 }}"


def report_of(verification):
    report = verification.report(NOW)
    Draft202012Validator(SCHEMA).validate(report)
    return report


def verification_with(*rules_and_found, not_checked=()):
    findings = Findings()
    findings.look("connections", "SMTP a:25")
    for rule, found in rules_and_found:
        findings.add(rule, "x at SMTP a:25", "login as x", found)
    for reason in not_checked:
        findings.skip("connections", "IMAP a:143", reason)
    verification = Verification()
    verification.take("mydomain", findings.result())
    return verification


# -- the inventory -------------------------------------------------------------------------------------------------------


def only(module, **item):
    (mailbox,) = mailboxes_of([("a list", module, [item])])
    return mailbox


@pytest.mark.parametrize(
    ("item", "endpoint"),
    [
        ({"encryption": "starttls"}, "SMTP a:587"),
        ({"encryption": "starttls_strict"}, "SMTP a:587"),
        ({"encryption": "ssl"}, "SMTP a:465"),
        ({}, "SMTP a:25"),
        ({"encryption": "ssl", "port": 4650}, "SMTP a:4650"),
        ({"authentication": "gmail"}, "SMTP a:587"),
        ({"authentication": "gmail", "host": None}, "SMTP smtp.gmail.com:587"),
    ],
)
def test_outgoing_servers_have_odoos_defaults(item, endpoint):
    item = {"host": "A", **item}
    assert str(only("outgoing_mail_servers", login="x@b.c", **item).endpoint) == endpoint


@pytest.mark.parametrize(
    ("item", "endpoint", "encryption"),
    [
        ({"host": "a", "ssl": True}, "IMAP a:993", "ssl"),
        ({"host": "a", "ssl": "yes"}, "IMAP a:993", "ssl"),
        ({"host": "a"}, "IMAP a:143", "none"),
        ({"host": "a", "type": "pop", "ssl": True}, "POP a:995", "ssl"),
        ({"host": "a", "type": "pop"}, "POP a:110", "none"),
        ({"type": "gmail"}, "IMAP imap.gmail.com:993", "ssl"),
    ],
)
def test_incoming_servers_have_odoos_defaults(item, endpoint, encryption):
    found = only("incoming_mail_servers", login="x@b.c", **item)
    assert (str(found.endpoint), found.endpoint.encryption) == (endpoint, encryption)


def test_what_is_no_server_in_use():
    lists = [
        ("a list", "outgoing_mail_servers", [{"login": "x@b.c", "host": "a", "active": False}, {"login": "x@b.c"}]),
        ("a list", "incoming_mail_servers", [{"type": "local"}, {"host": "a", "active": "no"}]),
        ("a list", "users", [{"login": "x@b.c"}]),
    ]
    assert mailboxes_of(lists) == []


@pytest.mark.parametrize(
    ("item", "address"),
    [
        ({"login": "X@b.c"}, "x@b.c"),
        ({"login": "x@b.c", "from_filter": "own"}, "x@b.c"),
        ({"login": "x@b.c", "from_filter": "b.c"}, "x@b.c"),
        ({"login": "x@b.c", "from_filter": "b.c, y@b.c"}, "y@b.c"),
        ({"login": "apikey", "from_filter": "y@b.c"}, "y@b.c"),
        ({"login": "apikey", "from_filter": "b.c"}, ""),
    ],
)
def test_the_address_that_a_server_is_for(item, address):
    assert only("outgoing_mail_servers", host="a", **item).address == address


def test_how_a_server_logs_in():
    assert only("outgoing_mail_servers", host="a").authentication == "none"
    assert only("outgoing_mail_servers", host="a", login="x").authentication == "login"
    assert only("outgoing_mail_servers", host="a", authentication="certificate").authentication == "certificate"
    assert only("incoming_mail_servers", type="outlook", login="x").authentication == "outlook"


def domains_for(*lists):
    lists = [("a list", module, list(items)) for module, *items in lists]
    return {domain.name: domain for domain in domains_of(lists, mailboxes_of(lists))}


def test_the_domains_of_an_inventory():
    found = domains_for(
        ("alias_domains", {"name": "Alias.example", "bounce": "bounce"}),
        (
            "outgoing_mail_servers",
            {"login": "a@server.example", "host": "smtp.a", "from_filter": "a@server.example,other.example"},
        ),
        ("incoming_mail_servers", {"login": "x@box.example", "host": "imap.a"}, {"login": "no-address", "host": "imap.b"}),
        ("users", {"login": "admin", "email": "u@user.example"}, {"login": "gone@gone.example", "active": False}),
        (
            "mail_templates",
            {"template": "a", "email_from": '"Sales" <s@template.example>'},
            {"template": "b", "email_from": {"expression": "object.email"}},
            {"template": "c", "email_from": "{{ object.email }}@expression.example"},
        ),
    )
    assert {name: domain.receives for name, domain in found.items()} == {
        "alias.example": True,
        "server.example": False,
        "other.example": False,
        "box.example": True,
        "user.example": False,
        "template.example": False,
    }
    assert found["box.example"].fetched_at == ("imap.a",)
    assert found["server.example"].hosts == found["other.example"].hosts == ("smtp.a",)


@pytest.mark.parametrize(
    ("from_filter", "routed", "envelope"),
    [
        ("own", True, "a@server.example"),
        ("own", False, "a@server.example"),
        ("", True, "bounce@alias.example"),
        ("", False, "bounce@alias.example"),
        ("alias.example", False, "bounce@alias.example"),
        ("a@server.example,bounce@alias.example", False, "bounce@alias.example"),
        ("server.example", False, "a@server.example"),
    ],
)
def test_the_envelope_sender(from_filter, routed, envelope):
    server = {"login": "a@server.example", "host": "smtp.a", "from_filter": from_filter}
    alias = {"name": "alias.example", "bounce": "bounce"}
    domain = domains_for(("alias_domains", alias), ("outgoing_mail_servers", server))["server.example"]
    assert domain.envelope_of(domain.servers[0], routed) == envelope
    # Without an alias domain there is no bounce address.
    domain = domains_for(("outgoing_mail_servers", server)).get("server.example")
    assert domain.envelope_of(domain.servers[0], routed) == "a@server.example"


# -- the report ----------------------------------------------------------------------------------------------------------


def test_every_rule_says_all():
    for name, rule in rules.RULES.items():
        assert rule.check in rules.CHECKS, name
        assert rule.level in rules.LEVELS, name
        for text in (rule.matters, rule.cure):
            assert text.endswith("."), name
        assert not rule.meaning.endswith("."), name


@pytest.mark.parametrize(
    ("found", "not_checked", "status"),
    [
        ((), (), "well"),
        ((("sender_strict", "refused"), ("not_encrypted", "no")), (), "well"),
        ((("login_refused", "535"),), (), "wrong"),
        ((), ("timeout",), "not_checked"),
        ((("login_refused", "535"),), ("timeout",), "not_checked"),
    ],
)
def test_status(found, not_checked, status):
    report = report_of(verification_with(*found, not_checked=not_checked))
    assert (report["status"], report["hosts"][0]["status"]) == (status, status)


def test_a_host_that_was_not_checked_at_all():
    verification = Verification()
    verification.take("a", {"looked_at": [], "findings": [], "not_checked": []})
    verification.fail("b", "no login")
    report = report_of(verification)
    assert report["status"] == "not_checked"
    assert [(host["host"], host["status"], host["reasons"]) for host in report["hosts"]] == [
        ("a", "well", []),
        ("b", "not_checked", ["no login"]),
    ]
    assert "b: no login" in as_table(report)


def test_nothing_at_all_is_not_well():
    assert report_of(Verification())["status"] == "not_checked"


def test_table():
    table = as_table(report_of(verification_with(("login_refused", "535 no"), not_checked=["timeout"])))
    assert table[1].split() == ["mydomain", "error", "x", "at", "SMTP", "a:25", "login_refused", "535", "no"]
    assert f"login_refused: {rules.RULES['login_refused'].meaning}" in table
    assert "mydomain: connections, IMAP a:143: timeout" in table
    assert table[-1].startswith("Not everything was checked: 1 error, 0 warnings, 0 remarks on 3 subjects.")


def test_table_says_what_was_looked_up_and_found():
    """The columns cut long texts; below them are the first ones of each rule, whole."""
    words = "535 " + "very long words of a provider " * 3
    table = as_table(report_of(verification_with(*(("login_refused", f"{words}\n{number}") for number in range(5)))))
    whole = [line for line in table if "(looked up: " in line]
    assert len(whole) == 3
    assert whole[0].startswith(f"  mydomain, x at SMTP a:25: {words}0 (looked up: ")
    assert "  … and 2 more" in table


def test_table_commands_no_terminal():
    """A server's banner may have control characters."""
    table = as_table(report_of(verification_with(("login_refused", f"535 {EVIL} \x9b2J\x07"))))
    (whole,) = [line for line in table if "(looked up: " in line]
    assert EVIL.splitlines()[0].replace("\x1b", "\N{REPLACEMENT CHARACTER}") in whole
    assert "".join(table).isprintable()


def test_junit():
    found = (("login_refused", "535 " + EVIL), ("not_encrypted", "no"))
    suites = ET.fromstring(as_junit(report_of(verification_with(*found, not_checked=["timeout"]))))
    assert {name: suites.get(name) for name in ("tests", "failures", "errors")} == {
        "tests": "3",
        "failures": "1",
        "errors": "1",
    }
    cases = {case.get("name"): case for case in suites.iter("testcase")}
    assert cases["x at SMTP a:25"].find("failure").get("type") == "login_refused"
    assert "not_encrypted" not in cases["x at SMTP a:25"].find("failure").text
    assert "warning" in cases["x at SMTP a:25"].find("system-out").text
    assert cases["IMAP a:143"].find("error").text == "timeout"


def test_page_takes_nothing_for_its_own():
    page = as_html(report_of(verification_with(("login_refused", EVIL), not_checked=[EVIL])))
    tags = []
    parser = html.parser.HTMLParser()
    parser.handle_starttag = lambda tag, attributes: tags.append(tag)
    parser.feed(page)
    assert tags.count("script") == 1
    assert "{{ 7 * 7 }}" in page


def test_formats():
    report = report_of(verification_with())
    assert set(FORMATS) == {"json", "xml", "html"}
    assert json.loads(FORMATS["json"](report)) == report
