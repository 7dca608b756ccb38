import logging
import re
from datetime import timedelta
from imaplib import IMAP4
from poplib import error_proto

import psycopg2
from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from .. import compat
from ..tools import fetching, mailbox, origin, outcomes
from ..tools.clerk import Clerk
from ..tools.passwords import is_transmittable
from ..tools.sending import in_words

_logger = logging.getLogger(__name__)

# The servers that core's scheduled action fetches.
LIVE = [("state", "=", "done"), ("server_type", "!=", "local")]
# Of messages left in a mailbox, the last ones are shown.
MOST_NOTES = 50


def _address(notification):
    """The address that an e-mail notification was sent to, in lower case."""
    # Later series have notifications of people who are no contacts, too.
    direct = "mail_email_address" in notification._fields and notification.mail_email_address
    return (direct or notification.res_partner_id.email_normalized or "").lower()


if compat.FetchmailServer:

    class FetchmailServer(models.Model):
        _inherit = "fetchmail.server"

        only_replies = fields.Boolean(
            string="Take Only Replies",
            help="Fetch only replies to Odoo's messages and their bounces. All other messages stay in the mailbox as they "
            "are, unread and undeleted. Use this for a mailbox that a person also reads.",
        )
        folders = fields.Text(
            string="Further Folders",
            help="IMAP folders to fetch from besides INBOX, if Take Only Replies is active. Enter one per line, or separate "
            "them with commas, and use the mail server's names, such as INBOX/Customers or INBOX.Customers.",
        )
        reading_notes = fields.Text(
            string="Left in the Mailbox",
            compute="_compute_reading_notes",
            groups="base.group_system",
            help="Messages that Odoo could not process, or that belong to another database. They stay in the mailbox, unread "
            "and undeleted.",
        )

        @api.constrains("password")
        def _check_password(self):
            for server in self.filtered(lambda each: not is_transmittable(each.password)):
                raise ValidationError(
                    _(
                        "The password of %(server)s must only contain ASCII characters, without line breaks or tabs. "
                        "Set another password at the provider, and enter it here.",
                        server=server.name,
                    )
                )

        if hasattr(models.BaseModel, "_build_model"):

            @classmethod
            def _build_model(cls, pool, cr):
                """Up to 15, this class may have to wait for its columns."""
                # By the class statement, and for it only: the method is inherited by every model built from it.
                ours = cls.__module__ == __name__
                if ours and not compat.can_extend_fetchmail(pool, cr, "smtp_server_per_user", "folders"):
                    return pool["mail.thread"]
                return super()._build_model(pool, cr)

        def _read_our_way(self, connection):
            """Have core work with a mailbox of which no message is lost."""
            if not self.only_replies and not fetching.current():
                return connection
            folders = re.split(r"\s*[,\n]\s*", (self.folders or "").strip())
            clerk, folders = Clerk(self, compat.FETCHES_APART), [each for each in folders if each]
            return mailbox.open_for_core(connection, compat.unwrapped(connection), clerk, self.only_replies, folders)

        def _connect_our_way(self, connect, args, kwargs):
            try:
                connection = connect(*args, **kwargs)
            except Exception as problem:
                if fetching.current():
                    self._note_outcomes({outcomes.FAILED: outcomes.outcome(in_words(problem))})
                raise
            return self._read_our_way(connection)

        if compat.offers(compat.FetchmailServer, "_connect__"):

            def _connect__(self, *args, **kwargs):
                return self._connect_our_way(super()._connect__, args, kwargs)

        else:

            def connect(self, *args, **kwargs):
                return self._connect_our_way(super().connect, args, kwargs)

        def _note_outcomes(self, found):
            """Note what happened when the mailbox was fetched, in a transaction of its own."""
            self.env["ir.mail_server"]._note_outcomes(outcomes.INCOMING, self.id, found)

        @api.model
        def _by_login(self, addresses):
            """The active server whose login is an address, for each of some addresses that has one."""
            compat.flush(self.env)
            self.env.cr.execute(
                """
                SELECT DISTINCT ON (lower(trim("user"))) lower(trim("user")), id FROM fetchmail_server
                WHERE active AND lower(trim("user")) = ANY(%s) ORDER BY lower(trim("user")), priority, id
                """,
                [[each for each in addresses if each]],
            )
            found = dict(self.env.cr.fetchall())
            # One recordset, so that what is read of one server is read of all.
            return dict(zip(found, self.browse(found.values())))

        # ------------------------------------------------------------------
        # What a mailbox asks of Odoo, in a transaction of its own
        # ------------------------------------------------------------------

        def _reason_to_leave(self, message, verdict):
            """Why a message stays in the mailbox, of which it is known already that it is for Odoo; empty to take it.

            :param message: a tools.judgement.Message
            :param verdict: the tools.judgement.Answer or Bounce that it is; None where the whole mailbox is taken
            :return: one of the reasons of _compute_reading_notes
            """
            answers = message.answered_or_reported()
            if not any(origin.is_made_by_odoo(each) for each in answers):
                return ""
            own = self.env["mail.message"]._own_tags()
            if own is None:
                return ""
            self.env.cr.execute("SELECT message_id, message_type FROM mail_message WHERE message_id = ANY(%s)", [answers])
            stored = {name: origin.Stored(kind != "email") for name, kind in self.env.cr.fetchall()}
            has_place = bool(verdict or self.object_id or self._is_for_alias(message))
            if origin.is_of_another(message.message_id, answers, stored, own, has_place):
                return "another_database"
            return ""

        def _is_for_alias(self, message):
            """Whether an alias of this database receives a message."""
            names = message.recipient_names()
            return bool(names and self.env["mail.alias"].sudo().search([("alias_name", "in", names)], limit=1))

        def _known_messages(self, message_ids):
            """Those of some Message-Ids that Odoo has: the Message-Id, the message, and whether it can be answered."""
            self.env.cr.execute(
                "SELECT message_id, id, model, res_id FROM mail_message WHERE message_id = ANY(%s)", [message_ids]
            )
            # Core does not follow the ones that are marked to start anew.
            return [
                (name, message, bool(model in self.env and record and "reply_to" not in name))
                for name, message, model, record in self.env.cr.fetchall()
            ]

        def _notifications(self, message_id):
            """The e-mails by which people were notified of a message."""
            domain = [("mail_message_id.message_id", "=", message_id), ("notification_type", "=", "email")]
            return self.env["mail.notification"].sudo().search(domain)

        def _addressees(self, message_id):
            """The addresses that a message was sent to."""
            return list(dict.fromkeys(filter(None, map(_address, self._notifications(message_id)))))

        def _has_message(self, message_id):
            self.env.cr.execute("SELECT 1 FROM mail_message WHERE message_id = %s LIMIT 1", [message_id])
            return bool(self.env.cr.fetchone())

        def _has_bounce(self, message_id, recipient):
            """Whether Odoo shows that a message did not reach somebody."""
            notifications = self._notifications(message_id).filtered(lambda each: each.notification_status == "bounce")
            return recipient in map(_address, notifications) or self._has_bounced_trace(message_id)

        def _has_bounced_trace(self, message_id):
            """Whether a mailing shows it (addon mass_mailing): of that, nobody is notified."""
            if "mailing.trace" not in self.env:
                return False
            traces = self.env["mailing.trace"].sudo()
            bounced = ("trace_status", "=", "bounce") if "trace_status" in traces._fields else ("state", "=", "bounced")
            return bool(traces.search([("message_id", "=", message_id), bounced], limit=1))

        # ------------------------------------------------------------------
        # What is remembered of a mailbox
        # ------------------------------------------------------------------

        # Tables of their own: a person may save the server while it is fetched, and from 19 on core has it locked.

        def init(self):
            self.env.cr.execute(
                """
                CREATE TABLE IF NOT EXISTS smtp_server_per_user_progress (
                    server_id integer, folder text, progress text, PRIMARY KEY (server_id, folder)
                );
                CREATE TABLE IF NOT EXISTS smtp_server_per_user_note (
                    id serial PRIMARY KEY, server_id integer, folder text, validity text, name text, reason text,
                    subject text, detail text, noted timestamp DEFAULT (now() AT TIME ZONE 'UTC'),
                    UNIQUE (server_id, folder, validity, name, reason)
                )
                """
            )
            return super().init()

        def unlink(self):
            ids = self.ids
            result = super().unlink()
            for table in ("smtp_server_per_user_progress", "smtp_server_per_user_note"):
                self.env.cr.execute("DELETE FROM %s WHERE server_id = ANY(%%s)" % table, [ids])
            self.env["ir.mail_server"]._forget_outcomes(outcomes.INCOMING, ids)
            return result

        def _load_progress(self, folder):
            self.env.cr.execute(
                "SELECT progress FROM smtp_server_per_user_progress WHERE server_id = %s AND folder = %s", [self.id, folder]
            )
            found = self.env.cr.fetchone()
            return found and found[0]

        def _save_progress(self, folder, text):
            self.env.cr.execute(
                """
                INSERT INTO smtp_server_per_user_progress (server_id, folder, progress) VALUES (%s, %s, %s)
                ON CONFLICT (server_id, folder) DO UPDATE SET progress = excluded.progress
                """,
                [self.id, folder, text],
            )

        def _save_note(self, folder, validity, name, subject, reason, detail):
            """Note that a message stays in the mailbox; returns whether that was not noted yet."""
            self.env.cr.execute(
                """
                INSERT INTO smtp_server_per_user_note (server_id, folder, validity, name, subject, reason, detail)
                VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
                """,
                [self.id, folder, validity, name, subject, reason, detail],
            )
            is_new = bool(self.env.cr.rowcount)
            self.env.cr.execute(
                """
                DELETE FROM smtp_server_per_user_note WHERE server_id = %s AND id NOT IN (
                    SELECT id FROM smtp_server_per_user_note WHERE server_id = %s ORDER BY id DESC LIMIT %s
                )
                """,
                [self.id, self.id, MOST_NOTES],
            )
            return is_new

        def _compute_reading_notes(self):
            reasons = {
                "unreadable": _("It cannot be read."),
                "no_recipient": _("It reports a failed delivery without naming the recipient."),
                "refused": _("Odoo failed to process it."),
                "not_kept": _("Odoo did not keep it."),
                "deadly": _("Odoo was interrupted twice while processing it."),
                "folder": _("The folder cannot be read."),
                "another_database": _("It is a reply to a message from another database."),
            }
            for server in self:
                self.env.cr.execute(
                    """
                    SELECT noted, folder, name, subject, reason, detail FROM smtp_server_per_user_note
                    WHERE server_id = %s ORDER BY id DESC
                    """,
                    [server.id or 0],
                )
                server.reading_notes = "\n".join(
                    " ".join(
                        filter(
                            None,
                            (
                                "%s UTC" % noted.replace(microsecond=0),
                                folder,
                                name,
                                subject and '"%s"' % subject,
                                reasons.get(reason, reason),
                                detail,
                            ),
                        )
                    )
                    for noted, folder, name, subject, reason, detail in self.env.cr.fetchall()
                )

        # ------------------------------------------------------------------
        # No message twice, and none lost
        # ------------------------------------------------------------------

        if compat.FETCHES_APART:

            def _fetch_mail(self, *args, **kwargs):
                """Core sees to it that nobody else is at the mailbox. That a message comes by two of them is left to us."""
                with self.env.registry.cursor() as cr, fetching.by_this_thread(cr):
                    return super()._fetch_mail(*args, **kwargs)

        else:

            def fetch_mail(self, *args, **kwargs):
                """Leave a mailbox that somebody else is just fetching: a scheduled action, or a person on the form."""
                # Whatever is fetched, the servers' states stay: no need to see to the scheduled actions.
                for server in self.with_context(fetchmail_cron_running=True):
                    with self.env.registry.cursor() as cr, fetching.by_this_thread(cr, server.id) as present:
                        if not present.alone:
                            _logger.info("Incoming mail server %s is already being fetched.", server.name)
                            continue
                        try:
                            super(FetchmailServer, server).fetch_mail(*args, **kwargs)
                            self.env.cr.commit()
                        except (OSError, IMAP4.error, error_proto, psycopg2.OperationalError):
                            # Core has logged what happened before; the others have their turn all the same.
                            _logger.info("Failed to end the fetching of incoming mail server %s.", server.id, exc_info=True)
                            self.env.cr.rollback()
                            self.env.clear()
                return True

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
                    # In its turn again, unless nothing was taken.
                    if unread and unread < left.get(server.id, unread + 1):
                        left[server.id] = unread
                        server.with_context(fetchmail_cron_running=True).date = began - timedelta(seconds=1)
                        self.env.cr.commit()
                except Exception:
                    _logger.info("General failure when trying to fetch mail from server %s.", server.id, exc_info=True)
                    self.env.cr.rollback()
                    self.env.clear()
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
