#!/usr/bin/env python3
"""A token server that behaves as Microsoft's and Google's do, and tells Dovecot which tokens are good.

usage: token_server.py SETTINGS

SETTINGS is JSON: ports, certificate, key, socket, and the clients. At each port is a server that knows nothing of the others:
tests that empty theirs run side by side. Over HTTPS on loopback:

    /<tenant>/oauth2/v2.0/token, /devicecode    as login.microsoftonline.com: client_credentials, refresh_token (a new one with
                                                each use, after which the old one is no good), device codes
    …/authorize, /google/auth                   where a browser comes with a link, and is sent back with a code (PKCE)
    /google/token, /google/device/code          as oauth2.googleapis.com: jwt-bearer, refresh_token (which stays), device codes
    /admin                                      what the tests ask of it: POST a JSON object with `do`, see Server.admin

Nothing is kept over a restart. Requests are counted and listed without what is secret.
On SOCKET, Dovecot's password program asks `mailbox NUL token NUL`, and is answered `ok`, `no` or `later`.
"""

import base64
import collections
import hashlib
import http.server
import json
import secrets
import socketserver
import ssl
import sys
import threading
import time
import urllib.parse
from email.utils import formatdate
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MICROSOFT_SCOPE = "https://outlook.office365.com/.default"
GOOGLE_SCOPE = "https://mail.google.com/"
GOOGLE_AUDIENCE = "https://oauth2.googleapis.com/token"
# msal signs by PS256 where the certificate is named by its SHA-256.
PADDINGS = {
    "RS256": padding.PKCS1v15(),
    "PS256": padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size),
}
SKEW = 300  # seconds that an assertion's times may be off


class Refusal(Exception):
    """An error of OAuth's."""

    def __init__(self, status, error, description):
        super().__init__(error)
        self.status, self.answer = status, {"error": error, "error_description": description}


def part(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Keys:
    """The public keys of the clients, and what names them in the header of a JWT."""

    def __init__(self, certificate):
        found = x509.load_pem_x509_certificate(Path(certificate).read_bytes())
        content = found.public_bytes(serialization.Encoding.DER)
        self.key = found.public_key()
        digests = {"x5t": hashlib.sha1(content), "x5t#S256": hashlib.sha256(content)}
        self.names = {name: base64.urlsafe_b64encode(each.digest()).decode().rstrip("=") for name, each in digests.items()}

    def read(self, jwt):
        """Header and claims of a JWT; its signature must be the client's."""
        try:
            head, claims, signature = jwt.split(".")
            signed = f"{head}.{claims}".encode()
            header = json.loads(part(head))
            self.key.verify(part(signature), signed, PADDINGS[header["alg"]], hashes.SHA256())
            return header, json.loads(part(claims))
        except (ValueError, KeyError, InvalidSignature):
            raise Refusal(400, "invalid_grant", "Invalid JWT Signature.") from None


class Server:
    def __init__(self, settings):
        self.settings, self.lock = settings, threading.RLock()
        self.keys = Keys(settings["client_certificate"])
        self.url = f"https://127.0.0.1:{settings['port']}"
        self.reset()

    def reset(self):
        self.tokens, self.refresh_tokens, self.used, self.devices = {}, {}, {}, {}
        self.denied, self.busy, self.requests, self.failures = set(), set(), [], collections.deque()
        self.seconds, self.rotates, self.clock, self.counter = 3600, True, 0, 0
        self.signed_in, self.authorizations = None, {}
        self.code_seconds, self.interval, self.codes, self.shown, self.withheld = 900, 1, [], [], set()

    # -- tokens --

    def issue(self, mailbox, client, refresh=False):
        """Give a token. Without a mailbox it is for all."""
        token = "lab-access-" + secrets.token_urlsafe(self.settings.get("token_bytes", 48))
        self.tokens[token] = {"mailbox": mailbox, "until": time.time() + self.seconds}
        answer = {"token_type": "Bearer", "expires_in": self.seconds, "access_token": token}
        if refresh:
            answer["refresh_token"] = self.consent(mailbox, client)
        return answer

    def consent(self, mailbox, client):
        """A refresh token, as after a person's consent."""
        token = "lab-refresh-" + secrets.token_urlsafe(48)
        self.refresh_tokens[token] = {"mailbox": mailbox, "client": client}
        return token

    def check(self, mailbox, token):
        """Whether a token is good for a mailbox."""
        with self.lock:
            known = self.tokens.get(token)
            if known and mailbox in self.busy:
                return "later"
            good = known and known["until"] > time.time() and known["mailbox"] in (None, mailbox)
            return "ok" if good and mailbox not in self.denied else "no"

    # -- token endpoints --

    def _client(self, form, authorization):
        """The client that asks, as Microsoft's endpoint finds it."""
        name, secret = form.get("client_id"), form.get("client_secret")
        if authorization.startswith("Basic "):
            name, _, secret = base64.b64decode(authorization[6:]).decode().partition(":")
        clients = self.settings["clients"]
        if "client_assertion" in form:
            head, claims = self.keys.read(form["client_assertion"])
            name = claims.get("sub")
            if form.get("client_assertion_type") != ASSERTION or claims.get("iss") != name or "jti" not in claims:
                raise Refusal(401, "invalid_client", "AADSTS50027: JWT token is invalid or malformed.")
            # msal's are padded.
            if not any(head.get(each, "").rstrip("=") == value for each, value in self.keys.names.items()):
                raise Refusal(401, "invalid_client", "AADSTS700027: The certificate used to sign is not registered.")
            if claims.get("aud") != self.url + self.path:
                raise Refusal(401, "invalid_client", "AADSTS700023: The audience of the assertion is not this endpoint.")
            self._check_times(
                claims, 401, "invalid_client", "AADSTS700024: Client assertion is not within its valid time range."
            )
            return name
        if name not in clients:
            raise Refusal(400, "unauthorized_client", f"AADSTS700016: Application '{name}' was not found in the directory.")
        if clients[name] != (secret or ""):
            raise Refusal(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.")
        return name

    def _check_times(self, claims, status, error, words):
        now = time.time() + self.clock
        if not (
            isinstance(claims.get("iat"), (int, float)) and claims["iat"] <= now + SKEW and claims.get("exp", 0) > now - SKEW
        ):
            raise Refusal(status, error, words)
        if claims["exp"] - claims["iat"] > 3600:
            raise Refusal(status, error, words)

    def microsoft(self, form, authorization):
        grant = form.get("grant_type")
        if grant == DEVICE_CODE:
            return self._device(form, authorization, "authorization_declined")
        client = self._client(form, authorization)
        if grant == "client_credentials":
            if form.get("scope") != MICROSOFT_SCOPE:
                raise Refusal(
                    400, "invalid_scope", "AADSTS70011: The provided value for the input parameter 'scope' is not valid."
                )
            return self.issue(None, client)
        if grant == "authorization_code":
            return self._authorization_code(form, client)
        if grant == "refresh_token":
            return self._refresh(
                form, client, self.rotates, "AADSTS70000: The provided value for 'refresh_token' is not valid."
            )
        raise Refusal(400, "unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type.")

    def google(self, form, authorization):
        grant = form.get("grant_type")
        if grant == DEVICE_CODE:
            return self._device(form, authorization, "access_denied")
        if grant == JWT_BEARER:
            head, claims = self.keys.read(form.get("assertion", ""))
            if claims.get("iss") != self.settings["service_account"] or head.get("kid") != self.settings["key_id"]:
                raise Refusal(400, "invalid_grant", "Invalid grant: account not found")
            words = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
            self._check_times(claims, 400, "invalid_grant", words)
            # google-auth names the real one, wherever it sends the request.
            if claims.get("aud") not in (self.url + self.path, GOOGLE_AUDIENCE):
                raise Refusal(400, "invalid_grant", "Invalid JWT: Failed audience check.")
            if claims.get("scope") != GOOGLE_SCOPE:
                raise Refusal(401, "unauthorized_client", "Client is unauthorized to retrieve access tokens using this method.")
            if "@" not in claims.get("sub", ""):
                raise Refusal(400, "invalid_grant", "Invalid email or User ID")
            return self.issue(claims["sub"].lower(), claims["iss"])
        if grant == "authorization_code":
            return self._authorization_code(form, self._client(form, authorization))
        if grant == "refresh_token":
            client = self._client(form, authorization)
            return self._refresh(form, client, False, "Token has been expired or revoked.")
        raise Refusal(400, "unsupported_grant_type", f"Invalid grant_type: {grant}")

    def _refresh(self, form, client, rotates, words):
        token = form.get("refresh_token")
        known = self.refresh_tokens.get(token)
        if not known or known["client"] != client:
            self.counter += token in self.used
            raise Refusal(400, "invalid_grant", words)
        if not rotates:
            return self.issue(known["mailbox"], client)
        self.used[token] = self.refresh_tokens.pop(token)
        return self.issue(known["mailbox"], client, refresh=True)

    def authorize(self, asked):
        """Where a browser is sent that comes with a link: the person who is signed in consents, or declines."""
        here = asked.get("redirect_uri", "")
        known = asked.get("client_id") in self.settings["clients"] and asked.get("code_challenge_method") == "S256"
        if not known or asked.get("response_type") != "code" or not here.startswith("http://localhost:"):
            raise Refusal(400, "invalid_request", "The link is not complete.")
        if not self.signed_in:
            back = {"error": "access_denied"}
        else:
            code = secrets.token_urlsafe(32)
            self.authorizations[code] = {**asked, "mailbox": self.signed_in}
            self.codes.append(code)
            back = {"code": code}
        return f"{here}/?{urllib.parse.urlencode({**back, 'state': asked.get('state', '')})}"

    def _authorization_code(self, form, client):
        known = self.authorizations.pop(form.get("code"), None)
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).decode().rstrip("=")
        if not known or (known["client_id"], known["redirect_uri"], known["code_challenge"]) != (
            client,
            form.get("redirect_uri"),
            challenge,
        ):
            raise Refusal(400, "invalid_grant", "Malformed auth code.")
        scope = known.get("scope", "").split()
        offline = "offline_access" in scope or (known.get("access_type"), known.get("prompt")) == ("offline", "consent")
        answer = self.issue(known["mailbox"], client, refresh=offline)
        answer["scope"] = self.allowed(scope)
        if "openid" in scope:
            answer["id_token"] = self.identity(known["mailbox"], client)
        return answer

    def device_code(self, form, authorization):
        client = self._client(form, authorization)
        code, shown = secrets.token_urlsafe(32), secrets.token_hex(4).upper()
        self.devices[code] = {
            "shown": shown,
            "client": client,
            "mailbox": None,
            "scope": form.get("scope", "").split(),
            "until": time.time() + self.code_seconds,
            "interval": self.interval,
            "asked": time.time(),
        }
        self.codes.append(code)
        self.shown.append(shown)
        return {
            "device_code": code,
            "user_code": shown,
            "verification_uri": f"{self.url}/device",
            "verification_url": f"{self.url}/device",
            "expires_in": self.code_seconds,
            "interval": self.interval,
            "message": f"Open {self.url}/device and enter the code {shown}.",
        }

    def _device(self, form, authorization, denied):
        client = self._client(form, authorization)
        known = self.devices.get(form.get("device_code"))
        if not known or known["client"] != client or known["until"] < time.time():
            raise Refusal(400, "expired_token", "AADSTS70020: The provided value for the device code is not valid.")
        # RFC 8628, 3.5: who asks too early waits longer from then on.
        too_early, known["asked"] = time.time() - known["asked"] < known["interval"] - 0.2, time.time()
        if too_early:
            known["interval"] += 5
            raise Refusal(400, "slow_down", "Polling too frequently.")
        if known["mailbox"] is None:
            raise Refusal(400, "authorization_pending", "AADSTS70016: The user has not signed in yet.")
        if known["mailbox"] is False:
            raise Refusal(400, denied, "The user has denied the request.")
        del self.devices[form["device_code"]]
        answer = self.issue(known["mailbox"], client, refresh="offline_access" in known["scope"] or not known["scope"])
        answer["scope"] = self.allowed(known["scope"])
        if "openid" in known["scope"]:
            answer["id_token"] = self.identity(known["mailbox"], client)
        return answer

    def allowed(self, scope):
        """The scopes that a person allows, as an answer has them."""
        return " ".join(each for each in scope if each not in self.withheld)

    def identity(self, mailbox, client):
        """An ID token. Its signature is none: whoever gets it from here over TLS need not look at it."""
        now = int(time.time())
        claims = {"iss": f"{self.url}/{self.path.split('/')[1]}/v2.0", "aud": client, "sub": mailbox, "iat": now, "nbf": now}
        claims.update(exp=now + 3600, email=mailbox, preferred_username=mailbox, name=mailbox.partition("@")[0])
        parts = [json.dumps(each).encode() for each in ({"alg": "RS256", "typ": "JWT"}, claims)]
        return ".".join(base64.urlsafe_b64encode(each).decode().rstrip("=") for each in (*parts, secrets.token_bytes(64)))

    def configuration(self, tenant):
        base = f"{self.url}/{tenant}"
        return {
            "issuer": f"{base}/v2.0",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        }

    # -- what the tests ask of it --

    def admin(self, do, **named):
        """Do one of these: the methods below."""
        return getattr(self, f"do_{do}")(**named) or {}

    def do_reset(self, **settings):
        self.reset()
        self.do_set(**settings)

    def do_set(
        self, seconds=None, rotates=None, clock=None, deny=None, busy=None, code_seconds=None, interval=None, withheld=None
    ):
        """Seconds that tokens are valid for, whether refresh tokens rotate, seconds that this clock is ahead; mailboxes that
        no token is good for, or not now; seconds that device codes are valid for, and between two questions about one; scopes
        that nobody allows."""
        self.withheld = self.withheld if withheld is None else set(withheld)
        self.code_seconds = self.code_seconds if code_seconds is None else code_seconds
        self.interval = self.interval if interval is None else interval
        self.seconds = self.seconds if seconds is None else seconds
        self.rotates = self.rotates if rotates is None else rotates
        self.clock = self.clock if clock is None else clock
        self.denied = self.denied if deny is None else set(deny)
        self.busy = self.busy if busy is None else set(busy)

    def do_fail(self, times=1, **how):
        """Answer the next requests with `status`, `body`, `headers` after `delay` seconds; with `drip`, byte by byte."""
        self.failures.extend([how] * times)

    def do_revoke(self, refresh=False, mailbox=None):
        """Have no access token be good any more; with `refresh`, no refresh token (of a mailbox) either."""
        self.tokens.clear()
        if refresh:
            for token, known in list(self.refresh_tokens.items()):
                if mailbox in (None, known["mailbox"]):
                    del self.refresh_tokens[token]

    def do_consent(self, mailbox, client):
        """Give a refresh token, as after a person's consent."""
        return {"refresh_token": self.consent(mailbox.lower(), client)}

    def do_sign_in(self, mailbox):
        """The person in the browser; mailbox false: one who declines."""
        self.signed_in = mailbox and mailbox.lower()

    def do_enter_code(self, code, mailbox):
        """A person enters a device's code, and consents; mailbox false: denies."""
        for known in self.devices.values():
            if known["shown"] == code:
                known["mailbox"] = mailbox and mailbox.lower()

    def do_read(self):
        """The requests so far, how often a used refresh token came, the fingerprints of the good refresh tokens, all that no
        output may have, and the codes for people, in their order."""
        good = [hashlib.sha256(token.encode()).hexdigest() for token in self.refresh_tokens]
        secret = [*self.tokens, *self.refresh_tokens, *self.codes]
        return {
            "requests": self.requests,
            "reused": self.counter,
            "good": good,
            "tokens": list(self.tokens),
            "secret": secret,
            "shown": self.shown,
        }


class Handler(http.server.BaseHTTPRequestHandler):
    server_version = sys_version = "lab"
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return formatdate((timestamp or time.time()) + self.server.state.clock, usegmt=True)

    def do_GET(self):
        path = self.path.partition("?")[0].strip("/").split("/")
        if path[-1] == "openid-configuration":
            return self.reply(200, self.server.state.configuration(path[0]))
        if path[-1] == "redirect":
            return self.reply(302, {}, {"Location": self.server.state.url})
        if path[-1] in ("authorize", "auth"):
            state, asked = self.server.state, dict(urllib.parse.parse_qsl(self.path.partition("?")[2]))
            try:
                with state.lock:
                    return self.reply(302, {}, {"Location": state.authorize(asked)})
            except Refusal as refusal:
                return self.reply(refusal.status, refusal.answer)
        return self.reply(404, b"<html>Not found</html>")

    def do_POST(self):
        state, body = self.server.state, self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self.path == "/admin":
            with state.lock:
                return self.reply(200, state.admin(**json.loads(body)))
        form = dict(urllib.parse.parse_qsl(body))
        with state.lock:
            open_parts = {key: form[key] for key in ("grant_type", "scope", "client_id") if key in form}
            state.requests.append({"path": self.path, "at": time.time(), **open_parts})
            how = state.failures.popleft() if state.failures else None
        if how:
            return self.fail(**how)
        with state.lock:
            state.path = self.path
            try:
                answer, status = self.answer(state, form), 200
            except Refusal as refusal:
                answer, status = refusal.answer, refusal.status
        return self.reply(status, answer)

    def answer(self, state, form):
        path = self.path.strip("/").split("/")
        authorization = self.headers.get("Authorization", "")
        if path == ["google", "token"]:
            return state.google(form, authorization)
        if path[-2:] in (["v2.0", "devicecode"], ["device", "code"]):
            return state.device_code(form, authorization)
        if path[1:] == ["oauth2", "v2.0", "token"]:
            return state.microsoft(form, authorization)
        raise Refusal(404, "invalid_request", "No such endpoint.")

    def fail(self, status=500, body="", headers=None, delay=0, drip=0):
        time.sleep(delay)
        if status == 0:
            self.close_connection = True
            return
        self.reply(status, body.encode(), headers or {}, drip)

    def reply(self, status, content, headers=(), drip=0):
        if not isinstance(content, bytes):
            content, headers = json.dumps(content).encode(), {"Content-Type": "application/json", **dict(headers)}
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        try:
            for index in range(0, len(content), 1 if drip else max(len(content), 1)):
                self.wfile.write(content[index:] if not drip else content[index : index + 1])
                time.sleep(drip)
        except OSError:
            self.close_connection = True


class Https(http.server.ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 128

    def __init__(self, state):
        super().__init__(("127.0.0.1", state.settings["port"]), Handler)
        self.state, self.tls = state, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(state.settings["certificate"], state.settings["key"])

    def finish_request(self, request, client_address):
        # In the thread of the request: one that is slow to greet keeps no other waiting.
        with self.tls.wrap_socket(request, server_side=True) as encrypted:
            super().finish_request(encrypted, client_address)

    def handle_error(self, *_):
        pass  # a client that went away, or did not like the certificate


class Checks(socketserver.ThreadingUnixStreamServer):
    daemon_threads, request_queue_size = True, 128


class Check(socketserver.StreamRequestHandler):
    def handle(self):
        mailbox, token = self.rfile.readline().decode().rstrip("\n").split("\0")[:2]
        verdicts = {each.check(mailbox.lower(), token) for each in self.server.servers}
        self.wfile.write(next(each for each in ("ok", "later", "no") if each in verdicts).encode())


def main():
    settings = json.loads(Path(sys.argv[1]).read_text())
    servers = [Server({**settings, "port": port}) for port in settings["ports"]]
    socket = Path(settings["socket"])
    socket.unlink(missing_ok=True)
    checks = Checks(str(socket), Check)
    checks.servers = servers
    socket.chmod(0o666)
    threading.Thread(target=checks.serve_forever, daemon=True).start()
    for each in servers[1:]:
        threading.Thread(target=Https(each).serve_forever, daemon=True).start()
    Https(servers[0]).serve_forever()


if __name__ == "__main__":
    main()
