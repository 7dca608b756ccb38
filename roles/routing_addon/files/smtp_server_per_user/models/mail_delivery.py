"""What becomes of a mail that the provider did not take, or not for everybody."""

import json
from datetime import timedelta

from markupsafe import Markup
from odoo import _, fields, models

from .. import compat
from ..tools.addresses import normalize
from ..tools.sending import Attempt, Session

# System parameter: for how many hours a mail is tried again that was refused for the time being. 0: not at all.
RETRY_HOURS = "smtp_server_per_user.retry_hours"
DEFAULT_HOURS = 24.0
# The gap grows with the time for which the mail has waited: 5, 5, 10, 20, 40 minutes and so on.
SHORTEST, LONGEST = timedelta(minutes=5), timedelta(hours=4)


class MailMail(models.Model):
    _inherit = "mail.mail"

    # What earlier attempts came to: {"since": when the first one was, "delivered": [address], "refused": {address: words}}
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
        """Send one mail after the other, so that each has its own answer, and none the answer to another one."""
        if not isinstance(smtp_session, Session):
            return super()._send(auto_commit=auto_commit, raise_exception=raise_exception, smtp_session=smtp_session, **kwargs)
        for mail_id in self.ids:
            mail = self.browse(mail_id).exists()
            if not mail:
                continue  # Another worker has sent it, and deleted it.
            attempt = smtp_session.attempt = mail._attempt()
            mail = mail.with_context(smtp_attempt=attempt)
            if smtp_session.error and not raise_exception:
                if mail.state == "outgoing":
                    mail._cannot_be_sent(attempt, smtp_session.error)
                    if auto_commit:
                        self.env.cr.commit()
                continue
            super(MailMail, mail)._send(
                auto_commit=auto_commit, raise_exception=raise_exception, smtp_session=smtp_session, **kwargs
            )
        return True

    def _cannot_be_sent(self, attempt, error):
        """There is no session with the server: what core does for a whole batch."""
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
            if self._is_to_wait(attempt):
                self._wait_in_queue(attempt, success_pids)
                return True
            if attempt.words:
                kwargs.update(self._note_refusals(attempt))
        self._keep_for_answers()
        return super()._postprocess_sent_message(success_pids, *args, **kwargs)

    def _retry_time(self):
        """For how long a mail is tried again."""
        text = self.env["ir.config_parameter"].sudo().get_param(RETRY_HOURS)
        try:
            return timedelta(hours=max(float(text), 0) if text else DEFAULT_HOURS)
        except (ValueError, OverflowError):
            return timedelta(hours=DEFAULT_HOURS)

    def _waiting_since(self):
        return fields.Datetime.to_datetime(self._read_delivery_state().get("since")) or fields.Datetime.now()

    def _is_to_wait(self, attempt):
        patient = self._run().patient
        return patient and attempt.waits and fields.Datetime.now() < self._waiting_since() + self._retry_time()

    def _wait_in_queue(self, attempt, success_pids):
        """Leave the mail in the queue, for those who have not got it. Nobody gets it twice."""
        now, since = fields.Datetime.now(), self._waiting_since()
        again = min(now + min(max(now - since, SHORTEST), LONGEST), max(since + self._retry_time(), now + SHORTEST))
        state = {
            "since": fields.Datetime.to_string(since),
            "delivered": sorted(attempt.delivered),
            "refused": attempt.refused,
        }
        values = {"state": "outgoing", "failure_reason": attempt.words, "scheduled_date": fields.Datetime.to_string(again)}
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
                    "failure_type": self._failure_type("mail_bounce", "BOUNCE"),
                    "failure_reason": attempt.words,
                }
            else:
                values = {"notification_status": "ready", "failure_type": False, "failure_reason": False}
            notification.write(values)
        self._wake_queue(again)

    def _wake_queue(self, when):
        """Have the queue looked at then. 14 looks once in its interval."""
        action = self.env.ref("mail.ir_cron_mail_scheduler_action", raise_if_not_found=False)
        if action and hasattr(action, "_trigger"):
            action.sudo()._trigger(when)

    def _notifications(self):
        notified_mail = compat.name_of(self.env["mail.notification"], compat.NOTIFIED_MAIL)
        domain = [("notification_type", "=", "email"), (notified_mail, "in", self.ids)]
        return self.env["mail.notification"].sudo().search(domain + [("notification_status", "not in", ("sent", "canceled"))])

    def _note_refusals(self, attempt):
        """Note who has not got the mail, and in which words. Returns what core writes on the notifications."""
        words = attempt.words
        not_taken = bool(attempt.failure) or not attempt.delivered
        missed = {**attempt.refused, **attempt.waiting}
        values = {"failure_reason": words}
        failure_type = self._failure_type("mail_bounce", "BOUNCE") if missed else self._failure_type("unknown", "UNKNOWN")
        if not_taken:
            values["state"] = "exception"
            if "failure_type" in self._fields:
                values["failure_type"] = "unknown"
        self.write(values)
        # A person who tries it again starts anew, but nobody gets it twice.
        self.sudo().delivery_state = json.dumps({"delivered": sorted(attempt.delivered)}) if attempt.delivered else False
        if missed and not self._notifications():
            self._tell_on_record(missed)
        return {"failure_reason": words, "failure_type": failure_type}

    def _tell_on_record(self, missed):
        """Say on the record who has not got it, where no notification does."""
        if not self._is_answered_on_record():
            return
        record = self.env[self.model].sudo().browse(self.res_id).exists()
        items = Markup().join(Markup("<li>%s: %s</li>") % each for each in sorted(missed.items()))
        if record:
            text = _("The message “%s” was not delivered to:", self.subject or "")
            record._message_log(body=Markup("<p>%s</p><ul>%s</ul>") % (text, items))

    def _failure_type(self, *names):
        """The first of these names that notifications have."""
        known = dict(self.env["mail.notification"]._fields["failure_type"].selection)
        return next(name for name in names if name in known)
