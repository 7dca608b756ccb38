from odoo import models

from .. import compat
from ..models.mail_mail import WRITTEN_BY_HAND
from ..tools.senders import Voucher


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    def _with_origin(self):
        """These composers, noting on what they send whether a person wrote it, and by which template.

        Odoo composes by itself, too: then the message's type is another one.
        """
        context = {WRITTEN_BY_HAND: set(self.mapped("message_type")) == {"comment"}}
        if len(self.template_id) == 1:
            context["smtp_voucher"] = Voucher(self.template_id)
        return self.with_context(**context)

    if compat.offers(compat.MailComposeMessage, "_action_send_mail"):

        def _action_send_mail(self, *args, **kwargs):
            return super(MailComposeMessage, self._with_origin())._action_send_mail(*args, **kwargs)

    else:

        def send_mail(self, *args, **kwargs):
            return super(MailComposeMessage, self._with_origin()).send_mail(*args, **kwargs)
