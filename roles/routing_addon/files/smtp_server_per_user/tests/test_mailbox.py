import psycopg2
from odoo.tests.common import TransactionCase, tagged
from odoo.tools import mute_logger

from ..tools.clerk import is_passing


@tagged("post_install", "-at_install")
class TestMailbox(TransactionCase):
    """What a mailbox asks of Odoo. How a mailbox is read is tested on a real one (tests/e2e)."""

    def setUp(self):
        super().setUp()
        values = {"name": "In", "server_type": "imap", "server": "localhost", "user": "u"}
        self.server = self.env["fetchmail.server"].create(values)
        self.partner = self.env["res.partner"].create({"name": "Ann", "email": "Ann@Customer.Example"})

    def post(self, **values):
        return self.partner.message_post(body="Hello", **values)

    def test_known_messages(self):
        message = self.post()
        apart = self.env["mail.message"].create({"body": "of no record", "message_id": "<apart@own.example>"})
        wanted = [message.message_id, "<apart@own.example>", "<unknown@own.example>"]
        self.flush()
        self.assertEqual(
            sorted(self.server._known_messages(wanted)),
            sorted([(message.message_id, message.id, True), ("<apart@own.example>", apart.id, False)]),
        )
        self.assertTrue(self.server._has_message(message.message_id))
        self.assertFalse(self.server._has_message("<unknown@own.example>"))

    def flush(self):
        (getattr(self.env, "flush_all", None) or self.env["base"].flush)()

    def test_bounce_that_odoo_shows(self):
        message = self.post(partner_ids=self.partner.ids)
        notification = self.env["mail.notification"].search([("mail_message_id", "=", message.id)])
        notification.notification_type = "email"
        self.assertEqual(self.server._addressees(message.message_id), ["ann@customer.example"])
        self.assertFalse(self.server._has_bounce(message.message_id, "ann@customer.example"))
        notification.notification_status = "bounce"
        self.assertTrue(self.server._has_bounce(message.message_id, "ann@customer.example"))
        self.assertFalse(self.server._has_bounce(message.message_id, "ben@customer.example"))

    def test_progress_by_folder(self):
        for folder, text in (("INBOX", "one"), ("Customers", "two"), ("INBOX", "three")):
            self.server._save_progress(folder, text)
        self.assertEqual(
            [self.server._load_progress(folder) for folder in ("INBOX", "Customers", "No")], ["three", "two", None]
        )
        self.server.unlink()
        self.assertIsNone(self.server._load_progress("INBOX"))

    def test_notes_are_made_once_and_bounded(self):
        for number in (1, 2, 2):
            is_new = self.server._save_note("INBOX", "17", str(number), "Lunch?", "refused", "LookupError()")
        self.assertFalse(is_new)
        lines = self.server.reading_notes.splitlines()
        self.assertEqual(len(lines), 2)
        self.assertIn('INBOX 2 "Lunch?" Odoo failed to process it. LookupError()', lines[0])
        for number in range(3, 100):
            self.server._save_note("INBOX", "17", str(number), "Lunch?", "refused", "")
        self.server.invalidate_recordset() if hasattr(self.server, "invalidate_recordset") else self.server.invalidate_cache()
        self.assertEqual(len(self.server.reading_notes.splitlines()), 50)

    def test_notes_are_for_administrators(self):
        groups = "group_ids" if "group_ids" in self.env["res.users"]._fields else "groups_id"
        values = {"name": "Ann", "login": "ann", groups: [(6, 0, self.env.ref("base.group_user").ids)]}
        user = self.env["res.users"].with_context(no_reset_password=True).create(values)
        self.assertNotIn("reading_notes", self.env["fetchmail.server"].with_user(user).fields_get())

    def test_whose_fault_an_error_is(self):
        """What is the database's alone is tried again; what a message causes is not."""
        for statement, passing in (
            ("SELECT 1 / 0", False),
            ("SELECT 'x'::int", False),
            ("DO $$ BEGIN RAISE EXCEPTION '' USING ERRCODE = 'serialization_failure'; END $$", True),
            ("DO $$ BEGIN RAISE EXCEPTION '' USING ERRCODE = 'lock_not_available'; END $$", True),
            # An index has no place for a value that is too long, however often it is tried.
            ("DO $$ BEGIN RAISE EXCEPTION '' USING ERRCODE = 'program_limit_exceeded'; END $$", False),
        ):
            catching = self.assertRaises(psycopg2.Error)
            with self.subTest(statement), catching as caught, mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                self.env.cr.execute(statement)
            self.assertEqual(is_passing(caught.exception), passing, statement)
        self.assertFalse(is_passing(ValueError("A string literal cannot contain NUL")))
