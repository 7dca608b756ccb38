"""A limit for each outgoing server. What is over it waits in the queue for its turn, and is no failure."""

import logging

import psycopg2
from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from .. import compat
from ..tools.addresses import normalize
from ..tools.limits import MOST_CONNECTIONS, PAUSE, Busy, Pace, Place, create_table, turns
from ..tools.senders import Rehearsal, Run
from ..tools.sending import Session

_logger = logging.getLogger(__name__)


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    # Not read along with other fields: the addon's files may be newer than the database, which gets the columns when the addon
    # is upgraded in it.
    max_messages_per_minute = fields.Integer(
        string="Messages per Minute",
        prefetch=False,
        help="The number of messages that the provider accepts in a minute. Further messages wait in the queue. 0: no limit.",
    )
    max_connections = fields.Integer(
        string="Connections at Once",
        prefetch=False,
        help="The number of connections that the provider accepts at the same time. Further messages wait in the queue. "
        "0: no limit.",
    )

    # Whether the database has the columns already.
    _keeps_limits = False

    def _register_hook(self):
        """When the addon is installed or upgraded, and whenever Odoo starts."""
        self.env.cr.execute(
            """
            SELECT count(*) FROM information_schema.columns
            WHERE table_name = 'ir_mail_server' AND column_name IN ('max_messages_per_minute', 'max_connections')
            """
        )
        type(self)._keeps_limits = self.env.cr.fetchone()[0] > 1
        return super()._register_hook()

    def init(self):
        result = super().init()
        create_table(self.env.cr)
        return result

    @api.constrains("max_messages_per_minute", "max_connections")
    def _check_limits(self):
        for server in self:
            if server.max_messages_per_minute < 0 or not 0 <= server.max_connections <= MOST_CONNECTIONS:
                raise ValidationError(
                    _(
                        "The limits of %(server)s must not be negative, and the server can have at most %(most)s connections "
                        "at once.",
                        server=server.name,
                        most=MOST_CONNECTIONS,
                    )
                )

    def _connect_for(self, connect, args, kwargs):
        """Hold one of the connections that the server may have, as long as the session lasts."""
        run, places = self.env.context.get("smtp_run"), []
        if not isinstance(run, Run) or not run.patient:
            return super()._connect_for(connect, args, kwargs)

        def connect_in_place(*connect_args, **connect_kwargs):
            server = self.sudo().browse(connect_kwargs.get("mail_server_id") or ())
            if self._keeps_limits and server.max_connections and not places:
                places.append(Place(self.env.registry.cursor, server.id, server.max_connections))
            for place in places:
                try:
                    place.take()
                except psycopg2.Error as error:
                    raise Busy(str(error)) from error
            return connect(*connect_args, **connect_kwargs)

        def leave():
            for place in places:
                place.give_up()

        session = super()._connect_for(connect_in_place, args, kwargs)
        if isinstance(session, Session) and session.is_open():
            session.on_quit = leave
        else:
            leave()
        return session


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _send(self, auto_commit=False, raise_exception=False, smtp_session=None, **kwargs):
        """Send as many mails as the server may send now. The others wait, with the time at which it is their turn."""
        arguments = dict(kwargs, auto_commit=auto_commit, raise_exception=raise_exception, smtp_session=smtp_session)
        if not isinstance(smtp_session, Session) or Rehearsal.on(self.env.cr):
            return super()._send(**arguments)
        server = self.env["ir.mail_server"].sudo().browse(getattr(smtp_session, "mail_server_id", False) or ())
        if isinstance(smtp_session.error, Busy):
            return self._wait_a_moment(server, smtp_session.error, **arguments)
        if smtp_session.error or not (server._keeps_limits and server.max_messages_per_minute):
            return super()._send(**arguments)
        pace = Pace(self.env.registry.cursor, server.id, server.max_messages_per_minute)
        mails = self._still_there()
        # Otherwise, Odoo reads the bodies of all of them, too.
        needed = [mail._messages_to_send() for mail in mails.with_context(prefetch_fields=False)]
        if raise_exception:
            # Whoever sends these cannot wait. Others wait for them.
            pace.count(sum(needed))
            return super()._send(**arguments)
        try:
            now, allowance, again = pace.take(needed)
        except psycopg2.Error as error:
            return mails._wait_a_moment(server, error, **arguments)
        smtp_session.allow(allowance, again)
        try:
            # Before anything is sent: where another worker has one of them, Odoo does all of this again.
            mails[now:]._wait_for_turn(server, turns(needed[now:], again, pace.limit), **arguments)
            return super(MailMail, mails[:now])._send(**arguments)
        finally:
            pace.settle(smtp_session.allowance)

    def _still_there(self):
        """Those that no other worker has sent and deleted, in their order."""
        present = set(self.exists().ids)
        return self.filtered(lambda mail: mail.id in present)

    def _messages_to_send(self):
        """The number of messages that this mail is, at most, as core makes one for each partner."""
        if self.state != "outgoing":
            return 0
        state = self._read_delivery_state()
        done = {*(state.get("delivered") or ()), *(state.get("refused") or ())}
        left = [partner for partner in self.recipient_ids if normalize(partner.email) not in done]
        # Up to 16, email_cc alone is no message of its own.
        return bool(self.email_to or self.email_cc) + len(left) or 1

    def _wait_a_moment(self, server, reason, **arguments):
        _logger.info("The mail server %s cannot be used now: %s", server.name, reason)
        return self._wait_for_turn(server, [(fields.Datetime.now() + PAUSE, len(self))], **arguments)

    def _wait_for_turn(self, server, due, auto_commit=False, post_send_callback=None, **_arguments):
        """Leave mails in the queue until it is their turn.

        :param due: [(time, number of mails)]
        """
        if not self:
            return True
        start = 0
        for time, number in due:
            mails = self[start : start + number]._still_there().with_context(prefetch_fields=False)
            mails.filtered(lambda mail: mail.state == "outgoing").write({"scheduled_date": fields.Datetime.to_string(time)})
            start += number
        compat.flush(self.env)
        # Whoever is sent at the first of these times wakes nobody for the next one.
        self._wake_queue([time for time, _number in due])
        if post_send_callback:
            # For this run of the queue, they are done.
            post_send_callback(self.ids)
        if auto_commit:
            self.env.cr.commit()
        _logger.info("%d mails wait for the limit of the mail server %s", len(self), server.name)
        return True
