from odoo import api, models

from .. import compat
from ..tools import fetching


class MailThread(models.AbstractModel):
    """What becomes of a message that was fetched from a mailbox.

    Loaded before mail_thread.py, whose overrides are thus asked first.
    """

    _inherit = "mail.thread"

    @api.model
    def message_process(self, *args, **kwargs):
        """Remember what core fails on: its loop over a mailbox passes over it."""
        present = fetching.current()
        if not present:
            return super().message_process(*args, **kwargs)
        if present.failure:
            raise present.failure  # It was not to be given to core.
        try:
            return super().message_process(*args, **kwargs)
        except Exception as problem:
            present.failure = problem
            if not compat.FETCHES_APART:
                # Core would commit what it has made of half of the message.
                self.env.cr.rollback()
                self.env.clear()
            raise

    @api.model
    def _routing_handle_bounce(self, *args, **kwargs):
        self._note_as_dealt_with()
        return super()._routing_handle_bounce(*args, **kwargs)

    @api.model
    def _routing_create_bounce_email(self, *args, **kwargs):
        """The sender is told that the message was refused."""
        self._note_as_dealt_with()
        return super()._routing_create_bounce_email(*args, **kwargs)

    @api.model
    def _note_as_dealt_with(self):
        if fetching.current():
            fetching.current().dealt_with = True
