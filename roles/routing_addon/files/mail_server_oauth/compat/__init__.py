"""The addon's knowledge of Odoo's private parts. No other file depends on names that differ between series."""

from .below import put_below
from .classes import CONNECT, IMAP_LOGIN, LOGS_IN_APART, SMTP_CONNECT, SMTP_LOGIN, for_archived, open_incoming
from .core_classes import FetchmailServer, IrMailServer, can_extend_fetchmail, unwrapped
from .hook_check import report as report_hooks
from .hook_check import takes
from .hooks import missing_hooks
from .silent import execute_silently
