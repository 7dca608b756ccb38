"""The methods and fields of Odoo that the addon needs, and a check that they are there.

The addon overrides private methods. When Odoo renames one, nothing fails: the override is not called any more, and servers
log in with an empty password. So each of them is listed here, and a missing one is reported (see hook_check.py).
"""

import collections

from . import classes

# Where core has them. Others, such as google_gmail and the routing addon, override some, and would hide that they are gone.
CORE = ("odoo.addons.base.", "odoo.addons.mail.", "odoo.addons.fetchmail.")

Hook = collections.namedtuple("Hook", "model names parameters seen purpose when")


def _hook(model, names, seen, purpose, parameters=(), when=True):
    """A method or field of Odoo's that the addon overrides, calls or reads.

    :param model: the model's name
    :param names: the name, or the names by series, newest first; a model must have one of them
    :param seen: which series has which name, as seen in Odoo's source
    :param purpose: what does not work without it
    :param parameters: the parameters of the method that the addon relies on
    :param when: whether this Odoo is of a kind that has the hook
    """
    names = (names,) if isinstance(names, str) else tuple(names)
    return Hook(model, names, tuple(parameters), seen, purpose, when)


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
    """The hooks that this Odoo does not have, or that have lost a parameter.

    :return: list of texts, each with the model, the names and what does not work
    """
    found = []
    for hook in HOOKS:
        # Up to 15, incoming servers are an addon that a database need not have.
        if not hook.when or hook.model not in env:
            continue
        name = next((name for name in hook.names if _core_has(env[hook.model], name)), None)
        if name is None:
            found.append("%s: %s (%s)" % (hook.model, " / ".join(hook.names), hook.purpose))
            continue
        for parameter in hook.parameters:
            if not classes.takes(_core_has(env[hook.model], name), parameter):
                found.append("%s: %s(%s) (%s)" % (hook.model, name, parameter, hook.purpose))
    return found


def _core_has(model, name):
    """What core itself has by a name."""
    for cls in type(model).__mro__:
        if name in vars(cls) and cls.__module__.startswith(CORE):
            return vars(cls)[name]
    return None
