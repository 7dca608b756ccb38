# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sessions with mail servers: one face for SMTP, IMAP and POP3. Only the round trip sends a message."""

from __future__ import annotations

import contextlib
import imaplib
import poplib
import smtplib
import ssl

from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.targets import IMAP, OAUTH, POP, SMTP
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.tokens import owner_of, tool

# What libraries raise for a connection that breaks, or an answer that is not of the protocol.
BROKEN = (OSError, EOFError, smtplib.SMTPException, imaplib.IMAP4.error, poplib.error_proto, ValueError)


class Refused(Exception):
    """The server says no for good, in its own words."""


class Unable(Refused):
    """The server takes no token at all, or this connection may not carry one; in words."""


class Postponed(Exception):
    """The server says no for now, or does not say; its own words."""


class NoStartTls(Exception):
    """The server does not offer STARTTLS."""


def open_session(endpoint, context, timeout):
    """Connect to an endpoint, up to where a login may come.

    :raises NoStartTls: when the endpoint is to be spoken to with STARTTLS and does not offer it.
    """
    return _SESSIONS[endpoint.protocol](endpoint, context, timeout)


def log_in(session, mailbox, tokens):
    """Log in to a mailbox as its inventory declares it, by password or by token.

    :param mailbox: a Mailbox of targets.py without an obstacle.
    :param tokens: the Tokens of the run.
    :raises NoToken: when there is no token.
    :raises Refused: with the server's words.
    :raises Postponed: when it refuses for now.
    """
    if mailbox.authentication == OAUTH:
        session.log_in_by_token(mailbox.login, tokens.of(owner_of(mailbox)))
    else:
        session.log_in(mailbox.login, mailbox.password)


class _Session:
    """A session that is open.

    :ivar socket: to ask for the version of TLS and the certificate.
    :ivar kinds: the kinds of authentication that the server offers, by their names in SASL; LOGIN for a plain login.
    :ivar oauth_function: the function of the addon's sasl.py that logs in with a token.
    """

    size = None
    offers_tls = False

    def __enter__(self):
        return self

    def __exit__(self, *dummy):
        with contextlib.suppress(*BROKEN):
            self.end()

    def tls(self):
        """The version of TLS and the certificate in DER; None where the connection is not encrypted."""
        if not isinstance(self.socket, ssl.SSLSocket):
            return None
        return self.socket.version(), self.socket.getpeercert(binary_form=True)

    def log_in_by_token(self, login, token):
        sasl = tool("sasl")
        try:
            getattr(sasl, self.oauth_function)(self.client, login, token)
        except sasl.Unable as exc:
            raise Unable(exc.words) from exc
        except sasl.Refused as exc:
            raise (Postponed if exc.temporary else Refused)(exc.words) from exc


class _Smtp(_Session):
    oauth_function = "log_in_smtp"

    def __init__(self, endpoint, context, timeout):
        if endpoint.encryption == "ssl":
            self.client = smtplib.SMTP_SSL(endpoint.host, endpoint.port, timeout=timeout, context=context)
        else:
            self.client = smtplib.SMTP(endpoint.host, endpoint.port, timeout=timeout)
        try:
            self.client.ehlo_or_helo_if_needed()
            self.offers_tls = self.client.has_extn("starttls")
            if endpoint.encryption == "starttls":
                if not self.offers_tls:
                    raise NoStartTls()
                self.client.starttls(context=context)
                self.client.ehlo_or_helo_if_needed()
        except BaseException:
            self.client.close()
            raise
        self.socket = self.client.sock
        self.kinds = self.client.esmtp_features.get("auth", "").upper().split()
        size = self.client.esmtp_features.get("size", "").strip()
        # RFC 1870: without a number, or with 0, the server does not say.
        self.size = int(size) or None if size.isdigit() else None

    def end(self):
        self.client.quit()

    def log_in(self, login, password):
        try:
            self.client.login(login, password)
        except smtplib.SMTPAuthenticationError as exc:
            raise _answer(exc.smtp_code, exc.smtp_error) from exc
        except smtplib.SMTPNotSupportedError as exc:
            raise Postponed(str(exc)) from exc

    def accepts(self, sender, recipient):
        """Whether the server takes an envelope so far. The message it would be for is never sent.

        :raises Refused: with its words.
        :raises Postponed: when it does not say.
        """
        try:
            for command in (lambda: self.client.mail(sender), lambda: self.client.rcpt(recipient)):
                code, words = command()
                if code >= 300:
                    raise _answer(code, words)
        finally:
            self.client.rset()

    def hand_in(self, message, sender, recipient):
        """Send a message to one recipient.

        :raises Refused: with the server's words.
        :raises Postponed: when it refuses for now.
        """
        try:
            self.client.send_message(message, sender, [recipient])
        except smtplib.SMTPRecipientsRefused as exc:
            raise _answer(*exc.recipients[recipient]) from exc
        except smtplib.SMTPResponseException as exc:
            raise _answer(exc.smtp_code, exc.smtp_error) from exc


class _Imap(_Session):
    oauth_function = "log_in_imap"

    def __init__(self, endpoint, context, timeout):
        if endpoint.encryption == "ssl":
            self.client = imaplib.IMAP4_SSL(endpoint.host, endpoint.port, ssl_context=context, timeout=timeout)
        else:
            self.client = imaplib.IMAP4(endpoint.host, endpoint.port, timeout=timeout)
        self.socket = self.client.sock
        offered = [each.upper() for each in self.client.capabilities]
        self.offers_tls = "STARTTLS" in offered
        self.kinds = [each[len("AUTH=") :] for each in offered if each.startswith("AUTH=")]
        if "LOGINDISABLED" not in offered:
            self.kinds.append("LOGIN")

    def end(self):
        self.client.logout()

    def log_in(self, login, password):
        try:
            self.client.login(login, password)
        except imaplib.IMAP4.abort as exc:
            raise Postponed(str(exc)) from exc
        except imaplib.IMAP4.error as exc:
            words = worded(exc.args[0] if exc.args else "")
            # RFC 5530: it could not look, and does not know.
            raise (Postponed if "[UNAVAILABLE]" in words.upper() else Refused)(words) from exc


class _Pop(_Session):
    oauth_function = "log_in_pop"

    def __init__(self, endpoint, context, timeout):
        if endpoint.encryption == "ssl":
            self.client = poplib.POP3_SSL(endpoint.host, endpoint.port, timeout=timeout, context=context)
        else:
            self.client = poplib.POP3(endpoint.host, endpoint.port, timeout=timeout)
        self.socket = self.client.sock
        try:
            offered = self.client.capa()
        except poplib.error_proto:
            # CAPA is optional; the login itself is not.
            offered = {"USER": []}
        self.offers_tls = "STLS" in offered
        self.kinds = [each.upper() for each in offered.get("SASL", ())] + (["LOGIN"] if "USER" in offered else [])

    def end(self):
        self.client.quit()

    def log_in(self, login, password):
        try:
            self.client.user(login)
            self.client.pass_(password)
        except poplib.error_proto as exc:
            words = worded(exc.args[0] if exc.args else "")
            # RFC 3206 and RFC 2449.
            passing = ("[SYS/TEMP]", "[IN-USE]", "[LOGIN-DELAY]")
            raise (Postponed if any(each in words.upper() for each in passing) else Refused)(words) from exc


_SESSIONS = {SMTP: _Smtp, IMAP: _Imap, POP: _Pop}


def _answer(code, words):
    """An SMTP server's answer as an exception: from 500 on it is for good."""
    return (Refused if code >= 500 else Postponed)("%d %s" % (code, worded(words)))


def worded(words):
    """What a server said, on one line."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    return " ".join(text.split())
