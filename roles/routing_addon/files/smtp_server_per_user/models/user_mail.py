"""What an administrator sees of a user's mail servers, and what the users see of their own."""

from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_datetime

from .. import compat
from ..tools import outcomes
from ..tools.addresses import normalize, with_name
from ..tools.sending import in_words

MANAGERS = "base.group_system"
NO_SERVER, NOT_CONFIRMED = "no_server", "not_confirmed"
STATES = [
    (NO_SERVER, "No Mail Server"),
    (NOT_CONFIRMED, "Not confirmed"),
    (outcomes.UNUSED, "Not used yet"),
    (outcomes.WORKING, "Works"),
    (outcomes.FAILING, "Failing"),
]


class ResUsers(models.Model):
    _inherit = "res.users"

    # For who manages mail servers. None is stored: the servers and what happened at them say it all.
    sending_server_id = fields.Many2one(
        "ir.mail_server",
        string="Sends Through",
        compute="_compute_sending",
        groups=MANAGERS,
        help="The outgoing mail server of the user's own e-mail address. Without one, a shared server sends.",
    )
    sending_state = fields.Selection(
        STATES, string="Sending", compute="_compute_sending", search="_search_sending_state", groups=MANAGERS
    )
    last_sent = fields.Datetime(string="Last Message Sent", compute="_compute_sending", groups=MANAGERS)
    sending_failed = fields.Datetime(string="Last Failure in Sending", compute="_compute_sending", groups=MANAGERS)
    sending_error = fields.Text(
        string="Last Error in Sending", compute="_compute_sending", groups=MANAGERS, help="The provider's own words."
    )
    # Up to 15, a database need not have incoming servers: a reference can do without.
    fetching_server = fields.Reference(
        "_selection_fetching_server",
        string="Fetches From",
        compute="_compute_fetching",
        groups=MANAGERS,
        help="The incoming mail server whose login is the user's e-mail address.",
    )
    fetching_state = fields.Selection(
        STATES, string="Fetching", compute="_compute_fetching", search="_search_fetching_state", groups=MANAGERS
    )
    last_fetched = fields.Datetime(string="Last Message Fetched", compute="_compute_fetching", groups=MANAGERS)
    fetching_failed = fields.Datetime(string="Last Failure in Fetching", compute="_compute_fetching", groups=MANAGERS)
    fetching_error = fields.Text(
        string="Last Error in Fetching", compute="_compute_fetching", groups=MANAGERS, help="The provider's own words."
    )
    # For the users themselves, in their preferences. Of others it is empty, whoever asks.
    own_mail = fields.Text(string="Your Mail", compute="_compute_own_mail")

    # Own preferences are read with these fields only; nobody gets a right by it.
    if compat.READABLE_FIELDS_ARE_A_PROPERTY:

        @property
        def SELF_READABLE_FIELDS(self):
            return [*super().SELF_READABLE_FIELDS, "own_mail"]

    else:

        def __init__(self, pool, cr):
            super().__init__(pool, cr)
            type(self).SELF_READABLE_FIELDS = [*self.SELF_READABLE_FIELDS, "own_mail"]

    @api.model
    def _selection_fetching_server(self):
        return [("fetchmail.server", _("Incoming Mail Server"))] if "fetchmail.server" in self.env else []

    # ------------------------------------------------------------------
    # Which servers, and how they are
    # ------------------------------------------------------------------

    def _sending(self):
        """The own outgoing server of each user, its state and what happened at it, by the user's id."""
        servers = self.env["ir.mail_server"].sudo()._own_servers_of(self)
        return self._states(outcomes.OUTGOING, {user.id: server for user, server in servers.items()})

    def _fetching(self):
        """The same of the own incoming server."""
        found = {user.id: None for user in self}
        if "fetchmail.server" in self.env:
            addresses = {user.id: normalize(user.email) for user in self.sudo()}
            servers = self.env["fetchmail.server"].sudo()._by_login(addresses.values())
            found = {user: servers.get(address) for user, address in addresses.items()}
        return self._states(outcomes.INCOMING, found)

    @api.model
    def _states(self, model, servers):
        ids = [server.id for server in servers.values() if server]
        latest = self.env["ir.mail_server"]._latest_outcomes(model, ids)
        found = {}
        for user, server in servers.items():
            happened = latest.get(server.id, {}) if server else {}
            state = outcomes.state_of(happened) if server else NO_SERVER
            if server and model == outcomes.INCOMING and server.state != "done" and state != outcomes.FAILING:
                state = NOT_CONFIRMED
            found[user] = (server, state, happened)
        return found

    def _compute_sending(self):
        found = self._origin._sending()
        for user in self:
            server, state, happened = found.get(user._origin.id) or (None, False, {})
            user.sending_server_id = server
            user.sending_state = state
            user.last_sent = outcomes.time_of(happened, outcomes.WORKED)
            user.sending_failed = outcomes.time_of(happened, outcomes.FAILED)
            user.sending_error = outcomes.words_of(happened)

    def _compute_fetching(self):
        found = self._origin._fetching()
        for user in self:
            server, state, happened = found.get(user._origin.id) or (None, False, {})
            user.fetching_server = "fetchmail.server,%d" % server.id if server else False
            user.fetching_state = state
            user.last_fetched = outcomes.time_of(happened, outcomes.FETCHED)
            user.fetching_failed = outcomes.time_of(happened, outcomes.FAILED)
            user.fetching_error = outcomes.words_of(happened)

    @api.model
    def _internal_users(self):
        """For a search, of which 19 does not ask whether who searches may read a field that is not stored."""
        self._check_manages_mail_servers()
        return self.sudo().with_context(active_test=False).search([("share", "=", False)])

    @api.model
    def _search_sending_state(self, operator, value):
        found = self._internal_users()._sending()
        return outcomes.domain(operator, value, {user: state for user, (_server, state, _happened) in found.items()})

    @api.model
    def _search_fetching_state(self, operator, value):
        found = self._internal_users()._fetching()
        return outcomes.domain(operator, value, {user: state for user, (_server, state, _happened) in found.items()})

    # ------------------------------------------------------------------
    # In the own preferences
    # ------------------------------------------------------------------

    @api.depends_context("uid", "lang", "tz")
    def _compute_own_mail(self):
        for user in self:
            is_own = user._origin == self.env.user and not user._origin.sudo().share
            user.own_mail = "\n".join(user._origin._words_on_own_mail()) if is_own else False

    def _words_on_own_mail(self):
        """By which address and server a user sends, whether that works, and whether the mailbox is fetched."""
        address = normalize(self.sudo().email)
        if not address:
            return [_("You have no e-mail address.")]
        words = self._words_on_own_sending(address, *self._sending()[self.id])
        return [*words, self._words_on_own_fetching()] if self._is_proven(address) else words

    def _is_proven(self, address):
        """Whether an address is the user's by what only administrators decide: the login, here or at an own mail server.

        Users can change their e-mail address to any value, and would see whether that mailbox is fetched. The filter of an
        own server follows that address.
        """
        servers = self.env["ir.mail_server"]._servers_of([address]).filtered(lambda each: each.user_id == self)
        return address in map(normalize, [self.sudo().login, *servers.mapped("smtp_user")])

    def _words_on_own_sending(self, address, server, state, happened):
        if state == NO_SERVER:
            return [_("%s has no mail server of its own: your messages are sent through a shared one.", address)]
        words = [_("Your messages are sent as %(address)s through %(server)s.", address=address, server=server.name)]
        if state == outcomes.UNUSED:
            words.append(_("No message has been sent through it yet."))
        elif state == outcomes.WORKING:
            words.append(_("This works: the last message was sent on %s.", self._when(happened, outcomes.WORKED)))
        else:
            time, problem = self._when(happened, outcomes.FAILED), outcomes.words_of(happened)
            words.append(_("The last message, on %(time)s, was not sent: %(problem)s", time=time, problem=problem))
        return words

    def _words_on_own_fetching(self):
        _server, state, happened = self._fetching()[self.id]
        if state == NO_SERVER:
            return _("Odoo does not fetch mail from a mailbox of yours.")
        if state == NOT_CONFIRMED:
            return _("Odoo does not fetch mail from your mailbox: its incoming mail server is not confirmed.")
        if state == outcomes.FAILING:
            time, problem = self._when(happened, outcomes.FAILED), outcomes.words_of(happened)
            return _("Your mailbox could not be read on %(time)s: %(problem)s", time=time, problem=problem)
        if state == outcomes.UNUSED:
            return _("Odoo has not fetched mail from your mailbox yet.")
        if outcomes.FETCHED in happened:
            time = self._when(happened, outcomes.FETCHED)
            return _("Odoo fetches mail from your mailbox. The last message was fetched on %s.", time)
        return _("Odoo fetches mail from your mailbox.")

    def _when(self, happened, kind):
        return format_datetime(self.env, outcomes.time_of(happened, kind))

    # ------------------------------------------------------------------
    # Buttons
    # ------------------------------------------------------------------

    def _check_manages_mail_servers(self):
        """Whoever asks, also with the superuser's rights, as a path that leads through other models may."""
        if not self.env.user.has_group(MANAGERS):
            raise AccessError(_("Only users who manage mail servers can do this."))

    def action_send_test_message(self):
        """Send a message as this user to who asks for it or, for want of an address, to the user."""
        self._check_manages_mail_servers()
        self.ensure_one()
        address = normalize(self.email)
        receiver = normalize(self.env.user.email) or address
        if not address:
            raise UserError(_("%s has no e-mail address.", self.name))
        # Decided as for a message that the user writes.
        mails = self.env["mail.mail"].with_user(self).sudo().with_context(allowed_company_ids=self.company_id.ids)
        mail = mails.create(
            {
                "subject": _("Test message of %s", self.name),
                "body_html": "<p>%s</p>" % _("This message tests whether Odoo can send mail as this user."),
                "email_from": with_name(self.name, address),
                "author_id": self.partner_id.id,
                "email_to": receiver,
                "auto_delete": False,
            }
        )
        mail.send()
        if mail.state != "sent":
            # The mail is not kept: it was for this moment only.
            if mail.state == "outgoing" and not mail.failure_reason:
                raise UserError(
                    _("The test message was not sent: the mail server has reached its limit. Try again in a minute.")
                )
            raise UserError(_("The test message was not sent: %s", mail.failure_reason or mail.state))
        server = mail.mail_message_id.route_server
        mail.unlink()
        text = _("A test message was sent to %(receiver)s as %(address)s.", receiver=receiver, address=address)
        return self._told("%s %s" % (text, _("Sent through: %s", server)))

    def action_fetch_now(self):
        """Fetch this user's mailbox."""
        self._check_manages_mail_servers()
        self.ensure_one()
        server, state, _happened = self._fetching()[self.id]
        if not server:
            told = _("No active incoming mail server has the login %s.", normalize(self.email) or self.login)
            raise UserError(told)
        if server.state != "done":
            raise UserError(_("The incoming mail server %s is not confirmed. Open it, and confirm it.", server.name))
        began = outcomes.outcome().at
        try:
            server.fetch_mail()
        except Exception as problem:
            # 19 and 20 raise what they have noted.
            raise UserError(_("The mailbox could not be read: %s", in_words(problem))) from problem
        server, state, happened = self._fetching()[self.id]
        if state == outcomes.FAILING:
            raise UserError(_("The mailbox could not be read: %s", outcomes.words_of(happened)))
        if not any(happened[kind].at >= began for kind in happened):
            raise UserError(_("The mailbox is being fetched by somebody else. Try again in a minute."))
        fetched = outcomes.FETCHED in happened and happened[outcomes.FETCHED].at >= began
        return self._told(_("New messages were fetched.") if fetched else _("There were no new messages to fetch."))

    @api.model
    def _told(self, text):
        params = {"title": _("Mail Servers"), "message": text, "type": "success", "sticky": False}
        # The client then reads again what it shows.
        params["next"] = {"type": "ir.actions.act_window_close"}
        return {"type": "ir.actions.client", "tag": "display_notification", "params": params}
