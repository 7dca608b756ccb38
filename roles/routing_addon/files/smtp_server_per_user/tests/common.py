from email.message import EmailMessage
from email.policy import SMTP

from odoo.tests.common import TransactionCase

from .. import compat
from ..tools.addresses import name_and_address


class Session:
    """What stands in for an open SMTP session."""

    def __init__(self, server=None):
        self.mail_server_id = server and server.id
        self.from_filter = server and server.from_filter
        self.smtp_from = False
        self.sent = []

    def send_message(self, message, mail_from, recipients):
        self.sent.append((message, mail_from, recipients))


class MailServerCase(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Up to 15, Odoo gives each test an environment; from 16 on, each class.
        if hasattr(cls, "env"):
            cls.arrange(cls)

    def setUp(self):
        super().setUp()
        if not hasattr(type(self), "env") or not hasattr(self, "ann_server"):
            self.arrange(self)

    @staticmethod
    def arrange(case):
        env = case.env
        case.servers = env["ir.mail_server"]
        case.servers.search([]).unlink()
        users = env["res.users"].with_context(no_reset_password=True)
        case.ann = users.create({"name": "Ann", "login": "ann", "email": "ann@own.example"})
        case.ben = users.create({"name": "Ben", "login": "ben", "email": "ben@own.example"})
        case.shared = case.servers.create(dict(name="Shared", smtp_host="localhost", smtp_user="all@own.example", sequence=9))
        case.ann_server = case.servers.create(
            dict(name="Ann's", smtp_host="localhost", smtp_user="Ann@Own.Example", user_id=case.ann.id, sequence=1)
        )
        case.record = env["res.partner"].create({"name": "A deal"})

    def send(self, server, by_hand=False, **headers):
        """What leaves when a server sends a message: the message and its envelope sender."""
        message = EmailMessage(policy=SMTP)
        for name, value in {"From": "ann@own.example", "To": "bob@customer.example", **headers}.items():
            message[name.replace("_", "-")] = value
        message.set_content("Hello")
        session = Session(server)
        prepare = compat.offers(compat.IrMailServer, "_prepare_email_message__", "_prepare_email_message")
        if prepare:
            mail_from, _recipients, message = getattr(self.servers, prepare)(message, session)
            return message, mail_from
        # In a test, core sends nothing; it takes the envelope sender from this header.
        self.servers.send_email(message, server.id if by_hand else None, smtp_session=session)
        return message, message["Return-Path"]

    def assert_header(self, message, header, name, address):
        self.assertEqual(len(message.get_all(header)), 1)
        self.assertEqual(name_and_address(message[header]), (name, address))
