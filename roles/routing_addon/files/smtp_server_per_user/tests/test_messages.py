from odoo.tests.common import tagged

from .. import compat
from .common import MailServerCase


@tagged("post_install", "-at_install")
class TestMessages(MailServerCase):
    def setUp(self):
        super().setUp()
        mail = self.env["mail.mail"]
        self.notification = compat.name_of(mail, compat.IS_NOTIFICATION)
        self.starts_anew = compat.name_of(mail, compat.STARTS_ANEW)

    def mail(self, **values):
        settings = dict(
            email_from="ann@own.example",
            email_to="bob@customer.example",
            body_html="<p>A secret</p>",
            body="<p>A secret</p>",
            model="res.partner",
            res_id=self.record.id,
            auto_delete=True,
        )
        return self.env["mail.mail"].create(dict(settings, **values))

    def after_sending(self, mail):
        message = mail.mail_message_id
        mail.state = "sent"
        more = {"success_emails": []} if "mail_email_address" in self.env["mail.notification"]._fields else {}
        mail._postprocess_sent_message(success_pids=[], **more)
        self.assertFalse(mail.exists())
        return message.exists()

    def test_kept_for_the_answer(self):
        mail = self.mail()
        attachment = self.env["ir.attachment"].create({"name": "a", "raw": b"A secret", "res_model": "mail.message"})
        mail.attachment_ids = attachment
        message = self.after_sending(mail)
        self.assertTrue(message)
        self.assertEqual((message.model, message.res_id), ("res.partner", self.record.id))
        self.assertFalse(message.body)
        self.assertFalse(attachment.exists())

    def test_not_kept(self):
        self.assertFalse(self.after_sending(self.mail(email_from="ben@own.example")), "not by an owner's server")
        self.assertFalse(self.after_sending(self.mail(model=False, res_id=False)), "on no record")
        self.assertFalse(self.after_sending(self.mail(mail_server_id=self.shared.id)), "by another server, by hand")
        parameter = self.env["ir.config_parameter"].search([], limit=1)
        values = dict(model=parameter._name, res_id=parameter.id)
        self.assertFalse(self.after_sending(self.mail(**values)), "on a record that has no messages")

    def test_answer_does_not_start_anew(self):
        values = {self.starts_anew: True, "reply_to": "answers@own.example"}
        self.assertIn("%s-res.partner" % self.record.id, self.mail(**values).message_id)
        self.assertIn("reply_to", self.mail(email_from="ben@own.example", **values).message_id)
