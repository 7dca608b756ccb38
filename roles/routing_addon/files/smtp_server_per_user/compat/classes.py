"""Odoo's own classes, asked what they offer: names change between series, and within one."""

from odoo import fields
from odoo.addons.base.models import ir_mail_server as ir_mail_server_module
from odoo.addons.mail.models import mail_mail as mail_mail_module
from odoo.addons.mail.models import mail_template as mail_template_module
from odoo.addons.mail.wizard import mail_compose_message as mail_compose_message_module

try:
    from odoo.addons.mail.models import fetchmail as fetchmail_module
except ImportError:
    # An addon of its own up to 15.
    try:
        from odoo.addons.fetchmail.models import fetchmail as fetchmail_module
    except ImportError:
        fetchmail_module = None


def _class_of(module, model):
    """The class in a module of core's that makes a model, or adds to it."""
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__ == module.__name__:
            inherited = getattr(value, "_inherit", None) or []
            inherited = [inherited] if isinstance(inherited, str) else inherited
            if model == getattr(value, "_name", None) or model in inherited:
                return value
    raise ImportError("%s has no class of %s" % (module.__name__, model))


IrMailServer = _class_of(ir_mail_server_module, "ir.mail_server")
MailMail = _class_of(mail_mail_module, "mail.mail")
MailTemplate = _class_of(mail_template_module, "mail.template")
MailComposeMessage = _class_of(mail_compose_message_module, "mail.compose.message")
FetchmailServer = fetchmail_module and _class_of(fetchmail_module, "fetchmail.server")


def offers(cls, *names):
    """The first of these names that a class has, or None."""
    return next((name for name in names if hasattr(cls, name)), None)


def smtplib_connection(connection):
    """The connection of smtplib in what core's connect returns: 16 to 18 wrap it, and show only some of its methods."""
    return getattr(connection, "__obj__", connection)


try:
    from odoo.addons.mail.models import ir_mail_server as mail_ir_mail_server_module
except ImportError:
    HAS_PERSONAL_SERVERS = False
else:
    # 19 and 20: core's own kind of a server that only its owner's messages use.
    HAS_PERSONAL_SERVERS = "owner_user_id" in vars(_class_of(mail_ir_mail_server_module, "ir.mail_server"))

# 15 to 20: the server is chosen by From; up to 14 there is one for all. Not asked of a method, which may be renamed.
CHOOSES_BY_SENDER = "from_filter" in vars(IrMailServer)

# 19 and 20: core fetches into a transaction apart from the one in which it holds a lock on the incoming server.
FETCHES_APART = bool(FetchmailServer and offers(FetchmailServer, "_fetch_mail"))

# 19 and 20: core checks who may read a field in searches, orders and groups, too.
CHECKS_FIELDS_IN_SEARCHES = hasattr(fields, "Domain")
