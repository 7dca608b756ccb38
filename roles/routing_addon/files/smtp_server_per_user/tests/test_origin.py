from odoo.tests.common import TransactionCase, tagged

from ..models.mail_message import FORMER_DATABASES
from ..tools.judgement import Message
from ..tools.origin import Stored, is_of_another, tag
from ..tools.origin import tagged as with_tag

OLD = "<123.456-openerp-7-crm.lead@machine>"
OURS, THEIRS = with_tag(OLD, "our-uuid"), with_tag(OLD, "their-uuid")
OWN = {tag("our-uuid")}
FROM_CUSTOMER = "<a@customer.example>"


@tagged("post_install", "-at_install")
class TestOrigin(TransactionCase):
    def test_tag(self):
        self.assertRegex(OURS, r"^<123\.456-openerp-7-crm\.lead@db-[0-9a-f]{12}\.machine>$")
        self.assertNotEqual(OURS, THEIRS)
        for other in (OURS, FROM_CUSTOMER, "<a-openerp-b>", "", False):
            self.assertEqual(with_tag(other, "our-uuid"), other)

    def test_whose_answer(self):
        sent, received = Stored(True), Stored(False)
        for is_anothers, answers, stored, message_id, has_place in (
            # It is known by the name of the database, be the message deleted meanwhile.
            (False, [OURS], {}, FROM_CUSTOMER, False),
            (True, [THEIRS], {}, FROM_CUSTOMER, True),
            (False, [THEIRS, OURS], {}, FROM_CUSTOMER, False),
            # A copy has what was sent before it was made, without or with the name of the original.
            (True, [THEIRS], {THEIRS: sent}, FROM_CUSTOMER, True),
            (True, [OLD, THEIRS], {OLD: sent, THEIRS: sent}, FROM_CUSTOMER, True),
            # Another company has Odoo, too: what was received from there is answered here.
            (False, [THEIRS], {THEIRS: received}, FROM_CUSTOMER, False),
            (False, [OLD, THEIRS], {OLD: sent}, FROM_CUSTOMER, False),
            # Its Odoo names its own earlier messages in new ones.
            (False, [with_tag(OLD.replace("7", "8"), "their-uuid")], {}, THEIRS, False),
            (False, [OLD.replace("7", "8")], {}, OLD, False),
            # From before messages had names of databases: what has a place here is taken.
            (False, [OLD], {OLD: sent}, FROM_CUSTOMER, False),
            (True, [OLD], {}, FROM_CUSTOMER, False),
            (False, [OLD], {}, FROM_CUSTOMER, True),
            (False, [FROM_CUSTOMER, OLD], {FROM_CUSTOMER: received}, FROM_CUSTOMER, False),
            # Not about Odoo.
            (False, [FROM_CUSTOMER], {}, "", False),
            (False, [], {}, "", False),
        ):
            with self.subTest((answers, stored, message_id, has_place)):
                self.assertEqual(is_of_another(message_id, answers, stored, OWN, has_place), is_anothers)

    def test_messages_have_their_databases_name(self):
        parameters = self.env["ir.config_parameter"]
        name = tag(parameters.get_param("database.uuid"))
        record = self.env["res.partner"].create({"name": "A deal"})
        message = record.message_post(body="Hello")
        self.assertIn("-openerp-%d-res.partner@%s." % (record.id, name), message.message_id)
        self.assertIn("@%s." % name, self.env["mail.mail"].create({"body_html": "a"}).message_id)

    def reason(self, about, to="catchall@own.example", **values):
        values = dict({"name": "In", "server_type": "imap", "server": "localhost", "user": "u"}, **values)
        server = self.env["fetchmail.server"].create(values)
        head = "From: bob@customer.example\r\nTo: %s\r\nIn-Reply-To: %s\r\n\r\n" % (to, about)
        return server._reason_to_leave(Message(head.encode(), lambda: b""), None)

    def test_setting(self):
        parameters = self.env["ir.config_parameter"]
        for value, reason in (("", "another_database"), ("their-uuid", ""), ("x, Their-UUID ", ""), ("*", "")):
            parameters.set_param(FORMER_DATABASES, value or False)
            self.assertEqual(self.reason(THEIRS), reason, value)

    def test_place_without_a_known_message(self):
        model = self.env.ref("base.model_res_partner").id
        self.env["mail.alias"].create({"alias_name": "deals", "alias_model_id": model})
        self.assertEqual(self.reason(OLD), "another_database")
        self.assertEqual(self.reason(OLD, "A <x@own.example>, Deals <Deals@own.example>"), "")
        self.assertEqual(self.reason(OLD, object_id=model), "")
        self.assertEqual(self.reason(THEIRS, "deals@own.example", object_id=model), "another_database")

    def test_report(self):
        head = b"From: MAILER-DAEMON@customer.example\r\nContent-Type: text/plain\r\n\r\nIt failed.\r\nMessage-Id: %s\r\n"
        values = {"name": "In", "server_type": "imap", "server": "localhost", "user": "u"}
        server = self.env["fetchmail.server"].create(values)
        own = with_tag(OLD, self.env["ir.config_parameter"].get_param("database.uuid"))
        for about, reason in ((THEIRS, "another_database"), (own, "")):
            content = head % about.encode()
            self.assertEqual(server._reason_to_leave(Message(content, lambda content=content: content), None), reason)
