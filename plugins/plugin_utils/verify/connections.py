# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The check `connections`: each port of each mail server once, then the login of each mailbox. No message is sent."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field

from ansible_collections.postroom.odoo.plugins.plugin_utils.verify import tls
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.rules import CONNECTIONS, ERROR
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.sessions import (
    BROKEN,
    NoStartTls,
    Postponed,
    Refused,
    log_in,
    open_session,
    worded,
)
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.targets import OAUTH, SMTP
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.tokens import NoToken, Tokens, owner_of

# The kinds of SASL by which Odoo can log in, by what the inventory calls it.
_KINDS = {
    "login": {SMTP: ("PLAIN", "LOGIN", "CRAM-MD5"), None: ("LOGIN",)},
    OAUTH: {SMTP: ("XOAUTH2", "OAUTHBEARER"), None: ("XOAUTH2", "OAUTHBEARER")},
    "gmail": {SMTP: ("XOAUTH2",), None: ("XOAUTH2",)},
    "outlook": {SMTP: ("XOAUTH2",), None: ("XOAUTH2",)},
    "certificate": {SMTP: ("EXTERNAL",)},
}
# How IMAP and POP3 greet whom they do not want to serve just now; SMTP's 421 and 554 are errors of their own.
_TURNED_AWAY = re.compile(r"\A\* BYE\b|\A-ERR\b", re.IGNORECASE)
# As often as people look, while thousands of mailboxes are tried.
PROGRESS_SECONDS = 5


@dataclass
class Way:
    """How the check is to go about it.

    :param at_a_time: how many connections are open at a time.
    :param timeout: seconds to wait for one answer.
    :param ca_path: certificates to trust besides those of the system.
    :param certificate_days: how many days before its end a certificate expires soon.
    :param tokens: the tokens of logins by OAuth.
    """

    at_a_time: int = 20
    timeout: float = 10
    ca_path: str | None = None
    certificate_days: int = 21
    tokens: Tokens = field(default_factory=Tokens)
    context: ssl.SSLContext = field(default_factory=tls.lenient_context)


def check(mailboxes, findings, way, progress=lambda text: None):
    """Look at the endpoints of these mailboxes, then log in to each mailbox whose endpoint answers.

    :param mailboxes: the Mailboxes of targets.py.
    :param findings: what takes what is found.
    :param progress: function that shows a line to whoever waits.
    """
    by_endpoint = {}
    for mailbox in mailboxes:
        by_endpoint.setdefault(mailbox.endpoint, []).append(mailbox)
    with ThreadPoolExecutor(max(1, way.at_a_time)) as pool:
        usable = dict(zip(by_endpoint, pool.map(lambda each: _look_at(each, by_endpoint[each], findings, way), by_endpoint)))
        accounts = _with_tokens(_accounts(by_endpoint, usable, findings), pool, findings, way)
        running = [pool.submit(_try_mailbox, mailbox, stranger, way, findings) for mailbox, stranger in accounts]
        senders, shown = Counter(), time.monotonic()
        for number, done in enumerate(as_completed(running), 1):
            senders.update(done.result())
            if time.monotonic() - shown >= PROGRESS_SECONDS or (number == len(running) and number > way.at_a_time):
                progress("verify: %d of %d logins were tried" % (number, len(running)))
                shown = time.monotonic()
    _sum_up(senders, findings)


# -- a port of a server --------------------------------------------------------------------------------------------------


def _look_at(endpoint, mailboxes, findings, way):
    """Look at an endpoint; returns whether mailboxes can be tried there."""
    subject = str(endpoint)
    findings.look(CONNECTIONS, subject)
    try:
        with open_session(endpoint, way.context, way.timeout) as session:
            _judge_session(session, endpoint, mailboxes, findings, way)
        return True
    except (NoStartTls, *BROKEN) as exc:
        rule, words = _fault(exc, endpoint, way)
    if rule:
        asked = "connection to %s port %d (%s)" % (endpoint.host, endpoint.port, endpoint.encryption)
        findings.add(rule, subject, asked, words)
    else:
        findings.skip(CONNECTIONS, subject, words)
    return False


def _fault(exc, endpoint, way):
    """What a connection that failed says of its server: C((rule, words)); no rule where it says nothing for sure."""
    words = _reason(exc)
    if isinstance(exc, NoStartTls):
        return "starttls_missing", "no STARTTLS among the extensions after EHLO"
    if isinstance(exc, socket.gaierror):
        return None if exc.errno == socket.EAI_AGAIN else "host_unknown", "address of %s: %s" % (endpoint.host, words)
    if isinstance(exc, ConnectionRefusedError):
        return "host_refuses", "connection refused"
    if isinstance(exc, socket.timeout):
        words = "no answer within %g seconds; a firewall may block the controller" % way.timeout
        return None, words if endpoint.encryption == "ssl" else words + ", or the port expects TLS from the start"
    if _TURNED_AWAY.search(words):
        return None, "the server rejects the connection for now: %s" % words
    if isinstance(exc, (ssl.SSLError, smtplib.SMTPServerDisconnected, ConnectionResetError)) or not isinstance(exc, OSError):
        return "protocol_wrong", words
    return None, "no connection: %s" % words


def _judge_session(session, endpoint, mailboxes, findings, way):
    subject = str(endpoint)
    shown = session.tls()
    if shown:
        _judge_tls(shown, endpoint, any(each.strict for each in mailboxes), findings, way)
    elif any(each.login for each in mailboxes):
        offered = "STARTTLS is offered" if session.offers_tls else "STARTTLS is not offered"
        findings.add("not_encrypted", subject, "the connection without encryption", offered)
    for kind in dict.fromkeys(each.authentication for each in mailboxes):
        possible = _kinds(kind, endpoint)
        if not _offers(session, possible):
            findings.add(
                "authentication_missing",
                subject,
                "the authentication methods, for %s" % kind,
                "offered: %s; needed: %s" % (", ".join(session.kinds) or "none", " or ".join(possible)),
            )
    if session.size:
        for size in sorted({each.max_email_size for each in mailboxes if each.max_email_size}):
            if size * 1024 * 1024 > session.size:
                found = "SIZE %d (%.1f MB); max_email_size is %g MB" % (session.size, session.size / 1024 / 1024, size)
                findings.add("size_smaller", subject, "SIZE in the answer to EHLO", found)


def _kinds(authentication, endpoint):
    """The kinds of SASL by which Odoo can log in; none where it needs none."""
    possible = _KINDS.get(authentication, {})
    return possible.get(endpoint.protocol, possible.get(None))


def _offers(session, possible):
    return not possible or bool(set(possible).intersection(session.kinds))


def _judge_tls(shown, endpoint, strict, findings, way):
    subject, (version, encoded) = str(endpoint), shown
    asked = "TLS with %s port %d" % (endpoint.host, endpoint.port)
    if version in tls.OLD_VERSIONS:
        findings.add("tls_old", subject, asked, version)

    def handshake(context):
        with open_session(endpoint, context, way.timeout):
            pass

    try:
        certificate = tls.inspect(encoded, handshake, way.ca_path)
    except BROKEN as exc:
        if version not in tls.OLD_VERSIONS:
            findings.skip(CONNECTIONS, subject, "the certificate could not be verified: %s" % _reason(exc))
        return
    level = ERROR if strict else None
    if certificate.expired:
        words = "expired on %s" if certificate.days < 0 else "not valid yet; expires on %s"
        findings.add("certificate_expired", subject, asked, words % certificate.expires, level)
    elif certificate.days < way.certificate_days:
        found = "expires in %d days, on %s" % (certificate.days, certificate.expires)
        findings.add("certificate_expires", subject, asked, found)
    if certificate.other_name:
        found = "the certificate is for %s" % (", ".join(certificate.names) or certificate.subject)
        findings.add("certificate_for_other_name", subject, asked, found, level)
    if certificate.untrusted:
        found = "%s (issuer: %s)" % (certificate.untrusted, certificate.issuer)
        findings.add("certificate_untrusted", subject, asked, found, level)


# -- the mailboxes -------------------------------------------------------------------------------------------------------


def _accounts(by_endpoint, usable, findings):
    """The mailboxes to try, each once, with another address that is sent as through the same server."""
    senders = {}
    for endpoint, mailboxes in by_endpoint.items():
        senders.setdefault(endpoint.host, {}).update((each.address, None) for each in mailboxes if each.address)
    accounts = {}
    for endpoint, mailboxes in by_endpoint.items():
        if not usable[endpoint]:
            findings.skip_dependent(CONNECTIONS, str(endpoint), len(mailboxes))
            continue
        addresses = list(senders[endpoint.host])
        # Each one's next, not the same for all: it might be the one who may send as everybody.
        following = dict(zip(addresses, addresses[1:] + addresses[:1]))
        for mailbox in mailboxes:
            key = (endpoint, mailbox.login, mailbox.password, mailbox.address, mailbox.client)
            accounts.setdefault(key, (mailbox, _stranger(mailbox.address, following)))
    return list(accounts.values())


def _with_tokens(accounts, pool, findings, way):
    """Ask for the tokens of logins by OAuth, each once; returns the accounts but for those without one."""
    owners = {}
    for mailbox, _other in accounts:
        if mailbox.client and not mailbox.obstacle:
            owners.setdefault(owner_of(mailbox), []).append(mailbox)

    def is_there(owner):
        client, address = owner
        subject = "%sOAuth client %s" % (address and "%s with " % address, client.name)
        findings.look(CONNECTIONS, subject)
        try:
            way.tokens.of(owner)
            return True
        except NoToken as exc:
            if exc.final:
                findings.add("token_not_issued", subject, "access token at %s" % client.token_url, str(exc))
            else:
                findings.skip(CONNECTIONS, subject, str(exc))
            findings.skip_dependent(CONNECTIONS, subject, len(owners[owner]))
            return False

    there = dict(zip(owners, pool.map(is_there, owners)))
    return [each for each in accounts if not each[0].client or each[0].obstacle or there[owner_of(each[0])]]


def _stranger(address, following):
    """An address that is not the mailbox's own, and that Odoo might send as."""
    other = following.get(address, address)
    return other if other != address else "postroom-verify@" + address.partition("@")[2]


def _try_mailbox(mailbox, stranger, way, findings):
    """Log in to a mailbox; C({(endpoint, whether it is strict): 1}) of an SMTP server that was seen to be so."""
    endpoint = mailbox.endpoint
    subject = "%s at %s" % (mailbox.login or mailbox.name, endpoint)
    findings.look(CONNECTIONS, subject)
    if mailbox.obstacle:
        _note_obstacle(mailbox, subject, findings)
        return {}
    # As Odoo does: a strict server gets no password before its certificate is found good.
    context = tls.strict_context(way.ca_path) if mailbox.strict else way.context
    try:
        with open_session(endpoint, context, way.timeout) as session:
            if not _offers(session, _kinds(mailbox.authentication, endpoint)):
                # It is a finding of the port already, and an error.
                return {}
            log_in(session, mailbox, way.tokens)
            if endpoint.protocol == SMTP and mailbox.address:
                return _try_senders(session, mailbox, stranger, subject, findings)
    except ssl.SSLCertVerificationError:
        # It is a finding of the port already, and an error.
        pass
    except Refused as exc:
        rule = "token_refused" if mailbox.authentication == OAUTH else "login_refused"
        findings.add(rule, subject, "login as %s" % mailbox.login, str(exc))
    except NoToken as exc:
        findings.skip(CONNECTIONS, subject, str(exc))
    except Postponed as exc:
        findings.skip(CONNECTIONS, subject, "the server rejects the login for now: %s" % exc)
    except (NoStartTls, *BROKEN) as exc:
        findings.skip(CONNECTIONS, subject, "the connection broke: %s" % _reason(exc))
    return {}


def _note_obstacle(mailbox, subject, findings):
    if mailbox.authentication == "login":
        findings.skip(CONNECTIONS, subject, mailbox.obstacle)
    elif mailbox.authentication != "none":
        findings.add("login_not_tried", subject, "the login", mailbox.obstacle)


def _try_senders(session, mailbox, stranger, subject, findings):
    """Whether the mailbox's own address may send, and another one may not."""
    own = mailbox.address
    try:
        session.accepts(own, own)
    except Refused as exc:
        findings.add("sender_refused", subject, "MAIL FROM:<%s>, RCPT TO:<%s>" % (own, own), str(exc))
        return {}
    except Postponed as exc:
        findings.skip(CONNECTIONS, subject, "the server gave no final answer on whether %s may send: %s" % (own, exc))
        return {}
    try:
        session.accepts(stranger, own)
    except Refused:
        return {(mailbox.endpoint, True): 1}
    except Postponed:
        return {}
    return {(mailbox.endpoint, False): 1}


def _sum_up(senders, findings):
    """How strict each server is, in a line for all of its mailboxes."""
    for (endpoint, strict), count in sorted(senders.items(), key=lambda item: (str(item[0][0]), item[0][1])):
        total = senders[endpoint, True] + senders[endpoint, False]
        findings.add(
            "sender_strict" if strict else "sender_open",
            str(endpoint),
            "MAIL FROM of another address of the inventory, RCPT TO of the mailbox's own",
            "%s for %d of %d mailboxes" % ("refused" if strict else "accepted", count, total),
        )


def _reason(exc):
    """What broke, in words; a library's exception may only have a code and bytes."""
    own = exc.args[0] if exc.args and isinstance(exc.args[0], bytes) else None
    words = own or getattr(exc, "strerror", None) or getattr(exc, "smtp_error", None) or str(exc) or type(exc).__name__
    return worded(words)
