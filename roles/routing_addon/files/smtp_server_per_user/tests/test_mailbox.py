from odoo.tests.common import TransactionCase, tagged

from ..tools.mailbox import SelectiveImap, choose, read

REPORT = b"""From: MAILER-DAEMON@customer.example
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It failed.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; customer.example
--b
Content-Type: %s

Message-Id: <ours@own.example>
Subject: Hello

--b--
"""


@tagged("post_install", "-at_install")
class TestMailbox(TransactionCase):
    def chosen(self, *messages):
        known = {"<ours@own.example>", "<forwarded@own.example>"}
        numbered = dict(enumerate(messages, start=1))
        return choose(numbered, numbered.get, lambda ids: (known & set(ids), known & set(ids)))

    def test_answers(self):
        self.assertEqual(
            self.chosen(
                b"In-Reply-To: <ours@own.example>\r\n\r\n",
                b"References: <a@b>\r\n <ours@own.example>\r\n\r\n",
                b"References: <a@b>\r\n\r\n",
                b"Subject: <ours@own.example>\r\n\r\n",
                b"\r\n",
            ),
            [1, 2],
        )

    def test_odoos_own(self):
        self.assertEqual(self.chosen(b"Message-Id: <forwarded@own.example>\r\nReferences: <ours@own.example>\r\n\r\n"), [])

    def test_reports(self):
        self.assertEqual(self.chosen(REPORT % b"message/rfc822", REPORT % b"text/rfc822-headers"), [1, 2])
        self.assertEqual(self.chosen((REPORT % b"message/rfc822").replace(b"ours@", b"others@")), [])

    def test_state_that_cannot_be_read(self):
        for text in (None, "", "nonsense", "[]"):
            self.assertEqual(read(text), {})

    def test_identifier_behind_the_content(self):
        answer = "OK", [(b"1 (BODY[] {2}", b"ab"), b" UID 7)", (b"2 (UID 8 BODY[] {2}", b"cd"), b")"]
        self.assertEqual(list(SelectiveImap.contents(answer)), [(7, b"ab"), (8, b"cd")])
