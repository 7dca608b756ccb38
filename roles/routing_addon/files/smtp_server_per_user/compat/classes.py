"""Further classes of Odoo's own, asked what they offer: names change between series, and within one."""

from importlib.util import find_spec

from odoo import fields
from odoo.addons.base.models import res_users as res_users_module
from odoo.addons.mail.models import mail_mail as mail_mail_module
from odoo.addons.mail.models import mail_template as mail_template_module
from odoo.addons.mail.wizard import mail_compose_message as mail_compose_message_module

from .core_classes import FetchmailServer, class_of, offers

MailMail = class_of(mail_mail_module, "mail.mail")
MailTemplate = class_of(mail_template_module, "mail.template")
MailComposeMessage = class_of(mail_compose_message_module, "mail.compose.message")


try:
    from odoo.addons.mail.models import ir_mail_server as mail_ir_mail_server_module
except ImportError:
    HAS_PERSONAL_SERVERS = False
else:
    # 19 and 20: core's own kind of a server that only its owner's messages use.
    HAS_PERSONAL_SERVERS = "owner_user_id" in vars(class_of(mail_ir_mail_server_module, "ir.mail_server"))

# 17 to 20: companies have alias domains, and messages those of their records. Up to 16, one domain is for all.
HAS_ALIAS_DOMAINS = find_spec("odoo.addons.mail.models.mail_alias_domain") is not None

# 19 and 20: core fetches into a transaction apart from the one in which it holds a lock on the incoming server.
FETCHES_APART = bool(FetchmailServer and offers(FetchmailServer, "_fetch_mail"))

# 19 and 20: core checks who may read a field in searches, orders and groups, too.
CHECKS_FIELDS_IN_SEARCHES = hasattr(fields, "Domain")

# 15 to 20: which fields users may read of themselves is a property. On 14, it is a list.
READABLE_FIELDS_ARE_A_PROPERTY = isinstance(vars(class_of(res_users_module, "res.users"))["SELF_READABLE_FIELDS"], property)
