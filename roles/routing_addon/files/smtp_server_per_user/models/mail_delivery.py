"""Handling of mail that the provider refused, or refused for some recipients."""

import json
from datetime import timedelta
from functools import partial

from markupsafe import Markup
from odoo import _, fields, models

from .. import compat
from ..tools import outcomes
from ..tools.addresses import normalize
from ..tools.senders import Rehearsal
from ..tools.sending import Attempt, Session

# System parameter: the number of hours for which a temporarily refused mail is retried. 0: no retries.
RETRY_HOURS = "smtp_server_per_user.retry_hours"
DEFAULT_HOURS = 24.0
# How notifications call a refused address: 17 and later, 14. 15 and 16 have no word for it.
REFUSED = ("mail_bounce", "BOUNCE", "unknown")
# The gap grows with the time for which the mail has waited: 5, 5, 10, 20, 40 minutes and so on.
SHORTEST, LONGEST = timedelta(minutes=5), timedelta(hours=4)


class MailMail(models.Model):
    _inherit = "mail.mail"

    # The result of earlier attempts: {"since": when the first one was, "delivered": [address], "refused": {address: words}}
    delivery_state = fields.Text(copy=False, readonly=True, groups="base.group_system")

    def _read_delivery_state(self):
        try:
            state = json.loads(self.sudo().delivery_state or "{}")
        except ValueError:
            return {}
        return state if isinstance(state, dict) else {}

    def _attempt(self):
        """A new attempt to send this mail."""
        state, senders = self._read_delivery_state(), self._run().senders
        sender = senders[self.id] if self.id in senders else self._sender()
        attempt = Attempt(sender, state.get("delivered") or (), state.get("refused") or {})
        attempt.email_from = self.email_from
        return attempt

    def _send(self, auto_commit=False, raise_exception=False, smtp_session=None, **kwargs):
        """Send one mail after the other, so that each gets its own answer."""
        if not isinstance(smtp_session, Session):
            return super()._send(auto_commit=auto_commit, raise_exception=raise_exception, smtp_session=smtp_session, **kwargs)
        server_id = getattr(smtp_session, "mail_server_id", False)
        tally = outcomes.Tally(partial(self._note_outcomes, server_id))
        try:
            for mail_id in self.ids:
                mail = self.browse(mail_id).exists()
                if not mail:
                    continue  # Another worker has sent it, and deleted it.
                attempt = smtp_session.attempt = mail._attempt()
                attempt.server_id = server_id
                mail = mail.with_context(smtp_attempt=attempt)
                try:
                    if not smtp_session.error or raise_exception:
                        super(MailMail, mail)._send(
                            auto_commit=auto_commit, raise_exception=raise_exception, smtp_session=smtp_session, **kwargs
                        )
                    elif mail.state == "outgoing":
                        mail._cannot_be_sent(attempt, smtp_session.error)
                        if auto_commit:
                            self.env.cr.commit()
                finally:
                    tally.add(attempt)
        finally:
            # Once for all mails of the session.
            tally.write()
        return True

    def _note_outcomes(self, server_id, found):
        if not Rehearsal.on(self.env.cr):
            self.env["ir.mail_server"]._note_outcomes(outcomes.OUTGOING, server_id, found)

    def _cannot_be_sent(self, attempt, error):
        """Handle a batch without a session, as core does."""
        attempt.fail(error)
        self.write({"state": "exception", "failure_reason": attempt.words})
        more = {"success_emails": []} if compat.takes(compat.MailMail._postprocess_sent_message, "success_emails") else {}
        failure_type = self._failure_type("mail_smtp", "SMTP")
        self._postprocess_sent_message(success_pids=[], failure_reason=attempt.words, failure_type=failure_type, **more)

    # ------------------------------------------------------------------
    # After an attempt
    # ------------------------------------------------------------------

    def _postprocess_sent_message(self, success_pids, *args, **kwargs):
        attempt = self.env.context.get("smtp_attempt")
        if isinstance(attempt, Attempt) and len(self) == 1:
            # Of a mail that waits, some recipients may have it.
            self._note_route(attempt)
            if self._is_to_wait(attempt):
                self._wait_in_queue(attempt, success_pids)
                return True
            if attempt.words:
                kwargs.update(self._note_refusals(attempt))
        self._keep_for_answers()
        return super()._postprocess_sent_message(success_pids, *args, **kwargs)

    def _retry_time(self):
        """The time for which a mail is retried."""
        text = self.env["ir.config_parameter"].sudo().get_param(RETRY_HOURS)
        try:
            return timedelta(hours=max(float(text), 0) if text else DEFAULT_HOURS)
        except (ValueError, OverflowError):
            return timedelta(hours=DEFAULT_HOURS)

    def _waiting_since(self):
        return fields.Datetime.to_datetime(self._read_delivery_state().get("since")) or fields.Datetime.now()

    def _is_to_wait(self, attempt):
        if not self._run().patient or not attempt.waits:
            return False
        # To wait for one's turn is no failure, however long it takes.
        return attempt.held_until is not None or fields.Datetime.now() < self._waiting_since() + self._retry_time()

    def _wait_in_queue(self, attempt, success_pids):
        """Keep the mail in the queue for recipients who have not received it. No recipient gets it twice."""
        now, since = fields.Datetime.now(), self._waiting_since()
        again = min(now + min(max(now - since, SHORTEST), LONGEST), max(since + self._retry_time(), now + SHORTEST))
        state = {"delivered": sorted(attempt.delivered), "refused": attempt.refused}
        if attempt.held_until:
            again = attempt.held_until
        if attempt.words:
            state["since"] = fields.Datetime.to_string(since)
        values = {
            "state": "outgoing",
            "failure_reason": attempt.words or False,
            "scheduled_date": fields.Datetime.to_string(again),
        }
        if "failure_type" in self._fields:
            values["failure_type"] = False
        self.write(values)
        self.sudo().delivery_state = json.dumps(state)
        got = {partner.id for partner in success_pids}
        for notification in self._notifications():
            if notification.res_partner_id.id in got:
                values = {"notification_status": "sent", "failure_type": False, "failure_reason": False}
            elif normalize(notification.res_partner_id.email) in attempt.refused:
                values = {
                    "notification_status": "exception",
                    "failure_type": self._failure_type(*REFUSED),
                    "failure_reason": attempt.words,
                }
            else:
                values = {"notification_status": "ready", "failure_type": False, "failure_reason": False}
            notification.write(values)
        self._wake_queue(again)

    def _wake_queue(self, when):
        """Trigger the queue at that time, or at several. On 14, it runs at its own interval."""
        action = self.env.ref("mail.ir_cron_mail_scheduler_action", raise_if_not_found=False)
        if action and hasattr(action, "_trigger"):
            action.sudo()._trigger(when)

    def _notifications(self):
        notified_mail = compat.name_of(self.env["mail.notification"], compat.NOTIFIED_MAIL)
        domain = [("notification_type", "=", "email"), (notified_mail, "in", self.ids)]
        return self.env["mail.notification"].sudo().search(domain + [("notification_status", "not in", ("sent", "canceled"))])

    def _note_refusals(self, attempt):
        """Record who has not received the mail, and why. Returns the values for the notifications."""
        words = attempt.words
        not_taken = bool(attempt.failure) or not attempt.delivered
        missed = {**attempt.refused, **attempt.waiting}
        values = {"failure_reason": words}
        failure_type = self._failure_type(*REFUSED) if missed else self._failure_type("unknown", "UNKNOWN")
        if not_taken:
            values["state"] = "exception"
            if "failure_type" in self._fields:
                values["failure_type"] = "unknown"
        self.write(values)
        # A manual retry starts again, but no recipient gets the mail twice.
        self.sudo().delivery_state = json.dumps({"delivered": sorted(attempt.delivered)}) if attempt.delivered else False
        if missed and not self._notifications():
            self._tell_on_record(missed)
        return {"failure_reason": words, "failure_type": failure_type}

    def _tell_on_record(self, missed):
        """Post on the record who has not received the mail, if no notification shows it."""
        if not self._is_answered_on_record():
            return
        record = self.env[self.model].sudo().browse(self.res_id).exists()
        items = Markup().join(Markup("<li>%s: %s</li>") % each for each in sorted(missed.items()))
        if record:
            text = _('The message "%s" was not delivered to:', self.subject or "")
            record._message_log(body=Markup("<p>%s</p><ul>%s</ul>") % (text, items))

    def _failure_type(self, *names):
        """The first of these names that notifications have."""
        known = dict(self.env["mail.notification"]._fields["failure_type"].selection)
        return next(name for name in names if name in known)
