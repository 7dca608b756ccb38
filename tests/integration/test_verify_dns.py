"""The check `dns` of verify.yml against the lab's name server: where each finding must appear, and where it must not.

The zones are in tests/lab/roles/dns; the names of the domains in `example` say what is wrong with them.
"""

import contextlib
import http.server
import ssl
import threading

import pytest
from facts import alone
from odd_servers import Authority, pem

from ansible_collections.postroom.odoo.plugins.plugin_utils.verify import domains
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.findings import Findings
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.targets import domains_of, mailboxes_of

NO_POLICY = {"mta_sts_missing": "information", "tls_rpt_missing": "information"}


@pytest.fixture(scope="module")
def policies(lab, tmp_path_factory):
    """The web server of the MTA-STS policies, at an address of this lab's own; gives the file of its authority."""
    texts = {
        "mta-sts.good.example": "version: STSv1\nmode: enforce\nmx: mx.good.example\nmax_age: 86400\n",
        "mta-sts.sts-other-mx.example": "version: STSv1\nmode: enforce\nmx: *.elsewhere.example\nmax_age: 86400\n",
        "mta-sts.sts-testing.example": "version: STSv1\nmode: testing\nmx: *.elsewhere.example\nmax_age: 86400\n",
        "mta-sts.sts-bad.example": "version: STSv1\nmode: perhaps\n",
    }

    class Policies(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            text = texts.get(self.headers["Host"]) if self.path == "/.well-known/mta-sts.txt" else None
            self.send_response(200 if text else 404)
            self.end_headers()
            self.wfile.write((text or "").encode())

        def log_message(self, *dummy):
            pass

    folder, authority = tmp_path_factory.mktemp("policies"), Authority("Test authority")
    (folder / "ca.pem").write_text(pem(authority.certificate))
    (folder / "server.pem").write_text(authority.issue(90, *texts))
    address = f"127.{2 + lab['port_offset'] // 100}.0.1"
    with contextlib.ExitStack() as stack:
        # The zones have one address, and each process of pytest may run tests of this file.
        stack.enter_context(alone(lab, "dns/tests.lock"))
        server = stack.enter_context(http.server.ThreadingHTTPServer((address, 443), Policies))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield str(folder / "ca.pem")
        server.shutdown()


def lists_for(domain, smtp="smtp.good.example", imap="imap.good.example", **more):
    """A company with one user and their servers at this domain."""
    address = f"user@{domain}"
    server = {"login": address, "password": "x", "host": smtp, "encryption": "ssl", "from_filter": "own", **more}
    mailbox = {"login": f"catchall@{domain}", "password": "x", "host": imap, "ssl": True}
    alias = {"name": domain, "catchall": "catchall", "bounce": "bounce", "default_from": "catchall"}
    return [
        ("x", "alias_domains", [alias]),
        ("x", "outgoing_mail_servers", [server]),
        ("x", "incoming_mail_servers", [mailbox] if imap else []),
    ]


def check(lab, lists, selectors=("lab",), ca_path=None, timeout=5, **way):
    findings = Findings()
    found = domains_of(lists, mailboxes_of(lists))
    selectors = {domain.name: selectors for domain in found}
    way = domains.Way(
        resolvers=(f"127.0.0.1:{lab['ports']['dns']}",), timeout=timeout, dkim_selectors=selectors, ca_path=ca_path, **way
    )
    domains.check(found, findings, way)
    return findings.result()


def rules_of(found):
    assert found["not_checked"] == []
    return {each["rule"]: each["level"] for each in found["findings"]}


def test_nothing_is_wrong_with_a_good_domain(lab, policies):
    assert rules_of(check(lab, lists_for("good.example"), ca_path=policies)) == {}


def test_nothing_is_wrong_with_the_labs_own_domain(lab):
    found = check(lab, lists_for("mydomain.com", "127.0.0.1", "127.0.0.1"))
    assert rules_of(found) == {"mta_sts_missing": "information"}


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("no-mx", {"mx_missing": "error"}),
        ("null-mx", {"mx_null": "error"}),
        ("mx-nowhere", {"mx_host_unknown": "error", "mx_elsewhere": "warning"}),
        ("mx-elsewhere", {"mx_elsewhere": "warning"}),
        ("no-spf", {"spf_missing": "warning"}),
        ("two-spf", {"spf_several": "error"}),
        ("bad-spf", {"spf_invalid": "error"}),
        ("spf-loop", {"spf_invalid": "error"}),
        ("plus-all", {"spf_plus_all": "error"}),
        ("spf-without-host", {"spf_host": "warning"}),
        ("spf-of-nobody", {"spf_invalid": "error"}),
        ("spf-ten", {}),
        ("spf-eleven", {"spf_lookups": "error"}),
        ("spf-two-void", {}),
        ("spf-void", {"spf_void_lookups": "error"}),
        ("spf-include", {}),
        ("no-dkim", {"dkim_missing": "error"}),
        ("revoked-dkim", {"dkim_invalid": "error"}),
        ("bad-dkim", {"dkim_invalid": "error"}),
        ("short-dkim", {"dkim_invalid": "error"}),
        ("no-dmarc", {"dmarc_missing": "warning"}),
        ("two-dmarc", {"dmarc_several": "error"}),
        ("bad-dmarc", {"dmarc_invalid": "error"}),
        ("dmarc-none", {"dmarc_none": "information"}),
        # A domain without a record follows that of its organization, which may have another policy for such.
        ("silent.good", {}),
        ("silent.dmarc-none", {"dmarc_none": "information"}),
        ("sub-none", {}),
        ("silent.sub-none", {"dmarc_none": "information"}),
        ("own.sub-none", {}),
        ("unsigned-dane", {"dane_unsigned": "warning"}),
    ],
)
def test_records(lab, domain, expected):
    assert rules_of(check(lab, lists_for(f"{domain}.example"))) == {**expected, **NO_POLICY}


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("sts-other-mx", {"mta_sts_other_mx": "error"}),
        ("sts-testing", {"mta_sts_other_mx": "warning"}),
        ("sts-bad", {"mta_sts_invalid": "error"}),
        ("sts-nowhere", {"mta_sts_invalid": "error"}),
    ],
)
def test_policies(lab, policies, domain, expected):
    found = rules_of(check(lab, lists_for(f"{domain}.example"), ca_path=policies))
    assert found == {**expected, "tls_rpt_missing": "information"}


def test_a_policy_whose_server_is_not_trusted(lab, policies):
    (found,) = check(lab, lists_for("good.example"))["findings"]
    assert (found["rule"], found["level"]) == ("mta_sts_invalid", "error")
    assert "certificate" in found["found"]


def test_reports_on_encryption(lab):
    assert rules_of(check(lab, lists_for("bad-tls-rpt.example"))) == {
        "tls_rpt_invalid": "warning",
        "mta_sts_missing": "information",
    }


def test_a_domain_that_does_not_exist(lab):
    assert rules_of(check(lab, lists_for("nowhere.example"))) == {"domain_unknown": "error"}


def test_a_domain_that_only_sends(lab):
    """Without a mailbox that is fetched and without an alias, an MX that is missing is not as bad."""
    lists = [each for each in lists_for("no-mx.example", imap=None) if each[1] != "alias_domains"]
    assert rules_of(check(lab, lists))["mx_missing"] == "warning"


@pytest.mark.parametrize("domain", ["dead.example", "spf-of-the-dead.example"])
def test_no_answer_is_not_checked(lab, domain):
    found = check(lab, lists_for(domain), timeout=1)
    assert {each["level"] for each in found["findings"]} <= {"information"}
    (missing,) = found["not_checked"]
    assert missing["subject"] == domain
    assert missing["reason"].startswith("no answer from the DNS")


def test_no_resolver_is_not_checked():
    nobody = {"ports": {"dns": 9}}
    found = check(nobody, lists_for("good.example"), timeout=1)
    assert (found["findings"], len(found["not_checked"])) == ([], 1)


def test_keys_that_nobody_named(lab):
    """Without a selector that is given or known, nobody can tell whether there is a key."""
    found = rules_of(check(lab, lists_for("no-dkim.example"), selectors=()))
    assert found == {"dkim_unknown": "information", **NO_POLICY}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("gmial.com", "gmail.com"),
        ("gmail.co", "gmail.com"),
        ("outlok.com", "outlook.com"),
    ],
)
def test_mistyped_names(lab, name, meant):
    for lists in (lists_for(name), lists_for("good.example", smtp=f"smtp.{name}")):
        found = {each["rule"]: each["found"] for each in check(lab, lists)["findings"]}
        assert found["domain_typo"] == f"similar to {meant}"


@pytest.mark.parametrize("name", ["gmail.com", "mail.com", "ymail.com", "zoho.eu", "mydomain.com"])
def test_names_that_are_right(lab, name):
    for lists in (lists_for(name), lists_for("good.example", smtp=f"smtp.{name}")):
        assert "domain_typo" not in {each["rule"] for each in check(lab, lists)["findings"]}


# -- DMARC's alignment ---------------------------------------------------------------------------------------------------


def aligned(lab, domain, from_filter, routed, selectors=()):
    """Findings about the alignment of a server at a domain, of a company whose alias domain is another one."""
    lists = lists_for(domain, from_filter=from_filter)
    lists[0] = ("x", "alias_domains", [{"name": "good.example", "bounce": "bounce", "catchall": "catchall"}])
    found = check(lab, lists, selectors=selectors, routed=routed)
    return {each["rule"]: each["level"] for each in found["findings"] if each["rule"] == "dmarc_not_aligned"}


@pytest.mark.parametrize("routed", [True, False])
def test_a_filter_of_the_own_address_is_aligned(lab, routed):
    assert aligned(lab, "spf-include.example", "own", routed) == {}


@pytest.mark.parametrize("routed", [True, False])
def test_the_bounce_address_of_another_domain_is_not(lab, routed):
    """An empty filter takes everything, so that core has the bounce address on the envelope."""
    assert aligned(lab, "spf-include.example", "", routed) == {"dmarc_not_aligned": "error"}
    assert aligned(lab, "dmarc-none.example", "", routed) == {"dmarc_not_aligned": "warning"}
    assert aligned(lab, "spf-include.example", "good.example,user@spf-include.example", routed) == {
        "dmarc_not_aligned": "error"
    }


def test_a_signature_speaks_for_from(lab):
    assert aligned(lab, "spf-include.example", "", False, selectors=("lab",)) == {}


def test_its_own_alias_domain_is_aligned(lab):
    found = check(lab, lists_for("spf-include.example", from_filter=""), selectors=())
    assert "dmarc_not_aligned" not in rules_of(found)
