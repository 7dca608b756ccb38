# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An authorization code with PKCE: a link that a person opens, and the address to which the provider then sends the browser.

That address is on this machine (RFC 8252, 7.3). A browser on another machine finds nothing there, and the person copies the
address from it.
"""

from __future__ import annotations

import contextlib
import http.server
import math
import socket
import threading
import time
from urllib.parse import parse_qsl, urlsplit

from ansible_collections.postroom.odoo.plugins.plugin_utils.consent.device import (
    DECLINED,
    DENIED,
    NoConsent,
    Unreachable,
    printable,
    with_refresh_token,
)
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.tokens import settings_of, token_requests

try:
    from authlib.common.security import generate_token
except ImportError:
    # The tool that asks for tokens says so.
    generate_token = None

# How long a link is waited for, and how often it is looked at.
EXPIRES_IN, INTERVAL = 900, 1
# Seconds to wait for a provider that does not answer.
PAUSE = 5
# Where nothing listens: IANA keeps it free. Browsers refuse to go to many low ones (the Fetch standard's list of bad ports).
NO_PORT = 49151
_NOBODY = "Nobody signed in with the link. Run consent.yml again for another one"
_PAGE = b"<!doctype html><title>Postroom</title><p>You can close this window. The run of consent.yml goes on."


class Link:
    """A link that waits for its person.

    :param here: where the provider sends a browser, but for the port: C(http://) and a name of this machine.
    :param make: function of the address on this machine, the state and the verifier that returns the link.
    :param request: function of that address, the code and the verifier that returns an answer with a token.
    :param paste: function of the seconds left that returns what a person pastes; None where the browser is on this machine.
    :ivar next_at: when to look again, by the clock.
    """

    def __init__(self, here, make, request, paste=None, clock=time.monotonic):
        self._request, self._paste, self._clock = request, paste, clock
        self._state, self._verifier = generate_token(32), generate_token(64)
        self._listener = None if paste else Listener(self._state)
        self._address = "%s:%d" % (here, self._listener.port if self._listener else NO_PORT)
        self._link = make(self._address, self._state, self._verifier)
        self._until = clock() + EXPIRES_IN
        self._code, self._is_down = None, False
        self.next_at = clock() + INTERVAL

    def words(self, address):
        if self._paste:
            how = "open this link in any browser, sign in as this mailbox, and paste the address of the page that then fails"
        else:
            how = "open this link in a browser on this machine, and sign in as this mailbox"
        return "%s: %s: %s" % (address, how, printable(self._link))

    def look(self):
        """The answer with the token; None if the person has not consented yet.

        :raises NoConsent: when there will be none.
        :raises Unreachable: when the provider does not say.
        """
        left = self._until - self._clock()
        if left <= 0:
            raise NoConsent(_NOBODY)
        self.next_at = self._clock() + INTERVAL
        if self._code is None:
            self._code = self._returned(left)
        if self._code is None:
            return None
        error = token_requests().TokenError
        try:
            return with_refresh_token(self._request(self._address, self._code, self._verifier))
        except error as exc:
            if exc.temporary:
                is_news, self._is_down = not self._is_down, True
                self.next_at = self._clock() + PAUSE
                raise Unreachable(exc.words, is_news) from exc
            raise NoConsent(exc.words) from exc

    def _returned(self, left):
        """The code with which the browser came back; None if it has not."""
        if self._paste:
            found = answer_in(self._paste(math.ceil(left)), self._state)
            if found is None and self._clock() >= self._until:
                raise NoConsent(_NOBODY)
            if found is None:
                raise NoConsent("What was pasted is not the address to which the link leads. Run consent.yml again")
        else:
            found = self._listener.found
        if found is None or "code" in found:
            return found and found["code"]
        if found["error"] in DENIED:
            raise NoConsent(DECLINED)
        words = " ".join(each for each in (found["error"], found.get("error_description")) if each)
        raise NoConsent("The provider answered %s" % printable(words))

    def close(self):
        if self._listener:
            self._listener.close()


class Listener:
    """Listens where the provider sends the browser: on loopback, at a port of its own, and by IPv6 where there is any.

    :ivar found: what came, as answer_in() reads it; None for nothing yet.
    """

    def __init__(self, state):
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self):
                found = answer_in(self.path, state)
                if listener.found is None:
                    listener.found = found
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(_PAGE) if found else 0))
                self.end_headers()
                self.wfile.write(_PAGE if found else b"")

            def log_message(self, *dummy):
                """The address has the code."""

        self.found = None
        self._servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)]
        self.port = self._servers[0].server_address[1]
        # A browser may try either for localhost.
        with contextlib.suppress(OSError):
            self._servers.append(_Ipv6Server(("::1", self.port), Handler))
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def close(self):
        for server in self._servers:
            server.shutdown()
            server.server_close()


class _Ipv6Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6


def answer_in(address, state):
    """The parameters of an address to which a provider has sent a browser; None for any other."""
    try:
        found = dict(parse_qsl(urlsplit((address or "").strip()).query))
    except ValueError:
        return None
    return found if found.get("state") == state and (found.get("code") or found.get("error")) else None


def start(client, page, address, adapter, paste=None):
    """Make a link.

    :param client: an OauthClient.
    :param page: the Page of its authorization endpoint.
    :param address: the mailbox's.
    :param adapter: an adapter of requests.
    """
    tool, settings = token_requests(), settings_of(client)

    def make(here, state, verifier):
        session = tool.OAuth2Session(client.client_id, scope=client.scopes or None, code_challenge_method="S256")
        with_hints = {
            "redirect_uri": here,
            "login_hint": address,
            # Google returns a refresh token with these two only, and OpenID Connect asks for the first.
            "prompt": "consent",
            "access_type": "offline",
        }
        return session.create_authorization_url(page.url, state, verifier, **with_hints)[0]

    def request(here, code, verifier):
        more = {"code": code, "code_verifier": verifier, "redirect_uri": here}
        how = {"adapter": adapter, "machine": "the controller"}
        return tool.request({**settings, "grant": "authorization_code"}, "", more=more, **how)

    return Link(page.here, make, request, paste)
