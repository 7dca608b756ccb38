from odoo import SUPERUSER_ID, _, api, fields, models
from odoo.addons.base.models.ir_mail_server import MailDeliveryException
from odoo.exceptions import ValidationError

from .. import compat
from ..tools import outcomes, tables
from ..tools.addresses import name_and_address, normalize, parts, with_name
from ..tools.passwords import is_transmittable
from ..tools.senders import Directory, Rehearsal, Run, Sender
from ..tools.sending import RehearsedSession, Session, in_words

# System parameter: who may send mail from an address that belongs to a user.
SEND_AS = "smtp_server_per_user.send_as"
# The owner and administrators; also users of an administrator's template with this sender; everybody.
OWNER, OWNER_OR_TEMPLATE, ANYBODY = "owner", "template", "anybody"


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    user_id = fields.Many2one(
        "res.users",
        string="Owner",
        index=True,
        copy=False,
        ondelete="set null",
        domain=[("share", "=", False)],
        help="The user who owns this server. It sends this user's mail, and mail of other users only if there is no shared "
        "server.",
    )
    if compat.HAS_PERSONAL_SERVERS:
        # Two fields with the same label cannot be distinguished in a list of fields.
        owner_user_id = fields.Many2one(string="Owner of Personal Server")

    # Servers are found through an index on this column (see init).
    sender_addresses = fields.Char(
        string="Own Addresses",
        compute="_compute_senders",
        store=True,
        groups="base.group_system",
        help="The addresses whose mail is sent through this server.",
    )
    sender_scope = fields.Selection(
        [("any", "Any sender"), ("domain", "Domains"), ("address", "Single addresses")],
        string="Sends For",
        compute="_compute_senders",
        store=True,
        groups="base.group_system",
    )
    sender_note = fields.Char(string="Note on the Owner", compute="_compute_sender_note", groups="base.group_system")

    def init(self):
        result = super().init()
        # Not named like an index of the ORM, which drops indexes that no field declares.
        tables.create(
            self.env.cr,
            "ir_mail_server_senders_gin",
            """
            CREATE INDEX ir_mail_server_senders_gin ON ir_mail_server USING gin (string_to_array(sender_addresses, ','))
            """,
        )
        return result

    # ------------------------------------------------------------------
    # Who owns a server
    # ------------------------------------------------------------------

    @api.depends("smtp_user", "from_filter", "user_id")
    def _compute_senders(self):
        for server in self:
            addresses, domains = parts(server.from_filter)
            server.sender_scope = "domain" if domains else "address" if addresses else "any"
            login = normalize(server.smtp_user)
            # The login of a server that sends for a domain is not an address of its own, unless it has an owner.
            if login and login not in addresses and (not domains or server.user_id):
                addresses.append(login)
            server.sender_addresses = ",".join(addresses) or False

    @api.depends("user_id.email", "sender_addresses")
    def _compute_sender_note(self):
        for server in self:
            address = normalize(server.user_id.email)
            server.sender_note = False
            if server.user_id and not address:
                server.sender_note = _("The owner has no e-mail address, so no mail is sent through this server.")
            elif server.user_id and address not in server._senders():
                server.sender_note = _(
                    "The owner's e-mail address is %(address)s, but this server sends as %(senders)s.",
                    address=address,
                    senders=", ".join(server._senders()) or _("nobody"),
                )

    @api.constrains("smtp_user", "from_filter", "user_id", "active")
    def _check_one_owner_an_address(self):
        for server in self.filtered(lambda each: each.user_id and each.active):
            senders = server._senders()
            for other in self._servers_of(senders).filtered("user_id") - server:
                if other.user_id != server.user_id:
                    raise ValidationError(
                        _(
                            "%(address)s already has a server, which belongs to %(owner)s. The servers of two users cannot "
                            "have the same address.",
                            address=sorted(set(senders) & set(other._senders()))[0],
                            owner=other.user_id.name,
                        )
                    )

    @api.constrains("smtp_pass")
    def _check_smtp_pass(self):
        for server in self.filtered(lambda each: not is_transmittable(each.smtp_pass)):
            raise ValidationError(
                _(
                    "The password of %(server)s must only contain ASCII characters, without line breaks or tabs. "
                    "Set another password at the provider, and enter it here.",
                    server=server.name,
                )
            )

    def _senders(self):
        """The addresses that are this server's own."""
        addresses = self.sudo().sender_addresses
        return addresses.split(",") if addresses else []

    def _is_core_personal(self):
        """Whether it is a personal server in core's sense, which core handles."""
        return compat.HAS_PERSONAL_SERVERS and bool(self.owner_user_id)

    @api.model
    def _servers_of(self, addresses):
        """The active servers that have one of these addresses, best first, by the index."""
        addresses = [each for each in addresses if each]
        if not addresses:
            return self.sudo().browse()
        table = self.env["ir.mail_server"]
        flush = getattr(table, "flush_model", None) or table.flush
        flush(["sender_addresses", "active", "sequence"])
        self.env.cr.execute(
            """
            SELECT id FROM ir_mail_server WHERE active AND string_to_array(sender_addresses, ',') && %s
            ORDER BY sequence, id
            """,
            [addresses],
        )
        return self.sudo().browse([server_id for (server_id,) in self.env.cr.fetchall()])

    @api.model
    def _system_addresses(self):
        """Addresses from which the system sends: their servers are shared."""
        found = [self._get_default_from_address(), self._get_default_bounce_address()]
        if "mail.alias.domain" in self.env:
            # All domains: there are as many as the companies have.
            for domain in self.env["mail.alias.domain"].sudo().search([]):
                found += [domain.catchall_email, domain.bounce_email, domain.default_from_email]
        else:
            get_param = self.env["ir.config_parameter"].sudo().get_param
            found.append("%s@%s" % (get_param("mail.catchall.alias"), get_param("mail.catchall.domain") or ""))
        return {normalize(address) for address in found} - {""}

    @api.model
    def _users_with(self, addresses):
        """The active internal users with one of these addresses."""
        domain = [("share", "=", False), ("email_normalized", "in", list(addresses))] if addresses else [(0, "=", 1)]
        return self.env["res.users"].sudo().search(domain)

    @api.model
    def _directory(self, addresses):
        """The one of a run that has one for these addresses, or a new one."""
        run = self.env.context.get("smtp_run")
        of_run = run.directory if isinstance(run, Run) else None
        return of_run if of_run and of_run.addresses.issuperset(addresses) else Directory(self.sudo(), addresses)

    def _personal(self):
        """Those of the servers that are personal."""
        system = self._system_addresses()
        by_login = self.filtered(lambda server: server.sender_scope == "any" and server.sender_addresses)
        users = self._users_with({address for server in by_login for address in server._senders()})
        users = {normalize(user.email) for user in users}

        def is_personal(server):
            if server.user_id or server._is_core_personal():
                return True
            senders = set(server._senders())
            if senders & system or server.sender_scope == "domain":
                return False
            return server.sender_scope == "address" or bool(senders & users)

        return self.filtered(is_personal)

    @api.model
    def _shared_servers(self):
        """The shared servers, best first."""
        servers = self.sudo()
        domain = [
            ("user_id", "=", False),
            "|",
            ("sender_scope", "!=", "address"),
            ("id", "in", self._servers_of(self._system_addresses()).ids),
        ]
        found = servers.search(domain, order="sequence, id")
        # Whoever enters the login of the only one as an address does not take it away from everybody.
        return found - found._personal() or found.filtered(lambda server: not server._is_core_personal())[:1]

    def _owns(self, email_from):
        """Whether the sender's address belongs to this server, so that its mail is only sent from that address."""
        return bool(self) and not self._reason_not_own(normalize(email_from))

    def _reason_not_own(self, address):
        """Why an address does not belong to this server; empty if it does."""
        server = self.sudo()
        if not server.active:
            return "archived"
        if server._is_core_personal():
            return "core_personal"
        if not address or address not in server._senders():
            return "other_address"
        if server.user_id:
            return ""
        directory = self._directory([address])
        if address in directory.system_addresses:
            return "system_address"
        if server.sender_scope != "any" or directory.users_of(address):
            return ""
        # Only the login links the server to the address: it is personal, unless it is the first shared server.
        return "first_shared" if server == directory.shared[:1] else ""

    # ------------------------------------------------------------------
    # The sender of a mail
    # ------------------------------------------------------------------

    @api.model
    def _sender(self, email_from, user, by_template=False, by_hand=False):
        """What a mail is sent as, if a server is its sender's own. The choice of the server, the batches and the headers
        all follow this one decision.

        :param email_from: the mail's From, in any form
        :param user: the user who wrote the mail
        :param by_template: whether an administrator's template names the sender
        :param by_hand: id of the server that somebody chose
        :return: a Sender; None for the standard way
        """
        rehearsal = Rehearsal.on(self.env.cr)
        if rehearsal and not rehearsal.routed:
            return None
        name, address = name_and_address(email_from)
        servers = self.sudo().browse(by_hand) if by_hand else self._directory([address]).servers_of(address)
        server = servers._first_own(address, user, by_template)
        return Sender(server, name or server._name_of(address), address) if server else None

    def _first_own(self, address, user, by_template=False):
        """The first of these servers that has an address as its own, if the user may use it; otherwise none."""
        rehearsal = Rehearsal.on(self.env.cr)
        for server in self:
            reason = server._reason_not_own(address)
            is_own = not reason
            if is_own and not server._may_be_used_by(user, address, by_template):
                reason = "not_allowed"
            if rehearsal:
                rehearsal.consider(address, server, reason)
            if is_own:
                return self.browse() if reason else server
        return self.browse()

    @api.model
    def _own_servers_of(self, users):
        """The server through which each user's own messages are sent, by user; none if they are sent the standard way."""
        addresses, run = {user: normalize(user.email) for user in users.sudo()}, Run()
        run.directory = Directory(self.sudo().with_context(smtp_run=run), addresses.values())
        own = {user: run.directory.servers_of(address)._first_own(address, user) for user, address in addresses.items()}
        found = {user: self.sudo().browse(server.ids) for user, server in own.items()}
        if compat.HAS_PERSONAL_SERVERS:
            for server in self.sudo().search([("owner_user_id", "in", users.ids)]):
                found[server.owner_user_id] = found[server.owner_user_id] or server
        return found

    def _may_be_used_by(self, user, address, by_template=False):
        """Whether mail that a user wrote may be sent from an address of this server."""
        allowed = self.env["ir.config_parameter"].sudo().get_param(SEND_AS) or OWNER_OR_TEMPLATE
        if allowed == ANYBODY or (by_template and allowed == OWNER_OR_TEMPLATE):
            return True
        people = self.user_id or self._directory([address]).users_of(address)
        # An address without a user may be used by anybody. Odoo itself acts as the superuser.
        return not people or user in people or self._is_managed_by(user)

    @api.model
    def _is_managed_by(self, user):
        """Whether a user decides who sends as whom."""
        return user.id == SUPERUSER_ID or user.sudo().has_group("base.group_system")

    def _name_of(self, address):
        """The name for an address without one."""
        users = self.user_id
        if normalize(users.email) != address:
            users = self.env["res.users"].sudo().search([("email_normalized", "=", address)], limit=1)
        return users.name or ""

    def _follow_owner(self, old, new):
        """The owner's e-mail address was changed."""
        if old == new or new in self._senders():
            return
        if new and old and old != normalize(self.smtp_user) and self._is_managed_by(self.env.user):
            # The login is different: the address is only in the filter, so it can follow the owner's. Not if the owner has
            # entered it, as users can enter any address, and could then send from it.
            entries = [part.strip() for part in (self.from_filter or "").split(",")]
            if any(normalize(entry) == old for entry in entries):
                self.from_filter = ", ".join(new if normalize(entry) == old else entry for entry in entries)
                return
        self.user_id.partner_id._message_log(
            body=_(
                "The e-mail address is now %(address)s, but the outgoing mail server %(server)s sends as %(senders)s. "
                "Until you change this, mail is sent the standard way.",
                address=new or _("empty"),
                server=self.name,
                senders=", ".join(self._senders()) or _("nobody"),
            )
        )

    # ------------------------------------------------------------------
    # The choice of the server
    # ------------------------------------------------------------------

    @api.model
    def _find_mail_server(self, email_from, mail_servers=None):
        rehearsal = Rehearsal.on(self.env.cr)
        if rehearsal and not rehearsal.routed:
            return super()._find_mail_server(email_from, mail_servers)
        run = self.env.context.get("smtp_run")
        if not isinstance(run, Run):
            # Not from Odoo's queue, for which the server has already been chosen.
            sender = self._sender(email_from, self.env.user)
            if sender:
                return sender.server, email_from
        shared = run.directory.shared if isinstance(run, Run) and run.directory else self._shared_servers()
        if mail_servers is None:
            mail_servers = shared or None
        else:
            ids = set(shared.ids)
            left = mail_servers.filtered(lambda server: server.id in ids or server._is_core_personal())
            mail_servers = left or mail_servers
        return super()._find_mail_server(email_from, mail_servers)

    def _connect_for(self, connect, args, kwargs):
        """Open a session and record its server on it, as the headers of its messages depend on the server."""
        rehearsal = Rehearsal.on(self.env.cr)
        host = args[0] if args else kwargs.get("host")
        if rehearsal and not rehearsal.routed and not compat.CHOOSES_BY_SENDER:
            # Odoo 14 does not look at From.
            first = self.sudo().search([], order="sequence", limit=1).id
            kwargs["mail_server_id"] = kwargs.get("mail_server_id") or first
        if not kwargs.get("mail_server_id") and not host:
            server, send_as = self.sudo()._find_mail_server(kwargs.get("smtp_from"))
            if server:
                kwargs["mail_server_id"] = server.id
                if "smtp_from" in kwargs:
                    kwargs["smtp_from"] = send_as
        run = self.env.context.get("smtp_run")
        if rehearsal:
            session = self._rehearse(rehearsal, kwargs)
        elif isinstance(run, Run):
            session = Session(lambda: compat.unwrapped(connect(*args, **kwargs)))
            if session.error and not run.patient:
                failure = {outcomes.FAILED: outcomes.outcome(in_words(session.error))}
                self._note_outcomes(outcomes.OUTGOING, kwargs.get("mail_server_id"), failure)
                raise session.error
            if not session.error and not session.is_open():
                return None  # In a test, core connects to nothing.
        else:
            session = connect(*args, **kwargs)
        if session is not None:
            session.mail_server_id = kwargs.get("mail_server_id") or False
        return session

    def _rehearse(self, rehearsal, settings):
        """A session to nobody, with what core notes on a connection."""
        session = RehearsedSession(rehearsal)
        server = self.sudo().browse(settings.get("mail_server_id") or ())
        default = compat.offers(compat.IrMailServer, "_get_default_from_filter")
        session.from_filter = server.from_filter if server or not default else getattr(self, default)()
        session.smtp_from = settings.get("smtp_from")
        return session

    if compat.offers(compat.IrMailServer, "_connect__"):

        def _connect__(self, *args, **kwargs):
            return self._connect_for(super()._connect__, args, kwargs)

    else:

        def connect(self, *args, **kwargs):
            return self._connect_for(super().connect, args, kwargs)

    # ------------------------------------------------------------------
    # The headers of the message
    # ------------------------------------------------------------------

    def _sender_in(self, session, message, server_id):
        """The sender of a message: as decided for its mail, or by its From if there is no mail."""
        attempt = getattr(session, "attempt", None)
        if attempt is not None:
            return attempt.sender
        return self._sender(message["From"], self.env.user, by_hand=server_id) if server_id else None

    @api.model
    def _write_sender(self, message, sender):
        """Set the headers of a message to the sender's address only."""
        for header in ("From", "Reply-To", "Return-Path"):
            del message[header]
        message["From"] = message["Reply-To"] = with_name(sender.name, sender.address)
        return sender.address

    def _prepare_for(self, prepare, message, smtp_session):
        """Core prepares a message; then the envelope sender and the headers are set to the server's address."""
        sender = self._sender_in(smtp_session, message, getattr(smtp_session, "mail_server_id", False))
        if not sender:
            return prepare(message, smtp_session)
        # Before: core refuses some forms of an address. After: core may have written another one.
        self._write_sender(message, sender)
        _smtp_from, smtp_to_list, message = prepare(message, smtp_session)
        return self._write_sender(message, sender), smtp_to_list, message

    if compat.offers(compat.IrMailServer, "_prepare_email_message__"):

        def _prepare_email_message__(self, message, smtp_session):
            return self._prepare_for(super()._prepare_email_message__, message, smtp_session)

    elif compat.offers(compat.IrMailServer, "_prepare_email_message"):

        def _prepare_email_message(self, message, smtp_session):
            return self._prepare_for(super()._prepare_email_message, message, smtp_session)

    @api.model
    def send_email(self, message, mail_server_id=None, smtp_server=None, *args, **kwargs):
        session = kwargs.get("smtp_session")
        if not compat.CHOOSES_BY_SENDER:
            mail_server_id = self._prepare_and_choose(message, mail_server_id, smtp_server, session)
        try:
            return super().send_email(message, mail_server_id, smtp_server, *args, **kwargs)
        except MailDeliveryException:
            attempt = getattr(session, "attempt", None)
            if attempt is not None and attempt.nobody and self._run_is_patient():
                # All recipients were refused. Core then continues with the other messages of the mail.
                raise AssertionError(self.NO_VALID_RECIPIENT) from None
            raise

    def _run_is_patient(self):
        run = self.env.context.get("smtp_run")
        return isinstance(run, Run) and run.patient

    @api.model
    def _prepare_and_choose(self, message, mail_server_id, smtp_server, session):
        """Odoo 14 has no other hook: write the headers, and return the server's ID."""
        rehearsal = Rehearsal.on(self.env.cr)
        if rehearsal and not rehearsal.routed:
            return mail_server_id
        by_hand = bool(mail_server_id)
        if not mail_server_id and not session and not smtp_server:
            mail_server_id = (self._find_mail_server(message["From"])[0] or self).id
        carrier = getattr(session, "mail_server_id", False) if session else mail_server_id
        sender = self._sender_in(session, message, carrier)
        if sender:
            # Core takes the envelope sender from here.
            message["Return-Path"] = self._write_sender(message, sender)
        elif carrier:
            email_from = getattr(getattr(session, "attempt", None), "email_from", None) or message["From"]
            self.sudo().browse(carrier)._follow_from_filter(message, by_hand, email_from)
        return mail_server_id

    # ------------------------------------------------------------------
    # Views that differ between series
    # ------------------------------------------------------------------

    @api.model
    def _load_series_views(self):
        """Create the views that differ between series."""
        views = []
        if not compat.CHOOSES_BY_SENDER:
            arch = '<field name="name" position="after"><field name="from_filter"/></field>'
            for kind in ("form", "list"):
                views.append(("from_filter_%s" % kind, "base.ir_mail_server_%s" % kind, arch))
        if "only_replies" in self.env.get("fetchmail.server", self)._fields:
            parent = next(
                name
                for name in ("mail.view_email_server_form", "fetchmail.view_email_server_form")
                if self.env.ref(name, raise_if_not_found=False)
            )
            ours = ("only_replies", "folders", "reading_notes")
            arch = '<field name="object_id" position="after">%s</field>' % "".join('<field name="%s"/>' % each for each in ours)
            views.append(("fetchmail_server_form", parent, arch))
        for name, parent_id, arch in views:
            parent = self.env.ref(parent_id)
            self.env["ir.ui.view"]._load_records(
                [
                    {
                        "xml_id": "smtp_server_per_user.%s" % name,
                        "noupdate": True,
                        "values": {
                            "name": "smtp_server_per_user.%s" % name,
                            "model": parent.model,
                            "inherit_id": parent.id,
                            "mode": "extension",
                            "arch": "<data>%s</data>" % arch,
                        },
                    }
                ]
            )
