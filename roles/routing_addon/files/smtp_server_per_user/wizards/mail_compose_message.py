from odoo import models

from .. import compat
from ..models.mail_mail import WRITTEN_BY_HAND


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    def _by_hand(self):
        """These composers, noting on what they send that a person wrote it.

        Odoo composes by itself, too: then the message's type is another one.
        """
        return self.with_context(**{WRITTEN_BY_HAND: set(self.mapped("message_type")) == {"comment"}})

    if compat.offers(compat.MailComposeMessage, "_action_send_mail"):

        def _action_send_mail(self, *args, **kwargs):
            return super(MailComposeMessage, self._by_hand())._action_send_mail(*args, **kwargs)

    else:

        def send_mail(self, *args, **kwargs):
            return super(MailComposeMessage, self._by_hand()).send_mail(*args, **kwargs)
