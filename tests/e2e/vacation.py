"""An out-of-office program, as Sieve's vacation (RFC 5230) and RFC 3834 have it, at a mailbox of the lab.

It remembers nobody whom it has answered, as some do not: then only headers keep two of them from going on for ever.
"""

import email
import smtplib
import uuid
from email.message import EmailMessage
from email.policy import default

from maildir import Mailbox

QUIET = ("bulk", "list", "junk")


class Vacation:
    def __init__(self, lab, address):
        self.lab, self.address = lab, address
        self.box, self.seen = Mailbox(lab, address), set()
        self.answered, self.kept_quiet = [], []

    def run(self):
        """Look at what has come since the last time, and answer it. Returns how many were answered."""
        before = len(self.answered)
        for file in self.box.files():
            name = file.name.partition(":2,")[0]
            if name not in self.seen:
                self.seen.add(name)
                self.judge(email.message_from_bytes(file.read_bytes(), policy=default))
        return len(self.answered) - before

    def judge(self, message):
        sender = str(message["Return-Path"] or "").strip(" <>")
        suppressed = str(message["X-Auto-Response-Suppress"] or "").lower()
        if (
            not sender
            or sender.lower().startswith(("mailer-daemon@", "owner-"))
            or str(message["Auto-Submitted"] or "no").lower() != "no"
            or any(word in suppressed for word in ("oof", "all"))
            or str(message["Precedence"] or "").lower() in QUIET
        ):
            self.kept_quiet.append(str(message["Subject"]))
            return
        self.answer(message, sender)

    def answer(self, message, to):
        answer = EmailMessage()
        answer["From"], answer["To"] = self.address, to
        answer["Subject"] = f"Auto: {message['Subject']}"
        answer["Message-Id"] = f"<{uuid.uuid4().hex}@vacation.example>"
        answer["In-Reply-To"] = str(message["Message-Id"]).strip()
        answer["References"] = f"{message['References'] or ''} {message['Message-Id']}".strip()
        answer["Auto-Submitted"] = "auto-replied (vacation)"
        answer["Precedence"] = "bulk"
        answer.set_content("I am back on Monday.")
        with smtplib.SMTP("127.0.0.1", self.lab["ports"]["mx"]) as mx:
            mx.send_message(answer, "", [to])
        self.answered.append(str(message["Subject"]))
