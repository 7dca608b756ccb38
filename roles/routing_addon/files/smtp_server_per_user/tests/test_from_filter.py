from odoo.tests.common import tagged

from .. import compat
from .common import MailServerCase


@tagged("post_install", "-at_install")
class TestFromFilter(MailServerCase):
    """What core does from 15 on, and the addon before."""

    def setUp(self):
        super().setUp()
        if "mail.alias.domain" in self.env:
            domain = self.env["mail.alias.domain"].create({"name": "own.example", "default_from": "all"})
            self.env.company.alias_domain_id = domain
        else:
            parameters = self.env["ir.config_parameter"].sudo()
            for key, value in (("catchall.domain", "own.example"), ("default.from", "all"), ("bounce.alias", "bounce")):
                parameters.set_param("mail.%s" % key, value)

    def test_order_of_choice(self):
        found = self.servers._find_mail_server
        exact = self.servers.create(dict(name="E", smtp_host="localhost", from_filter="x@other.example", sequence=8))
        domain = self.servers.create(dict(name="D", smtp_host="localhost", from_filter="other.example", sequence=7))
        self.shared.from_filter = "all@own.example"
        self.assertEqual(found("X@other.example")[0], exact)
        self.assertEqual(found("y@Other.example"), (domain, "y@Other.example"))
        self.assertEqual(found("z@elsewhere.example"), (self.shared, "all@own.example"))

    def test_becomes_the_default_from(self):
        self.shared.from_filter = "all@own.example"
        message, mail_from = self.sent_by_shared(From='"Zoe" <z@elsewhere.example>', Reply_To="z@elsewhere.example")
        self.assert_header(message, "From", "Zoe", "all@own.example")
        self.assertEqual(message["Reply-To"], "z@elsewhere.example")
        self.assertEqual(mail_from, "all@own.example")

    def sent_by_shared(self, **headers):
        if compat.CHOOSES_BY_SENDER:
            self.skipTest("core's own")
        return self.send(self.shared, **headers)

    def test_bounces_of_the_servers_domain(self):
        self.shared.from_filter = "own.example"
        _message, mail_from = self.sent_by_shared(From="ben@own.example", Return_Path="bounce+1@own.example")
        self.assertEqual(mail_from, "bounce+1@own.example")

    def test_without_any_filter(self):
        """As 14 always did."""
        message, mail_from = self.sent_by_shared(From="z@elsewhere.example", Return_Path="bounce+1@own.example")
        self.assertEqual((message["From"], mail_from), ("z@elsewhere.example", "bounce+1@own.example"))

    def test_default_from_is_a_whole_address(self):
        if compat.CHOOSES_BY_SENDER:
            self.skipTest("core's own")
        self.env["ir.config_parameter"].sudo().set_param("mail.default.from", "Robot@Other.example")
        self.assertEqual(self.servers._get_default_from_address(), "robot@other.example")
