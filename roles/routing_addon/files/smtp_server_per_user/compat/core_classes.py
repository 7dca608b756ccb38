"""Odoo's own classes and connections, asked what they are: they differ between series.

Both addons have this file, as each works without the other. Change that of smtp_server_per_user, and run `make docs`.
"""

from odoo.addons.base.models import ir_mail_server as ir_mail_server_module

try:
    from odoo.addons.mail.models import fetchmail as fetchmail_module
except ImportError:
    # An addon of its own up to 15.
    try:
        from odoo.addons.fetchmail.models import fetchmail as fetchmail_module
    except ImportError:
        fetchmail_module = None


def class_of(module, model):
    """The class in a module of core's that makes a model, or adds to it."""
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__ == module.__name__:
            inherited = getattr(value, "_inherit", None) or []
            inherited = [inherited] if isinstance(inherited, str) else inherited
            if model == getattr(value, "_name", None) or model in inherited:
                return value
    raise ImportError("%s has no class of %s" % (module.__name__, model))


IrMailServer = class_of(ir_mail_server_module, "ir.mail_server")
FetchmailServer = fetchmail_module and class_of(fetchmail_module, "fetchmail.server")

# 15 to 20: the server is chosen by From, and logging in is a method of its own; up to 14 there is one server for all, and
# connect logs in. Not asked of a method, which may be renamed.
CHOOSES_BY_SENDER = "from_filter" in vars(IrMailServer)


def offers(cls, *names):
    """The first of these names that a class has, or None."""
    return next((name for name in names if hasattr(cls, name)), None)


def unwrapped(connection):
    """Python's connection. 16 to 18 (SMTP), and 17 and 18 (IMAP, POP), have an object around it that has some methods only."""
    return getattr(connection, "__obj__", connection)


def can_extend_fetchmail(pool, cr, addon, column):
    """Whether a class that adds to incoming servers can be built.

    Up to 15, incoming servers are an addon of their own, which a database need not have. Where it came after the addon, the
    class waits for an upgrade to make its columns.

    :param addon: the addon of the class
    :param column: one that it adds
    """
    if "fetchmail.server" not in pool:
        return False
    cr.execute(
        """
        SELECT 1 FROM ir_module_module WHERE name = %s AND state != 'installed'
        UNION ALL
        SELECT 1 FROM information_schema.columns WHERE table_name = 'fetchmail_server' AND column_name = %s
        """,
        [addon, column],
    )
    return bool(cr.fetchall())
