# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Mail providers: what is known of the large ones, and the OAuth client by which mailboxes log in. Pure: no I/O.

No message contains a value that may be a secret.
"""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.postroom.odoo.plugins.module_utils.engine import validators
from ansible_collections.postroom.odoo.plugins.module_utils.resources.oauth_clients import (
    BY_KEY,
    CLIENT_CREDENTIALS,
    JWT_BEARER,
    OAUTH_CLIENTS,
    PUBLIC,
    REFRESH_TOKEN,
    SUBJECTS,
)
from ansible_collections.postroom.odoo.plugins.module_utils.resources.shared import (
    GMAIL,
    GOOGLE_HOSTS,
    MICROSOFT_HOSTS,
    OUTLOOK,
    PARAMETERS,
)
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.options import OAUTH
from ansible_collections.postroom.odoo.plugins.plugin_utils.given import not_an_option, plain_values

MICROSOFT, GOOGLE, CUSTOM = "microsoft365", "google_workspace", "custom"
PROTOCOLS = ("smtp", "imap", "pop")
# What an item of the module oauth_clients contains in any case, so that nothing of a former client is left.
CLIENT = tuple(each.option for each in OAUTH_CLIENTS.fields if not each.in_use)


@dataclass(frozen=True)
class Kind:
    """A kind of provider.

    :param servers: the options of its servers, by protocol.
    :param oauth: the options that C(oauth) takes.
    :param required: those of them that it needs.
    :param limits: what it accepts of an outgoing mail server, by option.
    :param consent: how Odoo itself logs in to it by OAuth; empty if it cannot.
    :param required_of_odoo: the options that Odoo itself needs.
    :param grants: the grants that its clients may have, the first one if none is given.
    :param required_with_consent: the options that a client needs to which people consent.
    """

    servers: dict = field(default_factory=dict)
    oauth: tuple = ()
    required: tuple = ()
    consent: str = ""
    required_of_odoo: tuple = ()
    limits: dict = field(default_factory=dict)
    grants: tuple = ()
    required_with_consent: tuple = ()


@dataclass(frozen=True)
class Page:
    """Where people consent.

    :param by_code: whether by a code (RFC 8628); otherwise, by a link.
    :param here: where the provider then sends a browser on this machine, but for the port. An IP address is the safer one
        (RFC 8252, 8.3); but Microsoft, for one, ignores the port of C(localhost) only.
    """

    url: str
    by_code: bool = True
    here: str = "http://localhost"


_ANY = ("name", "tested")
KINDS = {
    CUSTOM: Kind(
        {},
        (
            *("token_url", "device_authorization_url", "authorization_url", "grant", "client_id", "client_secret"),
            *("private_key", "certificate", "key_id", "client_authentication", "scopes", "secret_expires", *_ANY),
        ),
        ("token_url", "grant", "client_id"),
        grants=(CLIENT_CREDENTIALS, JWT_BEARER, REFRESH_TOKEN),
        required_with_consent=("token_url", "client_id"),
    ),
    MICROSOFT: Kind(
        {
            "smtp": {"host": MICROSOFT_HOSTS["smtp"], "port": 587, "encryption": "starttls"},
            "imap": {"host": MICROSOFT_HOSTS["imap"], "port": 993, "ssl": True},
            "pop": {"host": MICROSOFT_HOSTS["pop"], "port": 995, "ssl": True},
        },
        ("tenant", "grant", "client_id", "client_secret", "private_key", "certificate", "secret_expires", *_ANY),
        ("tenant", "client_id"),
        OUTLOOK,
        ("tenant", "client_id", "client_secret"),
        # For each mailbox, as Microsoft documents them for SMTP AUTH.
        {"max_messages_per_minute": 30, "max_connections": 3},
        (CLIENT_CREDENTIALS, REFRESH_TOKEN),
        ("tenant", "client_id"),
    ),
    GOOGLE: Kind(
        {
            "smtp": {"host": GOOGLE_HOSTS["smtp"], "port": 587, "encryption": "starttls"},
            "imap": {"host": GOOGLE_HOSTS["imap"], "port": 993, "ssl": True},
            "pop": {"host": GOOGLE_HOSTS["pop"], "port": 995, "ssl": True},
        },
        ("service_account", "grant", "client_id", "client_secret", "name"),
        ("service_account",),
        GMAIL,
        ("client_id", "client_secret"),
        grants=(JWT_BEARER, REFRESH_TOKEN),
        required_with_consent=("client_id", "client_secret"),
    ),
}
MICROSOFT_URL = "https://login.microsoftonline.com/%s/oauth2/v2.0/token"
MICROSOFT_DEVICE_URL = "https://login.microsoftonline.com/%s/oauth2/v2.0/devicecode"
GOOGLE_URL, GOOGLE_PAGE = "https://oauth2.googleapis.com/token", "https://accounts.google.com/o/oauth2/v2/auth"
MICROSOFT_SCOPE, GOOGLE_SCOPE = "https://outlook.office365.com/.default", "https://mail.google.com/"
# With a person's consent: the mailbox itself, tokens from then on, and who the person is.
MICROSOFT_CONSENT_SCOPES = (
    "https://outlook.office.com/SMTP.Send https://outlook.office.com/IMAP.AccessAsUser.All offline_access openid email profile"
)
GOOGLE_CONSENT_SCOPES = GOOGLE_SCOPE + " openid email"
TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*\Z")
# Tenants that stand for any; none of them has mailboxes of its own.
ANY_TENANT = ("common", "organizations")
NO_TENANT = (*ANY_TENANT, "consumers")
_WRONG_TENANT = "tenant is the Directory (tenant) ID, such as 11111111-2222-3333-4444-555555555555, or a domain of it"
# A personal account may have the name of a work address.
_ANY_TENANT = (
    "tenant must be your own Directory (tenant) ID, or consumers for outlook.com: with %s, somebody can consent with another "
    "account than the mailbox's"
)
# The options for where people consent: by a code, or by a link.
PAGES = ("device_authorization_url", "authorization_url")
# Options that need not be given, or are given in another form than the module's.
_DERIVED = ("client_authentication", "name", "scopes", "tested")
_TYPES = {option.name: option.type for option in OAUTH}


class BadEntry(Exception):
    """Something in the inventory that no list can be made of. Its text names the place and the cure, and no secret."""


class Provider:
    """The provider of mailboxes.

    :param given: C(mail_provider), or what an account has in its place.
    :param place: where it is given, for messages.
    :param wants_a_client: whether an account says that the provider has one.
    :param by_addon: whether the database has the addon mail_server_oauth. Otherwise Odoo itself logs in, if it can.
    """

    def __init__(self, given, place="mail_provider", wants_a_client=False, by_addon=True):
        self.given, self.by_addon = given, by_addon
        self.place = place
        self.kind = given.get("kind") or CUSTOM
        self.known = KINDS.get(self.kind, KINDS[CUSTOM])
        self.wants_a_client = wants_a_client

    @cached_property
    def oauth(self):
        """What is given of its client, empty for none. Plain: before ansible-core 2.19, a filter gets a text that is encrypted
        in the inventory as an object that is no text.
        """
        given = self.given.get("oauth")
        return {} if given is None or (not isinstance(given, dict) and _is(False, given)) else plain_values(given)

    @property
    def protocols(self):
        """The protocols that it has servers of. A POP3 server that is given alone is the one that is meant."""
        given = {each for each in PROTOCOLS if each in self.given}
        meant = {"pop"} if "pop" in given and "imap" not in given else {"imap", "pop"}
        return given | {each for each in self.known.servers if each == "smtp" or each in meant}

    def part(self, protocol):
        """The options of its servers of a protocol."""
        return {
            **self.known.servers.get(protocol, {}),
            **options_of(self.given.get(protocol), "%s.%s" % (self.place, protocol)),
        }

    def limits_of(self, server):
        """What it accepts of an outgoing mail server, by the options of that. Nothing is known of other hosts."""
        return self.known.limits if self.has_host("smtp", server.get("host", "")) else {}

    def has_host(self, protocol, host):
        """Whether a host is its own: one of its kind's, or, of a custom provider, the one that it names for the protocol."""
        servers = self.part(protocol) if self.kind == CUSTOM else self.known.servers.get(protocol, {})
        return "host" in servers and is_same_host(servers["host"], host)

    def of_account(self, account):
        """The provider of an account, which may have another kind, another client, or none."""
        if "kind" not in account and "oauth" not in account:
            return self
        kind, oauth = account.get("kind") or self.kind, account.get("oauth")
        given = dict(self.given.items()) if kind == self.kind else {}
        given["kind"] = kind
        is_wanted = oauth is not None and not isinstance(oauth, dict) and _is(True, oauth)
        if oauth is None and kind == self.kind:
            return Provider(given, self.place, by_addon=self.by_addon)
        if not (oauth is None or is_wanted):
            given["oauth"] = oauth
        # What is wrong with the provider's own is said once.
        is_own = not is_wanted or not given.get("oauth")
        place = "mail_users_accounts: %s" % account["email"] if is_own else self.place
        return Provider(given, place, is_wanted, self.by_addon)

    # -- OAuth --------------------------------------------------------------------------------------------------------

    def client(self):
        """Its OAuth client as an item of the module oauth_clients, or None.

        :raises BadEntry: where the options make none.
        """
        problems = self.problems()
        if problems:
            raise BadEntry(problems[0])
        return self._client() if self.oauth and self.by_addon else None

    def parameters(self):
        """The system parameters by which Odoo itself logs in to it, C({key: value}).

        :raises BadEntry: where the options make none.
        """
        problems = self.problems()
        if problems:
            raise BadEntry(problems[0])
        if not self.consent:
            return {}
        values = dict(self.oauth)
        if self.kind == MICROSOFT:
            values["endpoint"] = MICROSOFT_URL.rpartition("token")[0] % self.oauth["tenant"]
        return {key: values[option] for option, key in PARAMETERS[self.consent].items()}

    @cached_property
    def consent(self):
        """How Odoo itself logs in to it by OAuth; empty where the addon does, where there is no client, or a wrong one."""
        return "" if self.by_addon or not self.oauth or self.problems() else self.known.consent

    @cached_property
    def client_name(self):
        """The name of its OAuth client; empty without one, or where the options make none.

        Once for all mailboxes: each look at an option may cost a template.
        """
        return "" if not (self.by_addon and self.oauth) or self.problems() else self._client()["name"]

    @cached_property
    def consent_page(self):
        """The Page where people consent; None where its client needs no consent."""
        if not (self.by_addon and self.oauth) or self.problems() or self._grant() != REFRESH_TOKEN:
            return None
        if self.kind == MICROSOFT:
            return Page(MICROSOFT_DEVICE_URL % self.oauth["tenant"])
        if self.kind == GOOGLE:
            return Page(GOOGLE_PAGE, by_code=False, here="http://127.0.0.1")
        by_code = self.oauth.get("device_authorization_url")
        return Page(by_code or self.oauth["authorization_url"], bool(by_code))

    def _grant(self):
        return self.oauth.get("grant") or self.known.grants[0]

    def problems(self):
        """What is wrong with the kind and the client, a line each."""
        if self.kind not in KINDS:
            return ["%s.kind must be one of %s" % (self.place, ", ".join(sorted(KINDS)))]
        if self.wants_a_client and not self.oauth:
            return ["%s.oauth is true, but mail_provider has no oauth. Give it there, or give the options here" % self.place]
        if not self.oauth:
            return []
        if not isinstance(self.oauth, dict):
            return ["%s.oauth must be a dictionary of options, such as {client_id: …}, or false" % self.place]
        return ["%s.oauth: %s" % (self.place, each) for each in list(self._wrong_types()) or self._wrong_options()]

    def _wrong_types(self):
        for name, value in self.oauth.items():
            if name not in self.known.oauth:
                if name in _TYPES:
                    yield "kind %s does not use %s. Remove it, or set another kind" % (self.kind, name)
                else:
                    yield not_an_option(name, value, self.known.oauth)
            elif value is None or name in ("service_account", "tested"):
                continue
            elif name == "scopes":
                if not isinstance(value, (list, tuple)) or not all(isinstance(each, str) and each.split() for each in value):
                    yield "scopes must be a list of texts"
            elif not isinstance(value, str):
                yield "%s must be text. Put it in quotes" % name

    def _wrong_options(self):
        if not self.by_addon:
            yield from self._wrong_for_odoo()
            return
        grants, by_consent = self.known.grants, self._grant() == REFRESH_TOKEN
        missing = self._missing(self.known.required_with_consent if by_consent else self.known.required)
        if missing:
            yield missing
        elif self._grant() not in grants:
            yield "grant must be %s or %s" % (", ".join(grants[:-1]), grants[-1])
        elif self.kind == GOOGLE and by_consent:
            return
        elif self.kind == GOOGLE:
            yield from _wrong_service_account(self.oauth["service_account"])
        else:
            if self.kind == MICROSOFT and not TENANT.match(self.oauth["tenant"]):
                yield _WRONG_TENANT
            elif self.kind == MICROSOFT and not by_consent and self.oauth["tenant"].lower() in NO_TENANT:
                yield "tenant must be your own Directory (tenant) ID: %s stands for any" % self.oauth["tenant"].lower()
            elif self.kind == MICROSOFT and self.oauth["tenant"].lower() in ANY_TENANT:
                yield _ANY_TENANT % self.oauth["tenant"].lower()
            wrong = list(self._wrong_proof())
            yield from wrong or self._wrong_consent()

    def _wrong_consent(self):
        """What is wrong with how a person consents."""
        given = {name: self.oauth[name] for name in PAGES if self.oauth.get(name)}
        if self._grant() != REFRESH_TOKEN:
            if given:
                yield "%s is only used with grant %s. Remove it, or set this grant" % (" and ".join(given), REFRESH_TOKEN)
        elif self.kind == CUSTOM and not given:
            yield "%s is missing, which grant %s needs: people consent there" % (" or ".join(PAGES), REFRESH_TOKEN)
        else:
            wrong = ["%s: %s" % (name, validators.https_url(url)) for name, url in given.items() if validators.https_url(url)]
            yield from wrong[:1]

    def _missing(self, required):
        missing = [name for name in required if not self.oauth.get(name)]
        return "%s %s missing" % (" and ".join(missing), "is" if len(missing) == 1 else "are") if missing else ""

    def _wrong_for_odoo(self):
        """What keeps Odoo itself, without the addon, from using the client."""
        cure = "If addons can be installed, set routing_addon_enabled: true, or add the machine to odoo_servers"
        missing = self._missing(self.known.required_of_odoo)
        if not self.known.consent:
            yield (
                "requires the addon mail_server_oauth, which this database does not get: Odoo itself logs in by OAuth with "
                "kind %s or %s only. %s" % (MICROSOFT, GOOGLE, cure)
            )
        elif missing:
            yield "%s, which Odoo needs without the addon mail_server_oauth. %s" % (missing, cure)
        elif self.kind == MICROSOFT and not TENANT.match(self.oauth["tenant"]):
            yield _WRONG_TENANT

    def _wrong_proof(self):
        """What is wrong with that by which the client proves its identity: one that is there and empty is not filled in yet."""
        has_secret, has_key = "client_secret" in self.oauth, "private_key" in self.oauth
        grant, authentication = self._grant(), self.oauth.get("client_authentication")
        by_key = grant == JWT_BEARER or authentication == BY_KEY
        if authentication not in (None, "client_secret_post", "client_secret_basic", BY_KEY, PUBLIC):
            yield "client_authentication must be client_secret_post, client_secret_basic, private_key_jwt or none"
        elif authentication == PUBLIC and (grant != REFRESH_TOKEN or has_secret or has_key):
            yield "client_authentication none is for a client of grant %s without a secret or key. Remove it" % REFRESH_TOKEN
        elif grant == JWT_BEARER and (authentication or has_secret):
            yield "grant %s only uses private_key. Remove client_secret and client_authentication" % grant
        elif has_secret and has_key:
            yield "both client_secret and private_key are given. Remove one of them"
        elif by_key and not has_key:
            yield "private_key is missing%s" % (", which grant %s needs" % grant if grant == JWT_BEARER else "")
        elif authentication and authentication != PUBLIC and not by_key and not has_secret:
            yield "client_secret is missing, which client_authentication %s needs" % authentication
        elif not (has_secret or has_key or grant == REFRESH_TOKEN):
            also = " (with its certificate)" if self.kind == MICROSOFT else ""
            yield "client_secret or private_key%s is missing" % also
        elif self.kind == MICROSOFT and has_key and not self.oauth.get("certificate"):
            yield "certificate is missing, by which Microsoft identifies the private key"
        elif "certificate" in self.oauth and not has_key:
            yield "certificate is given without its private_key. Add the key, or remove the certificate"

    def _client(self):
        if self.kind == GOOGLE and self._grant() == REFRESH_TOKEN:
            made = {name: self.oauth[name] for name in ("client_id", "client_secret")}
            made.update(token_url=GOOGLE_URL, grant=REFRESH_TOKEN, scopes=GOOGLE_CONSENT_SCOPES)
        elif self.kind == GOOGLE:
            key = _service_account(self.oauth["service_account"])
            made = {
                "token_url": key.get("token_uri") or GOOGLE_URL,
                "grant": JWT_BEARER,
                "client_id": key["client_email"],
                "private_key": key["private_key"],
                "key_id": key.get("private_key_id") or "",
                "scopes": GOOGLE_SCOPE,
            }
        else:
            made = {name: value for name, value in self.oauth.items() if name not in ("tenant", "scopes", "tested")}
            made["scopes"] = " ".join(self.oauth.get("scopes") or ())
            if self.kind == MICROSOFT:
                scopes = MICROSOFT_CONSENT_SCOPES if self._grant() == REFRESH_TOKEN else MICROSOFT_SCOPE
                made.update(token_url=MICROSOFT_URL % self.oauth["tenant"], grant=self._grant(), scopes=scopes)
        grant = made["grant"]
        made["name"] = self.oauth.get("name") or "%s (%s)" % (urlsplit(made["token_url"]).hostname, made["client_id"])
        made["subject"] = SUBJECTS.get(grant, "mailbox")
        if not made.get("client_authentication"):
            by_key = grant != JWT_BEARER and "private_key" in made
            is_public = grant == REFRESH_TOKEN and "client_secret" not in made
            made["client_authentication"] = BY_KEY if by_key else PUBLIC if is_public else "client_secret_post"
        client = {name: made.get(name, "") for name in CLIENT}
        client["secret_expires"] = client["secret_expires"] or ""
        # A token for a single mailbox is tested with its servers.
        client["tested"] = grant == CLIENT_CREDENTIALS and boolean(self.oauth.get("tested", True), strict=False)
        client["active"] = True
        return client


def options_of(options, place):
    """A server's options; a bare C(pop:) has none. They may be secret, so none is shown."""
    if options is None:
        return {}
    if not isinstance(options, dict):
        raise BadEntry("%s must be a dictionary of options, such as {host: mail.mydomain.com}" % place)
    return dict(options.items())


def given_for(client, kind=CUSTOM):
    """The options of C(oauth) that make this client, or None if none do.

    :param client: an item of the module oauth_clients, complete.
    """
    options = {name: client[name] for name in KINDS[kind].oauth if client.get(name) and name not in _DERIVED}
    if kind == MICROSOFT:
        before, after = MICROSOFT_URL.split("%s")
        url = client.get("token_url", "")
        if not (url.startswith(before) and url.endswith(after)):
            return None
        options["tenant"] = url[len(before) : -len(after)]
        if options.get("grant") == CLIENT_CREDENTIALS:
            del options["grant"]
    elif kind == CUSTOM and client.get("scopes"):
        options["scopes"] = client["scopes"].split()
    # With no more than is needed.
    for more in itertools.product(("client_authentication", None), ("name", None)):
        said = {name: client.get(name, "") for name in _DERIVED if name not in ("scopes", "tested", *more)}
        found = Provider({"kind": kind, "oauth": {**options, **said}})
        if not found.problems() and _is_same(found.client(), client):
            return found.oauth
    return None


def _is_same(made, client):
    return all(made.get(name, "") == client.get(name, "") for name in (*CLIENT, "active"))


def is_same_host(one, other):
    return str(one).casefold() == str(other).casefold()


def _is(truth, value):
    """Whether a value is that boolean, in any of YAML's spellings."""
    try:
        return boolean(value) is truth
    except TypeError:
        return False


# -- Google's key of a service account ------------------------------------------------------------------------------------


def _service_account(given):
    """The key as a dictionary: Ansible may have read the JSON already."""
    return json.loads(given) if isinstance(given, str) else given


def _wrong_service_account(given):
    try:
        key = _service_account(given)
    except ValueError:
        key = None
    if not isinstance(key, dict):
        yield "service_account is not JSON. Give the whole content of the key's file, as Google gives it"
        return
    kind = key.get("type")
    if kind != "service_account":
        yield (
            "service_account is the key of something else than a service account (its type is %s). Create a key of type JSON "
            "for the service account" % (kind if isinstance(kind, str) and kind.isidentifier() else "missing")
        )
        return
    missing = [name for name in ("client_email", "private_key") if not isinstance(key.get(name), str) or not key[name]]
    if missing:
        yield "service_account has no %s. Give the whole content of the key's file, as Google gives it" % " and ".join(missing)
