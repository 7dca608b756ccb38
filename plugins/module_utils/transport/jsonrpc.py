# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""JSON-RPC: the transport of every series up to 21, by odoorpc. A password logs in, or an API key in its place."""

from __future__ import annotations

import contextlib
import http.client
import urllib.parse
import urllib.request

from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import Fault, MissingLibrary, NotJson

try:
    import odoorpc
    from odoorpc.error import RPCError
except ImportError:
    odoorpc = None

    class RPCError(Exception):
        """Stands in for odoorpc's own error where odoorpc is missing, so that this file can be imported."""


class JsonRpc:
    """A user's way to one database."""

    name = "JSON-RPC"

    def __init__(self, server, version, database, login, secret):
        """
        :param version: the server's series; odoorpc would ask for it again.
        :raises MissingLibrary: without odoorpc.
        """
        if odoorpc is None:
            raise MissingLibrary("odoorpc")
        self._server, self._user, self._uid = server, (database, login, secret), None
        self._opener = server.opener(urllib.request.HTTPCookieProcessor())
        self._odoo = odoorpc.ODOO(
            host=server.host,
            port=server.port,
            protocol="jsonrpc+ssl" if server.secure else "jsonrpc",
            timeout=server.timeout,
            version=version,
            opener=self._opener,
        )

    def log_in(self, uid=None):
        """Log in; the user's database id.

        :param uid: what it may be. If it is, nothing is hashed: Odoo knows the password of who logged in before.
        """
        if self._odoo.version.startswith("14."):
            self._choose_database()
        if not self._is(uid):
            with _faults():
                self._odoo.login(*self._user)
            self._uid = self._odoo.env.uid
        return self._uid

    def _is(self, uid):
        """Whether that is the user's database id."""
        self._uid = uid
        try:
            return uid is not None and self.call("res.users", "read", ([uid], ["login"]), {})[0]["login"] == self._user[1]
        except Fault:
            return False

    def _choose_database(self):
        """Tie the HTTP session to the database.

        Odoo 14 answers an error of a request without a database with a bare HTTP 500 when it serves several databases.
        Its web client takes the database from the address, keeps it in the session's cookie, and sends who is not logged in
        on to the login page. That page is not fetched: to render it, Odoo would write its assets.
        """
        page = self._server.address("/web?" + urllib.parse.urlencode({"db": self._user[0]}))
        # The redirection itself counts as an error; any other is named by the login that follows.
        with contextlib.suppress(OSError, http.client.HTTPException):
            self._opener.open(page, timeout=self._server.timeout).close()

    def call(self, model, method, args, kwargs):
        self._odoo.config["timeout"] = self._server.timeout
        arguments = [self._user[0], self._uid, self._user[2], model, method, args, kwargs]
        with _faults():
            return self._odoo.json("/jsonrpc", {"service": "object", "method": "execute_kw", "args": arguments}).get("result")


@contextlib.contextmanager
def _faults():
    try:
        yield
    except RPCError as exc:
        data = (getattr(exc, "info", None) or {}).get("data") or {}
        raise Fault(data.get("name") or "", str(exc)) from exc
    except (AttributeError, KeyError, TypeError) as exc:
        # odoorpc takes whatever comes for an object with a result.
        raise NotJson("no answer of Odoo's JSON-RPC") from exc
