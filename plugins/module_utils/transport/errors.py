# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can go wrong between us and Odoo."""

from __future__ import annotations

import ast
import contextlib
import re


class OdooError(Exception):
    """Odoo, or the way to it, refused something. The message is meant for the person who runs the playbook.

    :ivar left_nothing: whether all that the list's requests wrote is put back; only who carries a list out knows.
    """

    left_nothing = False


class BrokenConnection(OdooError):
    """The answer did not come: what was asked for may have happened, or may still."""


class TooLarge(OdooError):
    """The request is larger than a server in front of Odoo accepts. Nothing happened; a smaller one may pass."""


class NotJson(ValueError):
    """The answer is not the method's JSON. The message describes the answer."""


class MissingModel(OdooError):
    """The database has no such model: the addon that brings it is not installed."""


class NoRights(OdooError):
    """The login, or its rights, do not allow what was asked for."""


class Neutralized(OdooError):
    """The database is a copy that must not send or fetch mail, and the inventory does not allow changes."""


class MissingLibrary(Exception):
    """The transport needs a library that this Python lacks. The message is its name."""


class WriteInCheckMode(RuntimeError):
    """A programming error: check mode tried to write."""


class Fault(Exception):
    """What Odoo raised, as a transport brings it: the exception's name and its message. The session words it."""

    def __init__(self, name, message):
        super().__init__(message)
        self.name = name


# PostgreSQL's words for two transactions that write the same rows, for all that is tried in one of them afterwards, and for an
# external identifier that another run has taken.
_COLLISION = re.compile(
    "deadlock detected|could not serialize access|could not obtain lock|current transaction is aborted|concurrent update|"
    "ir_model_data_module_name_uniq",
    re.IGNORECASE,
)


def is_collision(exc):
    """Whether Odoo gave a request up because of another one at the same time; the same request may succeed later."""
    return bool(_COLLISION.search(str(exc)))


def own_words(text):
    """Odoo's own words on one line, without the row, passwords and all, that PostgreSQL quotes, and without its locks."""
    text = str(text)
    if text.startswith(("('", '("')):
        # A warning that offers a way on comes as the tuple of its words and the way.
        with contextlib.suppress(ValueError, SyntaxError):
            text = str(ast.literal_eval(text)[0])
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    text = re.sub(r"Failing row contains \(.*\)", "Failing row contains (hidden)", " ".join(lines))
    collision = _COLLISION.search(text)
    if collision:
        # The processes, transactions and locks that PostgreSQL lists mean nothing to whoever runs a playbook.
        text = "something else, such as another run, writes the same at the same time (%s); run again" % collision.group()
    return text.rstrip(".") or "no reason given"
