# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The check `dns`: what the world is told about the domains that mail is sent from and to. It only asks."""

from __future__ import annotations

import base64
import binascii
import http.client
import ipaddress
import logging
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from ansible_collections.postroom.odoo.plugins.plugin_utils.verify import dane, tls
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.resolver import NoSuchName, Resolver, Unavailable
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.rules import DNS, ERROR
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.sessions import BROKEN

try:
    import spf
    from checkdmarc import dmarc as checkdmarc_dmarc
    from checkdmarc import mta_sts as checkdmarc_mta_sts
    from checkdmarc import smtp_tls_reporting as checkdmarc_tls_rpt
    from checkdmarc import spf as checkdmarc_spf
    from checkdmarc.utils import get_base_domain
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    MISSING = None
    # It reports on its own what becomes a finding here.
    logging.getLogger("checkdmarc").setLevel(logging.CRITICAL)
except ImportError as missing:
    MISSING = "the controller's Python has no library %s. Install what requirements.txt lists" % missing.name

# Providers of mailboxes whose names people mistype.
WELL_KNOWN = (
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "office365.com",
    "hotmail.com",
    "yahoo.com",
    "icloud.com",
    "zoho.com",
    "fastmail.com",
    "protonmail.com",
)
# Names that look like a mistyped one of these, and are right.
_RIGHT = ("mail.com", "ymail.com", "email.com", "zoho.eu", "zoho.in")
_ALIKE = 0.85
# Where the mail of one provider arrives and where it is fetched, if that cannot be seen from the names.
_SAME_PROVIDER = (
    ("google.com", "googlemail.com", "gmail.com"),
    ("outlook.com", "office365.com", "office.com", "hotmail.com"),
    ("zoho.com", "zoho.eu", "zohomail.com"),
    ("fastmail.com", "messagingengine.com"),
    ("icloud.com", "me.com"),
)
# The DKIM selectors that providers give, by the domain of their SMTP server.
SELECTORS = {
    "google.com": ("google",),
    "gmail.com": ("google",),
    "office365.com": ("selector1", "selector2"),
    "outlook.com": ("selector1", "selector2"),
    "zoho.com": ("zoho", "zmail"),
    "zoho.eu": ("zoho", "zmail"),
    "fastmail.com": ("fm1", "fm2", "fm3"),
    "messagingengine.com": ("fm1", "fm2", "fm3"),
    "protonmail.ch": ("protonmail", "protonmail2", "protonmail3"),
    "icloud.com": ("sig1",),
    "me.com": ("sig1",),
    "sendgrid.net": ("s1", "s2"),
    "mailgun.org": ("mailo", "smtp", "k1"),
    "mailjet.com": ("mailjet",),
    "sendinblue.com": ("mail", "brevo1", "brevo2"),
    "brevo.com": ("mail", "brevo1", "brevo2"),
    "mandrillapp.com": ("mandrill", "mte1", "mte2"),
    "gandi.net": ("gm1", "gm2", "gm3"),
    "ionos.com": ("s1-ionos", "s2-ionos"),
    "ionos.de": ("s1-ionos", "s2-ionos"),
}
_SHORTEST_KEY = 1024
_POLICY_SIZE = 65536


@dataclass
class Way:
    """How the check is to go about it.

    :param resolvers: addresses of name servers; those of the system without any.
    :param timeout: seconds to wait for an answer of the DNS.
    :param server_timeout: seconds to wait for an answer of a mail server.
    :param dkim_selectors: C({domain: selectors}).
    :param routed: whether the databases have the routing addon.
    """

    at_a_time: int = 20
    resolvers: tuple = ()
    timeout: float = 5
    ca_path: str | None = None
    dkim_selectors: dict = field(default_factory=dict)
    routed: bool = False
    server_timeout: float = 10


def check(domains, findings, way):
    """Ask for everything about these Domains of targets.py."""
    if MISSING:
        findings.skip(DNS, "all domains", MISSING)
        return
    resolver = Resolver(way.resolvers, way.timeout)
    with ThreadPoolExecutor(max(1, way.at_a_time)) as pool:
        list(pool.map(lambda domain: _Check(domain, findings, way, resolver).run(), domains))


class _Check:
    """All that is asked about one domain."""

    def __init__(self, domain, findings, way, resolver):
        self.domain, self.name, self.findings, self.way, self.dns = domain, domain.name, findings, way, resolver
        self.library = {"resolver": resolver.library, "timeout": resolver.timeout}

    def add(self, rule, looked_up, found, level=None):
        self.findings.add(rule, self.name, looked_up, found, level)

    def run(self):
        self.findings.look(DNS, self.name)
        self._typo()
        try:
            hosts = self._mx()
        except NoSuchName:
            self.add("domain_unknown", "MX of %s" % self.name, "the name does not exist (NXDOMAIN)")
            return
        except Unavailable as exc:
            self.findings.skip(DNS, self.name, "no answer from the DNS: %s" % exc)
            return
        steps = [self._spf, self._dkim_and_dmarc, self._tls_rpt, lambda: self._mta_sts(hosts), lambda: self._dane(hosts)]
        for step in steps:
            try:
                step()
            except Unavailable as exc:
                self.findings.skip(DNS, self.name, "no answer from the DNS: %s" % exc)

    def _typo(self):
        for name in dict.fromkeys([self.name, *(get_base_domain(host) for host in self.domain.hosts if not _is_address(host))]):
            meant = _mistyped(name)
            if meant:
                self.add("domain_typo", "the name %s" % name, "similar to %s" % meant)

    # -- receiving -------------------------------------------------------------------------------------------------------

    def _mx(self):
        """Judge the MX; returns the hosts."""
        asked = "MX of %s" % self.name
        records = sorted((each.preference, str(each.exchange).rstrip(".").lower()) for each in self.dns.ask(self.name, "MX"))
        hosts = [host for _preference, host in records if host]
        level = ERROR if self.domain.receives else None
        if not records:
            self.add("mx_missing", asked, "no MX record", level)
        elif not hosts:
            self.add("mx_null", asked, "0 .")
        for host in hosts:
            if not self.dns.addresses(host):
                self.add("mx_host_unknown", "addresses of %s" % host, "none")
        if hosts and self.domain.fetched_at and not self._leads_there(hosts):
            found = "%s; the mailboxes are fetched at %s" % (", ".join(hosts), ", ".join(self.domain.fetched_at))
            self.add("mx_elsewhere", asked, found)
        return hosts

    def _leads_there(self, hosts):
        for fetched in self.domain.fetched_at:
            addresses = {fetched} if _is_address(fetched) else set(self.dns.addresses(fetched))
            for host in hosts:
                if not addresses.isdisjoint(self.dns.addresses(host)):
                    return True
                pair = {get_base_domain(host), get_base_domain(fetched)}
                if not _is_address(fetched) and (len(pair) == 1 or any(pair <= set(same) for same in _SAME_PROVIDER)):
                    return True
        return False

    def _mta_sts(self, hosts):
        asked = "TXT of _mta-sts.%s" % self.name
        if not any(each.startswith("v=STSv1") for each in self.dns.texts("_mta-sts." + self.name)):
            self.add("mta_sts_missing", asked, "no record")
            return
        asked = "https://mta-sts.%s/.well-known/mta-sts.txt" % self.name
        try:
            policy = checkdmarc_mta_sts.parse_mta_sts_policy(self._policy())["policy"]
        except (checkdmarc_mta_sts.MTASTSError, OSError, http.client.HTTPException) as exc:
            self.add("mta_sts_invalid", asked, _one_line(exc))
            return
        others = [host for host in hosts if not checkdmarc_mta_sts.mx_in_mta_sts_patterns(host, policy["mx"])]
        if others and policy["mode"] != "none":
            found = "mode %s, mx %s; the MX record has %s" % (policy["mode"], ", ".join(policy["mx"]), ", ".join(others))
            self.add("mta_sts_other_mx", asked, found, ERROR if policy["mode"] == "enforce" else None)

    def _policy(self):
        """The text of the domain's policy. Its server is looked up as everything else is."""
        host = "mta-sts." + self.name
        addresses = self.dns.addresses(host)
        if not addresses:
            raise OSError("%s has no address" % host)
        connection = http.client.HTTPSConnection(host, timeout=self.way.timeout)
        plain = socket.create_connection((addresses[0], 443), timeout=self.way.timeout)
        try:
            connection.sock = tls.strict_context(self.way.ca_path).wrap_socket(plain, server_hostname=host)
        except ssl.SSLError:
            plain.close()
            raise
        try:
            connection.request("GET", "/.well-known/mta-sts.txt")
            response = connection.getresponse()
            if response.status != 200:
                raise OSError("HTTP %d" % response.status)
            return response.read(_POLICY_SIZE).decode("utf-8", "replace")
        finally:
            connection.close()

    def _tls_rpt(self):
        name = "_smtp._tls." + self.name
        if not any(each.startswith("v=TLSRPTv1") for each in self.dns.texts(name)):
            self.add("tls_rpt_missing", "TXT of %s" % name, "no record")
            return
        result = checkdmarc_tls_rpt.check_smtp_tls_reporting(self.name, **self.library)
        if not result["valid"]:
            self.add("tls_rpt_invalid", "TXT of %s" % name, _one_line(result["error"]))

    def _dane(self, hosts):
        for host in hosts:
            name = "_25._tcp." + host
            asked = "TLSA of %s" % name
            try:
                found = self.dns.ask(name, "TLSA")
            except NoSuchName:
                continue
            records = [dane.Record(each.usage, each.selector, each.mtype, each.cert) for each in found]
            usable = [each for each in records if each.counts]
            if records and not self.dns.is_verified(name, "TLSA"):
                self.add("dane_unsigned", asked, "there are records, but DNSSEC does not verify them")
            elif records and not usable:
                self.add("dane_unusable", asked, "; ".join(str(each) for each in records))
            elif usable:
                self._dane_of_host(host, usable)

    def _dane_of_host(self, host, records):
        """Compare the TLSA records with the certificate at port 25."""
        asked = "certificate of %s at port %d, and TLSA of _25._tcp.%s" % (host, dane.PORT, host)
        addresses = self.dns.addresses(host)
        if not addresses:
            # It is a finding of the MX.
            return
        try:
            fault = dane.fault(records, host, self.name, addresses, self.way.server_timeout)
        except (UnsupportedAlgorithm, *BROKEN) as exc:
            self.findings.skip(DNS, self.name, "%s: no TLS with the host: %s" % (asked, _one_line(exc)))
            return
        if fault:
            self.add("dane_mismatch", asked, "%s; %s" % ("; ".join(str(each) for each in records), fault))

    # -- sending ---------------------------------------------------------------------------------------------------------

    def _spf(self):
        asked = "TXT of %s" % self.name
        # Silence must not look like a record that is missing.
        self.dns.texts(self.name)
        try:
            record = checkdmarc_spf.query_spf_record(self.name, **self.library)["record"]
        except checkdmarc_spf.SPFRecordNotFound:
            self.add("spf_missing", asked, "no SPF record")
            return
        except checkdmarc_spf.MultipleSPFRTXTRecords:
            self.add("spf_several", asked, "; ".join(each for each in self.dns.texts(self.name) if each.startswith("v=spf1")))
            return
        except checkdmarc_spf.SPFError as exc:
            self.add("spf_invalid", asked, _one_line(exc))
            return
        try:
            parsed = checkdmarc_spf.parse_spf_record(record, self.name, **self.library)
        except checkdmarc_spf.SPFRecordNotFound as exc:
            # Of a domain that the record includes.
            self.dns.texts(exc.domain)
            self.add("spf_invalid", asked, "%s, which it includes, has no SPF record" % exc.domain)
            return
        except checkdmarc_spf.SPFTooManyDNSLookups as exc:
            self.add("spf_lookups", asked, "%d look-ups; 10 are allowed" % exc.data["dns_lookups"])
            return
        except checkdmarc_spf.SPFTooManyVoidDNSLookups as exc:
            self.add("spf_void_lookups", asked, "%d look-ups without an answer; 2 are allowed" % exc.data["void_dns_lookups"])
            return
        except checkdmarc_spf.SPFError as exc:
            self.add("spf_invalid", asked, _one_line(exc))
            return
        if parsed["parsed"].get("all") == "pass":
            self.add("spf_plus_all", asked, record)
        for host in self.domain.hosts:
            self._spf_of_host(host, record)

    def _spf_of_host(self, host, record):
        for address in [host] if _is_address(host) else self.dns.addresses(host):
            result = _SpfQuery(self.dns, address, "postmaster@" + self.name).check()[0]
            if result not in ("pass", "temperror"):
                self.add("spf_host", "SPF of %s for %s (%s)" % (self.name, host, address), "%s, by %s" % (result, record))

    def _dkim_and_dmarc(self):
        signed = self._dkim()
        asked = "TXT of _dmarc.%s" % self.name
        # A parent's record counts if the domain has none. Silence must not look like a record that is invalid.
        labels = self.name.split(".")
        for place in range(len(labels)):
            if self.dns.texts("_dmarc." + ".".join(labels[place:])):
                break
        try:
            found = checkdmarc_dmarc.query_dmarc_record(self.name, **self.library)
            tags = checkdmarc_dmarc.parse_dmarc_record(found["record"], found["location"], **self.library)["tags"]
        except checkdmarc_dmarc.DMARCRecordNotFound:
            self.add("dmarc_missing", asked, "no record, and none for a parent domain")
            return
        except checkdmarc_dmarc.MultipleDMARCRecords:
            self.add("dmarc_several", asked, "; ".join(self.dns.texts("_dmarc." + self.name)))
            return
        except checkdmarc_dmarc.DMARCError as exc:
            self.add("dmarc_invalid", asked, _one_line(exc))
            return
        policy = tags["p" if found["location"] == self.name else "sp"]["value"]
        if policy == "none":
            self.add("dmarc_none", asked, found["record"])
        if not signed:
            self._alignment(tags["aspf"]["value"] == "s", policy)

    def _alignment(self, strict, policy):
        """Whether SPF can speak for From, where no signature does."""
        for mailbox in self.domain.servers:
            envelope = self.domain.envelope_of(mailbox, self.way.routed)
            if not mailbox.address or _domain_of(mailbox.address) != self.name or not envelope:
                continue
            other = _domain_of(envelope)
            same = other == self.name if strict else get_base_domain(other) == get_base_domain(self.name)
            if not same:
                found = "From %s, envelope sender %s, DMARC policy %s" % (mailbox.address, envelope, policy)
                asked = "the envelope sender of %s at %s, %s the routing addon" % (
                    mailbox.name,
                    mailbox.endpoint,
                    "with" if self.way.routed else "without",
                )
                self.add("dmarc_not_aligned", asked, found, ERROR if policy != "none" else None)

    def _dkim(self):
        """Judge the DKIM keys; returns whether there is a good one."""
        given = self.way.dkim_selectors.get(self.name, ())
        known = [each for host in self.domain.hosts for each in SELECTORS.get(get_base_domain(host), ())]
        good, bad = False, False
        for selector in dict.fromkeys([*given, *known]):
            name = "%s._domainkey.%s" % (selector, self.name)
            keys = self.dns.texts(name)
            fault = _fault_of_key(keys[0]) if keys else ""
            if fault:
                self.add("dkim_invalid", "TXT of %s" % name, fault)
                bad = True
            elif keys:
                good = True
            elif selector in given:
                self.add("dkim_missing", "TXT of %s" % name, "no record")
                bad = True
        if not good and not bad:
            tried = ", ".join(dict.fromkeys(known)) or "none known for these servers"
            self.add("dkim_unknown", "DKIM keys of %s" % self.name, "selectors that were tried: %s" % tried)
        return good


class _SpfQuery(spf.query if not MISSING else object):
    """pyspf, which asks our resolver."""

    def __init__(self, resolver, address, sender):
        super().__init__(i=address, s=sender, h=_domain_of(sender))
        self._resolver = resolver

    def dns(self, name, qtype, cnames=None, ignore_void=False):
        try:
            records = self._resolver.ask(str(name).rstrip("."), qtype)
        except NoSuchName:
            records = []
        except Unavailable as exc:
            raise spf.TempError(str(exc)) from exc
        if not records and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError("Void lookup limit of %d exceeded" % spf.MAX_VOID_LOOKUPS)
        return [_AS_PYSPF[qtype](each) for each in records]


_AS_PYSPF = {
    "A": lambda record: record.address,
    "AAAA": lambda record: record.address,
    "MX": lambda record: (record.preference, str(record.exchange)),
    "PTR": lambda record: record.target.to_text(True),
    "TXT": lambda record: record.strings,
    "SPF": lambda record: record.strings,
}


def _fault_of_key(text):
    """What is wrong with a DKIM key record (RFC 6376, RFC 8463); empty if nothing is."""
    tags = dict(part.split("=", 1) for part in ("".join(text.split())).split(";") if "=" in part)
    if not tags.get("p"):
        return "the key was revoked: p is empty" if "p" in tags else "no key: %s" % text
    try:
        key = base64.b64decode(tags["p"], validate=True)
        if tags.get("k", "rsa") == "ed25519":
            return "" if len(key) == 32 else "an Ed25519 key of %d bytes" % len(key)
        loaded = load_der_public_key(key)
    except (binascii.Error, ValueError, UnsupportedAlgorithm) as exc:
        return "the key cannot be read: %s" % (str(exc).splitlines() or ["?"])[0]
    if not isinstance(loaded, rsa.RSAPublicKey):
        return "it is not an RSA key"
    return "" if loaded.key_size >= _SHORTEST_KEY else "an RSA key of %d bits" % loaded.key_size


def _mistyped(name):
    """The well-known domain that was probably meant; None if the name is one, or like none."""
    if name in WELL_KNOWN or name in _RIGHT:
        return None
    for known in WELL_KNOWN:
        if name[0] == known[0] and SequenceMatcher(None, name, known).ratio() >= _ALIKE:
            return known
    return None


def _is_address(host):
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _domain_of(address):
    return address.rpartition("@")[2].lower()


def _one_line(text):
    return " ".join(str(text).split())
