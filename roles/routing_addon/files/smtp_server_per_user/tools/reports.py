"""Reports of failed delivery: what strangers' servers write, and the one form in which core is given it.

Core takes a report for one by its content type or its sender, reads the first recipient of a delivery status, and the
Message-Id of the first message in it. Not all series cope with what is missing or encoded there, so they are given a report
that says the same as the original in the plainest form.
"""

import base64
import binascii
import quopri
import re

from . import headers as raw

# A report has the headers of the message that it is about; whoever attaches more than this is not sending one.
LONGEST = 256 * 1024
MOST_PARTS, DEEPEST = 60, 6
LONGEST_REASON = 4000

_PARAMETER = re.compile(rb";\s*([A-Za-z-]+)\s*=\s*(?:\"([^\"]*)\"|([^\s;\"]+))")
_ADDRESS = re.compile(rb"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")
_QUOTED_ID = re.compile(rb"^[ \t>]*(x-odoo-message-id|message-id|references)[ \t]*:((?:.*)(?:\n[ \t>]+<.*)*)", re.I | re.M)
_DELAYED = re.compile(rb"delay|warning", re.I)
# The name that a report's own text has for the message: Odoo's own comes first, as providers give new ones.
_OWN_NAMES = ("x-odoo-message-id", "x-microsoft-original-message-id", "message-id")


class Report:
    """What a report says.

    :ivar failed: whether delivery has failed for good; a warning of a delay and a receipt are reports, too
    :ivar about: lists of Message-Ids, the best first: one of them is the message that was not delivered
    :ivar recipients: the addresses that it names as failed, in lower case
    :ivar text: the beginning of what it says, as raw bytes
    :ivar reason: what it says to a person, as text
    """

    def __init__(self, failed, about, recipients, text, reason):
        self.failed, self.about, self.recipients, self.text, self.reason = failed, about, recipients, text, reason

    def failed_recipient(self, addressees):
        """The address that the mail did not reach, or None.

        A report may name another one than Odoo wrote to, where mail is forwarded, or none.

        :param addressees: the addresses that Odoo wrote to, in lower case
        """
        for address in self.recipients:
            if address in addressees:
                return address
        text = self.text.lower()
        for address in addressees:
            if re.search(rb"(?<![\w.+-])" + re.escape(address.encode("utf-8")) + rb"(?![\w-])", text):
                return address
        if len(addressees) == 1:
            return addressees[0]
        return self.recipients[0] if self.recipients else None


def content_type(headers):
    """Type and parameters of a message or part, in lower case but for the parameters' values."""
    value = headers.first("content-type")[:2000]
    kind = value.partition(b";")[0].strip().lower().decode("ascii", "replace")
    return kind, {name.lower().decode("ascii"): quoted or plain for name, quoted, plain in _PARAMETER.findall(value)}


def may_be_one(headers):
    """Whether a message may be a report, by its headers."""
    sender = headers.first("from")[:2000].lower()
    return content_type(headers)[0] == "multipart/report" or b"mailer-daemon@" in sender or b"postmaster@" in sender


def read(content):
    """What a message says as a report, or None if it is no report.

    :param bytes content: the message; no more of it is read than LONGEST
    """
    parts = list(_parts(content[:LONGEST]))
    top = parts[0][0]
    kind, parameters = content_type(top)
    statuses = [
        each for each in parts if content_type(each[0])[0] in ("message/delivery-status", "message/global-delivery-status")
    ]
    daemon = b"mailer-daemon@" in top.first("from")[:2000].lower()
    if kind != "multipart/report" and not statuses and not (daemon and kind in ("text/plain", "")):
        return None
    returned = [raw.Headers(_decoded(*each)) for each in parts if _is_returned(each[0])]
    failed, recipients = _failures(statuses)
    if parameters.get("report-type", b"delivery-status").lower() != b"delivery-status":
        failed = False  # a receipt, or a report of abuse
    if not statuses and _DELAYED.search(top.first("subject")[:500]):
        failed = False
    recipients += _addresses(top.raw("x-failed-recipients"))
    texts = [_decoded(*each) for each in parts if content_type(each[0])[0] in ("text/plain", "")]
    text = texts[0] if texts else b""
    about = [each.ids(*_OWN_NAMES) for each in returned]
    if not returned:
        about += [_ids_in_text(text, b"x-odoo-message-id", b"message-id"), _ids_in_text(text, b"references")]
    about += [each.ids("references", "in-reply-to") for each in returned]
    about.append(top.ids("in-reply-to", "references"))
    return Report(
        failed=failed,
        about=[each for each in about if each],
        recipients=recipients,
        text=b"\n".join([text] + [body for _headers, body in statuses])[:LONGEST],
        reason=_readable(text),
    )


def _parts(content, depth=0, left=None):
    """Headers and body of a message and of the parts in it; what is deeper or more than any report has is left out."""
    left = [MOST_PARTS] if left is None else left
    headers = raw.Headers(content)
    left[0] -= 1
    yield headers, headers.body
    kind, parameters = content_type(headers)
    boundary = parameters.get("boundary")
    if not kind.startswith("multipart/") or not boundary or depth == DEEPEST:
        return
    edge = re.compile(rb"^--" + re.escape(boundary[:200]) + rb"(?:--)?[ \t]*\r?$", re.MULTILINE)
    start = None
    for found in edge.finditer(headers.body):
        if start is not None:
            if left[0] <= 0:
                return
            yield from _parts(headers.body[start : found.start()], depth + 1, left)
        start = found.end() + 1
    if start is not None and headers.body[start:].strip() and left[0] > 0:
        # The end is missing: the message was cut.
        yield from _parts(headers.body[start:], depth + 1, left)


def _is_returned(headers):
    return content_type(headers)[0] in ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")


def _decoded(headers, body):
    encoding = headers.first("content-transfer-encoding").strip().lower()
    try:
        if encoding == b"quoted-printable":
            return quopri.decodestring(body)
        if encoding == b"base64":
            return base64.b64decode(body)
    except (binascii.Error, ValueError):
        return b""
    return body


def _failures(statuses):
    """Whether delivery failed, and the addresses for which it did, by the groups of a delivery status."""
    actions, recipients = [], []
    for headers, body in statuses:
        for group in re.split(rb"\n[ \t]*\r?\n", _decoded(headers, body).strip()):
            fields = raw.Headers(group + b"\n\n")
            action = fields.first("action").lower()
            addresses = _addresses(fields.first("original-recipient")) + _addresses(fields.first("final-recipient"))
            if action or addresses:
                actions.append(action)
                if action in (b"failed", b""):
                    recipients += addresses
    return any(action in (b"failed", b"") for action in actions) or not actions, recipients


def _addresses(value):
    return [address.decode("ascii").lower() for address in _ADDRESS.findall(value[:4000])]


def _ids_in_text(text, *names):
    found = []
    for name, value in _QUOTED_ID.findall(text):
        if name.lower() in names:
            found += raw.ids(value)
    return raw.bounded(found)


def _readable(text):
    try:
        readable = text[:LONGEST_REASON].decode("utf-8")
    except UnicodeDecodeError:
        readable = text[:LONGEST_REASON].decode("latin-1")
    lines = [raw.clean(line) for line in readable.splitlines()]
    return "\n".join(lines).strip()


FORM = """\
Message-Id: %(message_id)s
From: MAILER-DAEMON <MAILER-DAEMON@report.invalid>
Subject: Undelivered mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="%(boundary)s"

--%(boundary)s
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

%(reason)s
--%(boundary)s
Content-Type: message/delivery-status

Reporting-MTA: dns; report.invalid

Final-Recipient: rfc822; %(recipient)s
Action: failed
Status: 5.0.0

--%(boundary)s
Content-Type: text/rfc822-headers

Message-Id: %(about)s

--%(boundary)s--
"""


def restate(message_id, about, recipient, reason):
    """A report in the form that core of every series understands.

    :param message_id: of the report
    :param about: Message-Id of the message that was not delivered
    :param recipient: whom it did not reach
    :param reason: text for people
    """
    values = {
        "message_id": message_id,
        "about": about,
        "recipient": recipient,
        "reason": base64.encodebytes(reason.encode("utf-8", "replace")).decode("ascii"),
        "boundary": "report-in-plain-form",
    }
    return (FORM % values).replace("\n", "\r\n").encode("ascii")
