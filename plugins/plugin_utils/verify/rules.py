# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rules of playbooks/verify.yml: each finding that it can report, with its level and its words.

`make docs` writes the table in docs/verify.md and the names in docs/verify.schema.json from here.
"""

from __future__ import annotations

from dataclasses import dataclass

ERROR, WARNING, INFORMATION = "error", "warning", "information"
LEVELS = (ERROR, WARNING, INFORMATION)
CONNECTIONS, DNS, ODOO, ROUND_TRIP = "connections", "dns", "odoo", "round_trip"
# Those that only look, and all.
QUIET_CHECKS = (CONNECTIONS, DNS, ODOO)
CHECKS = (*QUIET_CHECKS, ROUND_TRIP)


@dataclass(frozen=True)
class Rule:
    """A kind of finding.

    :param check: the check that reports it.
    :param level: its usual level.
    :param meaning: what it says.
    :param matters: why that matters to mail.
    :param cure: what to do.
    :param raised: when its level is a higher one; empty if it never is.
    """

    check: str
    level: str
    meaning: str
    matters: str
    cure: str
    raised: str = ""


_CONNECTIONS = {
    "host_unknown": Rule(
        CONNECTIONS,
        ERROR,
        "the server's name does not resolve",
        "Odoo cannot connect to a server whose name has no address, so it neither sends nor fetches.",
        "Correct host in the inventory. If the name is right, correct the DNS of the server, or of the controller.",
    ),
    "host_refuses": Rule(
        CONNECTIONS,
        ERROR,
        "nothing accepts connections on the port",
        "Nothing listens on this port, or a firewall rejects the connection: Odoo neither sends nor fetches.",
        "Correct host and port in the inventory, or start the server.",
    ),
    "protocol_wrong": Rule(
        CONNECTIONS,
        ERROR,
        "the server does not speak the declared protocol on the port",
        "Port, protocol and encryption do not match, so Odoo cannot communicate with the server.",
        "Set port and encryption (for incoming mail, ssl) as the provider documents them: usually 465 with ssl, 587 with "
        "starttls, 993 for IMAP and 995 for POP3 with TLS.",
    ),
    "starttls_missing": Rule(
        CONNECTIONS,
        ERROR,
        "the server does not offer STARTTLS",
        "The inventory declares starttls. Odoo does not send through a server that does not offer it.",
        "Use the port on which the provider offers STARTTLS (usually 587), or encryption: ssl with port 465.",
    ),
    "not_encrypted": Rule(
        CONNECTIONS,
        WARNING,
        "password and mail are sent unencrypted",
        "Anybody on the network path can read the mailbox's password and every message.",
        "Set encryption to starttls or ssl (for incoming mail, ssl: true), with the port for it.",
    ),
    "tls_old": Rule(
        CONNECTIONS,
        WARNING,
        "the server only speaks TLS 1.1 or older",
        "TLS before 1.2 is broken and deprecated (RFC 8996). Current systems reject it: after the next update of its own "
        "system, Odoo may no longer connect.",
        "Have the provider enable TLS 1.2 or later.",
    ),
    "certificate_expired": Rule(
        CONNECTIONS,
        WARNING,
        "the certificate has expired, or is not valid yet",
        "Programs that verify certificates reject the connection: Odoo with strict encryption, mail programs, other servers.",
        "Renew the certificate of the server, and reload the server.",
        "error with starttls_strict and ssl_strict",
    ),
    "certificate_expires": Rule(
        CONNECTIONS,
        WARNING,
        "the certificate expires soon",
        "After that day, programs that verify certificates reject the connection.",
        "Renew the certificate of the server, and check that its automatic renewal works.",
    ),
    "certificate_for_other_name": Rule(
        CONNECTIONS,
        WARNING,
        "the certificate is for another name",
        "The server cannot prove its identity, and programs that verify certificates reject the connection.",
        "Set host to a name in the certificate, or have the name added to the certificate.",
        "error with starttls_strict and ssl_strict",
    ),
    "certificate_untrusted": Rule(
        CONNECTIONS,
        WARNING,
        "the certificate's issuer is not trusted, or its chain is incomplete",
        "The server cannot prove its identity, and programs that verify certificates reject the connection.",
        "Use a certificate from a public authority, and configure the server to send its intermediate certificates. If the "
        "authority is your own, set verify_ca_path to its certificate.",
        "error with starttls_strict and ssl_strict",
    ),
    "authentication_missing": Rule(
        CONNECTIONS,
        ERROR,
        "the server does not offer the declared authentication method",
        "Odoo cannot log in, so it neither sends nor fetches.",
        "Set authentication (for incoming mail, type) to a method that the server offers, or use the port for logins, "
        "usually 587 or 465.",
    ),
    "size_smaller": Rule(
        CONNECTIONS,
        ERROR,
        "the server's size limit is lower than max_email_size",
        "Odoo sends messages of up to max_email_size with their attachments, and the server rejects the largest.",
        "Set max_email_size to the server's limit or less; Odoo then sends links instead of large attachments.",
    ),
    "login_refused": Rule(
        CONNECTIONS,
        ERROR,
        "the server rejects the login of a mailbox",
        "Odoo cannot log in as this mailbox, so its mail is neither sent nor fetched.",
        "Correct login and password in the inventory. Some providers require an app password, or that you enable SMTP, IMAP "
        "or POP3 for the mailbox.",
    ),
    "token_not_issued": Rule(
        CONNECTIONS,
        ERROR,
        "the OAuth provider rejects the request for an access token",
        "Without a token, Odoo cannot log in to the client's mailboxes, so their mail is neither sent nor fetched.",
        "Correct the OAuth client in the inventory by what the provider says. docs/oauth.md explains frequent messages.",
    ),
    "token_refused": Rule(
        CONNECTIONS,
        ERROR,
        "the server rejects the access token of a mailbox",
        "The provider issued the token, but Odoo cannot log in to this mailbox with it: its mail is neither sent nor fetched.",
        "Give the OAuth client access to the mailbox, and enable SMTP, IMAP or POP3 for it. docs/oauth.md explains frequent "
        "messages.",
    ),
    "login_not_tried": Rule(
        CONNECTIONS,
        INFORMATION,
        "the login of a mailbox cannot be tested from the controller",
        "The inventory lacks what Odoo logs in with: tokens that a person consented to, or a client certificate.",
        "Test the server in Odoo: Test Connection of the outgoing server, Test & Confirm of the incoming one.",
    ),
    "sender_refused": Rule(
        CONNECTIONS,
        ERROR,
        "the server rejects the mailbox's own address as sender",
        "Odoo sends from this address through this server, and every message is rejected.",
        "Set login to the mailbox of the address, or ask the provider to allow the address as an alias of the mailbox.",
    ),
    "sender_strict": Rule(
        CONNECTIONS,
        INFORMATION,
        "the server rejects other addresses of the inventory as envelope sender",
        "Odoo may send through such a server only with the mailbox's own address as envelope sender and From. "
        "The routing addon does that; without it, use a from_filter with the address only.",
        "Nothing, as long as each user who sends mail has their own server.",
    ),
    "sender_open": Rule(
        CONNECTIONS,
        INFORMATION,
        "the server accepts other addresses of the inventory as envelope sender",
        "The server accepts them up to the recipient's address. Some providers check From and reject the message after its "
        "content; this was not tested, as no message was sent.",
        "Nothing. Before you rely on it, send a message from another address.",
    ),
}

_SPAM = "Receivers then reject the mail, or treat it as spam."
_DNS = {
    "domain_unknown": Rule(
        DNS,
        ERROR,
        "the domain does not exist",
        "Receivers reject mail from a domain that does not exist, and no reply can arrive.",
        "Correct the domain in the inventory, or register it.",
    ),
    "domain_typo": Rule(
        DNS,
        WARNING,
        "the name is very similar to that of a well-known provider",
        "If it is mistyped, mail and passwords go to whoever owns that name.",
        "Correct the name in the inventory. If it is right, there is nothing to do.",
    ),
    "mx_missing": Rule(
        DNS,
        WARNING,
        "the domain has no MX record",
        "Replies and bounces cannot be delivered, and some receivers reject mail from such a domain.",
        "Publish the MX records that your provider documents.",
        "error for an alias domain, and where mailboxes are fetched",
    ),
    "mx_null": Rule(
        DNS,
        ERROR,
        "the domain declares that it accepts no mail (null MX, RFC 7505)",
        "No reply arrives, and receivers may reject mail from such a domain.",
        "Publish the MX records that your provider documents, or send from another domain.",
    ),
    "mx_host_unknown": Rule(
        DNS,
        ERROR,
        "a host of the MX record has no address",
        "Replies and bounces cannot be delivered to this host.",
        "Correct the MX record, or publish the host's address.",
    ),
    "mx_elsewhere": Rule(
        DNS,
        WARNING,
        "the MX record does not seem to lead to the mailboxes that Odoo fetches",
        "If replies arrive in other mailboxes than those that Odoo fetches, Odoo never receives them.",
        "Check that the MX host delivers to the server that the inventory declares for incoming mail.",
    ),
    "mta_sts_missing": Rule(
        DNS,
        INFORMATION,
        "the domain has no MTA-STS policy",
        "Without it, an attacker on the network path can divert mail to another server, or prevent its encryption.",
        "Publish an MTA-STS policy (RFC 8461) if your provider supports it.",
    ),
    "mta_sts_invalid": Rule(
        DNS,
        ERROR,
        "the MTA-STS policy cannot be fetched or read",
        "The record announces a policy. Senders that know an older policy continue to use it; others use none.",
        "Publish the policy at its URL, or remove the record.",
    ),
    "mta_sts_other_mx": Rule(
        DNS,
        WARNING,
        "the MTA-STS policy does not allow the host of the MX record",
        "With mode enforce, senders such as Google and Microsoft do not deliver to this host, so replies do not arrive.",
        "Add the host to the policy, raise the id of its record, and wait for max_age before you change the MX record.",
        "error with mode enforce",
    ),
    "tls_rpt_missing": Rule(
        DNS,
        INFORMATION,
        "the domain does not request reports on failed encryption (TLS-RPT)",
        "You are not told when mail to the domain cannot be delivered encrypted.",
        "Publish a TXT record such as v=TLSRPTv1; rua=mailto:postmaster@mydomain.com (RFC 8460).",
    ),
    "tls_rpt_invalid": Rule(
        DNS,
        WARNING,
        "the TLS-RPT record is invalid",
        "Senders ignore it, and report nothing.",
        "Correct the record, for example v=TLSRPTv1; rua=mailto:postmaster@mydomain.com.",
    ),
    "dane_unsigned": Rule(
        DNS,
        WARNING,
        "the MX host has TLSA records (DANE) without a verified signature",
        "Senders ignore TLSA records that DNSSEC does not protect. Or the resolver does not verify signatures.",
        "Sign the zone with DNSSEC, or use a resolver that verifies signatures (verify_resolvers).",
    ),
    "dane_unusable": Rule(
        DNS,
        WARNING,
        "the MX host only has TLSA records (DANE) that senders do not use",
        "For mail, only the usages 2 and 3 count (RFC 7672). Senders encrypt, but do not verify who the server is.",
        "Publish a record with usage 3, selector 1 and matching type 1: the SHA-256 digest of the server's public key.",
    ),
    "dane_mismatch": Rule(
        DNS,
        ERROR,
        "the certificate of the MX host does not match its TLSA records (DANE)",
        "Senders that verify DANE, such as Microsoft 365, do not deliver to this host, so replies do not arrive.",
        "Publish a TLSA record of the new certificate before the server uses it, and remove the old record afterwards.",
    ),
    "spf_missing": Rule(
        DNS,
        WARNING,
        "the domain has no SPF record",
        "Receivers cannot tell the domain's servers from others. " + _SPAM,
        "Publish the SPF record that your provider documents, such as v=spf1 include:spf.provider.com -all.",
    ),
    "spf_several": Rule(
        DNS,
        ERROR,
        "the domain has more than one SPF record",
        "SPF then fails for every server (permerror, RFC 7208). " + _SPAM,
        "Merge them into one record with the mechanisms of both.",
    ),
    "spf_invalid": Rule(
        DNS,
        ERROR,
        "the SPF record is invalid",
        "SPF then fails for every server (permerror, RFC 7208). " + _SPAM,
        "Correct the record.",
    ),
    "spf_lookups": Rule(
        DNS,
        ERROR,
        "the SPF record needs more than 10 look-ups",
        "SPF then fails for every server (permerror, RFC 7208). " + _SPAM,
        "Remove what is no longer used, and replace includes with the addresses in them if these do not change.",
    ),
    "spf_void_lookups": Rule(
        DNS,
        ERROR,
        "the SPF record needs more than two look-ups that find nothing",
        "SPF may then fail for every server (permerror, RFC 7208). " + _SPAM,
        "Remove the names that no longer exist.",
    ),
    "spf_plus_all": Rule(
        DNS,
        ERROR,
        "the SPF record allows every server to send (+all)",
        "Anybody can send as the domain, and receivers trust it less.",
        "End the record with -all or ~all.",
    ),
    "spf_host": Rule(
        DNS,
        WARNING,
        "SPF does not pass for the SMTP server's own addresses",
        "If mail leaves from these addresses, receivers reject it or treat it as spam. Some providers send from others.",
        "Add the mechanism that the provider documents to the SPF record; if it is there, there is nothing to do.",
    ),
    "dkim_missing": Rule(
        DNS,
        ERROR,
        "the given DKIM selector has no key",
        "If the provider signs with this selector, every signature fails. " + _SPAM,
        "Publish the key that the provider documents, or correct verify_dkim_selectors.",
    ),
    "dkim_invalid": Rule(
        DNS,
        ERROR,
        "the DKIM key cannot be used",
        "Signatures with this key fail. " + _SPAM,
        "Publish the key again as the provider documents it, with at least 1024 bits.",
    ),
    "dkim_unknown": Rule(
        DNS,
        INFORMATION,
        "no DKIM key was found",
        "Without a signature, forwarded mail fails DMARC, and large receivers treat mail as spam. The key may have a "
        "selector that cannot be guessed.",
        "Set the provider's selectors in verify_dkim_selectors, or enable DKIM at the provider.",
    ),
    "dmarc_missing": Rule(
        DNS,
        WARNING,
        "the domain has no DMARC record",
        "Google, Yahoo and Microsoft require one from bulk senders, and without it anybody can forge the domain.",
        "Publish a TXT record at _dmarc, to begin with v=DMARC1; p=none; rua=mailto:postmaster@mydomain.com.",
    ),
    "dmarc_several": Rule(
        DNS,
        ERROR,
        "the domain has more than one DMARC record",
        "Receivers ignore all of them.",
        "Remove all but one.",
    ),
    "dmarc_invalid": Rule(
        DNS,
        ERROR,
        "the DMARC record is invalid",
        "Receivers ignore it.",
        "Correct the record.",
    ),
    "dmarc_none": Rule(
        DNS,
        INFORMATION,
        "the DMARC policy is none",
        "Receivers report forged mail but still deliver it.",
        "When the reports show that all your mail passes, set the policy to quarantine or reject.",
    ),
    "dmarc_not_aligned": Rule(
        DNS,
        WARNING,
        "the envelope sender has another domain than From, and no DKIM key was found",
        "SPF then does not count for From, so DMARC fails unless the provider signs the mail.",
        "Set from_filter to the server's own address (with the routing addon, own), give the domain its own alias domain, or "
        "set the selectors of the provider's signature in verify_dkim_selectors.",
        "error with a DMARC policy other than none",
    ),
}

_ODOO = {
    "mail_missing": Rule(
        ODOO,
        ERROR,
        "the database does not have the mail app",
        "Without it, Odoo neither sends nor fetches mail.",
        "Run site.yml, which installs it.",
    ),
    "odoo_neutralized": Rule(
        ODOO,
        WARNING,
        "the database is a neutralized copy",
        "It must neither send nor fetch mail. Its servers are archived, which causes other findings.",
        "Nothing, unless it is a production database: then restore it from one that is not neutralized.",
    ),
    "odoo_clock": Rule(
        ODOO,
        WARNING,
        "Odoo's clock differs from the controller's",
        "Mail gets a wrong date, which spam filters penalize, and certificates and tokens may be rejected.",
        "Synchronize the clock of the machine that runs Odoo (NTP).",
    ),
    "base_url": Rule(
        ODOO,
        WARNING,
        "web.base.url is not the URL in the inventory",
        "Links in mail lead to web.base.url. If people cannot reach it, buttons and invitations in mail do not work.",
        "Set the system parameter web.base.url to the URL that people use, and web.base.url.freeze to True. If it is already "
        "the URL that people use, there is nothing to do.",
    ),
    "action_inactive": Rule(
        ODOO,
        ERROR,
        "the scheduled action that sends or fetches mail is inactive",
        "Mail in the queue is not sent, or replies are not fetched.",
        "Activate it in Settings > Technical > Scheduled Actions. Odoo disables the one that fetches mail as long as no "
        "incoming server is confirmed.",
    ),
    "action_overdue": Rule(
        ODOO,
        ERROR,
        "the scheduled action that sends or fetches mail is overdue",
        "Mail is sent or fetched too late, or never. Odoo may have no worker for scheduled actions, or one that hangs.",
        "Check that max_cron_threads is above 0 in Odoo's configuration, and look for slow actions in Odoo's log.",
    ),
    "action_failing": Rule(
        ODOO,
        ERROR,
        "the scheduled action that sends or fetches mail fails",
        "Mail is not sent or not fetched. Odoo disables an action that keeps failing. Only Odoo 18 and later count failures.",
        "Find the reason in Odoo's log, and fix it.",
    ),
    "mails_waiting": Rule(
        ODOO,
        ERROR,
        "e-mails have been in the queue for too long",
        "They have not been sent, and Odoo reports no error.",
        "Check the scheduled action that sends mail, or use Send Now in Settings > Technical > Emails.",
    ),
    "mails_failed": Rule(
        ODOO,
        WARNING,
        "e-mails could not be sent",
        "Their recipients have not received them.",
        "Fix the cause that the failure reason gives, then use Retry in Settings > Technical > Emails.",
    ),
    "incoming_unconfirmed": Rule(
        ODOO,
        ERROR,
        "an active incoming mail server is not confirmed",
        "Odoo only fetches from confirmed servers, so replies in this mailbox never arrive. Odoo 17 and later "
        "reset a server that fails for days to Not Confirmed.",
        "Run site.yml, which confirms declared servers, or use Test & Confirm in Odoo.",
    ),
    "incoming_failing": Rule(
        ODOO,
        ERROR,
        "Odoo could not fetch from an incoming mail server",
        "Replies in this mailbox do not arrive.",
        "Fix the cause that the error gives, and check the password.",
    ),
    "outgoing_missing": Rule(
        ODOO,
        ERROR,
        "there is no active outgoing mail server",
        "Odoo then sends through the server in its configuration file, or not at all.",
        "Run site.yml, or activate a server in Odoo.",
    ),
    "user_without_address": Rule(
        ODOO,
        WARNING,
        "a user has no e-mail address",
        "The user cannot send messages, and is not notified by mail.",
        "Set the user's e-mail address, or archive the user.",
    ),
    "user_without_server": Rule(
        ODOO,
        WARNING,
        "no outgoing mail server sends from a user's address",
        "Odoo sends the user's mail through another server, which may reject or replace the address.",
        "Add the user to mail_users_accounts, or add the user's domain to the from_filter of the shared server.",
    ),
    "users_with_one_address": Rule(
        ODOO,
        WARNING,
        "several users have the same address",
        "Odoo may take any of them as the author of an e-mail from this address.",
        "Archive all but one, or give each their own address.",
    ),
    "alias_is_special": Rule(
        ODOO,
        ERROR,
        "an alias has the address of the catchall or of bounces",
        "Replies to the catchall, or bounces, create records through this alias.",
        "Give the alias another name in Settings > Technical > Aliases.",
    ),
}

_REPLIES_LOST = "Replies do not reach Odoo, or not the record."
_ROUND_TRIP = {
    "trip_done": Rule(
        ROUND_TRIP,
        INFORMATION,
        "the message arrived, and its answer is on the record",
        "Mail of this user leaves Odoo, arrives, and replies are posted on the record by the right author.",
        "Nothing.",
    ),
    "trip_left_over": Rule(
        ROUND_TRIP,
        INFORMATION,
        "an earlier round trip left records or mail, which were removed",
        "That run was interrupted, or its mail arrived only after it had ended.",
        "Nothing. If it was not interrupted, see whether mail is delayed.",
    ),
    "trip_not_removed": Rule(
        ROUND_TRIP,
        WARNING,
        "not everything that the round trip created could be removed",
        "Records of the round trip are still in Odoo, or its mail is still in a mailbox.",
        "Run it again, with the login of the mailbox in the inventory. Delete by hand what Postroom cannot reach.",
    ),
    "trip_user_missing": Rule(
        ROUND_TRIP,
        ERROR,
        "Odoo has no active user with this address",
        "Nobody can send from this address, and replies have no author.",
        "Run site.yml, which creates the users of the inventory.",
    ),
    "trip_not_posted": Rule(
        ROUND_TRIP,
        ERROR,
        "Odoo rejects the message",
        "The round trip ended at its first step, in Odoo: to post a message on a new contact.",
        "Fix the cause that Odoo gives. odoo_login needs the access rights Settings and Contact Creation.",
    ),
    "trip_refused": Rule(
        ROUND_TRIP,
        ERROR,
        "the message could not be sent",
        "The round trip ended when Odoo sent the message: this user's mail does not leave Odoo.",
        "Fix the cause that the provider gives. A rejected sender needs an own server, and on Odoo 14 also the routing addon.",
    ),
    "trip_waiting": Rule(
        ROUND_TRIP,
        ERROR,
        "the provider does not accept the message for now",
        "The round trip ended when Odoo sent the message: this user's mail is delayed.",
        "Fix the cause that the provider gives, such as a limit on messages, or run the round trip again later.",
    ),
    "trip_lost": Rule(
        ROUND_TRIP,
        ERROR,
        "the message was sent, but did not arrive",
        "The provider accepted the message, but it is neither in INBOX nor in the spam folder of the receiver.",
        "Search the provider's log for the Message-Id. If mail is only slow, raise verify_round_trip_wait.",
    ),
    "trip_bounced": Rule(
        ROUND_TRIP,
        ERROR,
        "the message bounced",
        "The provider accepted the message, and then reported that it could not deliver it.",
        "Fix the cause that the report gives.",
    ),
    "trip_in_spam": Rule(
        ROUND_TRIP,
        ERROR,
        "the message arrived in the spam folder",
        "The receiver takes the user's mail for spam, so customers do not see it.",
        "Compare with the results of SPF, DKIM and DMARC, and with the findings of the check dns.",
    ),
    "trip_from": Rule(
        ROUND_TRIP,
        ERROR,
        "the message does not have the user's address as From",
        "Odoo or the provider replaced the sender: customers see, and answer, somebody else.",
        "Give the user an outgoing server whose from_filter is the address, and see from_filter of the others.",
    ),
    "trip_reply_to": Rule(
        ROUND_TRIP,
        ERROR,
        "replies go to an unexpected address",
        _REPLIES_LOST,
        "Fetch the mailbox of this address, or remove what sets it: an alias, a template or an addon.",
    ),
    "trip_reply_to_catchall": Rule(
        ROUND_TRIP,
        INFORMATION,
        "replies go to the catchall, not to the user",
        "Odoo sets it if the routing addon does not send the mail through the user's own server: the user does not get replies "
        "by mail, only in Odoo.",
        "Install the routing addon, and give the user a server, if replies are to reach the user's mailbox.",
    ),
    "trip_return_path": Rule(
        ROUND_TRIP,
        ERROR,
        "the envelope sender is an unexpected address",
        "Bounces go to this address, and SPF is judged by its domain.",
        "Set from_filter of the server to the user's address; see whether the provider replaces the envelope sender.",
    ),
    "trip_login": Rule(
        ROUND_TRIP,
        ERROR,
        "the message was sent by another login than the user's server has",
        "The message left through another server.",
        "Check the user's outgoing server, its owner and from_filter.",
    ),
    "trip_message_id": Rule(
        ROUND_TRIP,
        ERROR,
        "the provider replaced the Message-Id",
        "Odoo finds the record of a reply by the Message-Id of its own message. " + _REPLIES_LOST,
        "Ask the provider to keep Message-Ids, or send through another one.",
    ),
    "trip_dmarc": Rule(
        ROUND_TRIP,
        ERROR,
        "the receiver judged that DMARC fails",
        "The receiver cannot tell the user's mail from forged mail. " + _SPAM,
        "See the findings of the check dns about SPF, DKIM and DMARC.",
    ),
    "trip_spf": Rule(
        ROUND_TRIP,
        WARNING,
        "the receiver judged that SPF does not pass",
        "Without a valid DKIM signature, DMARC then fails. " + _SPAM,
        "Publish the SPF record that the provider documents for the domain of the envelope sender.",
    ),
    "trip_dkim": Rule(
        ROUND_TRIP,
        WARNING,
        "the receiver judged that DKIM fails",
        "A signature that fails counts as none, and forwarded mail then fails DMARC. " + _SPAM,
        "Publish the key that the provider documents. If it is there, see what changes the message after it was signed.",
    ),
    "trip_not_judged": Rule(
        ROUND_TRIP,
        INFORMATION,
        "the receiver does not say how it judged SPF, DKIM and DMARC",
        "The message has no Authentication-Results of the receiver.",
        "To see them, set verify_echo to a mailbox at a provider that notes them, such as Google or Microsoft.",
    ),
    "trip_answer_refused": Rule(
        ROUND_TRIP,
        ERROR,
        "the answer could not be sent",
        "The receiver's own server rejects the answer: customers' replies may be rejected, too.",
        "Fix the cause that the server gives. The recipient is the Reply-To of the message.",
    ),
    "trip_answer_lost": Rule(
        ROUND_TRIP,
        ERROR,
        "the answer was sent, but did not arrive",
        "It is neither in INBOX nor in the spam folder of the mailbox that Odoo fetches. " + _REPLIES_LOST,
        "Check the MX record of the domain, and rules that move or forward mail of the mailbox.",
    ),
    "trip_answer_in_spam": Rule(
        ROUND_TRIP,
        ERROR,
        "the answer arrived in the spam folder",
        "Odoo does not fetch from that folder. " + _REPLIES_LOST,
        "Have the spam filter of the mailbox accept replies, or add the folder to the incoming server.",
    ),
    "trip_not_fetched_by_odoo": Rule(
        ROUND_TRIP,
        ERROR,
        "no incoming mail server of Odoo fetches the mailbox to which replies go",
        _REPLIES_LOST,
        "Add the mailbox to the inventory, such as with incoming: true for the account, and run site.yml.",
    ),
    "trip_fetch_failed": Rule(
        ROUND_TRIP,
        ERROR,
        "Odoo fails to fetch the mailbox",
        _REPLIES_LOST,
        "Fix the cause that Odoo gives: Test & Confirm in Odoo shows it, too.",
    ),
    "trip_not_landed": Rule(
        ROUND_TRIP,
        ERROR,
        "Odoo fetched the mailbox, but did not post the answer",
        _REPLIES_LOST,
        "See Odoo's log, and Left in the Mailbox of the incoming server (with the routing addon).",
    ),
    "trip_elsewhere": Rule(
        ROUND_TRIP,
        ERROR,
        "Odoo posted the answer elsewhere than on the record",
        "People do not find the reply where they wrote.",
        "See whether the provider changes Message-Id, References or In-Reply-To, and which alias received the answer.",
    ),
    "trip_author": Rule(
        ROUND_TRIP,
        ERROR,
        "the answer is not by the one who wrote it",
        "People see the reply under a wrong name.",
        "See whether several contacts or users have this address.",
    ),
}

RULES = {**_CONNECTIONS, **_DNS, **_ODOO, **_ROUND_TRIP}
