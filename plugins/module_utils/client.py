# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One session with one Odoo database: log in once, call methods, and the only gate that writes pass."""

from __future__ import annotations

import ast
import contextlib
import http.client
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

try:
    import odoorpc
    from odoorpc.error import RPCError
except ImportError:
    odoorpc = None

    class RPCError(Exception):
        """Stands in for odoorpc's own error where odoorpc is missing, so that this file can be imported."""


OLDEST_SERIES = 14
NEWEST_SERIES = 19

# Methods that leave the database as it is. Everything else is a write, and check mode refuses it.
READS = frozenset(("default_get", "fields_get", "read", "search_count", "search_read"))


class OdooError(Exception):
    """Odoo, or the way to it, refused something. The message is meant for the person who runs the playbook."""


class BrokenConnection(OdooError):
    """The answer did not come: what was asked for may have happened, or may still."""


class MissingModel(OdooError):
    """The database has no such model: the addon that brings it is not installed."""


class WriteInCheckMode(RuntimeError):
    """A programming error: check mode tried to write."""


class Session:
    """A user's session with one Odoo database, over JSON-RPC, for Odoo 14 to 19.

    :param url: scheme, host and port, such as C(https://odoo.example.com) or C(http://127.0.0.1:8069).
    :param secret: the user's password or one of the user's API keys.
    :param timeout: seconds to wait for one answer.
    :param read_only: refuse every write (check mode).
    :raises OdooError: with a cure in its message, when the server, database, login or series does not fit.
    """

    def __init__(self, url, database, login, secret, timeout=120, validate_certs=True, ca_path=None, read_only=False):
        self.url = url
        self.database = database
        self.login = login
        self.timeout = timeout
        self.read_only = read_only
        self.calls = 0
        # Names and messages are read in English whatever the user's language, archived records are seen.
        self.context = {"lang": "en_US", "active_test": False}
        self._tls, self._cookies = _tls(validate_certs, ca_path), CookieJar()
        self._odoo = self._connect()
        self.series, self.major = self._supported_series()
        self._log_in(secret)

    # -- connecting ---------------------------------------------------------------------------------------------------

    def _connect(self):
        parts = _split_url(self.url)
        try:
            return odoorpc.ODOO(
                host=parts.hostname if ":" not in parts.hostname else "[%s]" % parts.hostname,
                port=parts.port or (443 if parts.scheme == "https" else 80),
                protocol="jsonrpc+ssl" if parts.scheme == "https" else "jsonrpc",
                timeout=self.timeout,
                opener=_opener(self._tls, self._cookies),
            )
        except urllib.error.HTTPError as exc:
            raise OdooError(
                "%s answers HTTP %d to Odoo's version request. Check url: it must lead to the Odoo server itself."
                % (self.url, exc.code)
            ) from exc
        except (KeyError, TypeError, AttributeError, ValueError, http.client.HTTPException) as exc:
            raise OdooError(
                "%s answers, but not as Odoo does. Check url: it must lead to the Odoo server itself." % self.url
            ) from exc
        except OSError as exc:
            raise OdooError(
                "Cannot reach Odoo at %s: %s. Check url, the port, and that the server runs." % (self.url, _reason(exc))
            ) from exc

    def _supported_series(self):
        version = str(self._odoo.version or "")
        match = re.match(r"(?:saas[~-])?(\d+)\.(\d+)", version)
        major = int(match.group(1)) if match else 0
        if not OLDEST_SERIES <= major <= NEWEST_SERIES:
            raise OdooError(
                "Odoo %s at %s is not supported: this collection knows the series %d.0 to %d.0."
                % (version or "(unknown version)", self.url, OLDEST_SERIES, NEWEST_SERIES)
            )
        return "%d.%s" % (major, match.group(2)), major

    def _log_in(self, secret):
        if self.major == 14:
            self._choose_database()
        try:
            self.calls += 1
            self._odoo.login(self.database, self.login, secret)
        except RPCError as exc:
            message = own_words(exc)
            if 'database "%s" does not exist' % self.database in message or _exception_name(exc).endswith("KeyError"):
                raise OdooError("The server at %s has no database %s. Check database." % (self.url, self.database)) from exc
            if _exception_name(exc) and not _exception_name(exc).endswith("AccessDenied"):
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
            raise self._broken(exc, "the login") from exc

    def _choose_database(self):
        """Tie the HTTP session to the database.

        Odoo 14 answers an error of a request without a database with a bare HTTP 500 when it serves several databases.
        Its web client takes the database from the address, keeps it in the session's cookie, and sends who is not logged in
        on to the login page. That page is not fetched: to render it, Odoo would write its assets.
        """
        page = "%s/web?%s" % (self.url.rstrip("/"), urllib.parse.urlencode({"db": self.database}))
        # The redirection itself counts as an error; any other is named by the login that follows.
        with contextlib.suppress(OSError, http.client.HTTPException):
            _opener(self._tls, self._cookies, _StayHere).open(page, timeout=self.timeout).close()

    @property
    def uid(self):
        """The database id of the user who is logged in."""
        return self._odoo.env.uid

    @contextlib.contextmanager
    def patience(self, seconds):
        """Wait longer for the answers to the calls inside: module operations take their time."""
        before = self._odoo.config["timeout"]
        self._odoo.config["timeout"] = max(before, seconds)
        try:
            yield
        finally:
            self._odoo.config["timeout"] = before

    # -- calling ------------------------------------------------------------------------------------------------------

    def call(self, model, method, *args, **kwargs):
        """Call a model's public method and return what it returns.

        :raises OdooError: with Odoo's own words when it refuses; MissingModel when the database has no such model.
        :raises WriteInCheckMode: for anything but a known read in a read-only session.
        """
        if self.read_only and method not in READS:
            raise WriteInCheckMode("%s.%s in check mode" % (model, method))
        kwargs["context"] = {**self.context, **kwargs.get("context", {})}
        self.calls += 1
        try:
            return self._odoo.execute_kw(model, method, args, kwargs)
        except RPCError as exc:
            raise self._refused(exc, model, method) from exc
        except (OSError, http.client.HTTPException, ValueError) as exc:
            raise self._broken(exc, "%s.%s" % (model, method)) from exc

    def _refused(self, exc, model, method):
        name, message = _exception_name(exc), own_words(exc)
        if _is_missing_model(name, message, model):
            return MissingModel("database %s has no model %s" % (self.database, model))
        if name.endswith(("AccessError", "AccessDenied")):
            return OdooError(
                "User %s lacks the rights for %s.%s in database %s: %s. "
                "Use a login with the access right Administration / Settings."
                % (self.login, model, method, self.database, message)
            )
        return OdooError(message)

    def _broken(self, exc, what):
        if isinstance(exc, urllib.error.HTTPError):
            return BrokenConnection("Odoo at %s answers HTTP %d to %s. See the server's log." % (self.url, exc.code, what))
        return BrokenConnection("The connection to Odoo at %s broke during %s: %s." % (self.url, what, _reason(exc)))


def _split_url(url):
    try:
        parts = urllib.parse.urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.path in ("", "/")
        valid = valid and not (parts.username or parts.password or parts.query or parts.fragment)
        parts.port  # noqa: B018 - a property: reading it raises ValueError for a port out of range
    except ValueError:
        valid = False
    if not valid:
        raise OdooError(
            "url is not usable: give scheme, host and port only, such as https://odoo.example.com or "
            "http://127.0.0.1:8069 (got %s)." % re.sub(r"//[^/@]*@", "//***@", str(url))
        )
    return parts


def _tls(validate_certs, ca_path):
    try:
        context = ssl.create_default_context(cafile=ca_path)
    except (OSError, ssl.SSLError) as exc:
        raise OdooError("ca_path %s cannot be read as CA certificates: %s." % (ca_path, _reason(exc))) from exc
    if not validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _opener(tls, cookies, *handlers):
    return urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=tls), urllib.request.HTTPCookieProcessor(cookies), *handlers
    )


class _StayHere(urllib.request.HTTPRedirectHandler):
    """Do not follow redirections."""

    def redirect_request(self, *dummy):
        return None


def _is_missing_model(name, message, model):
    # 14 to 17 say "Object x doesn't exist"; later series raise KeyError('x') or AttributeError-like text with its name.
    if "doesn't exist" in message and model in message:
        return True
    return name.endswith("KeyError") and model in message


def _reason(exc):
    reason = getattr(exc, "reason", None) or exc
    return getattr(reason, "strerror", None) or str(reason) or type(reason).__name__


def _exception_name(exc):
    return ((getattr(exc, "info", None) or {}).get("data") or {}).get("name") or ""


def own_words(text):
    """Odoo's own words on one line, without the row, passwords and all, that PostgreSQL quotes."""
    text = str(text)
    if text.startswith(("('", '("')):
        # A warning that offers a way on comes as the tuple of its words and the way.
        with contextlib.suppress(ValueError, SyntaxError):
            text = str(ast.literal_eval(text)[0])
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    text = re.sub(r"Failing row contains \(.*\)", "Failing row contains (hidden)", " ".join(lines))
    return text.rstrip(".") or "no reason given"
