import threading
from contextlib import closing
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.sql_db import db_connect
from odoo.tests.common import TransactionCase, tagged
from odoo.tools import mute_logger
from psycopg2.pool import PoolError

from ..tools.limits import Busy, Pace, Place
from ..tools.senders import Run
from ..tools.sending import Session
from .common import MailServerCase


class OwnTransactions:
    """Cursors of transactions of their own, as other workers have them."""

    def open(self):
        return db_connect(self.env.cr.dbname).cursor()

    def sql(self, query, *values):
        with self.open() as cr:
            cr.execute(query, values)
            return cr.fetchall() if cr.description else None

    def counted(self, server_id):
        self.addCleanup(self.sql, "DELETE FROM smtp_server_per_user_sent WHERE server_id = %s", server_id)
        return self.sql("SELECT count(*) FROM smtp_server_per_user_sent WHERE server_id = %s", server_id)[0][0]


def no_connection():
    raise PoolError("The Connection Pool Is Full")


@tagged("post_install", "-at_install")
class TestPace(OwnTransactions, TransactionCase):
    SERVER = -1

    def setUp(self):
        super().setUp()
        self.pace = Pace(self.open, self.SERVER, 5)
        self.assertEqual(self.counted(self.SERVER), 0)

    def test_what_is_not_used_is_free_again(self):
        self.assertEqual(self.pace.take([2, 2])[:2], (2, 4))
        self.pace.settle(3)
        self.assertEqual(self.counted(self.SERVER), 1)

    def test_session_of_more_than_a_minute(self):
        """What was sent at its end counts, though others have removed what was reserved at its beginning."""
        self.pace.take([2])
        self.sql("UPDATE smtp_server_per_user_sent SET sent_at = sent_at - interval '61 seconds' WHERE server_id = -1")
        Pace(self.open, self.SERVER, 5).take([])
        self.pace.settle(0)
        self.assertEqual(self.counted(self.SERVER), 2)

    def test_another_worker_removes_what_was_reserved(self):
        self.pace.take([2])
        with self.open() as cr:
            cr.execute("DELETE FROM smtp_server_per_user_sent WHERE server_id = -1")
            commit = threading.Timer(0.2, cr.commit)
            commit.start()
            self.pace.settle(0)
            commit.join()
        self.assertEqual(self.counted(self.SERVER), 2)

    def test_no_error_where_mail_has_been_sent(self):
        """The mail would be sent again, as its transaction would be rolled back."""
        self.pace.take([2])
        self.pace._open_cursor = no_connection
        self.pace.settle(0)
        self.pace.count(1)
        place = Place(self.open, self.SERVER, 1)
        place.take()
        place._cr.connection.close()
        with mute_logger("odoo.sql_db"):
            place.give_up()

    def test_place_that_nobody_has(self):
        """The cursors are closed, also where there is no place or the database fails."""
        opened = []
        place, other = (Place(lambda: opened.append(self.open()) or opened[-1], self.SERVER, 1) for _number in range(2))
        place.take()
        self.assertRaises(Busy, other.take)
        self.assertEqual([bool(cr.closed) for cr in opened], [False, True])
        place.give_up()
        other.take()
        other.give_up()
        self.assertTrue(all(cr.closed for cr in opened))

    def test_upgrade_waits_for_nobody_who_sends(self):
        """Whoever sends has these tables, and waits for what the upgrade has: for ever, as the database would not know."""
        with closing(self.open()) as cr:
            cr.execute(
                """
                LOCK TABLE mail_mail, ir_mail_server, smtp_server_per_user_sent, smtp_server_per_user_outcome
                IN ROW EXCLUSIVE MODE
                """
            )
            self.env.cr.execute("SET LOCAL lock_timeout = '200ms'")
            self.env["ir.mail_server"].init()
            self.env["mail.mail"].init()


@tagged("post_install", "-at_install")
class TestTurn(OwnTransactions, MailServerCase):
    def queue(self, **values):
        values = dict(dict(email_from="ann@own.example", email_to="bob@customer.example", auto_delete=False), **values)
        return self.env["mail.mail"].create(values)

    def assert_waits(self, mail):
        self.assertEqual(mail.state, "outgoing")
        self.assertTrue(mail.scheduled_date)

    def session(self):
        session = Session(lambda: None)
        session.mail_server_id = self.ann_server.id
        return session

    def test_mail_that_is_gone(self):
        """Another worker has sent it, and deleted it: the others wait each for its own turn."""
        first, gone, last = mails = self.queue() + self.queue() + self.queue()
        self.env.cr.execute("DELETE FROM mail_mail WHERE id = %s", [gone.id])
        (getattr(self.env, "invalidate_all", None) or self.env["base"].invalidate_cache)()
        now = fields.Datetime.now()
        mails._wait_for_turn(self.ann_server, [(now, 2), (now + timedelta(minutes=1), 1)])
        self.assertLess(fields.Datetime.to_datetime(first.scheduled_date), fields.Datetime.to_datetime(last.scheduled_date))
        session = self.session()
        session.error = Busy()
        mails._send(smtp_session=session)
        self.assertEqual(first.scheduled_date, last.scheduled_date)

    def test_database_that_has_no_connection(self):
        """Mail waits, as for the provider; it is no failure of the mail, nor of the run."""
        self.ann_server.write({"max_messages_per_minute": 5, "max_connections": 3})
        mail, servers = self.queue(), self.servers.with_context(smtp_run=Run())
        with patch.object(type(self.env.registry), "cursor", lambda *_arguments, **_named: no_connection()):
            session = servers._connect_for(lambda **_named: None, (), {"mail_server_id": self.ann_server.id})
            self.assertIsInstance(session.error, Busy)
            mail._send(smtp_session=self.session())
        self.assert_waits(mail)

    def test_mail_that_cannot_wait_is_counted(self):
        self.ann_server.max_messages_per_minute = 1
        mails = self.queue() + self.queue()
        with patch.object(type(self.env.registry), "cursor", lambda *_arguments, **_named: self.open()):
            mails._send(smtp_session=self.session(), raise_exception=True)
            self.assertEqual(self.counted(self.ann_server.id), 2)
            mail = self.queue()
            mail._send(smtp_session=self.session())
        self.assert_waits(mail)

    def test_number_of_messages(self):
        partner = {"recipient_ids": [(6, 0, self.record.ids)]}
        self.assertEqual(self.queue()._messages_to_send(), 1)
        self.assertEqual(self.queue(email_cc="c@customer.example", **partner)._messages_to_send(), 2)
        self.assertEqual(self.queue(email_to=False, email_cc="c@customer.example", **partner)._messages_to_send(), 2)
        self.assertEqual(self.queue(email_to=False, **partner)._messages_to_send(), 1)

    def test_test_message_at_the_limit(self):
        administrator = self.env.ref("base.user_admin")
        # In a test, nothing is sent: the message stays as the limit leaves it.
        nothing = patch.object(type(self.env["mail.mail"]), "send", lambda *_arguments, **_named: True)
        with nothing, self.assertRaisesRegex(UserError, "limit"):
            self.ann.with_user(administrator).action_send_test_message()
