"""The addon's knowledge of Odoo's private parts. No other file depends on names that differ between series."""

from .classes import (
    CHECKS_FIELDS_IN_SEARCHES,
    CHOOSES_BY_SENDER,
    FETCHES_APART,
    HAS_PERSONAL_SERVERS,
    FetchmailServer,
    IrMailServer,
    MailComposeMessage,
    MailMail,
    MailTemplate,
    offers,
    smtplib_connection,
)
from .fields import IS_NOTIFICATION, NOTIFIED_MAIL, STARTS_ANEW, name_of
from .hooks import HOOKS, missing_hooks, takes
