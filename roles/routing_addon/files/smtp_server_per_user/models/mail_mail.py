import ast

from odoo import api, models
from odoo.tools import split_every

from .. import compat
from ..tools import automatic
from ..tools.senders import Rehearsal, Run

# Set when a person sends the composer's message to several records.
WRITTEN_BY_HAND = "smtp_server_per_user_written_by_hand"


class MailMail(models.Model):
    _inherit = "mail.mail"

    # ------------------------------------------------------------------
    # Marked as automatic, unless a person wrote it
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Mark automatic messages, so that out-of-office programs do not answer them."""
        return super().create([self._marked(values) for values in vals_list])

    @api.model
    def _marked(self, values):
        if self._is_written_by_hand(values):
            return values
        try:
            headers = ast.literal_eval(str(values.get("headers") or {}))
        except (SyntaxError, ValueError):
            return values  # core ignores such headers, too
        if not isinstance(headers, dict):
            return values
        # A mark that core or another addon has set is more precise.
        return dict(values, headers=repr(dict(automatic.marks(), **headers)))

    @api.model
    def _is_written_by_hand(self, values):
        """Whether a person wrote the message in the chatter or the composer.

        A customer's answer that is passed on to followers is not: who gets it did not get it from the customer.
        """
        by_composer = bool(self.env.context.get(WRITTEN_BY_HAND))
        if not values.get("mail_message_id"):
            return by_composer
        kind = self.env["mail.message"].sudo().browse(values["mail_message_id"]).message_type
        # The composer has no comments where a record has no messages.
        return kind == "comment" or (by_composer and kind == "user_notification")

    # ------------------------------------------------------------------
    # The sender of a mail, decided once per run
    # ------------------------------------------------------------------

    def _sender(self):
        """The sender of this mail if a server has its address; otherwise None. See ir.mail_server."""
        message = self.sudo().mail_message_id
        return self.env["ir.mail_server"]._sender(
            self.email_from, message.create_uid, by_template=message.sender_by_template, by_hand=self.mail_server_id.id
        )

    def _run(self):
        """The run in which this is, or a new one."""
        run = self.env.context.get("smtp_run")
        return run if isinstance(run, Run) else Run()

    def _decide(self):
        """Decide for each mail. Returns the run, in which the decisions are."""
        run, decided, rehearsal = self._run(), {}, Rehearsal.on(self.env.cr)
        for mail in self.with_context(prefetch_fields=False):
            message = mail.sudo().mail_message_id
            alike = mail.email_from, mail.mail_server_id, message.create_uid, message.sender_by_template
            if alike not in decided:
                decided[alike] = mail._sender()
            run.senders[mail.id] = decided[alike]
            if rehearsal and not rehearsal.routed:
                continue
            if not decided[alike] and mail.mail_server_id.sudo()._owns(mail.email_from):
                # It was chosen by a user who may not use it.
                mail.sudo().mail_server_id = False
        return run

    def send(self, auto_commit=False, raise_exception=False, **kwargs):
        mails = self.with_context(smtp_run=Run(not raise_exception))
        return super(MailMail, mails).send(auto_commit=auto_commit, raise_exception=raise_exception, **kwargs)

    # ------------------------------------------------------------------
    # Batches
    # ------------------------------------------------------------------

    if compat.HAS_PERSONAL_SERVERS:

        def _filter_mail_mail_servers(self, mail_servers):
            """Core reads the owner of every server for every mail, which takes more than a minute with thousands of both."""
            if len(mail_servers) < 2:
                return super()._filter_mail_mail_servers(mail_servers)
            servers = mail_servers.sudo().with_context(active_test=False)
            owned = servers.search([("owner_user_id", "!=", False)]) & mail_servers
            return mail_servers - (owned - super()._filter_mail_mail_servers(owned))

    def _session_batches(self, ids):
        size = self.env["ir.config_parameter"].sudo().get_param("mail.session.batch.size")
        return split_every(int(size or 0) or 1000, ids)

    # Core opens a session for each batch before it reads a mail, so the server is chosen here.
    if compat.offers(compat.MailMail, "_split_by_mail_configuration"):

        def _split_by_mail_configuration(self):
            """One batch for each personal server, regardless of the names and companies of its mails."""
            run, owned = self._decide(), {}
            mails = self.with_context(smtp_run=run)
            for *configuration, ids in super(MailMail, mails)._split_by_mail_configuration():
                others = []
                for mail_id in ids:
                    sender = run.senders[mail_id]
                    if sender:
                        owned.setdefault(sender, (configuration, []))[1].append(mail_id)
                    else:
                        others.append(mail_id)
                if others:
                    yield (*configuration, others)
            batches = {}
            for sender, (configuration, ids) in owned.items():
                # What Odoo has between the server and the address is for its own servers.
                own = (sender.server.id, *configuration[1:-1], sender.address)
                batches.setdefault(sender.server.id, (own, []))[1].extend(ids)
            for own, ids in batches.values():
                for batch in self._session_batches(ids):
                    yield (*own, batch)

    else:

        def _split_by_server(self):
            rehearsal = Rehearsal.on(self.env.cr)
            if rehearsal and not rehearsal.routed:
                yield from super()._split_by_server()
                return
            run, found, groups = self._decide(), {}, {}
            servers = self.env["ir.mail_server"].with_context(smtp_run=run)
            for mail in self.with_context(prefetch_fields=False):
                sender = run.senders[mail.id]
                server = sender.server if sender else mail.mail_server_id
                if not server:
                    if mail.email_from not in found:
                        found[mail.email_from] = servers._find_mail_server(mail.email_from)[0]
                    server = found[mail.email_from]
                groups.setdefault(server.id if server else False, []).append(mail.id)
            for server_id, ids in groups.items():
                for batch in self._session_batches(ids):
                    yield server_id, batch

    # ------------------------------------------------------------------
    # After sending
    # ------------------------------------------------------------------

    def _keep_for_answers(self):
        """Keep the part of a mail that a reply needs to find the record, before core deletes the mail."""
        notification = compat.name_of(self, compat.IS_NOTIFICATION)
        for mail in self.filtered(lambda each: each.auto_delete and not each[notification] and each.state == "sent"):
            if mail._is_answered_on_record() and mail._sender():
                mail.mail_message_id.sudo()._keep_for_answers()
                # Of a notification, core deletes the mail and leaves the message.
                mail.sudo()[notification] = True

    def _is_answered_on_record(self):
        model = self.env.get(self.model or "")
        return bool(model is not None and self.res_id and hasattr(model, "message_update"))
