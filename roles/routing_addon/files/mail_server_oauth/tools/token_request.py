"""A request to a token endpoint, by Authlib, and what its answers mean.

Nothing in this file needs Odoo. Authlib's versions 0.15 (Debian 11), 1.2 (Debian 12) and 1.9 do what is used here alike; the
answer is read here, as older ones show an HTML page as an error of JSON's, and none of them has a limit in time or size.
"""

import collections
import email.utils
import hashlib
import json
import os
import time
import warnings

import requests

try:
    from authlib.integrations.requests_client import OAuth2Session
    from authlib.oauth2.rfc7523.assertion import private_key_jwt_sign, sign_jwt_bearer_assertion
except ImportError:
    OAuth2Session = None

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

# Seconds: until it answers, and until the answer is complete.
ANSWERS_WITHIN, COMPLETE_WITHIN = 10, 30
LARGEST_ANSWER = 256 * 1024
# How long an assertion is valid; Microsoft recommends at most ten minutes.
ASSERTION_SECONDS = 600
# Where an answer does not say for how long a token is valid.
DEFAULT_SECONDS = 600
# Seconds until a failed request is made again, and the most that an endpoint can ask for.
SHORTEST_PAUSE, LONGEST_PAUSE = 60, 3600
# From so many seconds on, a clock is said to be off.
CLOCK_TOLERANCE = 60

# Errors (RFC 6749, and Microsoft's) that pass.
PASSING = ("temporarily_unavailable", "server_error", "slow_down", "too_many_requests", "rate_limit_exceeded")

Answer = collections.namedtuple("Answer", "access_token seconds refresh_token id_token scope")


class TokenError(Exception):
    """There is no token.

    :param words: what failed, and what to do
    :param temporary: whether a later request may succeed
    :param consent: whether a person has to consent again
    :param pause: seconds until the next request
    :param error: the endpoint's name for what failed, if it has one
    """

    def __init__(self, words, temporary=False, consent=False, pause=SHORTEST_PAUSE, error=""):
        super().__init__(words)
        self.words, self.temporary, self.consent, self.pause = words, temporary, consent, pause
        self.error = error


def require_library():
    if OAuth2Session is None:
        raise TokenError(
            "Odoo's Python does not have the library Authlib. Install python3-authlib, or authlib with pip, and restart Odoo."
        )


class _Exchange:
    """One request. Its parameters are those of request().

    :param url: the endpoint, if it is not the token endpoint
    :param expected: what its answer has if it is no error
    """

    def __init__(self, settings, adapter, machine, url=None, expected="access_token"):
        require_library()
        self.settings, self.url, self.expected = settings, url or settings["token_url"], expected
        self.adapter, self.machine = adapter, machine
        self.secrets = [settings.get("client_secret"), settings.get("private_key")]
        self.uses_clock = False
        self.clock_ahead = 0

    def run(self, mailbox, refresh_token, more):
        parameters, authentication = self._parameters(mailbox, refresh_token)
        self.secrets.extend(more.values())
        parameters.update(more)
        session = OAuth2Session(
            client_id=self.settings["client_id"],
            client_secret=self.settings.get("client_secret") or None,
            token_endpoint_auth_method=authentication,
        )
        # A grant that is its own proof needs no other, and Google's has none.
        unsigned = {"auth": lambda prepared: prepared} if parameters["grant_type"] == JWT_BEARER else {}
        session.register_compliance_hook("access_token_response", self._read)
        if self.adapter:
            session.mount("https://", self.adapter)
        how = {
            # Not Authlib's own, in which older versions leave the password of a client for the next one.
            "headers": {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"},
            "timeout": ANSWERS_WITHIN,
            # Redirected, the client's secret would go who knows where.
            "allow_redirects": False,
            "stream": True,
            "verify": _authorities(),
        }
        try:
            if self.url == self.settings["token_url"]:
                return self._answer(session.fetch_token(self.url, **how, **parameters, **unsigned))
            # Authlib has no request that asks for no token.
            del parameters["grant_type"]
            auth = session.client_auth(authentication)
            return self._json(self._read(session.post(self.url, parameters, withhold_token=True, auth=auth, **how)))
        except requests.exceptions.SSLError as error:
            raise self._error("The certificate of the token endpoint cannot be verified: %s" % _cause(error)) from None
        except requests.exceptions.ProxyError as error:
            raise self._error(
                "The token endpoint cannot be reached through the proxy: %s" % _cause(error), temporary=True
            ) from None
        except requests.exceptions.Timeout:
            words = "The token endpoint did not answer within %s seconds" % ANSWERS_WITHIN
            raise self._error(words, temporary=True) from None
        except requests.exceptions.RequestException as error:
            raise self._error("The token endpoint cannot be reached: %s" % _cause(error), temporary=True) from None
        finally:
            session.close()

    # -- the question --

    def _parameters(self, mailbox, refresh_token):
        """The parameters of the request, and how the client authenticates."""
        settings = self.settings
        scopes = {"scope": settings["scopes"]} if settings.get("scopes") else {}
        if settings["grant"] == "jwt_bearer":
            assertion = self._sign(
                sign_jwt_bearer_assertion,
                issuer=settings["client_id"],
                audience=self.url,
                subject=mailbox if settings["subject"] == "mailbox" else None,
                claims=dict(scopes),
            )
            return {"grant_type": JWT_BEARER, "assertion": assertion}, "none"
        parameters = dict(scopes, grant_type=settings["grant"])
        if settings["grant"] == "refresh_token":
            if not refresh_token:
                raise TokenError("%s has not consented yet: there is no refresh token." % mailbox, consent=True)
            self.secrets.append(refresh_token)
            parameters["refresh_token"] = refresh_token
        authentication = settings["client_authentication"]
        if authentication == "private_key_jwt":
            parameters["client_assertion_type"] = ASSERTION
            named = {"x5t#S256": settings["thumbprint"]} if settings.get("thumbprint") else {}
            parameters["client_assertion"] = self._sign(
                private_key_jwt_sign,
                # As Microsoft's own client does, where a certificate names the key.
                alg="PS256" if named else "RS256",
                header=named,
                client_id=settings["client_id"],
                token_endpoint=self.url,
            )
            authentication = "none"
        return parameters, authentication

    def _sign(self, sign, alg="RS256", header=None, **values):
        self.uses_clock = True
        header = dict(header or {}, alg=alg, typ="JWT")
        if self.settings.get("key_id"):
            header["kid"] = self.settings["key_id"]
        try:
            with warnings.catch_warnings():
                # 1.9 has joserfc guess the kind of a key, which older versions do without a word.
                warnings.simplefilter("ignore")
                assertion = sign(self.settings["private_key"], alg=alg, header=header, expires_in=ASSERTION_SECONDS, **values)
        except (TypeError, ValueError, AttributeError) as error:
            # The library's words could show a part of the key.
            raise TokenError("The private key cannot be used: %s." % type(error).__name__) from None
        assertion = assertion.decode() if isinstance(assertion, bytes) else assertion
        self.secrets.append(assertion)
        return assertion

    # -- the answer --

    def _read(self, answer):
        """Read an answer within limits, and raise what is no token."""
        limit, parts, size = time.monotonic() + COMPLETE_WITHIN, [], 0
        # Byte by byte: an endpoint that drips would keep a larger read waiting for hours.
        for part in answer.iter_content(1):
            parts.append(part)
            size += len(part)
            if size > LARGEST_ANSWER:
                raise self._error("The response of the token endpoint is too large", temporary=True)
            if time.monotonic() > limit:
                raise self._error("The response of the token endpoint took over %s seconds" % COMPLETE_WITHIN, temporary=True)
        answer._content, answer._content_consumed = b"".join(parts), True
        self._note_clock(answer.headers.get("Date"))
        said = self._json(answer)
        if answer.status_code != 200 or self.expected not in said:
            raise self._refusal(answer, said)
        return answer

    @staticmethod
    def _json(answer):
        try:
            said = json.loads(answer.content.decode("utf-8"))
        except ValueError:
            return {}
        return said if isinstance(said, dict) else {}

    def _note_clock(self, date):
        try:
            self.clock_ahead = time.time() - email.utils.parsedate_to_datetime(date).timestamp() if date else 0
        except (TypeError, ValueError, IndexError):
            self.clock_ahead = 0

    def _refusal(self, answer, said):
        status, error = answer.status_code, said.get("error")
        error = error.get("status") or error.get("message") if isinstance(error, dict) else error
        if not error:
            # A page of a proxy's or of a server in maintenance. What is no error, but no token either, is the same.
            words = "The token endpoint answered %s %s" % (status, "without a token" if said else "and no JSON")
            return self._error(
                words,
                temporary=status in (200, 408, 425, 429) or status >= 500,
                pause=_pause(answer.headers.get("Retry-After")),
            )
        words = "The token endpoint answered %s %s" % (status, error)
        if said.get("error_description"):
            words += ": %s" % said["error_description"]
        temporary = status in (408, 425, 429) or status >= 500 or error in PASSING
        consent = self.settings["grant"] == "refresh_token" and error in ("invalid_grant", "interaction_required")
        if consent:
            words += " The mailbox's owner must consent again"
        pause = _pause(answer.headers.get("Retry-After"))
        return self._error(words, temporary=temporary, consent=consent, pause=pause, error=str(error))

    def _answer(self, token):
        access_token, kind = token.get("access_token"), str(token.get("token_type") or "bearer")
        if not isinstance(access_token, str) or not access_token or not all("!" <= each <= "~" for each in access_token):
            raise self._error("The token endpoint returned a token with invalid characters")
        if kind.lower() != "bearer":
            raise self._error("The token endpoint returned a token of the type %s, not Bearer" % kind)
        try:
            seconds = int(float(token["expires_in"]))
        except (KeyError, TypeError, ValueError, OverflowError):
            seconds = DEFAULT_SECONDS
        others = [token[name] if isinstance(token.get(name), str) else None for name in ("refresh_token", "id_token", "scope")]
        return Answer(access_token, max(seconds, 0), *others)

    def _error(self, words, **kinds):
        if self.uses_clock and abs(self.clock_ahead) >= CLOCK_TOLERANCE:
            words += ". The clock of %s is %s the token endpoint's" % (self.machine, _difference(self.clock_ahead))
        for secret in filter(None, self.secrets):
            words = words.replace(secret, "***")
        words = " ".join("".join(each if each.isprintable() else " " for each in words).split())
        return TokenError("%s (%s)" % (words[:1000].rstrip("."), self.url), **kinds)


def request(settings, mailbox, refresh_token=None, adapter=None, machine="Odoo's machine", more=None):
    """Ask a token endpoint for an access token.

    Postroom's verify.yml and consent.yml ask by this function, too, from the controller.

    :param settings: the client's settings, as of mail.oauth.client
    :param mailbox: the mailbox that it is for, where it is for one
    :param adapter: an adapter of requests for the connection, where it is not that of requests itself
    :param machine: whose clock it is, in words
    :param more: further parameters of the request, which are secret
    :return: an Answer; its refresh token is None where the old one stays
    :raise TokenError: there is none
    """
    return _Exchange(settings, adapter, machine).run(mailbox, refresh_token, more or {})


def request_device_code(settings, url, adapter=None, machine="Odoo's machine"):
    """Ask for a code with which a person consents at the provider's page (RFC 8628).

    The token comes by request() with the grant DEVICE_CODE, once the person has consented.

    :param url: the device authorization endpoint
    :return: dictionary as the endpoint gives it
    :raise TokenError: there is none
    """
    return _Exchange({**settings, "grant": DEVICE_CODE}, adapter, machine, url, "device_code").run("", None, {})


def fingerprint(settings):
    """What tells these settings of a client from others, without showing one."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()


def _authorities():
    """Who vouches for the endpoint. requests knows the first two itself; Python, and what Odoo does by it, the last one."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        if os.environ.get(name):
            return os.environ[name]
    return True


def _pause(retry_after):
    """Seconds until the next request, by the header Retry-After: a number, or a time."""
    try:
        seconds = float(retry_after)
    except (TypeError, ValueError):
        try:
            seconds = email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time()
        except (TypeError, ValueError, IndexError):
            seconds = SHORTEST_PAUSE
    return min(max(seconds, 1), LONGEST_PAUSE)


def _cause(error):
    """The innermost words of an exception of requests': those around it are names of Python's objects."""
    reason = error.args[0] if error.args else error
    reason = getattr(reason, "reason", reason)
    words = str(reason.args[-1] if getattr(reason, "args", None) else reason)
    return words.rpartition(">: ")[2] or type(error).__name__


def _difference(seconds):
    size, unit = (abs(seconds) / 60, "minutes") if abs(seconds) >= 120 else (abs(seconds), "seconds")
    return "%d %s %s" % (round(size), unit, "ahead of" if seconds > 0 else "behind")
