# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rules of playbooks/verify.yml: each finding that it can report, with its level and its words.

`make docs` writes the table in docs/verify.md and the names in docs/verify.schema.json from here.
"""

from __future__ import annotations

from dataclasses import dataclass

ERROR, WARNING, INFORMATION = "error", "warning", "information"
LEVELS = (ERROR, WARNING, INFORMATION)
CONNECTIONS = "connections"
CHECKS = (CONNECTIONS,)


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
        "Port, protocol and encryption do not fit together, so that Odoo cannot speak to the server.",
        "Set port and encryption (for incoming mail, ssl) as the provider documents them: usually 465 with ssl, 587 with "
        "starttls, 993 for IMAP and 995 for POP3 with TLS.",
    ),
    "starttls_missing": Rule(
        CONNECTIONS,
        ERROR,
        "the server does not offer STARTTLS",
        "The inventory declares starttls. Odoo refuses to send through a server that does not offer it.",
        "Use the port on which the provider offers STARTTLS (usually 587), or encryption: ssl with port 465.",
    ),
    "not_encrypted": Rule(
        CONNECTIONS,
        WARNING,
        "password and mail are sent unencrypted",
        "Anybody on the way can read the mailbox's password and every message.",
        "Set encryption to starttls or ssl (for incoming mail, ssl: true), with the port for it.",
    ),
    "tls_old": Rule(
        CONNECTIONS,
        WARNING,
        "the server only speaks TLS 1.1 or older",
        "TLS before 1.2 is broken and deprecated (RFC 8996). Current systems refuse it: Odoo loses the server with its "
        "next update.",
        "Have the provider enable TLS 1.2 or later.",
    ),
    "certificate_expired": Rule(
        CONNECTIONS,
        WARNING,
        "the certificate has expired, or is not valid yet",
        "Whoever verifies certificates refuses the connection: Odoo with strict encryption, mail programs, other servers.",
        "Renew the certificate of the server, and reload the server.",
        "error with starttls_strict and ssl_strict",
    ),
    "certificate_expires": Rule(
        CONNECTIONS,
        WARNING,
        "the certificate expires soon",
        "After that day, whoever verifies certificates refuses the connection.",
        "Renew the certificate of the server, and check that its automatic renewal works.",
    ),
    "certificate_for_other_name": Rule(
        CONNECTIONS,
        WARNING,
        "the certificate is for another name",
        "The server cannot prove that it is the declared one, and whoever verifies certificates refuses the connection.",
        "Set host to a name in the certificate, or have the name added to the certificate.",
        "error with starttls_strict and ssl_strict",
    ),
    "certificate_untrusted": Rule(
        CONNECTIONS,
        WARNING,
        "the certificate's issuer is not trusted, or its chain is incomplete",
        "The server cannot prove that it is the declared one, and whoever verifies certificates refuses the connection.",
        "Use a certificate of a public authority and have the server send its intermediate certificates. If the authority is "
        "your own, set verify_ca_path to its certificate.",
        "error with starttls_strict and ssl_strict",
    ),
    "authentication_missing": Rule(
        CONNECTIONS,
        ERROR,
        "the server does not offer the declared kind of authentication",
        "Odoo cannot log in, so it neither sends nor fetches.",
        "Set authentication (for incoming mail, type) to a kind that the server offers, or use the port for logins, usually "
        "587 or 465.",
    ),
    "size_smaller": Rule(
        CONNECTIONS,
        ERROR,
        "the server takes smaller messages than max_email_size",
        "Odoo sends a message of that size with its attachments, and the server rejects it.",
        "Set max_email_size to no more than the server takes; Odoo then sends links instead of large attachments.",
    ),
    "login_refused": Rule(
        CONNECTIONS,
        ERROR,
        "the server refuses the login of a mailbox",
        "Odoo cannot log in as this mailbox, so its mail is neither sent nor fetched.",
        "Correct login and password in the inventory. Some providers require a password for applications, or that SMTP, "
        "IMAP or POP3 is enabled for the mailbox.",
    ),
    "login_not_tried": Rule(
        CONNECTIONS,
        INFORMATION,
        "the login of a mailbox cannot be tried from the controller",
        "Tokens and client keys are in Odoo only, so the login was not tested here.",
        "Test the server in Odoo: Test Connection of the outgoing server, Test & Confirm of the incoming one.",
    ),
    "sender_refused": Rule(
        CONNECTIONS,
        ERROR,
        "the server refuses the mailbox's own address as sender",
        "Odoo sends as this address through this server, and every message is rejected.",
        "Set login to the mailbox of the address, or have the provider allow the address as an alias of the mailbox.",
    ),
    "sender_strict": Rule(
        CONNECTIONS,
        INFORMATION,
        "the server refuses other addresses of the inventory as envelope sender",
        "Odoo may send through such a server only with the mailbox's own address as envelope sender and From. "
        "The routing addon does that; without it, use a from_filter with the address only.",
        "Nothing, as long as each user who sends mail has their own server.",
    ),
    "sender_open": Rule(
        CONNECTIONS,
        INFORMATION,
        "the server accepts other addresses of the inventory as envelope sender",
        "Up to the recipient's address the server accepts them. Whether it still rejects them after the message "
        "(as some providers do, by From) only a message can tell, and none was sent.",
        "Nothing. To rely on it, send a message as another address.",
    ),
}

RULES = {**_CONNECTIONS}
