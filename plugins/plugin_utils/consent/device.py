# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Device authorization (RFC 8628): a code that a person enters at the provider's page, and the token that comes of it."""

from __future__ import annotations

import time

from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.tokens import settings_of, token_requests

# Where the provider does not say: seconds between two requests, and until the code expires.
INTERVAL, EXPIRES_IN = 5, 900
SLOWER, SLOWEST = 5, 60
# The providers' names for what a person does (RFC 8628, and Microsoft's).
DENIED = ("access_denied", "authorization_declined")
EXPIRED = ("expired_token", "code_expired")
DECLINED = "The person at the provider's page has declined. Run consent.yml again to ask once more"
_EXPIRED = "The code has expired before anybody signed in. Run consent.yml again for another one"


class NoConsent(Exception):
    """There will be no token of this person now, in words."""


class Interrupted(Exception):
    """Whoever runs the playbook wants to ask nobody more."""


class Unreachable(Exception):
    """The provider does not answer, or not as it should, for the moment; in words.

    :param is_news: whether it answered the last time.
    :param pause: for how many seconds it wants to be left alone.
    """

    def __init__(self, words, is_news=True, pause=60):
        super().__init__(words)
        self.is_news, self.pause = is_news, pause


class Code:
    """A code that waits for its person.

    :param given: the provider's answer to the request for it.
    :param request: function of the device code that returns an answer with a token, or raises a TokenError.
    :ivar next_at: when to look again, by the clock.
    """

    def __init__(self, given, request, clock=time.monotonic):
        # Google calls the address of its page otherwise.
        self.page, self.shown = given.get("verification_uri") or given.get("verification_url"), given.get("user_code")
        if not (_is_text(self.page) and _is_text(self.shown) and _is_text(given.get("device_code"))):
            raise NoConsent("The device authorization endpoint returned no code and address that a person can use")
        self._code, self._request, self._clock = given["device_code"], request, clock
        self._seconds = _number(given.get("expires_in"), EXPIRES_IN)
        self._interval = _number(given.get("interval"), INTERVAL)
        # A provider may ask for more than others.
        self._slowest = max(SLOWEST, self._interval)
        self._until = clock() + self._seconds
        self._look_in(self._interval)
        # Seconds to wait for a provider that did not answer; 0 after one that did.
        self._pause = 0

    def words(self, address):
        return "%s: open %s, enter the code %s, and sign in as this mailbox. The code expires in %d minutes" % (
            address,
            printable(self.page),
            printable(self.shown),
            max(self._seconds // 60, 1),
        )

    def look(self):
        """The answer with the token; None if the person has not consented yet.

        :raises NoConsent: when there will be none.
        :raises Unreachable: when the provider does not say.
        """
        if self._clock() >= self._until:
            raise NoConsent(_EXPIRED)
        error = token_requests().TokenError
        self._look_in(self._interval)
        try:
            answer = self._request(self._code)
        except error as exc:
            if exc.error == "authorization_pending":
                self._pause = 0
                return None
            if exc.error == "slow_down":
                # Asked to, this and every later request waits longer.
                self._interval = min(self._interval + SLOWER, self._slowest)
                self._look_in(self._interval)
                return None
            if exc.error in DENIED:
                raise NoConsent(DECLINED) from exc
            if exc.error in EXPIRED:
                raise NoConsent(_EXPIRED) from exc
            if exc.temporary:
                is_news, self._pause = not self._pause, min(max(self._interval, self._pause) * 2, self._slowest)
                self._look_in(self._pause)
                raise Unreachable(exc.words, is_news) from exc
            raise NoConsent(exc.words) from exc
        return with_refresh_token(answer)

    def _look_in(self, seconds):
        """Look again then, or when the code expires."""
        self.next_at = min(self._clock() + seconds, self._until)

    def close(self):
        """Nothing is open."""


def with_refresh_token(answer):
    """An answer, if Odoo can log in by it for longer than an hour."""
    if not answer.refresh_token:
        raise NoConsent(
            "The provider returned no refresh token, so Odoo could log in for an hour only. Allow them for the OAuth "
            "client; most providers also need the scope offline_access"
        )
    return answer


def start(client, page, adapter):
    """Have the provider make a code.

    :param client: an OauthClient.
    :param page: its device authorization endpoint.
    :param adapter: an adapter of requests.
    :raises NoConsent: when it refuses.
    :raises Unreachable: when it does not answer.
    """
    tool, settings = token_requests(), settings_of(client)
    how = {"adapter": adapter, "machine": "the controller"}
    try:
        given = tool.request_device_code(settings, page, **how)
    except tool.TokenError as exc:
        raise (Unreachable(exc.words, pause=exc.pause) if exc.temporary else NoConsent(exc.words)) from exc

    def request(code):
        return tool.request({**settings, "grant": tool.DEVICE_CODE}, "", more={"device_code": code}, **how)

    return Code(given, request)


def _is_text(value):
    return isinstance(value, str) and bool(value.strip())


def _number(value, otherwise):
    try:
        return max(int(float(value)), 1)
    except (TypeError, ValueError, OverflowError):
        return otherwise


def printable(text):
    return "".join(each for each in text if each.isprintable())
