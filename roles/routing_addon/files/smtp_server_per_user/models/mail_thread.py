import logging

from odoo import api, models

from .. import compat
from ..tools import automatic, fetching

_logger = logging.getLogger(__name__)


class MailThread(models.AbstractModel):
    """Automatic answers are posted on the record without notifying anybody.

    Core treats an out-of-office answer as what its sender wrote: all followers get it, customers too, and what they answer,
    or their own programs, begins the next round.
    """

    _inherit = "mail.thread"

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        """Post people's messages as core does, and automatic answers as notes."""
        sign = "" if automatic.is_report(message) else automatic.sign_of_automatic(message)
        if not sign:
            return super()._message_route_process(message, message_dict, routes)
        is_answer = bool(automatic.sign_of_automatic_answer(message))
        answered = [
            route for route in routes or () if route[1] and (is_answer or self._is_route_of_answer(message_dict, route))
        ]
        if answered:
            for model, thread_id, *_others in answered:
                self.env[model].browse(thread_id)._note_automatic_answer(message_dict)
                _logger.info(
                    "Mail with Message-Id %s is an automatic reply (%s): posted as a note on %s %s, nobody is notified.",
                    message_dict["message_id"],
                    sign,
                    model,
                    thread_id,
                )
            if fetching.current():
                fetching.current().wakes_nobody = True
            return answered[0][1]
        if routes and is_answer:
            # As core rejects a message without a target. It would create a record, whose followers and templates write back.
            raise ValueError("An automatic answer (%s) to no message of this database does not create a record." % sign)
        return super()._message_route_process(message, message_dict, routes)

    @api.model
    def _is_route_of_answer(self, message_dict, route):
        """Whether core has found a record by the message that is answered, and not by an alias.

        An alias can have all its mail put on one record, as a channel's does: programs may write there.
        """
        alias = route[4]
        return bool(message_dict.get("parent_id")) or not (alias and alias.alias_force_thread_id)

    def _note_automatic_answer(self, message_dict):
        """Post a message on this record as a note, without changing the record or notifying anybody.

        Neither by message_post nor by message_update: these are what other addons reopen a record by, or answer by.
        """
        thread = self.sudo()
        messages = self.env["mail.message"].sudo()
        kept = ("subject", "body", "date", "email_from", "author_id", "message_id", "parent_id", "message_type")
        values = {name: message_dict[name] for name in kept if message_dict.get(name)}
        values.update(
            model=thread._name,
            res_id=thread.id,
            subtype_id=self.env.ref("mail.mt_note").id,
            is_internal=True,
        )
        process = compat.offers(type(thread), "_process_attachments_for_post", "_message_post_process_attachments")
        values.update(getattr(thread, process)(message_dict.get("attachments") or [], [], values))
        return messages.create(values)

    @api.model
    def _routing_create_bounce_email(self, email_from, body_html, message, **mail_values):
        """Do not answer programs, and mark answers to people as automatic."""
        sign = automatic.sign_of_automatic(message)
        if sign:
            _logger.info("No reply is sent to %s, as its mail is automatic (%s).", email_from, sign)
            return None
        mail_values.setdefault("headers", repr(automatic.marks("auto-replied")))
        return super()._routing_create_bounce_email(email_from, body_html, message, **mail_values)
