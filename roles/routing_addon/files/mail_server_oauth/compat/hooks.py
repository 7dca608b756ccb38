"""The methods and fields of Odoo that the addon needs.

The addon overrides private methods. When Odoo renames one, nothing fails: the override is not called any more, and servers
log in with an empty password. So each of them is listed here, and a missing one is reported (see models/hook_check.py).
"""

from . import classes
from .hook_check import hook as _hook
from .hook_check import missing

# Series 14 and 19 were run; 15 to 18 and, in parts, 20 were read.
HOOKS = [
    _hook(
        "ir.mail_server",
        ("_smtp_login__", "_smtp_login"),
        "15 to 18: _smtp_login; 19, 20: _smtp_login__",
        "log in to outgoing servers",
        ["connection", "smtp_user", "smtp_password"],
        when=classes.LOGS_IN_APART,
    ),
    _hook(
        "fetchmail.server",
        ("_imap_login__", "_imap_login"),
        "15 to 18: _imap_login; 19, 20: _imap_login__",
        "log in to incoming servers",
        ["connection"],
        when=classes.LOGS_IN_APART,
    ),
    _hook("ir.mail_server", "connect", "14", "log in to outgoing servers", ["mail_server_id"], when=not classes.LOGS_IN_APART),
    _hook("fetchmail.server", ("_connect__", "connect"), "14 to 18: connect; 19, 20: _connect__", "log in by POP3"),
    _hook("mail.mail", "send", "14 to 20", "keep mail in the queue until there is a token", ["raise_exception"]),
    _hook(
        "mail.mail", "_postprocess_sent_message", "14 to 20", "keep mail in the queue until there is a token", ["success_pids"]
    ),
]


def missing_hooks(env):
    return missing(env, HOOKS)
