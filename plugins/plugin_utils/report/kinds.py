# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The kinds of differences, in words: what was declared and what is found instead, what it means, and what to do."""

from __future__ import annotations

KINDS = {
    "differs": {
        "declared": "",
        "found": "",
        "explanation": "This option of the record has another value than in the inventory.",
        "cure": "Run {run} to restore the declared value, or update the inventory if the new value is right.",
    },
    "missing": {
        "declared": "exists",
        "found": "missing",
        "explanation": "It is declared, but does not exist: it was removed, or site.yml has not run since.",
        "cure": "Run {run} to create it, or remove it from the inventory.",
    },
    "unwanted": {
        "declared": "absent",
        "found": "exists",
        "explanation": "It exists, but the inventory declares that it must not.",
        "cure": "Run {run} to remove it.",
    },
    "not_owned": {
        "declared": "managed by Postroom",
        "found": "created manually",
        "explanation": "It exists, but Postroom does not own it: it was created manually, or before site.yml ran.",
        "cure": "Run {run}, which adopts it.",
    },
    "unnamed": {
        "declared": "not in the inventory",
        "found": "exists, owned by Postroom",
        "explanation": "Postroom owns this record and it is active, but the inventory no longer contains it.",
        "cure": "Archive it in Odoo, remove it with state: overridden, or add it to the inventory again.",
    },
    "second_outgoing_server": {
        "declared": "the only server for its address",
        "found": "another server",
        "explanation": "Another outgoing mail server, created manually, has the same address: Odoo may send through that one.",
        "cure": "Archive the other server in Odoo, or replace this one with it in the inventory.",
    },
    "earlier_outgoing_server": {
        "declared": "the first server",
        "found": "another server takes precedence",
        "explanation": "For mail whose sender has no server of their own, Odoo prefers a server that was created manually: its "
        "priority number is lower, and it has no FROM filter, or one for the whole domain.",
        "cure": "Archive the other server in Odoo, or give it a higher priority number and a FROM filter of its own.",
    },
    "second_incoming_server": {
        "declared": "the only one that fetches its mailbox",
        "found": "another server",
        "explanation": "Another incoming mail server, created manually, fetches the same mailbox and takes a part of its mail.",
        "cure": "Archive the other server in Odoo.",
    },
    "other_alias_domain": {
        "declared": "the alias domain of every company",
        "found": "another alias domain",
        "explanation": "A company uses an alias domain that was created manually, so its catchall is not the declared one.",
        "cure": "Set the company's alias domain in Odoo, or declare the companies of the domain in mail_domain_companies.",
    },
    "unused_alias_domain": {
        "declared": "the alias domain of every company",
        "found": "used by no company",
        "explanation": "The alias domain exists, but no company uses it, so its catchall and bounce have no effect.",
        "cure": "Set the company's alias domain in Odoo, or add the company to mail_domain_companies and run site.yml.",
    },
    "second_user": {
        "declared": "the only user with this address",
        "found": "another user",
        "explanation": "Another user has the same e-mail address: Odoo may use either of them as the sender of incoming mail.",
        "cure": "Archive the other user in Odoo, or give them another address.",
    },
    "password_at_provider": {
        "declared": "a login that the provider accepts",
        "found": "a password",
        "explanation": "The provider disables logins with passwords, or accepts app passwords only.",
        "cure": "Set mail_provider.kind and mail_provider.oauth, as docs/oauth.md describes, and run {run}.",
    },
    "no_token": {
        "declared": "logs in by OAuth",
        "found": "no token yet",
        "explanation": "The server logs in by OAuth, but nobody has logged in with a token, or the mailbox's owner has not "
        "consented.",
        "cure": "With an OAuth client, run playbooks/consent.yml if its grant is refresh_token, or select Test OAuth on the "
        "server's form in Odoo, which says what is missing. With Odoo's "
        "own addon for Gmail or Outlook, select Connect your Gmail account, or Connect your Outlook account, and sign in as "
        "the mailbox.",
    },
    "token_fails": {
        "declared": "logs in by OAuth",
        "found": "the last login failed",
        "explanation": "The provider refuses a token, or the mail server refuses the login with it.",
        "cure": "Correct what the message names: see docs/oauth.md. Then select Test OAuth on the server's form in Odoo.",
    },
    "token_unused": {
        "declared": "logs in by OAuth",
        "found": "not used for 60 days",
        "explanation": "A consent that is not used expires, at Microsoft after 90 days, at Google after six months.",
        "cure": "Find out why Odoo no longer sends or fetches as this mailbox, for example a stopped scheduled action. Test "
        "OAuth on the server's form in Odoo uses the consent. If nobody needs the servers any more, remove the account.",
    },
    "client_expires": {
        "declared": "valid",
        "found": "expires soon",
        "explanation": "When the secret or the certificate of an OAuth client has expired, none of its mailboxes can log in.",
        "cure": "Create another one at the provider, put it into the inventory with its expiry date, and run {run}.",
    },
    "restart_due": {
        "declared": "restarted",
        "found": "restart required",
        "explanation": "The addon's files are up to date, but Odoo has not been restarted since they changed.",
        "cure": "Run site.yml, which restarts it.",
    },
}


def worded(kinds, playbook):
    """What differences of these kinds mean, and what to do.

    :param playbook: the name of the one that writes what was compared.
    """
    return {
        kind: {"explanation": KINDS[kind]["explanation"], "cure": KINDS[kind]["cure"].replace("{run}", playbook)}
        for kind in kinds
    }
