"""What an administrator sees of an outgoing server: whether it works, and how many mails wait for it."""

from odoo import api, fields, models

from .. import compat
from ..tools import outcomes, tables
from ..tools.addresses import normalize
from ..tools.senders import Directory, Run


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    sending_state = fields.Selection(
        [(outcomes.UNUSED, "Not used yet"), (outcomes.WORKING, "Works"), (outcomes.FAILING, "Failing")],
        string="State",
        compute="_compute_outcomes",
        search="_search_sending_state",
        groups="base.group_system",
        help="Failing: nobody received the last message that was sent through this server.",
    )
    last_sent = fields.Datetime(
        string="Last Message Sent",
        compute="_compute_outcomes",
        groups="base.group_system",
        help="When the provider last accepted a message.",
    )
    last_failed = fields.Datetime(
        string="Last Failure",
        compute="_compute_outcomes",
        groups="base.group_system",
        help="When the provider last refused a message, or could not be reached.",
    )
    last_error = fields.Text(compute="_compute_outcomes", groups="base.group_system", help="The provider's own words.")
    mails_waiting = fields.Integer(
        compute="_compute_mails_waiting",
        groups="base.group_system",
        help="Mails in the queue that would be sent through this server now.",
    )

    # Whether the database has the table already: the addon's files may be newer.
    _keeps_outcomes = False

    def init(self):
        outcomes.create_table(self.env.cr)
        return super().init()

    def _register_hook(self):
        """When the addon is installed or upgraded, and whenever Odoo starts."""
        type(self)._keeps_outcomes = outcomes.has_table(self.env.cr)
        return super()._register_hook()

    def unlink(self):
        ids = self.ids
        result = super().unlink()
        self._forget_outcomes(outcomes.OUTGOING, ids)
        return result

    # ------------------------------------------------------------------
    # What happened at servers, those of incoming mail, too
    # ------------------------------------------------------------------

    @api.model
    def _note_outcomes(self, model, server_id, found):
        if self._keeps_outcomes and server_id:
            outcomes.note(self.env.registry, model, server_id, found)

    @api.model
    def _latest_outcomes(self, model, ids):
        """The last Outcome of each kind, by kind, by server."""
        return outcomes.latest(self.env.cr, model, ids) if self._keeps_outcomes and ids else {}

    @api.model
    def _forget_outcomes(self, model, ids):
        if self._keeps_outcomes:
            outcomes.forget(self.env.cr, model, ids)

    # ------------------------------------------------------------------
    # Shown
    # ------------------------------------------------------------------

    def _compute_outcomes(self):
        latest = self._latest_outcomes(outcomes.OUTGOING, self.ids)
        for server in self:
            found = latest.get(server._origin.id, {})
            server.sending_state = outcomes.state_of(found)
            server.last_sent = outcomes.time_of(found, outcomes.WORKED)
            server.last_failed = outcomes.time_of(found, outcomes.FAILED)
            server.last_error = outcomes.words_of(found)

    @api.model
    def _search_sending_state(self, operator, value):
        self.env["res.users"]._check_manages_mail_servers()
        servers = self.sudo().with_context(active_test=False).search([])
        latest = self._latest_outcomes(outcomes.OUTGOING, servers.ids)
        return outcomes.domain(operator, value, {each: outcomes.state_of(latest.get(each, {})) for each in servers.ids})

    def _compute_mails_waiting(self):
        counts = self.env["mail.mail"].sudo()._count_waiting()
        for server in self:
            server.mails_waiting = counts.get(server._origin.id, 0)


class MailMail(models.Model):
    _inherit = "mail.mail"

    def init(self):
        """Not named like an index of the ORM, which drops indexes that no field declares."""
        tables.create(
            self.env.cr,
            "smtp_server_per_user_waiting",
            "CREATE INDEX smtp_server_per_user_waiting ON mail_mail (mail_message_id) WHERE state = 'outgoing'",
        )
        return super().init()

    @api.model
    def _count_waiting(self):
        """How many mails wait in the queue, by the id of the server through which they would be sent now.

        Decided as when they are sent, once for all mails that are decided alike (see _decide).
        """
        compat.flush(self.env)
        self.env.cr.execute(
            """
            SELECT max(mail.id), message.email_from, count(*)
            FROM mail_mail mail JOIN mail_message message ON message.id = mail.mail_message_id
            WHERE mail.state = 'outgoing'
            GROUP BY message.email_from, message.mail_server_id, message.create_uid, message.sender_by_template
            """
        )
        groups = self.env.cr.fetchall()
        run, chosen, counts = Run(), {}, {}
        servers = self.env["ir.mail_server"].sudo().with_context(smtp_run=run)
        run.directory = Directory(servers, map(normalize, {email_from for _mail, email_from, _count in groups}))
        mails = self.with_context(prefetch_fields=False, smtp_run=run).browse([mail for mail, *_rest in groups])
        for mail, (*_rest, count) in zip(mails, groups):
            sender, by_hand = mail._sender(), mail.mail_server_id
            if sender:
                server = sender.server
            elif by_hand and not by_hand._owns(mail.email_from):
                server = by_hand
            else:
                if mail.email_from not in chosen:
                    chosen[mail.email_from] = servers._find_mail_server(mail.email_from)[0]
                server = chosen[mail.email_from]
            if server:
                counts[server.id] = counts.get(server.id, 0) + count
        return counts
