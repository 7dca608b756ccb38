import psycopg2
from odoo import fields, models

from ..tools import mailbox
from . import core

if core.FetchmailServer:

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

        def _read_selectively(self, connection):
            """Have a connection show core the answers to Odoo's messages only."""
            if self.only_replies:
                mailbox.select(connection, self._known_messages, self._load_reading_state, self._save_reading_state)
            return connection

        if core.offers(core.FetchmailServer, "_connect__"):

            def _connect__(self, *args, **kwargs):
                return self._read_selectively(super()._connect__(*args, **kwargs))

        else:

            def connect(self, *args, **kwargs):
                return self._read_selectively(super().connect(*args, **kwargs))

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
