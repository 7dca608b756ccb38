"""Logging in with an access token: XOAUTH2 (Google's and Microsoft's), and OAUTHBEARER (RFC 7628).

Nothing in this file needs Odoo. Neither Python's smtplib nor imaplib nor poplib looks at the server's words in a refusal, which
come before the refusal itself; and smtplib's and poplib's debug output would show the token.
"""

import base64
import binascii
import json
import poplib
import smtplib
from contextlib import contextmanager
from imaplib import IMAP4

# Both are one line; what only one of them says is with the error, in both.
MECHANISMS = ("XOAUTH2", "OAUTHBEARER")
# RFC 5321 ends a command after so many characters. What is longer is sent after the server's question.
LONGEST_COMMAND = 500


class Refused(Exception):
    """A server refused a login.

    :param words: what the server said
    :param code: SMTP's reply code
    :param temporary: whether the same token may be accepted later
    """

    def __init__(self, words, code=535, temporary=False):
        super().__init__(words)
        self.words, self.code, self.temporary = words, code, temporary


class Unable(Exception):
    """This connection does not allow to log in with a token, whatever the token."""

    def __init__(self, words, code):
        super().__init__(words)
        self.words, self.code = words, code


def choose(offered):
    """The mechanism to use, of those that a server offers."""
    offered = [each.upper() for each in offered]
    for mechanism in MECHANISMS:
        if mechanism in offered:
            return mechanism
    raise Unable("The server offers neither XOAUTH2 nor OAUTHBEARER, but: %s." % (" ".join(offered) or "nothing"), 504)


def response(mechanism, user, token):
    """What a client says."""
    if mechanism == "XOAUTH2":
        text = "user=%s\x01auth=Bearer %s\x01\x01" % (user, token)
    else:
        text = "n,a=%s,\x01auth=Bearer %s\x01\x01" % (user.replace("=", "=3D").replace(",", "=2C"), token)
    return text.encode()


def farewell(mechanism):
    """What a client says to the words of a refusal, to get the refusal itself."""
    return b"" if mechanism == "XOAUTH2" else b"\x01"


def explained(challenge):
    """The words in a refusal: JSON with `status`, and what else a server puts into it."""
    try:
        said = json.loads(challenge.decode())
    except ValueError:
        return _line(challenge)
    if not isinstance(said, dict):
        return _line(challenge)
    # Schemes and the like are the same for all refusals.
    telling = [said.get(name) for name in ("status", "error", "error_description", "message")]
    return " ".join(str(each) for each in telling if each)


def _line(text):
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def _words(challenge, answer):
    told, said = challenge and explained(challenge), _line(answer)
    return "%s (%s)" % (said, told) if told and told not in said else said


def _encode(content):
    return base64.b64encode(content).decode()


def _decode(text):
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return text if isinstance(text, bytes) else str(text).encode()


def _check(connection, user):
    if not hasattr(connection.sock, "getpeercert"):
        raise Unable("Tokens are only sent over TLS connections.", 538)
    if not user or any(ord(each) < 32 for each in user):
        raise Unable("The server has no username. Set it to the mailbox's address.", 535)


@contextmanager
def _silent(connection, name, level, set_level):
    """Nothing of what is said here is in any debug output."""
    old = getattr(connection, name, level)
    set_level(level)
    try:
        yield
    finally:
        set_level(old)


def log_in_smtp(connection, user, token):
    """Log in to an outgoing server.

    :param smtplib.SMTP connection: an open connection
    """
    connection.ehlo_or_helo_if_needed()
    _check(connection, user)
    mechanism = choose(str(connection.esmtp_features.get("auth", "")).split())
    said, challenge = _encode(response(mechanism, user, token)), b""
    with _silent(connection, "debuglevel", 0, connection.set_debuglevel):
        if len(said) <= LONGEST_COMMAND:
            code, text = connection.docmd("AUTH", "%s %s" % (mechanism, said))
        else:
            code, text = connection.docmd("AUTH", mechanism)
            if code == 334:
                code, text = connection.docmd(said)
        if code == 334:
            challenge = _decode(text)
            code, text = connection.docmd(_encode(farewell(mechanism)))
    if code not in (235, 503):
        raise Refused(_words(challenge, text), code, temporary=400 <= code < 500)


def log_in_imap(connection, user, token):
    """Log in to an incoming server by IMAP.

    :param imaplib.IMAP4 connection: an open connection
    """
    _check(connection, user)
    mechanism = choose([each[5:] for each in connection.capabilities if each.upper().startswith("AUTH=")])
    challenges = []

    def answer(challenge):
        challenges.append(challenge)
        return response(mechanism, user, token) if len(challenges) == 1 else farewell(mechanism)

    def set_level(level):
        connection.debug = level

    with _silent(connection, "debug", 0, set_level):
        try:
            connection.authenticate(mechanism, answer)
        except IMAP4.abort:
            raise
        except IMAP4.error as error:
            words = _words(b"".join(challenges[1:]), str(error))
            raise Refused(words, temporary="[UNAVAILABLE]" in words or "[INUSE]" in words) from None


def log_in_pop(connection, user, token):
    """Log in to an incoming server by POP3.

    :param poplib.POP3 connection: an open connection
    """
    _check(connection, user)
    mechanism, challenge = choose(connection.capa().get("SASL", [])), b""
    with _silent(connection, "_debugging", 0, connection.set_debuglevel):
        try:
            # poplib has no command for it.
            connection._shortcmd("AUTH " + mechanism)
            said = connection._shortcmd(_encode(response(mechanism, user, token)))
            if not said.startswith(b"+OK"):
                challenge = _decode(said[1:].strip())
                connection._shortcmd(_encode(farewell(mechanism)))
        except poplib.error_proto as error:
            words = _words(challenge, error.args[0] if error.args else "")
            raise Refused(words, temporary="[SYS/TEMP]" in words or "[IN-USE]" in words) from None


def read_unmarked(connection):
    """Have core read messages without marking them.

    Core fetches a message, which marks it as read, and takes the mark away again until it has processed it. Where the
    connection breaks in between, as when a token runs out, the message would never be seen again.
    """
    fetch = connection.fetch
    connection.fetch = lambda numbers, parts: fetch(numbers, "(BODY.PEEK[])" if parts == "(RFC822)" else parts)


def as_smtp_error(words, code):
    """The error for core, and for the routing addon, which tries again later what has a code of 4xx."""
    return smtplib.SMTPAuthenticationError(code, words)
