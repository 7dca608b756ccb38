"""The sender of a mail, and who decided it."""

import collections
import functools

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
        # Where nothing is sent, what is looked up once for many mails: a Directory.
        self.directory = None


class Directory:
    """Whose some addresses are: each question is put to the database once for all of them, when it first comes up.

    For one decision, or for many that are made at one time: it does not see what changes meanwhile.

    :param servers: an empty recordset of outgoing servers, with the superuser's rights
    :param addresses: the normalized addresses that it knows
    """

    def __init__(self, servers, addresses):
        self._none, self.addresses = servers.browse(), set(addresses) - {""}

    @functools.cached_property
    def system_addresses(self):
        return self._none._system_addresses()

    @functools.cached_property
    def shared(self):
        """The shared servers, best first."""
        return self._none._shared_servers()

    @functools.cached_property
    def any_filter(self):
        """Whether any server has a from_filter."""
        return bool(self._none.search([("from_filter", "not in", (False, ""))], limit=1))

    def servers_of(self, address):
        """The active servers that have an address, best first."""
        ids, everything = self._servers
        return self._none.browse(ids.get(address, ())).with_prefetch(everything)

    @functools.cached_property
    def _servers(self):
        found = self._none._servers_of(sorted(self.addresses))
        ids = _grouped((address, server.id) for server in found for address in server._senders())
        return ids, tuple(found.ids)

    def users_of(self, address):
        """The users with an address. A user can change the e-mail address to any value, but not the login."""
        return self._none.env["res.users"].browse(self._users.get(address, ()))

    @functools.cached_property
    def _users(self):
        found = self._none._users_with(self.addresses)
        by_login = _grouped(
            (normalize(user.login), user.id) for user in found if normalize(user.login) == user.email_normalized
        )
        return {**_grouped((user.email_normalized, user.id) for user in found), **by_login}


def _grouped(pairs):
    found = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


# What would be sent. envelope: its sender; sender: the Sender that was decided, or None; server: the id of the server.
Sent = collections.namedtuple("Sent", "envelope message sender server")


class Rehearsal:
    """Sending that ends where the provider would be connected to. Notes what would be sent, and why.

    It is kept on the cursor of its transaction: whatever sends there, in whatever context, sends nothing.

    :param routed: whether this addon decides; if not, what core does without it
    """

    _PLACE = "smtp_server_per_user_rehearsal"

    def __init__(self, routed=True):
        self.routed = routed
        # Of each address: the servers that were considered, each with the reason against it; empty for the chosen one.
        self.considered = {}
        self.sent = []

    def begin(self, cr):
        setattr(cr, self._PLACE, self)

    @classmethod
    def on(cls, cr):
        """The rehearsal that a cursor is for, or None."""
        return vars(cr).get(cls._PLACE)

    def consider(self, address, server, reason):
        self.considered.setdefault(address, {}).setdefault(server.id, reason)

    def note(self, *sent):
        self.sent.append(Sent(*sent))

    def sent_as(self, message_id):
        """What was sent with this Message-Id, or None. Code of the database may send other messages in passing."""
        return next((each for each in self.sent if str(each.message["Message-Id"] or "").strip() == message_id), None)


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
