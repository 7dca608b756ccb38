"""The addon's knowledge of Odoo's private parts. No other file depends on names that differ between series."""

from .classes import (
    CHECKS_FIELDS_IN_SEARCHES,
    FETCHES_APART,
    HAS_ALIAS_DOMAINS,
    HAS_PERSONAL_SERVERS,
    READABLE_FIELDS_ARE_A_PROPERTY,
    MailComposeMessage,
    MailMail,
    MailTemplate,
)
from .core_classes import CHOOSES_BY_SENDER, FetchmailServer, IrMailServer, can_extend_fetchmail, offers, unwrapped
from .fields import ALLOWED_GROUPS, IS_NOTIFICATION, NOTIFIED_MAIL, STARTS_ANEW, name_of
from .hook_check import report as report_hooks
from .hook_check import takes
from .hooks import HOOKS, missing_hooks
from .transaction import flush, never_committed
