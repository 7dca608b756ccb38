# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""OAuth clients: how mail servers of the addon mail_server_oauth get their tokens."""

from __future__ import annotations

import datetime

from ansible_collections.postroom.odoo.plugins.module_utils.engine import validators
from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import (
    Example,
    Field,
    Option,
    Resource,
    Verification,
)
from ansible_collections.postroom.odoo.plugins.module_utils.resources.shared import OAUTH_ADDON, OAUTH_REMEDY

CLIENT_CREDENTIALS, JWT_BEARER, REFRESH_TOKEN = "client_credentials", "jwt_bearer", "refresh_token"
BY_KEY, PUBLIC = "private_key_jwt", "none"
CLIENT_EXPIRES, EXPIRES_WITHIN_DAYS = "client_expires", 30
# Whether one token is valid for all mailboxes, by grant.
SUBJECTS = {CLIENT_CREDENTIALS: "none", REFRESH_TOKEN: "mailbox"}


def _grant(item):
    return item.get("grant") or CLIENT_CREDENTIALS


def _subject(item):
    return SUBJECTS.get(_grant(item), "mailbox")


def _authentication(item):
    if _grant(item) == CLIENT_CREDENTIALS and item.get("private_key") and not item.get("client_secret"):
        return BY_KEY
    return PUBLIC if _grant(item) == REFRESH_TOKEN and not item.get("client_secret") else "client_secret_post"


def _needs_key(item):
    return _grant(item) == JWT_BEARER or (item.get("client_authentication") or _authentication(item)) == BY_KEY


def _needs_secret(item):
    return not _needs_key(item) and (item.get("client_authentication") or _authentication(item)) != PUBLIC


def _is_coherent(item):
    grant, subject = item.get("grant"), item.get("subject")
    if grant in SUBJECTS and subject not in (None, SUBJECTS[grant]):
        yield "subject", "with the grant %s, it is %s; remove subject" % (grant, SUBJECTS[grant])
    if grant == CLIENT_CREDENTIALS and item.get("client_authentication") == PUBLIC:
        yield "client_authentication", "the grant client_credentials needs a client secret or a private key; use another one"
    if item.get("tested") and (subject or (_subject(item) if grant else None)) == "mailbox":
        yield "tested", "a token for a single mailbox cannot be tested here; remove tested, and use that of the mail servers"


def _conflicts(view):
    """Secrets and certificates that expire."""
    soon = (datetime.date.today() + datetime.timedelta(EXPIRES_WITHIN_DAYS)).isoformat()
    for wanted, record in view.existing():
        by_key = bool(record.get("certificate_expires"))
        expires = (record.get("certificate_expires") if by_key else record.get("secret_expires")) or ""
        if expires and expires[:10] <= soon:
            what = "certificate" if by_key else "secret"
            yield CLIENT_EXPIRES, wanted.index, record, "has a %s that expires on %s" % (what, expires[:10])


OAUTH_CLIENTS = Resource(
    name="oauth_clients",
    model="mail.oauth.client",
    noun="OAuth client",
    brought_by={14: OAUTH_ADDON},
    remedy=OAUTH_REMEDY,
    example=Example(
        "Microsoft 365",
        {"option": "secret_expires", "declared": "2027-12-31", "found": ""},
        ("token_url", "'http://mydomain.com' does not begin with https://"),
    ),
    identities=(("name",),),
    fields=(
        Field("name", "name", title=True, check=validators.one_line, doc="Name of the client. It identifies the client."),
        Field(
            "token_url",
            "token_url",
            required=True,
            check=validators.https_url,
            doc=(
                "The provider's token endpoint, such as C(https://oauth2.googleapis.com/token). This option is required to "
                "create a client. Odoo's label is I(Token URL)."
            ),
        ),
        Field(
            "grant",
            "grant",
            type="selection",
            choices=(CLIENT_CREDENTIALS, JWT_BEARER, REFRESH_TOKEN),
            default=CLIENT_CREDENTIALS,
            doc=(
                "How the client gets tokens. V(client_credentials): the application itself has access to the mailboxes "
                "(Microsoft 365). V(jwt_bearer): a service account acts for each mailbox (Google Workspace). "
                "V(refresh_token): the owner of each mailbox has consented once. Defaults to V(client_credentials) for a "
                "new client."
            ),
        ),
        Field(
            "subject",
            "subject",
            type="selection",
            choices=("none", "mailbox"),
            default=_subject,
            doc=(
                "Whether one token is valid for all mailboxes, V(none), or each has its own, V(mailbox). Defaults to what "
                "O(config[].grant) requires, and to V(mailbox) with V(jwt_bearer). Odoo's label is I(Tokens)."
            ),
        ),
        Field(
            "client_id",
            "client_id",
            required=True,
            check=validators.one_line,
            doc="ID of the client. With the grant V(jwt_bearer), it is the address of the service account.",
        ),
        Field(
            "client_authentication",
            "client_authentication",
            type="selection",
            choices=("client_secret_post", "client_secret_basic", BY_KEY, PUBLIC),
            default=_authentication,
            doc=(
                "How the client proves its identity: by a secret in the request or in its header, by a private key, or not "
                "at all. The grant V(jwt_bearer) only uses the private key. For a new client, it defaults to what the secret "
                "or the private key suggests."
            ),
        ),
        Field(
            "client_secret",
            "client_secret",
            secret=True,
            computed=True,
            trimmed=True,
            required=_needs_secret,
            doc="The client's secret. It is compared with the value in Odoo.",
        ),
        Field(
            "private_key",
            "private_key",
            secret=True,
            computed=True,
            trimmed=True,
            check=validators.pem_key,
            required=_needs_key,
            doc="Private key in PEM format, without a passphrase. It is compared with the value in Odoo.",
        ),
        Field(
            "certificate",
            "certificate",
            trimmed=True,
            check=validators.pem_certificate,
            doc="Certificate of the private key, in PEM format. Microsoft uses it to identify the key.",
        ),
        Field(
            "secret_expires",
            "secret_expires",
            check=validators.date,
            doc=(
                "The day on which the secret expires, such as V(2027-12-31), as the provider shows it. Odoo's label is "
                "I(Secret Expires On)."
            ),
        ),
        Field("key_id", "key_id", check=validators.one_line, doc="ID of the private key. Google: C(private_key_id)."),
        Field(
            "scopes",
            "scopes",
            check=validators.one_line,
            doc="Scopes, separated by spaces, such as C(https://mail.google.com/).",
        ),
        Field("active", "active", type="boolean", in_use=True, doc="Whether the client is active. V(false) archives it."),
    ),
    extra=(
        Option(
            "tested",
            type="bool",
            default=False,
            doc=(
                "Whether to get a token for new clients, and for clients that change. If the provider refuses it, the client "
                "is restored and the module fails with the provider's message. Only for clients whose token is valid for all "
                "mailboxes."
            ),
        ),
    ),
    checks=(_is_coherent,),
    conflicts=_conflicts,
    conflict_fields=("secret_expires",),
    observed=(Field("certificate_expires", "certificate_expires"),),
    verification=Verification(
        option="tested",
        method="button_test",
        connection=(
            *("token_url", "grant", "subject", "client_id", "client_authentication"),
            *("client_secret", "private_key", "certificate", "key_id", "scopes"),
        ),
    ),
)
