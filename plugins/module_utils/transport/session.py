# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One session with one Odoo database: the right transport, methods to call, and the only gate that writes pass."""

from __future__ import annotations

import contextlib
import http.client
import re
import urllib.error

from ansible_collections.postroom.odoo.plugins.module_utils.transport import json2
from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import (
    BrokenConnection,
    Fault,
    MissingModel,
    Neutralized,
    NoRights,
    NotJson,
    OdooError,
    TooLarge,
    WriteInCheckMode,
    own_words,
)
from ansible_collections.postroom.odoo.plugins.module_utils.transport.http import Server, reason, remedy
from ansible_collections.postroom.odoo.plugins.module_utils.transport.jsonrpc import JsonRpc

OLDEST_SERIES = 14
NEWEST_SERIES = 20
# The variable that allows writing to a later one.
ALLOW_NEWER = "odoo_allow_newer_series"

# Methods that leave the database as it is. Everything else is a write, and check mode refuses it.
READS = frozenset(
    ("default_get", "explain_route", "fields_get", "fields_view_get", "get_view", "read", "search_count", "search_read")
)

# Set by Odoo when it neutralizes a copy, from 16 on, and by whoever marks a copy of an older one.
NEUTRALIZED = "database.is_neutralized"
NEUTRALIZES_SINCE = 16
# Host of the outgoing server that Odoo adds to a neutralized copy, and scripts that do the same in older series. It is a name
# that never exists (RFC 2606).
NOWHERE = "invalid"
_FALSE = ("", "0", "false", "no", "off")

# What they return, and the writes whose answer is needed.
SHAPES = {
    "create": list,
    "default_get": dict,
    "explain_route": dict,
    "fields_get": dict,
    "fields_view_get": dict,
    "get_view": dict,
    "load": dict,
    "read": list,
    "search_count": int,
    "search_read": list,
}

# The exceptions by which Odoo refuses a login: without it, and without a valid key.
_REFUSALS = ("AccessDenied", "Unauthorized")


class Session:
    """A user's session with one Odoo database, for Odoo 14 to 20.

    It goes over JSON-2 where there is an API key and the series has it, else over JSON-RPC.

    :param url: scheme, host and port, such as C(https://odoo.example.com) or C(http://127.0.0.1:8069).
    :param api_key: one of the user's API keys; the password is needed, and used, without it only.
    :param timeout: seconds to wait for one answer.
    :param read_only: refuse every write (check mode).
    :param uid: the user's database id, if it is known; a wrong one does no harm.
    :param allow_neutralized: whether a neutralized database may be written to.
    :param allow_newer_series: whether a series newer than NEWEST_SERIES may be written to.
    :raises OdooError: with a cure in its message, when the server, database, login or series does not fit.
    :raises MissingLibrary: when the transport needs a library that is not there.
    """

    def __init__(
        self,
        url,
        database,
        login,
        password=None,
        api_key=None,
        timeout=120,
        validate_certs=True,
        ca_path=None,
        read_only=False,
        uid=None,
        allow_neutralized=False,
        allow_newer_series=False,
    ):
        self.url = url
        self.database = database
        self.login = login
        self.read_only = read_only
        self.calls = 0
        # Function that is called before each call.
        self.before_call = None
        # Writes whose answer this session does not have, so that Odoo may still be working on them. Whoever asks resets it.
        self.unanswered = 0
        self._may_write = allow_neutralized
        self._may_write_newer = allow_newer_series
        # Names and messages are read in English whatever the user's language, archived records are seen.
        self.context = {"lang": "en_US", "active_test": False}
        self._server = Server(url, timeout, validate_certs, ca_path)
        self.series, self.major, self.is_newer = self._known_series()
        self._transport, self.uid = self._connect(password, api_key, uid)

    @property
    def facts(self):
        """What every module returns of its session."""
        return {"series": self.series, "transport": self._transport.name, "uid": self.uid}

    # -- connecting ---------------------------------------------------------------------------------------------------

    def _known_series(self):
        """The series, its major, and whether it is newer than those that this collection knows."""
        version = self._server.version()
        match = re.match(r"(?:saas[~-])?(\d+)\.(\d+)", version)
        major, minor = (int(match.group(1)), int(match.group(2))) if match else (0, 0)
        if major < OLDEST_SERIES:
            raise OdooError(
                "Odoo %s at %s is not supported: this collection supports the series %d.0 to %d.0."
                % (version or "(unknown version)", self.url, OLDEST_SERIES, NEWEST_SERIES)
            )
        return "%d.%d" % (major, minor), major, (major, minor) > (NEWEST_SERIES, 0)

    def _connect(self, password, api_key, uid):
        """The transport, and the user's database id."""
        if api_key and self.major >= json2.SINCE:
            transport = json2.Json2(self._server, self.database, self.login, api_key)
            # A proxy may only forward the older API, which also reports that a database does not exist.
            with contextlib.suppress(json2.NotServed):
                return transport, self._log_in(transport, uid)
        transport = JsonRpc(self._server, self.series, self.database, self.login, api_key or password)
        return transport, self._log_in(transport, uid)

    def _log_in(self, transport, uid):
        try:
            self.calls += 1
            return transport.log_in(uid)
        except Fault as exc:
            message = own_words(exc)
            if 'database "%s" does not exist' % self.database in message or exc.name.endswith("KeyError"):
                raise OdooError("The server at %s has no database %s. Check database." % (self.url, self.database)) from exc
            if exc.name and not exc.name.endswith(_REFUSALS):
                raise OdooError(
                    "Odoo at %s fails when %s logs in to database %s: %s. See the server's log."
                    % (self.url, self.login, self.database, message)
                ) from exc
            raise OdooError(
                "Odoo refuses the login %s on database %s at %s: %s. Check login, and password or api_key."
                % (self.login, self.database, self.url, message)
            ) from exc
        except (OSError, http.client.HTTPException, ValueError) as exc:
            if isinstance(exc, urllib.error.HTTPError) and exc.code == 500:
                raise OdooError(
                    "Odoo at %s answers HTTP 500 to the login, as it does when it has no database %s. Check database; if it "
                    "is right, see the server's log." % (self.url, self.database)
                ) from exc
            if isinstance(exc, urllib.error.HTTPError) and 400 <= exc.code < 500:
                raise OdooError(
                    "%s answers HTTP %d to the login. Odoo runs, but its API cannot be reached: configure the proxy to forward "
                    "/jsonrpc (and /json/2 for an API key), and Odoo 19 to load its addon rpc (server_wide_modules)."
                    % (self.url, exc.code)
                ) from exc
            raise self._broken(exc, "the login") from exc

    @property
    def timeout(self):
        """Seconds to wait for one answer."""
        return self._server.timeout

    @contextlib.contextmanager
    def patience(self, seconds):
        """Wait longer for the answers to the calls inside: module operations take their time."""
        before = self._server.timeout
        self._server.timeout = max(before, seconds)
        try:
            yield
        finally:
            self._server.timeout = before

    # -- copies that must not send ------------------------------------------------------------------------------------

    def neutralized_by(self):
        """What marks the database as a neutralized copy, in words; empty if nothing does."""
        rows = self.call("ir.config_parameter", "search_read", [["key", "=", NEUTRALIZED]], fields=["value"])
        if any((row["value"] or "").strip().lower() not in _FALSE for row in rows):
            return "system parameter %s" % NEUTRALIZED
        if self.major < NEUTRALIZES_SINCE:
            domain = [["active", "=", True], ["smtp_host", "=ilike", NOWHERE]]
            for row in self.call("ir.mail_server", "search_read", domain, fields=["name", "smtp_host"]):
                # By a host that an addon computes, Odoo finds all servers.
                if (row["smtp_host"] or "").lower() == NOWHERE:
                    return "outgoing mail server %s with host %s" % (row["name"], NOWHERE)
        return ""

    def refuse_neutralized(self):
        """Check once that the database is not neutralized, for one call. The first write does so by itself.

        :raises Neutralized: when it is, and allow_neutralized is not given.
        """
        if self._may_write:
            return
        mark = self.neutralized_by()
        if mark:
            raise Neutralized(
                "Database %s is neutralized (%s): it is a copy that must not send or fetch mail, which mail "
                "servers would enable. Nothing was written. To configure it anyway, set the variable "
                "odoo_allow_neutralized: true for this database (the module's option allow_neutralized)."
                % (self.database, mark)
            )
        self._may_write = True

    # -- series that nobody has seen ----------------------------------------------------------------------------------

    @property
    def newer_series(self):
        """A warning about a series newer than those that this collection knows."""
        return "%s: fields may be missing or have another meaning. Postroom only writes to it with %s: true." % (
            self._too_new(),
            ALLOW_NEWER,
        )

    def refuse_newer_series(self):
        """Check that the series is one that this collection knows. Each write does so by itself.

        :raises OdooError: when it is newer, and allow_newer_series is not given.
        """
        if self.is_newer and not self._may_write_newer:
            raise OdooError(
                "%s. Nothing was written. Use a later version of Postroom. To configure database %s anyway, set the variable "
                "%s: true for it (the module's option allow_newer_series), and try it on a copy first."
                % (self._too_new(), self.database, ALLOW_NEWER)
            )

    def _too_new(self):
        return "Odoo %s at %s is newer than the series that this version of Postroom knows (%d.0 to %d.0)" % (
            self.series,
            self.url,
            OLDEST_SERIES,
            NEWEST_SERIES,
        )

    # -- calling ------------------------------------------------------------------------------------------------------

    def call(self, model, method, *args, **kwargs):
        """Call a model's public method and return what it returns.

        :raises OdooError: with Odoo's own words when it refuses; MissingModel when the database has no such model.
        :raises WriteInCheckMode: for anything but a known read in a read-only session.
        :raises Neutralized: for anything but a known read in a neutralized database; OdooError in one of a newer series.
        """
        if self.before_call:
            self.before_call()
        if method not in READS:
            if self.read_only:
                raise WriteInCheckMode("%s.%s in check mode" % (model, method))
            self.refuse_newer_series()
            self.refuse_neutralized()
        kwargs["context"] = {**self.context, **kwargs.get("context", {})}
        self.calls += 1
        unanswered = self.unanswered
        # Until the answer is there: Ctrl-C may come first.
        self.unanswered += method not in READS
        try:
            answer = self._transport.call(model, method, args, kwargs)
            self.unanswered = unanswered
            return _of_its_shape(method, answer)
        except Fault as exc:
            self.unanswered = unanswered
            raise self._refused(exc, model, method) from exc
        except (OSError, http.client.HTTPException, ValueError) as exc:
            if not _may_go_on(exc):
                self.unanswered = unanswered
            raise self._broken(exc, "%s.%s" % (model, method)) from exc

    def _refused(self, exc, model, method):
        message = own_words(exc)
        if _is_missing_model(exc.name, message, model):
            return MissingModel("database %s has no model %s" % (self.database, model))
        if exc.name.endswith("Unauthorized"):
            return NoRights(
                "Odoo at %s rejected the API key: %s. It may have expired or been revoked. Check api_key." % (self.url, message)
            )
        if exc.name.endswith("UnprocessableEntity"):
            return OdooError(
                "%s.%s of database %s does not accept the arguments of Odoo %s: %s. An addon may use other names; correct "
                "the addon, or use password instead of api_key." % (model, method, self.database, self.series, message)
            )
        if exc.name.endswith(("AccessError", "AccessDenied")):
            return NoRights(
                "User %s lacks the rights for %s.%s in database %s: %s. "
                "Use a login with the access right Administration / Settings."
                % (self.login, model, method, self.database, message)
            )
        return OdooError(message)

    def _broken(self, exc, what):
        if isinstance(exc, urllib.error.HTTPError):
            kind = TooLarge if exc.code == 413 else BrokenConnection
            return kind("Odoo at %s answers HTTP %d to %s. %s" % (self.url, exc.code, what, remedy(exc)))
        return BrokenConnection("The connection to Odoo at %s broke during %s: %s." % (self.url, what, reason(exc)))


def _may_go_on(exc):
    """Whether Odoo may still be working on a request that broke, so that what it writes may appear later."""
    if isinstance(exc, urllib.error.HTTPError):
        # A proxy has not passed it on, or Odoo has closed the connection, as it does when it ends the request.
        return exc.code >= 500 and exc.code not in (502, 503)
    # It was not sent as a whole, or was answered, though not with all that Odoo answers.
    return not isinstance(exc, (urllib.error.URLError, ValueError, http.client.IncompleteRead))


def _of_its_shape(method, result):
    """What a method returned, if it can have returned that.

    :raises NotJson: for an answer that something else than Odoo gave, such as C(null).
    """
    expected = SHAPES.get(method)
    rows = result[:1] if isinstance(result, list) and method in ("read", "search_read") else ()
    if expected and not (isinstance(result, expected) and all(isinstance(row, dict) for row in rows)):
        raise NotJson("%s, which %s does not return" % ("null" if result is None else type(result).__name__, method))
    return result


def _is_missing_model(name, message, model):
    # 14 to 17 report "Object x doesn't exist"; later series raise KeyError('x') or AttributeError-like text with its name.
    if "doesn't exist" in message and model in message:
        return True
    if name.endswith("NotFound"):
        # JSON-2, of a model, and of a method.
        return "the model '%s'" % model in message
    return name.endswith("KeyError") and model in message
