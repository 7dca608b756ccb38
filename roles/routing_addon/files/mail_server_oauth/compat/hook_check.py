"""Check that Odoo still has the methods and fields that an addon needs, and report what is missing.

Both addons have this file, as each works without the other. Change that of smtp_server_per_user, and run `make docs`.
"""

import collections
import inspect
import logging

from markupsafe import Markup
from odoo import SUPERUSER_ID, api

_logger = logging.getLogger(__name__)

# Where core has them. Other addons override some, and would hide that core's are gone.
CORE = ("odoo.addons.base.", "odoo.addons.mail.", "odoo.addons.fetchmail.", "odoo.models", "odoo.orm.")

Hook = collections.namedtuple("Hook", "model names parameters seen purpose when")


def hook(model, names, seen, purpose, parameters=(), when=True):
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


def missing(env, hooks):
    """The hooks that this Odoo does not have, or that have lost a parameter.

    :return: list of texts, each with the model, the names and what does not work
    """
    found = []
    for each in hooks:
        # Up to 15, incoming servers are an addon that a database need not have.
        if not each.when or each.model not in env:
            continue
        name = next((name for name in each.names if _core_has(env[each.model], name)), None)
        if name is None:
            found.append("%s: %s (%s)" % (each.model, " / ".join(each.names), each.purpose))
            continue
        for parameter in each.parameters:
            if not takes(_core_has(env[each.model], name), parameter):
                found.append("%s: %s(%s) (%s)" % (each.model, name, parameter, each.purpose))
    return found


def _core_has(model, name):
    """What core itself has by a name."""
    for cls in type(model).__mro__:
        if name in vars(cls) and cls.__module__.startswith(CORE):
            return vars(cls)[name]
    return None


def takes(method, parameter):
    """Whether a method has a parameter of this name."""
    if not callable(method):
        return True
    parameters = inspect.signature(method).parameters.values()
    return any(each.name == parameter or each.kind == each.VAR_KEYWORD for each in parameters)


def report(records, addon, found, texts):
    """Log what is missing, and notify the administrators, once for each set of missing hooks.

    In a transaction of its own: that of the records belongs to Odoo, which is starting.

    :param records: of any model
    :param addon: the addon's technical name
    :param found: what missing() returns
    :param texts: name of the model's method that returns the note's subject, and what stands before and after the list
    """
    for each in found:
        _logger.error("%s: this version of Odoo has no %s", addon, each)
    try:
        with records.env.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"mail_notify_force_send": False})
            if _is_news(env, "%s.missing_hooks" % addon, "\n".join(found)) and found:
                _notify(env, found, *getattr(env[records._name], texts)())
    except Exception:
        # Several workers start at once, and nothing here may keep Odoo from starting.
        _logger.warning("%s: the administrators could not be notified", addon, exc_info=True)


def _is_news(env, key, value):
    """Whether a system parameter has another value, which is then changed."""
    # No other worker notifies meanwhile.
    env.cr.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [key])
    if not env.cr.fetchone()[0]:
        return False
    env.cr.execute("SELECT value FROM ir_config_parameter WHERE key = %s", [key])
    if (env.cr.fetchone() or [""])[0] == value:
        return False
    env["ir.config_parameter"].search([("key", "=", key)]).unlink()
    if value:
        env["ir.config_parameter"].create({"key": key, "value": value})
    return True


def _notify(env, found, subject, before, after):
    users = env["res.users"].search([("share", "=", False)])
    administrators = users.filtered(lambda user: user.has_group("base.group_system"))
    items = Markup().join(Markup("<li>%s</li>") % each for each in found)
    env["mail.thread"].message_notify(
        partner_ids=administrators.mapped("partner_id").ids,
        subject=subject,
        body=Markup("<p>%s</p><ul>%s</ul><p>%s</p>") % (before, items, after),
    )
