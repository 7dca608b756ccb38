import logging
from datetime import timedelta

import psycopg2
from odoo import api, fields, models

from .. import compat
from ..tools import careful, mailbox, turns

_logger = logging.getLogger(__name__)

# The servers that core's scheduled action fetches.
LIVE = [("state", "=", "done"), ("server_type", "!=", "local")]

if compat.FetchmailServer:

    class FetchmailServer(models.Model):
        _inherit = "fetchmail.server"

        only_replies = fields.Boolean(
            string="Take Only Replies",
            help="For a mailbox that a person reads too: take the answers to messages of Odoo's, and bounces of "
            "messages of Odoo's. Everything else stays in the mailbox as it was, unread and undeleted.",
        )
        # What was looked at before and left alone.
        reading_state = fields.Text(copy=False, readonly=True, groups="base.group_system")

        if hasattr(models.BaseModel, "_build_model"):

            @classmethod
            def _build_model(cls, pool, cr):
                """Up to 15, incoming servers are an addon of their own, which a database need not have.

                Where it came after this addon, this class waits for an upgrade to make its columns.
                """
                # By the class statement, and for it only: the method is inherited by every model built from it.
                if cls.__module__ == __name__ and not cls._can_be_built(pool, cr):
                    return pool["mail.thread"]
                return super()._build_model(pool, cr)

            @classmethod
            def _can_be_built(cls, pool, cr):
                if "fetchmail.server" not in pool:
                    return False
                cr.execute(
                    """
                    SELECT 1 FROM ir_module_module WHERE name = 'smtp_server_per_user' AND state != 'installed'
                    UNION ALL
                    SELECT 1 FROM information_schema.columns
                    WHERE table_name = 'fetchmail_server' AND column_name = 'reading_state'
                    """
                )
                return bool(cr.fetchall())

        def _read_our_way(self, connection):
            """Have a connection show core the answers to Odoo's messages only, where asked for, and lose none of them."""
            if self.only_replies:
                mailbox.select(connection, self._known_messages, self._load_reading_state, self._save_reading_state)
            if turns.current():
                careful.be_careful(connection, self._take_turn, self._settle)
            return connection

        if compat.offers(compat.FetchmailServer, "_connect__"):

            def _connect__(self, *args, **kwargs):
                return self._read_our_way(super()._connect__(*args, **kwargs))

        else:

            def connect(self, *args, **kwargs):
                return self._read_our_way(super().connect(*args, **kwargs))

        def _known_messages(self, message_ids):
            """Those of some Message-Ids that Odoo has, and those of them whose answers belong to a record."""
            domain = [("message_id", "in", message_ids)]
            messages = self.env["mail.message"].sudo().search(domain) if message_ids else self.env["mail.message"]
            # Core does not follow the ones that are marked to start anew.
            answerable = messages.filtered(lambda each: each.model and each.res_id and "reply_to" not in each.message_id)
            return set(messages.mapped("message_id")), set(answerable.mapped("message_id"))

        # By SQL, and not in the cache: after a message that core failed to process the transaction may be broken, which
        # core leaves behind with its next commit. What is not noted is looked at once more, and dropped as known.
        def _load_reading_state(self):
            self.env.cr.execute("SELECT reading_state FROM fetchmail_server WHERE id = %s", [self.id])
            return self.env.cr.fetchone()[0]

        def _save_reading_state(self, state):
            try:
                self.env.cr.execute(
                    "UPDATE fetchmail_server SET reading_state = %s WHERE id = %s",
                    [state, self.id],
                    log_exceptions=False,
                )
            except psycopg2.errors.InFailedSqlTransaction:
                return

        # ------------------------------------------------------------------
        # No message twice, and none lost
        # ------------------------------------------------------------------

        if compat.FETCHES_APART:

            def _fetch_mail(self, *args, **kwargs):
                """Core sees to it that nobody else is at the mailbox. That a message comes by two of them is left to us."""
                with self.env.registry.cursor() as cr, turns.taking(cr):
                    return super()._fetch_mail(*args, **kwargs)

        else:

            def fetch_mail(self, *args, **kwargs):
                """Leave a mailbox that somebody else is just fetching: a scheduled action, or a person on the form."""
                # Whatever is fetched, the servers' states stay: no need to see to the scheduled actions.
                for server in self.with_context(fetchmail_cron_running=True):
                    with self.env.registry.cursor() as cr, turns.taking(cr, server.id) as taken:
                        if taken.alone:
                            super(FetchmailServer, server).fetch_mail(*args, **kwargs)
                        else:
                            _logger.info("Incoming mail server %s is being fetched already.", server.name)
                return True

        def _take_turn(self, message_id):
            # A transaction that began before another one's message was committed would not see it.
            self._settle()
            turns.current().take_message(message_id)

        def _settle(self):
            """Commit what core has made of a message, before it is marked as read and not behind."""
            if compat.FETCHES_APART:
                return  # as core itself does
            try:
                self.env.cr.commit()
            except psycopg2.OperationalError:
                # Not the message's fault: it stays unread, and is taken the next time.
                self.env.cr.rollback()
                raise
            except Exception:
                # Core goes on with the next message, and so does this.
                _logger.info("Failed to process mail from server %s.", self.id, exc_info=True)
                self.env.cr.rollback()

        # ------------------------------------------------------------------
        # Several scheduled actions that share the work
        # ------------------------------------------------------------------

        @api.model
        def _fetch_mails(self, **kwargs):
            """Core's own scheduled action. It is the first of those that share the work, where that is asked for."""
            if self.env["ir.cron"]._wanted_fetchers():
                return self._fetch_waiting(1)
            return super()._fetch_mails(**kwargs)

        @api.model
        def _fetch_waiting(self, number):
            """Fetch one server after the other that nobody has fetched in this round, until there is none left.

            Every scheduled action takes from the same servers, so that one that hangs, or a worker that dies, keeps no
            others from being fetched.

            :param number: which of the scheduled actions calls
            """
            began = self.env["ir.cron"]._round_began(number)
            left = {}
            while True:
                self.env.cr.commit()  # to see what the others have done
                server = self._claim(began)
                if not server:
                    break
                try:
                    unread = server._fetch_claimed()
                except Exception:
                    _logger.info("General failure when trying to fetch mail from server %s.", server.id, exc_info=True)
                    self.env.cr.rollback()
                    continue
                # In its turn again, unless nothing was taken.
                if unread and unread < left.get(server.id, unread + 1):
                    left[server.id] = unread
                    server.with_context(fetchmail_cron_running=True).date = began - timedelta(seconds=1)
            if compat.FETCHES_APART:
                self.env["ir.cron"]._commit_progress(remaining=0, deactivate=not self.search_count(LIVE))

        @api.model
        def _claim(self, began):
            """The server that has waited longest since the round began; nobody else gets it in this round."""
            with self.env.registry.cursor() as cr:
                # What another one claims meanwhile is left out, instead of being an error.
                cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
                cr.execute(
                    """
                    UPDATE fetchmail_server SET date = date_trunc('second', now() AT TIME ZONE 'UTC')
                    WHERE id = (
                        SELECT id FROM fetchmail_server
                        WHERE active AND state = 'done' AND server_type != 'local' AND (date IS NULL OR date < %s)
                        ORDER BY priority, date NULLS FIRST, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
                    )
                    RETURNING id
                    """,
                    [began],
                )
                return self.browse([server_id for (server_id,) in cr.fetchall()])

        def _fetch_claimed(self):
            """Fetch a server; returns how many messages core has left for another time."""
            if not compat.FETCHES_APART:
                self.fetch_mail()
                return 0
            # Core would leave after its first seconds, and start with the first server again: the last ones never had theirs.
            server = self.with_context(cron_end_time=float("inf"))
            server._fetch_mail()
            progress = self.env["ir.cron.progress"].sudo().browse(self.env.context.get("ir_cron_progress_id") or [])
            unread = progress.remaining
            # That there was progress, should the worker die.
            self.env["ir.cron"]._commit_progress(1, remaining=1)
            return unread

        @api.model
        def _update_cron(self):
            result = super()._update_cron()
            if not self.env.context.get("fetchmail_cron_running"):
                live = bool(self.search_count(LIVE))
                for helper in self.env["ir.cron"]._fetch_helpers().filtered(lambda each: each.active != live):
                    helper.toggle(model=self._name, domain=LIVE)
            return result
