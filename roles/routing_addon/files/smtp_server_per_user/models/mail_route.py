"""Which server sends a message, and why: kept with each message that was sent, and explained for one that might be.

Nothing is decided here. A message is made and sent as always, in a transaction that is rolled back, up to the point where the
provider would be connected to; this file puts in words what happened.
"""

import re
from email import policy
from email.message import EmailMessage
from email.utils import make_msgid

from odoo import SUPERUSER_ID, _, api, fields, models
from odoo.exceptions import AccessError, MissingError, UserError

from .. import compat
from ..tools.addresses import name_and_address, normalize, parts
from ..tools.senders import Rehearsal, Run

RECEIVER = "somebody@customer.example"
# Of servers that were not chosen, how many are listed.
MOST = 20
# In the context where the explanation is wanted: whoever reads all fields of all users does not want it.
ASKED = "smtp_server_per_user_explain"


class MailMessage(models.Model):
    _inherit = "mail.message"

    # As text: a server may be removed, and no row of this table is to be looked for then. Not read along with other fields:
    # the addon's files may be newer than the database, which gets the columns when the addon is upgraded in it.
    route_server = fields.Char(
        string="Sent Through",
        readonly=True,
        copy=False,
        prefetch=False,
        groups="base.group_system",
        help="The outgoing mail server that sent this message.",
    )
    route_rule = fields.Char(
        string="Reason for the Server",
        readonly=True,
        copy=False,
        prefetch=False,
        groups="base.group_system",
        help="Why this outgoing mail server was chosen.",
    )


class MailMail(models.Model):
    _inherit = "mail.mail"

    # Whether the database has the columns already.
    _keeps_routes = False

    def _register_hook(self):
        """When the addon is installed or upgraded, and whenever Odoo starts."""
        self.env.cr.execute(
            """
            SELECT count(*) FROM information_schema.columns
            WHERE table_name = 'mail_message' AND column_name IN ('route_server', 'route_rule')
            """
        )
        type(self)._keeps_routes = self.env.cr.fetchone()[0] > 1
        return super()._register_hook()

    def _note_route(self, attempt):
        """Keep with the message which server has sent it, and why: in one language, whoever sends.

        Core has just written the same row, as it notes the Message-Id: this goes along, and locks nothing else.
        """
        if not self._keeps_routes or not attempt.delivered - attempt.delivered_before:
            return
        server = self.env["ir.mail_server"].sudo().with_context(lang="en_US").browse(attempt.server_id or ())
        try:
            rule = server._words_of_rule(self.email_from, attempt.sender, self.mail_server_id)
            values = {"route_server": server._words_of_name(), "route_rule": rule}
        except MissingError:
            return  # Somebody has removed the server. The mail has left all the same.
        self.mail_message_id.sudo().write(values)


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    route_explanation = fields.Text(string="Route", compute="_compute_route_explanation", groups="base.group_system")

    def _compute_route_explanation(self):
        set_explanations(self)

    def _explain_own_route(self):
        senders = self._senders()
        if not senders:
            return _("This server has no address of its own. Explain the route of a user.")
        return self._explanation(senders[0])

    def action_explain_route(self):
        return explain_action(self)

    @api.model
    def _restrict_explain_actions(self):
        """Offer the actions only to users who manage mail servers. By code: 19 has renamed the field."""
        for of in ("server", "user", "template"):
            action = self.env.ref("smtp_server_per_user.explain_route_of_%s" % of)
            action[compat.name_of(action, compat.ALLOWED_GROUPS)] = self.env.ref("base.group_system")

    # ------------------------------------------------------------------
    # In words
    # ------------------------------------------------------------------

    def _words_of_name(self):
        """A server as people know it; without one, that of the configuration file."""
        if not self:
            return _("the server in Odoo's configuration file")
        return "%s (%s)" % (self.name, self.smtp_user) if self.smtp_user else self.name

    def _words_of_rule(self, email_from, sender, by_hand):
        """Why this server sends a mail: what the decision was, said again."""
        if not self:
            return _("There is no outgoing mail server: the one in Odoo's configuration file sends.")
        server, address = self.sudo(), normalize(email_from)
        if by_hand == self:
            return _("It was selected for this message or template.")
        if sender:
            return _("%s is an address of its own.", sender.address)
        addresses, domains = parts(server.from_filter)
        if address in addresses:
            return _("Its From Filter has the address %s.", address)
        if address.rpartition("@")[2] in domains:
            return _("Its From Filter has the domain %s.", address.rpartition("@")[2])
        default = normalize(server._get_default_from_address())
        if default and (default in addresses or default.rpartition("@")[2] in domains):
            return _("No other server sends as this address, and its From Filter has the default From address %s.", default)
        if not addresses and not domains:
            return _("It is the first of the servers without a From Filter.")
        return _("It is the first of all servers: none sends as this address.")

    @api.model
    def _words_against(self, reason):
        return {
            "archived": _("It is archived."),
            "core_personal": _("It is a personal server of Odoo, which only its owner's messages use."),
            "other_address": _("The address is not its own."),
            "system_address": _("The address is the catchall, the bounce or the default From address: the server is shared."),
            "first_shared": _("It is the first shared server, so the address of its login is not its own."),
            "not_allowed": _("The author may not send from this address (system parameter smtp_server_per_user.send_as)."),
        }[reason]

    # ------------------------------------------------------------------
    # The explanation
    # ------------------------------------------------------------------

    @api.model
    def explain_route(self, email_from=None, template=None, record=None):
        """How a message would leave, and where its answer would go.

        :param email_from: From; of a template, the user who sends it
        :param template: id of a mail template
        :param record: what the message is on, [model, id]; by default the author's contact, or a template's first record
        :return: dict with `lines` of text, and `with_addon` and `without_addon`, each a dict
        """
        self._check_may_explain()
        servers = self.with_context(active_test=True)
        routed, plain = (servers._rehearsed(each, email_from, template, record) for each in (True, False))
        lines = [*routed["lines"], "", _("Without the addon SMTP server per user:"), *plain["lines"]]
        return {"lines": lines, "with_addon": routed, "without_addon": plain}

    @api.model
    def _check_may_explain(self):
        if not self.env.user.has_group("base.group_system"):
            raise AccessError(_("Only users who manage mail servers can have a route explained."))

    @api.model
    def _explanation(self, email_from=None, template=None):
        return "\n".join(self.explain_route(email_from, template)["lines"])

    @api.model
    def _rehearsed(self, routed, email_from, template, record):
        """Send in a transaction that is rolled back, without a connection to anybody."""
        rehearsal = Rehearsal(routed)
        with compat.never_committed(self.env) as env:
            rehearsal.begin(env.cr)
            servers = self.with_env(env)
            author = servers._author_of(email_from)
            # Of who asks, the language only: not the company.
            servers = servers.sudo().with_context(allowed_company_ids=author.company_id.ids)
            return servers._rehearse_route(rehearsal, author, email_from, template, record)

    @api.model
    def _rehearse_route(self, rehearsal, author, email_from, template, record):
        context = {"lang": author.lang, "tz": author.tz, "allowed_company_ids": author.company_id.ids}
        env = self.env(user=author.id, context=dict(context, smtp_run=Run(), mail_notify_force_send=False))
        if template:
            mail = self._mail_of_template(env["mail.template"].browse(template), record)
        else:
            mail = self._mail_of_author(env, email_from, record)
        by_hand, written_from = mail.mail_server_id, mail.email_from
        message_id, model, res_id = mail.message_id, mail.model, mail.res_id
        mail.send()
        on = "%s,%s" % (model, res_id) if record or template else _("the author's contact")
        heading = _(
            "From %(sender)s, written by %(author)s, on %(record)s:", sender=written_from, author=author.login, record=on
        )
        lines = [heading]
        sent = rehearsal.sent_as(message_id)
        if not sent:
            reason = self._reason_not_sent(mail.exists())
            return {"sent": False, "reason": reason, "lines": [*lines, _("It would not be sent: %s", reason)]}
        server = self.sudo().browse(sent.server or ())
        header_from, header_reply_to = (" ".join(str(sent.message[name] or "").split()) for name in ("From", "Reply-To"))
        found = {
            "sent": True,
            "server": server.id,
            "server_name": server._words_of_name() if server else "",
            "login": server.smtp_user or "",
            "rule": self._rule_of(server, written_from, sent.sender, by_hand, rehearsal),
            "from": header_from,
            "reply_to": header_reply_to or header_from,
            "envelope_sender": sent.envelope,
        }
        found["others"], found["more"] = self._others(server, rehearsal, written_from)
        found.update(self._answer_of(found, message_id))
        found["lines"] = [*lines, *self._lines_of(found)]
        return found

    @api.model
    def _author_of(self, email_from):
        """The user with an address, else the one who asks."""
        address = normalize(email_from)
        domain = [("share", "=", False), ("email_normalized", "=", address)]
        return (self.env["res.users"].sudo().search(domain, limit=1) if address else self.env.user) or self.env.user

    @api.model
    def _mail_of_author(self, env, email_from, record):
        """A mail as the chatter makes it: a notification of a message on a record."""
        if not normalize(email_from):
            raise UserError(_("%s is not an e-mail address.", email_from or ""))
        name = name_and_address(email_from)[0] or env.user.name
        on = env[record[0]].sudo().browse(int(record[1])).exists() if record and record[0] in env else None
        if record and not on:
            raise UserError(_("There is no record %s.", "%s,%s" % tuple(record)))
        # No record is made: automation rules could tell other systems of it, and numbers would be used up.
        on = on or env.user.sudo().partner_id
        values = {
            "subject": "Route",
            "body_html": "<p>Route</p>",
            "message_type": "comment",
            "email_from": '"%s" <%s>' % (name.replace('"', ""), normalize(email_from)),
            "email_to": RECEIVER,
            "author_id": env.user.partner_id.id,
            "model": on._name,
            "res_id": on.id,
        }
        mails = env["mail.mail"].sudo()
        if compat.HAS_ALIAS_DOMAINS:
            # As core does when it posts a message.
            company = env.company
            values["record_alias_domain_id"] = on._mail_get_alias_domains(default_company=company)[on.id].id
            values["record_company_id"] = on._mail_get_companies(default=company)[on.id].id
        return mails.create(dict(values, **{compat.name_of(mails, compat.IS_NOTIFICATION): True}))

    @api.model
    def _mail_of_template(self, template, record):
        if not template.sudo().exists() or template.sudo().model not in self.env:
            raise UserError(_("There is no such template."))
        model = template.sudo().model
        if record and record[0] != model:
            raise UserError(_("The template is for %s.", model))
        on = self.env[model].sudo().browse(int(record[1])).exists() if record else self.env[model].sudo().search([], limit=1)
        if not on:
            raise UserError(_("There is no record %s.", model))
        values = {"email_to": RECEIVER, "email_cc": False, "recipient_ids": []}
        created = template.sudo().send_mail(on.id, force_send=False, email_values=values)
        mail = template.env["mail.mail"].sudo().browse(created)
        # Other addons have further recipients.
        kept = [each for each in mail._fields.values() if each.store or each.inherited]
        copies = [each for each in kept if re.search(r"_b?cc(_|$)", each.name)]
        mail.write({each.name: [(5, 0, 0)] if each.type.endswith("2many") else False for each in copies})
        return mail

    # ------------------------------------------------------------------
    # Its parts in words
    # ------------------------------------------------------------------

    @api.model
    def _reason_not_sent(self, mail):
        if mail.failure_reason:
            return mail.failure_reason
        if compat.HAS_PERSONAL_SERVERS and mail.state == "outgoing":
            return _("Odoo has it wait, as its personal server has sent as many messages as Odoo allows per minute.")
        return _("no reason given")

    @api.model
    def _rule_of(self, server, email_from, sender, by_hand, rehearsal):
        if server and not rehearsal.routed and not compat.CHOOSES_BY_SENDER and by_hand != server:
            return _("It is the first of all servers: Odoo 14 does not look at From.")
        return server._words_of_rule(email_from, sender, by_hand)

    @api.model
    def _others(self, chosen, rehearsal, email_from):
        """The servers that were not chosen, each with the reason: those that were considered, then the shared ones.

        :return: so many of them in words, and the number of the rest
        """
        judged = rehearsal.considered.get(normalize(email_from), {})
        considered = [(self.sudo().browse(each), reason) for each, reason in judged.items() if reason]
        found = {server: self._words_against(reason) for server, reason in considered}
        shared = self._shared_servers() if rehearsal.routed else self.sudo().search([], order="sequence, id")
        others = [server for server in dict.fromkeys([*found, *shared]) if server != chosen]
        reasons = [found.get(each) or each._words_of_passing_over(chosen, email_from) for each in others[:MOST]]
        words = ["%s: %s" % (server._words_of_name(), reason) for server, reason in zip(others, reasons)]
        return words, len(others) - len(words)

    def _words_of_passing_over(self, chosen, email_from):
        addresses, domains = parts(self.from_filter)
        address = normalize(email_from)
        if (addresses or domains) and address not in addresses and address.rpartition("@")[2] not in domains:
            return _("Its From Filter does not have the address.")
        if not addresses and not domains and any(parts(chosen.from_filter)):
            return _("It has no From Filter, and the other server has one that fits.")
        return _("The other server takes precedence.")

    @api.model
    def _answer_of(self, found, message_id):
        """Where an answer goes, and whether Odoo would find the record of it, asked of what fetching asks."""
        address = normalize(found["reply_to"])
        fetchers = self.env.get("fetchmail.server")
        server = fetchers is not None and fetchers.sudo()._by_login([address]).get(address)
        if not server:
            fetched = _("No active incoming mail server has the login %s, so Odoo may not receive it.", address)
        elif server.state != "done":
            fetched = _("The incoming mail server %s is not confirmed, so Odoo does not fetch it.", server.name)
        else:
            fetched = _("Odoo fetches it by the incoming mail server %s.", server.name)
        compat.flush(self.env)
        self.env.cr.execute("SELECT model, res_id FROM mail_message WHERE message_id = %s", [message_id])
        kept = self.env.cr.fetchone()
        place = self._place_of_answer(message_id, address, server and server.object_id.model)
        threaded = bool(kept and place and place == kept)
        thread = [_("Odoo posts it on the record.")] if threaded else self._words_of_place(message_id, kept, place)
        fetches = bool(server and server.state == "done")
        return {"answer_to": address, "fetched": fetches, "threaded": threaded, "answer": [fetched, *thread]}

    @api.model
    def _place_of_answer(self, message_id, address, model):
        """Where Odoo would post an answer, asked of what processes incoming mail.

        :param model: of which the incoming mail server creates records
        :return: model and id, which is 0 for a new record; None if Odoo would not post it
        """
        answer = EmailMessage(policy=policy.SMTP)
        answer["From"], answer["To"], answer["Subject"] = RECEIVER, address, "Re: Route"
        answer["Message-Id"] = make_msgid(domain="customer.example")
        answer["In-Reply-To"] = answer["References"] = message_id
        answer.set_content("Route")
        threads = self.env["mail.thread"].with_user(SUPERUSER_ID)
        try:
            routes = threads.message_route(answer, threads.message_parse(answer), model=model or None)
        except ValueError:
            return None  # There is no place for it.
        return (routes[0][0], routes[0][1] or 0) if routes else None

    @api.model
    def _words_of_place(self, message_id, kept, place):
        """Where an answer ends up that is not posted on the record, and why."""
        found = []
        if not kept:
            found.append(_("Odoo does not find the record: it deletes the message after sending it."))
        elif "reply_to" in message_id:
            found.append(_("Odoo does not post it on the record: the message was marked so that replies start anew."))
        if place is None:
            found.append(_("Odoo does not post it anywhere."))
        elif place[1]:
            found.append(_("Odoo posts it on another record: %s.", "%s,%s" % place))
        else:
            found.append(_("Odoo creates a new record for it: %s.", self.env[place[0]]._description))
        return found

    @api.model
    def _lines_of(self, found):
        lines = [
            _("Sent through: %s", self.browse(found["server"] or ())._words_of_name()),
            _("Reason: %s", found["rule"]),
            *(_("Not through %s", each) for each in found["others"]),
            *([_("Servers not listed here: %s", found["more"])] if found["more"] else ()),
            _("From: %s", found["from"]),
            _("Reply-To: %s", found["reply_to"]),
            _("Envelope sender: %s", found["envelope_sender"]),
            _("An answer goes to %s.", found["answer_to"]),
        ]
        return lines + found["answer"]


class ResUsers(models.Model):
    _inherit = "res.users"

    route_explanation = fields.Text(string="Route", compute="_compute_route_explanation", groups="base.group_system")

    def _compute_route_explanation(self):
        set_explanations(self)

    def _explain_own_route(self):
        if not self.email:
            return _("The user has no e-mail address.")
        return self.env["ir.mail_server"]._explanation(self.email)

    def action_explain_route(self):
        return explain_action(self)


class MailTemplate(models.Model):
    _inherit = "mail.template"

    route_explanation = fields.Text(string="Route", compute="_compute_route_explanation", groups="base.group_system")

    def _compute_route_explanation(self):
        set_explanations(self)

    def _explain_own_route(self):
        return self.env["ir.mail_server"]._explanation(template=self.id)

    def action_explain_route(self):
        return explain_action(self)


def set_explanations(records):
    """Compute the field, where it is asked for: first all texts, as explaining empties the cache of 14."""
    asked = records if records.env.context.get(ASKED) else ()
    texts = {record.id: record._explain_own_route() for record in asked}
    for record in records:
        record.route_explanation = texts.get(record.id, False)


def explain_action(records):
    """What opens the explanation of one record."""
    records.env["ir.mail_server"]._check_may_explain()
    records.ensure_one()
    view = records.env.ref("smtp_server_per_user.%s_route" % records._table)
    return {
        "type": "ir.actions.act_window",
        "name": _("Explain Route"),
        "res_model": records._name,
        "res_id": records.id,
        "view_mode": "form",
        "views": [(view.id, "form")],
        "target": "new",
        "context": {ASKED: True},
    }
