"""The sender of a mail, and who decided it."""

import collections

from .addresses import normalize

# server: the outgoing server whose own address it is; name, address: what From, Reply-To and the envelope sender say.
Sender = collections.namedtuple("Sender", "server name address")


class Run:
    """One call of Odoo's `send`: the decisions that were made for its mails. In the context, where RPC can put no object.

    :param patient: whether a mail that cannot leave now waits, instead of being an error for the caller
    :param rehearsal: the Rehearsal that this is, if nothing is to be sent
    """

    def __init__(self, patient=True, rehearsal=None):
        self.patient, self.rehearsal = patient, rehearsal
        self.senders = {}


class Rehearsal:
    """A call of Odoo's `send` that ends where the provider would be connected to, and notes what would be sent, and why.

    :param routed: whether this addon decides; if not, what core does without it
    """

    def __init__(self, routed=True):
        self.routed = routed
        # The servers that were considered, each with the reason against it; empty for the one that was chosen.
        self.considered = {}
        # The id of the server, and of each mail: the envelope sender, the message, and the Sender that was decided.
        self.server_id, self.sent = False, []

    def consider(self, server, reason):
        self.considered.setdefault(server.id, reason)


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
