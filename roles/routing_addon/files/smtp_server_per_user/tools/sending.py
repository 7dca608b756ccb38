"""A session with a provider's server that reconnects if the provider ends it, and the provider's answer for each mail.

Odoo opens one SMTP session for many mails. When the provider ends it, Odoo ends the run: the mails that are left are not
sent, and the reason is Odoo's. `Session` takes the place of Odoo's connection. It opens another one when the provider has
ended the last, and keeps for each mail (`Attempt`) who has it, who was refused, and in which words.

Nothing in this file needs Odoo. Codes are those of RFC 5321: 4xx is temporary, 5xx is for good.
"""

import email
import smtplib
import socket
import ssl

# After so many sessions in a row without an accepted message, the rest of the batch waits.
PATIENCE = 2


def is_temporary(error):
    """Whether a retry may succeed: a 4xx answer, or no answer at all."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = {code for code, _text in error.recipients.values()}
        return 421 in codes or all(400 <= code < 500 for code in codes)
    if isinstance(error, smtplib.SMTPResponseException):
        return 400 <= error.smtp_code < 500
    if isinstance(error, smtplib.SMTPException):
        return isinstance(error, smtplib.SMTPServerDisconnected)
    if isinstance(error, socket.gaierror):
        return error.errno == socket.EAI_AGAIN
    # A certificate does not become valid by waiting.
    return isinstance(error, OSError) and not isinstance(error, ssl.SSLError)


def in_words(error):
    """The provider's answer, code and text; if there is none, the error."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join("%s: %s" % (address, answer(*reply)) for address, reply in error.recipients.items())
    if isinstance(error, smtplib.SMTPResponseException):
        return answer(error.smtp_code, error.smtp_error)
    if len(error.args) == 1 and isinstance(error.args[0], bytes):
        return error.args[0].decode("utf-8", "replace")  # imaplib's and poplib's
    return str(error) or type(error).__name__


def answer(code, text):
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return "%s %s" % (code, " ".join(text.split()))


class NotSent(Exception):
    """No recipient was accepted. Raised instead of smtplib's errors, as some of them would end Odoo's run."""


class OutcomeUnknown(Exception):
    """The connection broke after the whole message was transferred: the provider may have accepted it."""

    def __str__(self):
        return "The connection was lost after the whole message had been transferred. The provider may have sent it."


class Attempt:
    """One mail on its way, which is one message or, to several partners, several.

    :param sender: what the mail is sent as (see ir_mail_server.py), or None for the standard way
    :param delivered: the addresses that have had it in an earlier attempt
    :param refused: the addresses that were refused for good in an earlier attempt, with the provider's words
    """

    def __init__(self, sender=None, delivered=(), refused=None):
        self.sender, self.email_from = sender, None
        # The id of the server that sends, set with the session.
        self.server_id = False
        self.delivered_before, self.refused_before = frozenset(delivered), dict(refused or {})
        self.delivered, self.refused = set(delivered), dict(refused or {})
        # Recipients for a retry, with the provider's answers.
        self.waiting = {}
        # For the mail as a whole: the provider's answer, and whether a retry may succeed.
        self.failure, self.temporary = "", False
        # When messages may be sent that the limit of the server held back; None if it held none back.
        self.held_until = None
        # For the last message: whether no recipient was accepted, while others remain.
        self.nobody = False

    def note(self, taken, refused):
        """Record the result of a message: who received it, and the answers for the others."""
        self.delivered.update(taken)
        for address, (code, text) in refused.items():
            (self.waiting if 400 <= code < 500 else self.refused)[address] = answer(code, text)
        self.nobody = not taken

    def fail(self, error):
        """Record a result for the mail as a whole."""
        self.failure, self.temporary = in_words(error), is_temporary(error)

    @property
    def waits(self):
        """Whether a recipient remains who may receive it later."""
        return bool(self.waiting) or self.temporary or self.held_until is not None

    @property
    def words(self):
        """All answers of the provider."""
        addressed = ["%s: %s" % each for each in sorted({**self.refused, **self.waiting}.items())]
        return "\n".join(([self.failure] if self.failure else []) + addressed)


class Session:
    """What Odoo takes for its connection.

    :param connect: function that opens a connection to the server
    """

    def __init__(self, connect):
        self._connect = connect
        self._connection = None
        self._used = self._handed_over = False
        self._failed = 0
        # The mail that is being sent; set by the sender.
        self.attempt = None
        # Why no more connections are opened.
        self.error = None
        # How many messages may be sent yet, None for any number, and when more may be; see allow().
        self.allowance = self._again = None
        # What is done at the end.
        self.on_quit = None
        self._open()

    def __getattr__(self, name):
        # Not found here: it is the connection's own.
        if name.startswith("__") or self.__dict__.get("_connection") is None:
            raise AttributeError(name)
        return getattr(self._connection, name)

    def allow(self, messages, again):
        """Send so many messages now. The recipients of others wait until that time."""
        self.allowance, self._again = messages, again

    def quit(self):
        try:
            if self._connection is not None:
                self._connection.quit()
        except (smtplib.SMTPException, OSError):
            # The provider has ended it already.
            self._connection.close()
        finally:
            if self.on_quit:
                self.on_quit()

    def _open(self):
        """Open a connection, or keep the error, so that the server is not contacted again for each mail."""
        try:
            self._connection, self._used = self._connect(), False
        except Exception as error:
            self.error = error

    def is_open(self):
        return self._connection is not None and self._connection.sock is not None

    def _be_open(self):
        if not self.error and not self.is_open():
            self._open()
        if self.error:
            raise self.error

    def send_message(self, *arguments, **named):
        if self.attempt is not None:
            self.attempt.nobody = False
        try:
            self._be_open()
        except Exception as error:
            if self.attempt is None:
                raise
            self.attempt.fail(error)
            raise NotSent(in_words(error)) from error
        # It flattens the message and calls sendmail.
        return smtplib.SMTP.send_message(self, *arguments, **named)

    def sendmail(self, from_addr, to_addrs, msg, mail_options=(), rcpt_options=()):
        """Send a message to recipients who have not received it yet, and record the result.

        :raise NotSent: nobody got it
        """
        attempt = self.attempt or Attempt()
        to_addrs = [to_addrs] if isinstance(to_addrs, str) else list(to_addrs)
        left = [each for each in to_addrs if each.lower() not in attempt.delivered_before]
        wanted = [each for each in left if each.lower() not in attempt.refused_before]
        if not wanted:
            attempt.nobody = bool(left)
            if left:
                raise NotSent("; ".join(attempt.refused_before[each.lower()] for each in left))
            return {}
        if self.allowance == 0:
            attempt.held_until, attempt.nobody = self._again, True
            raise NotSent("The server has sent as many messages as it may in a minute.")
        if self.allowance:
            self.allowance -= 1
        try:
            refused = self._send(from_addr, wanted, msg, mail_options, rcpt_options)
        except Exception as error:
            if self.attempt is None:
                raise
            if isinstance(error, smtplib.SMTPRecipientsRefused) and self.is_open():
                attempt.note([], {each.lower(): reply for each, reply in error.recipients.items()})
            elif isinstance(error, OutcomeUnknown):
                # Not retried for them, as it could arrive twice.
                attempt.refused.update({each.lower(): str(error) for each in wanted})
                attempt.nobody = True
            else:
                attempt.fail(error)
            raise NotSent(in_words(error)) from error
        attempt.note(
            [each.lower() for each in wanted if each not in refused],
            {each.lower(): reply for each, reply in refused.items()},
        )
        return refused

    def data(self, content):
        # smtplib's sendmail calls it.
        self._handed_over = True
        return self._connection.data(content)

    def _send(self, *arguments):
        while True:
            self._be_open()
            fresh, self._used, self._handed_over = not self._used, True, False
            try:
                refused = smtplib.SMTP.sendmail(self, *arguments)
            except smtplib.SMTPServerDisconnected as error:
                self._connection.close()
                if self._handed_over:
                    raise OutcomeUnknown from error
                failure = error
            except smtplib.SMTPException as error:
                if self.is_open():
                    self._failed = 0
                    raise
                failure = error
            else:
                self._failed = 0
                return refused
            # The provider has ended the session. A mail that was not the first one is sent in a new session.
            if fresh:
                self._failed += 1
                if self._failed >= PATIENCE:
                    self.error = failure
                raise failure


class RehearsedSession(Session):
    """A session that connects to nobody and notes what would be sent.

    :param rehearsal: the Rehearsal that takes it
    """

    def __init__(self, rehearsal):
        super().__init__(lambda: None)
        self._rehearsal = rehearsal

    def is_open(self):
        return True

    def send_message(self, msg, from_addr=None, to_addrs=None, *arguments, **named):
        return self._note(from_addr, to_addrs, msg)

    def sendmail(self, from_addr, to_addrs, msg, mail_options=(), rcpt_options=()):
        # Odoo 14 on an old Python.
        parse = email.message_from_bytes if isinstance(msg, bytes) else email.message_from_string
        return self._note(from_addr, to_addrs, parse(msg))

    def _note(self, sender, recipients, message):
        decided = self.attempt.sender if self.attempt else None
        self._rehearsal.note(sender, message, decided, getattr(self, "mail_server_id", False))
        if self.attempt is not None:
            self.attempt.note([each.lower() for each in recipients], {})
        return {}
