import unittest
from unittest.mock import patch

from odoo.exceptions import ValidationError
from odoo.tests.common import tagged

from .. import compat
from .common import MailServerCase


@tagged("post_install", "-at_install")
class TestMailServer(MailServerCase):
    def found(self, email_from):
        return self.servers._find_mail_server(email_from)[0]

    def test_by_login(self):
        for email_from in ("ann@own.example", '"Ann" <ANN@own.example>'):
            self.assertEqual(self.found(email_from), self.ann_server)

    def test_by_filter(self):
        self.ann_server.write({"smtp_user": "key-17", "from_filter": "sales@own.example, ann@own.example"})
        self.assertEqual(self.found("sales@own.example"), self.ann_server)
        self.assertEqual(self.found("ann@own.example"), self.ann_server)

    def test_without_owner(self):
        self.ann_server.user_id = False
        self.assertEqual(self.found("ann@own.example"), self.ann_server)
        self.assertTrue(self.ann_server._owns("ann@own.example"))
        self.assertEqual(self.found("ben@own.example"), self.shared)

    def test_other_scripts(self):
        self.ann_server.smtp_user = "ann@müller.example"
        self.assertEqual(self.found("Ann@xn--mller-kva.EXAMPLE"), self.ann_server)

    def test_priority_then_id(self):
        values = dict(name="Second", smtp_host="localhost", smtp_user="ann@own.example", user_id=self.ann.id)
        second = self.servers.create(dict(values, sequence=1))
        self.assertEqual(self.found("ann@own.example"), self.ann_server)
        second.sequence = 0
        self.assertEqual(self.found("ann@own.example"), second)
        second.active = False
        self.assertEqual(self.found("ann@own.example"), self.ann_server)

    def test_who_may_use_it(self):
        """The owner, who manages mail servers, Odoo itself; others where an administrator's template names the sender."""
        users = self.env["res.users"].with_context(no_reset_password=True)
        portal = users.create({"name": "P", "login": "p", "email": "p@elsewhere.example", **self.portal_groups()})
        root, admin, public = (self.env.ref("base.%s" % name) for name in ("user_root", "user_admin", "public_user"))

        def sender(user, **named):
            return self.servers._sender('"Ann" <ANN@own.example>', user, **named)

        for user in (self.ann, root, admin):
            self.assertEqual(sender(user), (self.ann_server, "Ann", "ann@own.example"))
        for user in (self.ben, portal, public):
            self.assertIsNone(sender(user))
            self.assertIsNone(sender(user, by_hand=self.ann_server.id))
            self.assertTrue(sender(user, by_template=True))
            self.assertEqual(self.servers.with_user(user)._find_mail_server("ann@own.example")[0], self.shared)

    def portal_groups(self):
        field = "group_ids" if "group_ids" in self.env["res.users"]._fields else "groups_id"
        return {field: [(6, 0, [self.env.ref("base.group_portal").id])]}

    def test_address_that_another_user_enters(self):
        """Where the server has no owner, the login counts, which no user can change."""
        self.ann_server.user_id = False
        self.ann.login = "ann@own.example"
        self.ben.email = "ann@own.example"
        self.assertTrue(self.servers._sender("ann@own.example", self.ann))
        self.assertIsNone(self.servers._sender("ann@own.example", self.ben))

    def test_nobody_elses(self):
        self.assertEqual(self.found("ben@own.example"), self.shared)
        self.assertEqual(self.found("stranger@elsewhere.example"), self.shared)
        self.assertEqual(self.found(False), self.shared)

    def test_only_personal_ones(self):
        """Better someone's than none, as core has it."""
        self.shared.active = False
        self.assertEqual(self.found("ben@own.example"), self.ann_server)
        self.assertFalse(self.ann_server._owns("ben@own.example"))

    def test_shared_server_is_nobodys(self):
        """The login of the server that all mail leaves through is not an address's own."""
        self.ann_server.unlink()
        self.assertEqual(self.found("all@own.example"), self.shared)
        self.assertFalse(self.shared._owns("all@own.example"))

    def test_shared_server_whose_login_a_user_enters(self):
        """It is the only one that mail of nobody's can leave through."""
        self.ben.email = "all@own.example"
        for email_from in ("stranger@elsewhere.example", "all@own.example", False):
            self.assertEqual(self.found(email_from), self.shared)

    def test_address_of_no_user(self):
        support = self.servers.create(dict(name="S", smtp_host="localhost", smtp_user="support@own.example", sequence=20))
        self.assertEqual(self.found("support@own.example"), support)
        self.assertTrue(support._owns("support@own.example"))
        self.assertEqual(self.found("ben@own.example"), self.shared)

    def test_server_of_a_domain(self):
        self.shared.from_filter = "own.example, special@elsewhere.example"
        self.assertFalse(self.shared._owns("all@own.example"))
        self.assertFalse(self.shared._owns("ben@own.example"))
        self.assertTrue(self.shared._owns("special@elsewhere.example"))
        self.assertEqual(self.found("ann@own.example"), self.ann_server)

    def test_by_the_index(self):
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        self.env.cr.execute(
            """
            EXPLAIN SELECT id FROM ir_mail_server WHERE active AND string_to_array(sender_addresses, ',') && %s
            ORDER BY sequence, id
            """,
            [["ann@own.example"]],
        )
        self.assertIn("ir_mail_server_senders_gin", str(self.env.cr.fetchall()))

    def test_two_owners(self):
        values = dict(name="Ben's", smtp_host="localhost", smtp_user="ANN@own.example", user_id=self.ben.id)
        with self.assertRaises(ValidationError):
            self.servers.create(values)
        other = self.servers.create(dict(values, active=False))
        with self.assertRaises(ValidationError):
            other.active = True

    def test_headers(self):
        message, mail_from = self.send(
            self.ann_server,
            From='"Ann" <ANN@own.example>',
            Reply_To="answers@own.example",
            Return_Path="bounce+16-res.partner-34@own.example",
        )
        self.assert_header(message, "From", "Ann", "ann@own.example")
        self.assert_header(message, "Reply-To", "Ann", "ann@own.example")
        self.assertEqual(mail_from, "ann@own.example")

    def test_name_of_the_author(self):
        self.assert_header(self.send(self.ann_server)[0], "From", "Ann", "ann@own.example")

    def test_headers_of_others(self):
        message, _mail_from = self.send(self.shared, by_hand=True, Reply_To="answers@own.example")
        self.assertEqual(message["Reply-To"], "answers@own.example")

    def test_batches(self):
        values = dict(email_to="bob@customer.example", body_html="Hello", subject="Hello")
        mails = self.env["mail.mail"].create(
            [
                dict(values, email_from=email_from)
                for email_from in ("Ann <ann@own.example>", "ben@own.example", "ANN@own.example", '"A." <ann@own.example>')
            ]
        )
        split = getattr(mails, "_split_by_mail_configuration", None) or mails._split_by_server
        batches = {tuple(ids): configuration[0] for *configuration, ids in split()}
        self.assertEqual(batches[mails[0].id, mails[2].id, mails[3].id], self.ann_server.id)
        self.assertEqual(batches[(mails[1].id,)], self.shared.id)

    def test_set_by_hand(self):
        values = dict(email_to="bob@customer.example", email_from="ann@own.example", mail_server_id=self.shared.id)
        mail = self.env["mail.mail"].create(values)
        split = getattr(mail, "_split_by_mail_configuration", None) or mail._split_by_server
        self.assertEqual([batch[0] for batch in split()], [self.shared.id])
        self.assertFalse(mail._sender())

    @unittest.skipUnless(compat.HAS_PERSONAL_SERVERS, "this series has no personal servers")
    def test_cores_personal_servers_are_the_only_ones_looked_at(self):
        personal = self.servers.create(
            dict(name="Personal", smtp_host="localhost", smtp_user="ben@own.example", from_filter="ben@own.example")
        )
        personal.owner_user_id = self.ben
        mails = self.env["mail.mail"].with_user(self.ben).sudo().create({"email_from": "ben@own.example"})
        mails |= self.env["mail.mail"].with_user(self.ann).sudo().create({"email_from": "ann@own.example"})
        everything, asked = self.servers.search([], order="sequence, id"), []
        cores_own = compat.MailMail._filter_mail_mail_servers

        def look_at(mail, servers):
            asked.append(servers)
            return cores_own(mail, servers)

        for mail in mails | mails[0]:
            expected = cores_own(mail, everything)
            with patch.object(compat.MailMail, "_filter_mail_mail_servers", look_at):
                self.assertEqual(mail._filter_mail_mail_servers(everything), expected)
        self.assertEqual(set(asked), {personal})
        self.assertEqual(personal in mails[0]._filter_mail_mail_servers(everything), True)
        self.assertEqual(personal in mails[1]._filter_mail_mail_servers(everything), False)
