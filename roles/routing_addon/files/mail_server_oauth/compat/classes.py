"""How Odoo's own classes connect and log in: names change between series, and within one."""

import inspect

from .core_classes import CHOOSES_BY_SENDER, FetchmailServer, IrMailServer, fetchmail_module, offers, unwrapped
from .hook_check import takes

LOGS_IN_APART = CHOOSES_BY_SENDER

SMTP_CONNECT = offers(IrMailServer, "_connect__", "connect")
# 15 to 18: _smtp_login; 19, 20: _smtp_login__; 14 logs in inside connect.
SMTP_LOGIN = offers(IrMailServer, "_smtp_login__", "_smtp_login")

# 16 to 20. Asked of core's: another addon's override may take any.
ARCHIVED = {"allow_archived": True}


def for_archived(cls, name):
    """The arguments by which a method of core's connects to an archived server, too."""
    return ARCHIVED if takes(getattr(cls, name), "allow_archived") else {}


# 15 to 18: _imap_login; 19, 20: _imap_login__; 14 logs in inside connect, and all of them do for POP.
IMAP_LOGIN = FetchmailServer and offers(FetchmailServer, "_imap_login__", "_imap_login")
CONNECT = FetchmailServer and offers(FetchmailServer, "_connect__", "connect")

# The classes of core's connections, newest first, for (IMAP, POP) and with TLS. 19, 20: its own; 17, 18: an object around
# Python's (`IMAP4Connection`), which chooses itself; up to 16 Python's.
INCOMING_CLASSES = {
    "imap": ("OdooIMAP4_SSL", "IMAP4Connection", "IMAP4_SSL"),
    "pop": ("OdooPOP3_SSL", "POP3Connection", "POP3_SSL"),
}
# As core's, which 14 sets after the login only.
PATIENCE = 60


def open_incoming(kind, host, port):
    """A connection to an incoming server over TLS, of the class that core works with, not logged in.

    :param kind: `imap` or `pop`
    """
    cls = getattr(fetchmail_module, offers(fetchmail_module, *INCOMING_CLASSES[kind]))
    arguments = [host, int(port)]
    # 17 and 18. By its name: 19's take any, and hand them on.
    if "is_ssl" in inspect.signature(cls).parameters:
        arguments.append(True)
    connection = cls(*arguments, **({"timeout": PATIENCE} if takes(cls, "timeout") else {}))
    unwrapped(connection).sock.settimeout(PATIENCE)
    return connection
