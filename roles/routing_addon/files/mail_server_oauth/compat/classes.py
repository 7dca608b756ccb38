"""Odoo's own classes, asked what they offer: names change between series, and within one."""

import inspect

from odoo.addons.base.models import ir_mail_server as ir_mail_server_module

try:
    from odoo.addons.mail.models import fetchmail as fetchmail_module
except ImportError:
    # An addon of its own up to 15.
    try:
        from odoo.addons.fetchmail.models import fetchmail as fetchmail_module
    except ImportError:
        fetchmail_module = None


def _class_of(module, model):
    """The class in a module of core's that makes a model."""
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__ == module.__name__ and getattr(value, "_name", None) == model:
            return value
    raise ImportError("%s has no class of %s" % (module.__name__, model))


IrMailServer = _class_of(ir_mail_server_module, "ir.mail_server")
FetchmailServer = fetchmail_module and _class_of(fetchmail_module, "fetchmail.server")


def offers(cls, *names):
    """The first of these names that a class has, or None."""
    return next((name for name in names if hasattr(cls, name)), None)


def takes(method, parameter):
    """Whether a method has a parameter of this name."""
    if not callable(method):
        return True
    parameters = inspect.signature(method).parameters.values()
    return any(each.name == parameter or each.kind == each.VAR_KEYWORD for each in parameters)


# 15 to 20: logging in is a method of its own. Not asked of that method, which may be renamed.
LOGS_IN_APART = "from_filter" in vars(IrMailServer)

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


def unwrapped(connection):
    """Python's connection. 16 to 18 (SMTP), and 17 and 18 (IMAP, POP), have an object around it that has some methods only."""
    return getattr(connection, "__obj__", connection)


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
