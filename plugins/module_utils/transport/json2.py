# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""JSON-2: the transport of Odoo 19 and later, for whoever has an API key. Nobody logs in: the key comes with each request."""

from __future__ import annotations

import json
import re
import urllib.error

from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import Fault, NotJson, OdooError

SINCE = 19

# It takes arguments by name only. These are Odoo's names of those that we give by place; all other methods are called
# with the records alone.
PLACES = {
    "create": ("vals_list",),
    "default_get": ("fields",),
    "fields_get": ("allfields",),
    "load": ("fields", "data"),
    "read": ("ids", "fields"),
    "search_count": ("domain",),
    "search_read": ("domain",),
    "write": ("ids", "vals"),
}
_RECORDS = ("ids",)


class NotServed(Exception):
    """The server, or a proxy before it, does not serve JSON-2 for this database."""


class Json2:
    """The way to one database of whoever's API key it is."""

    name = "JSON-2"

    def __init__(self, server, database, login, api_key):
        self._server, self._database, self._login, self._api_key = server, database, login, api_key

    def log_in(self, dummy_uid=None):
        """Check that the key is valid and belongs to the login; returns the user's database ID.

        :raises NotServed: also when there is no such database.
        """
        if not re.fullmatch("[!-~]+", self._api_key):
            raise OdooError(
                "api_key is not a valid Odoo API key: it contains blanks or other invalid characters. Check api_key."
            )
        if not re.fullmatch("[ -~]+", self._database):
            raise NotServed("a header cannot name the database")
        try:
            uid = self.call("res.users", "context_get", (), {})["uid"]
        except (KeyError, TypeError) as exc:
            raise NotJson("no answer of Odoo's JSON-2") from exc
        except urllib.error.HTTPError as exc:
            if exc.code < 400 or exc.code >= 500:
                raise
            raise NotServed("HTTP %d" % exc.code) from exc
        try:
            owner = self.call("res.users", "read", ([uid], ["login"]), {})[0]["login"]
        except (IndexError, KeyError, TypeError) as exc:
            raise NotJson("no answer of Odoo's JSON-2") from exc
        if owner != self._login:
            raise OdooError(
                "api_key is a key of the login %s, not of %s, on database %s at %s. Check login and api_key."
                % (owner, self._login, self._database, self._server.url)
            )
        return uid

    def call(self, model, method, args, kwargs):
        headers = {"Authorization": "bearer " + self._api_key, "X-Odoo-Database": self._database}
        try:
            return self._server.post("/json/2/%s/%s" % (model, method), named(method, args, kwargs), headers)
        except urllib.error.HTTPError as exc:
            fault = _fault(exc)
            if fault is None:
                raise
            raise fault from exc


def named(method, args, kwargs):
    """All arguments by name.

    :raises TypeError: a programming error: one that has no name here, or has it twice.
    """
    names = PLACES.get(method, _RECORDS)
    if len(args) > len(names):
        raise TypeError("JSON-2 has no name for argument %d of %s: add it to PLACES" % (len(names) + 1, method))
    # dict() itself refuses what is given twice.
    return dict(**dict(zip(names, args)), **kwargs)


def _fault(exc):
    """Odoo's exception; None when the answer is not from JSON-2."""
    try:
        told = json.load(exc)
        return Fault(told["name"], told["message"])
    except (KeyError, TypeError, ValueError):
        return None
