"""The sender of a mail, and who decided it."""

import collections

from .addresses import normalize

# server: the outgoing server whose own address it is; name, address: what From, Reply-To and the envelope sender say.
Sender = collections.namedtuple("Sender", "server name address")


class Run:
    """One call of Odoo's `send`: the decisions that were made for its mails. In the context, where RPC can put no object.

    :param patient: whether a mail that cannot leave now waits, instead of being an error for the caller
    """

    def __init__(self, patient=True):
        self.patient = patient
        self.senders = {}


class Voucher:
    """In the context while a template is used: the template's word for the sender of a message."""

    def __init__(self, template):
        self.template = template

    def names(self, address, model, res_id):
        """Whether the template, written by an administrator, has this address as From of a message on this record."""
        template = self.template.sudo()
        if not address or not res_id or template.model != model or not template._is_administrators():
            return False
        return normalize(template._render_field("email_from", [res_id])[res_id]) == address
