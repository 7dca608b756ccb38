from odoo import models


class Queue:
    """Why mail of a run has to wait, if it has.

    :ivar reason: why there is no session with the server that is connected to, while there may be one later
    """

    KEY = "mail_server_oauth_queue"

    def __init__(self):
        self.reason = None


class MailMail(models.Model):
    _inherit = "mail.mail"

    def send(self, auto_commit=False, raise_exception=False, **kwargs):
        mails = self if raise_exception else self.with_context(**{Queue.KEY: Queue()})
        return super(MailMail, mails).send(auto_commit=auto_commit, raise_exception=raise_exception, **kwargs)

    def _postprocess_sent_message(self, success_pids, *args, **kwargs):
        """Core gives up a whole batch when it cannot connect. Where that will pass, the mail stays in the queue."""
        queue = self.env.context.get(Queue.KEY)
        # The routing addon has a queue of its own, which does this and more.
        if isinstance(queue, Queue) and queue.reason and not self.env.context.get("smtp_run"):
            reason, queue.reason = queue.reason, None
            values = {"state": "outgoing", "failure_reason": reason}
            if "failure_type" in self._fields:
                values["failure_type"] = False
            self.filtered(lambda mail: mail.state == "exception").write(values)
            return True
        return super()._postprocess_sent_message(success_pids, *args, **kwargs)
