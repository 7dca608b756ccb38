# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whose token it is: the mailbox's owner's, or that of somebody else who was signed in."""

from __future__ import annotations

import base64
import json
import ssl

from ansible_collections.postroom.odoo.plugins.plugin_utils.consent.device import NoConsent
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify import tls
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.sessions import (
    BROKEN,
    NoStartTls,
    Postponed,
    Refused,
    Unable,
    open_session,
)
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.targets import SMTP

# The claims of an ID token (OpenID Connect, and Microsoft's) that have a person's address, or login.
CLAIMS = ("email", "preferred_username", "upn")
# Scopes that are no access to a mailbox (OpenID Connect).
_NO_MAIL = {"openid", "email", "profile", "offline_access"}
_AGAIN = "Nothing was stored. Run consent.yml again, and have the mailbox's owner sign in"

_DENIED = (
    "Whoever signed in did not allow access to mail (%s). Nothing was stored. Run consent.yml again, and have the mailbox's "
    "owner tick all boxes of the provider's page. An account without a mailbox, such as a personal one with the same address, "
    "cannot allow it"
)


class Prover:
    """Decides whose token it is: by what the provider says of the person, otherwise by a login at the mail server.

    :param ca_path: certificates to trust besides those of the system.
    :param timeout: seconds to wait for each answer of a mail server.
    """

    def __init__(self, ca_path=None, timeout=10):
        self._context, self._timeout = tls.strict_context(ca_path), timeout

    def prove(self, person, answer):
        """Do nothing if the answer's token is the person's.

        :raises NoConsent: if it is another's, or nobody can tell, or if it does not open the mailbox.
        """
        denied = denied_scopes(person.client.scopes, answer.scope)
        if any("://" in each for each in denied):
            raise NoConsent(_DENIED % " and ".join(denied))
        names = names_of(answer.id_token, person.client.client_id)
        # An address says nothing of a login that is none.
        others = [each for each in sorted(names) if "@" in each and "@" in person.address]
        if person.address not in names and others:
            raise NoConsent("%s has signed in instead. %s" % (" or ".join(others), _AGAIN))
        if person.address in names and not denied:
            return
        self._log_in(person, answer.access_token)

    def _log_in(self, person, token):
        refused, unclear = [], []
        # SMTP last: providers disable it for a mailbox more often.
        for mailbox in sorted(person.mailboxes, key=lambda each: each.endpoint.protocol == SMTP):
            try:
                with open_session(mailbox.endpoint, self._context, self._timeout) as session:
                    session.log_in_by_token(mailbox.login, token)
                return
            except Unable as exc:
                unclear.append("%s: %s" % (mailbox.endpoint, exc))
            except Refused as exc:
                refused.append("%s: %s" % (mailbox.endpoint, exc))
            except ssl.SSLCertVerificationError as exc:
                unclear.append("%s: certificate not trusted (%s)" % (mailbox.endpoint, exc.verify_message))
            except NoStartTls:
                unclear.append("%s: no STARTTLS" % mailbox.endpoint)
            except (Postponed, *BROKEN) as exc:
                unclear.append("%s: %s" % (mailbox.endpoint, exc or type(exc).__name__))
        if refused:
            words = "The mail server rejects the token for this mailbox, for example because somebody else signed in (%s). %s"
            raise NoConsent(words % ("; ".join(refused).replace(token, "***"), _AGAIN))
        raise NoConsent(
            "It cannot be checked who has signed in: the provider does not say, and the mail server could not be asked (%s). "
            "Nothing was stored. Add openid and email to the client's scopes, or run consent.yml where the mail server can be "
            "reached" % "; ".join(unclear).replace(token, "***")
        )


def denied_scopes(asked, given):
    """The scopes for mail that a token lacks; none where the provider does not say (RFC 6749, 5.1).

    Providers write a scope in another form than it was asked for: in small letters, or by another host. Only one that is a URL
    is sure to be named: Keycloak, for one, can leave out the others.

    :param asked: the client's scopes.
    :param given: those of the answer, or None.
    """
    if not (given or "").split():
        return []
    allowed = _NO_MAIL | {_short(each) for each in given.split()}
    return [each for each in asked.split() if _short(each) not in allowed and _short(each) != ".default"]


def _short(scope):
    """The last part of a scope, without what providers write in several ways."""
    return scope.rstrip("/").rpartition("/")[2].lower()


def names_of(id_token, client_id):
    """The addresses and logins of the person whom an ID token is about, in small letters; none where it does not say.

    Its signature is not looked at: it comes from the token endpoint itself, over TLS (OpenID Connect Core, 3.1.3.7).
    """
    try:
        content = id_token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4)))
        audience = claims.get("aud")
    except (AttributeError, IndexError, ValueError):
        return set()
    if client_id not in (audience if isinstance(audience, list) else [audience]):
        return set()
    found = [claims.get(name) for name in CLAIMS if name != "email" or claims.get("email_verified") is not False]
    return {each.strip().lower() for each in found if isinstance(each, str) and each.strip()}
