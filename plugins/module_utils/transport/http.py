# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An Odoo server as HTTP sees it: address, certificates, timeouts, and its public version."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from functools import lru_cache

from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import NotJson, OdooError


class Server:
    """Where the requests of a transport go, and how.

    :param url: scheme, host and port, such as C(https://odoo.example.com) or C(http://127.0.0.1:8069).
    :param timeout: seconds to wait for one answer.
    :raises OdooError: when the address or the certificates cannot be used.
    """

    def __init__(self, url, timeout, validate_certs, ca_path):
        if timeout < 1:
            raise OdooError("timeout is %s, but must be at least 1 second; 120 is the default." % timeout)
        self.url = url
        self.timeout = timeout
        parts = _split_url(url)
        self.secure = parts.scheme == "https"
        self.host = parts.hostname if ":" not in parts.hostname else "[%s]" % parts.hostname
        self.port = parts.port or (443 if self.secure else 80)
        self._tls = _tls(self.secure, validate_certs, ca_path)
        # No cookies: they could mean another user, or another database.
        self._opener = self.opener()

    def opener(self, *handlers):
        """What opens the server's pages. It follows no redirection: where to is not what the user said."""
        return urllib.request.build_opener(urllib.request.HTTPSHandler(context=self._tls), _StayHere, _JsonForJson, *handlers)

    def address(self, path):
        return self.url.rstrip("/") + path

    def post(self, path, body, headers=()):
        """Send JSON, and return the JSON that comes back."""
        request = urllib.request.Request(  # noqa: S310 - the scheme was looked at
            self.address(path),
            json.dumps(body).encode(),
            dict(headers, **{"Content-Type": "application/json"}),
        )
        with self._opener.open(request, timeout=self.timeout) as answer:
            return json.load(answer)

    def version(self):
        """The server's version, such as C(19.0). Every series returns it to its web client, with or without databases.

        :raises OdooError: with a cure in its message, when nothing answers, or something else than Odoo.
        """
        asked = {"jsonrpc": "2.0", "method": "call", "params": {}, "id": 1}
        try:
            return str(self.post("/web/webclient/version_info", asked)["result"]["server_version"])
        except urllib.error.HTTPError as exc:
            raise OdooError("%s answers HTTP %d to Odoo's version request. %s" % (self.url, exc.code, remedy(exc))) from exc
        except NotJson as exc:
            raise OdooError(
                "%s answers, but not as Odoo does: with %s. Check url: it must be the address of the Odoo server itself."
                % (self.url, exc)
            ) from exc
        except (KeyError, TypeError, ValueError, http.client.HTTPException) as exc:
            raise OdooError(
                "%s does not respond like Odoo. Check url: it must be the address of the Odoo server itself." % self.url
            ) from exc
        except OSError as exc:
            raise OdooError(
                "Cannot reach Odoo at %s: %s. Check url, the port, and that the server runs." % (self.url, reason(exc))
            ) from exc


class _StayHere(urllib.request.HTTPRedirectHandler):
    """A redirection counts as an error."""

    def redirect_request(self, *dummy):
        return None


class _JsonForJson(urllib.request.BaseHandler):
    """Who sends JSON gets JSON. Anything else is from something in front of Odoo, such as a login page."""

    def http_response(self, request, response):
        sent, received = request.get_header("Content-type") or "", response.headers.get("Content-Type") or ""
        if response.status == 200 and "json" in sent and received and "json" not in received:
            text = response.read(20000).decode("utf-8", "replace")
            title = re.search(r"<title[^>]*>\s*(.*?)\s*</title", text, re.IGNORECASE | re.DOTALL)
            kind = received.partition(";")[0].strip()
            if title:
                kind = "the page %r (%s)" % (title.group(1)[:80], kind)
            raise NotJson("%s instead of JSON" % kind)
        return response

    https_response = http_response


def remedy(exc):
    """What to do about an HTTP status that Odoo itself does not answer with.

    :param exc: an HTTPError.
    """
    if 300 <= exc.code < 400:
        target = (exc.headers.get("Location") or "").partition("?")[0]
        where = " It redirects to %s." % target if target else ""
        return "Check url: it must be the address of Odoo itself, and its API must not be protected by a login page.%s" % where
    if exc.code in (401, 403, 407):
        return "A proxy blocks the request: configure it to forward /jsonrpc and /json/2."
    if exc.code == 413:
        return "The request exceeds the proxy's size limit: raise it (client_max_body_size in nginx)."
    if exc.code == 429:
        return "The proxy limits the number of requests: raise its limit, or lower forks."
    if exc.code in (502, 503, 504):
        return (
            "The server in front of Odoo got no answer from it: Odoo is down or restarting, or the request took longer than a "
            "time limit (proxy_read_timeout in nginx, limit_time_real in Odoo). See the server's log."
        )
    if exc.code == 404:
        return "Check url: it must be the address of the Odoo server itself."
    return "See the server's log."


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
            "http://127.0.0.1:8069 (got %s). A login and a password are options of their own." % without_login(str(url))
        )
    return parts


def without_login(url):
    """An address, whatever is wrong with it, without what a login or a password may be in: what precedes an @, and the query.

    Where it has both, either may be in the other.
    """
    scheme, rest = re.match(r"(?is)((?:https?:)?[/\\]*)(.*)", url).groups()
    before, at, host = rest.rpartition("@")
    if re.search("[?#]", before):
        return scheme + "***"
    return scheme + ("***@" if at else "") + re.sub(r"(?s)([?#&;]).*", r"\1***", host)


# Of a server without TLS: the system's authorities take longer to read than a request, and urllib wants one.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _tls(secure, validate_certs, ca_path):
    if not secure and not ca_path:
        return _NO_TLS
    try:
        return tls_context(validate_certs, ca_path)
    except (OSError, ssl.SSLError) as exc:
        raise OdooError(
            "ca_path %s cannot be read as CA certificates: %s. Name a file of certificates in PEM format."
            % (ca_path, reason(exc))
        ) from exc


@lru_cache(maxsize=None)
def tls_context(validate_certs=True, ca_path=None):
    """What checks a server's certificate. A process reads the authorities once."""
    context = ssl.create_default_context(cafile=ca_path)
    if not validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def reason(exc):
    """Why a connection failed, in few words."""
    if isinstance(exc, json.JSONDecodeError):
        if not exc.doc.strip():
            return "the answer is empty"
        return "the answer is cut off" if exc.pos >= len(exc.doc.rstrip()) - 1 else "the answer is not JSON"
    if isinstance(exc, NotJson):
        return "the answer is %s" % exc
    if isinstance(exc, http.client.IncompleteRead):
        return "the answer is cut off"
    found = getattr(exc, "reason", None) or exc
    return getattr(found, "strerror", None) or str(found) or type(found).__name__
