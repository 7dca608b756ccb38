from odoo.exceptions import AccessError
from odoo.tests.common import tagged

from .common import MailServerCase


@tagged("post_install", "-at_install")
class TestUsers(MailServerCase):
    def test_smtp_server(self):
        self.assertEqual(self.ann.smtp_server_id, self.ann_server)
        self.ann.smtp_server_id = False
        self.assertFalse(self.ann_server.user_id)
        self.ann.smtp_server_id = self.ann_server
        self.assertEqual(self.ann_server.user_id, self.ann)

    def test_rights(self):
        with self.assertRaises(AccessError):
            self.ann.with_user(self.ben).read(["smtp_server_id"])
        with self.assertRaises(AccessError):
            self.ann_server.with_user(self.ann).read(["user_id"])

    def test_new_address_in_filter(self):
        self.ann_server.write({"smtp_user": "key-17", "from_filter": "sales@own.example, ann@own.example"})
        self.ann.email = "ann.new@own.example"
        self.assertEqual(self.ann_server.from_filter, "sales@own.example, ann.new@own.example")
        self.assertFalse(self.ann_server.sender_note)

    def test_new_address_that_users_enter(self):
        """A server does not send as an address that was entered by its owner, or by somebody who may not change servers."""
        self.ann_server.write({"smtp_user": "key-17", "from_filter": "ann@own.example"})
        before = len(self.ann.partner_id.message_ids)
        self.ann.with_user(self.ann).email = "boss@own.example"
        self.assertEqual(self.ann_server.from_filter, "ann@own.example")
        self.assertIn("boss@own.example", self.ann_server.sender_note)
        self.assertEqual(len(self.ann.partner_id.message_ids), before + 1)
        self.assertIsNone(self.servers._sender("boss@own.example", self.ann))
        self.ann.email = "ann@own.example"
        for group in ("base.group_erp_manager", "base.group_partner_manager"):
            self.ben.write(self.group(group))
        self.ann.with_user(self.ben).email = "boss@own.example"
        self.assertEqual(self.ann_server.from_filter, "ann@own.example")
        self.assertEqual(len(self.ann.partner_id.message_ids), before + 2)

    def group(self, name):
        field = "group_ids" if "group_ids" in self.env["res.users"]._fields else "groups_id"
        return {field: [(4, self.env.ref(name).id)]}

    def test_new_address_of_a_login(self):
        before = len(self.ann.partner_id.message_ids)
        self.ann.email = "ann.new@own.example"
        self.assertIn("ann.new@own.example", self.ann_server.sender_note)
        self.assertEqual(len(self.ann.partner_id.message_ids), before + 1)
        self.assertFalse(self.servers._sender("ann.new@own.example", self.ann))

    def test_user_without_address(self):
        self.ann.email = False
        self.assertTrue(self.ann_server.sender_note)
