# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of single values. Each takes a value and returns None, or why the value cannot be used and the cure."""

from __future__ import annotations

import datetime
import ipaddress
import math
import re
from email.errors import HeaderParseError, MessageDefect
from email.headerregistry import Address
from email.utils import getaddresses

# Stands for the value of another option, which Field.own specifies.
OWN = "own"
LABEL = r"(?!-)[\w-]{1,63}(?<!-)"
DOMAIN = re.compile(r"%s(?:\.%s)*\Z" % (LABEL, LABEL))
# A value is cut in messages after so many characters.
LONGEST = 100
# Of an option without which Odoo keeps no record.
EMPTY = "is empty; set a value, or remove it"
_UNTYPEABLE = "has a line break or another control character; choose another password"
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
# What nearly all addresses look like. It saves the long way by RFC 5322, which takes a list of thousands seconds.
PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@%s(?:\.%s)*\Z" % (LABEL, LABEL), re.ASCII)


def quoted(value):
    """A value for a message, as long as people read it."""
    return repr(value) if len(str(value)) <= LONGEST else "%r… (%d characters)" % (str(value)[:LONGEST], len(str(value)))


def one_line(value):
    """A name, a login or whatever else people read and type in one line."""
    if value.isprintable() or not CONTROL.search(value):
        return None
    return "%s has a line break or another control character; write it in one line" % quoted(value)


def user_login(value):
    """What people type to log in to Odoo."""
    if value != value.strip():
        return "%s begins or ends with a blank or a line break, so that nobody could log in; remove it" % quoted(value)
    return one_line(value)


def mail_login(value):
    """What Odoo sends a mail server as login: smtplib and imaplib send ASCII."""
    if not value.isascii():
        return "%s has characters outside ASCII, which Odoo cannot send to a mail server; ask your provider for another" % (
            quoted(value)
        )
    return one_line(value)


def mail_password(value):
    """What Odoo sends a mail server as password. The message never has the value."""
    if not value.isascii():
        return "has characters outside ASCII, which Odoo cannot send to a mail server; choose another password"
    # The routing addon takes no tab.
    return _UNTYPEABLE if "\t" in value else password(value)


def password(value):
    """A secret that people type. The message never has the value."""
    if value.endswith(("\n", "\r")):
        return "ends with a line break, as a YAML block (|) or a file does; write it in quotes, or use |-"
    if CONTROL.search(value):
        return _UNTYPEABLE
    return None


def address(value):
    """An addr-spec of RFC 5322 with a domain, such as C(newuser@mydomain.com); not a display name with it."""
    if PLAIN_ADDRESS.match(str(value)) or is_addr_spec(value):
        return None
    return "%s is not an e-mail address; give one like name@mydomain.com" % quoted(value)


def is_addr_spec(value):
    """Whether it is an addr-spec of RFC 5322 with a domain."""
    try:
        parsed = Address(addr_spec=value)
    except (HeaderParseError, MessageDefect, ValueError, IndexError, TypeError):
        return False
    return bool(parsed.username and DOMAIN.match(parsed.domain) and not re.search(r"\s", value))


def alias(value):
    """The local part of an alias: the characters of RFC 5322 that Odoo does not change."""
    if re.match(r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*\Z", value):
        return None
    return "%s is not the local part of an address; use a name such as catchall" % quoted(value)


def address_or_alias(value):
    return (address if "@" in value else alias)(value)


def domain(value):
    if value.isascii() and DOMAIN.match(value) and "." in value:
        return None
    if DOMAIN.match(value) and "." in value:
        return "%s has characters outside ASCII, which Odoo does not take; give its ASCII form, which begins with xn--" % (
            quoted(value)
        )
    return "%s is not a domain name; give one like mydomain.com" % quoted(value)


def host(value):
    """A host name or an IP address (not a URL, no port)."""
    if DOMAIN.match(value) or _is_ip_address(value):
        return None
    return "%s is not a host name or IP address; give the bare name, without scheme and port" % quoted(value)


def _is_ip_address(value):
    try:
        return bool(ipaddress.ip_address(value.partition("%")[0]))
    except ValueError:
        return False


def port(value):
    return None if 1 <= value <= 65535 else "%d is not a TCP port; give one from 1 to 65535" % value


def within(least, most):
    """A check of a number that may be from C(least) to C(most)."""
    return lambda value: None if least <= value <= most else "%d is not a number from %d to %d" % (value, least, most)


# PostgreSQL's integers have 32 bits.
_LARGEST = 2**31 - 1
integer = within(-_LARGEST - 1, _LARGEST)
not_negative = within(0, _LARGEST)


def size(value):
    """A number that need not be whole. Infinity and NaN are no JSON, and NaN would differ from itself in every run."""
    return None if 0 <= value < math.inf else "%s is not a size; give a number from 0" % value


def from_filter(value):
    """Addresses and domains, separated by commas, as Odoo reads them."""
    if "*" in value:
        return "%s has a wildcard, which Odoo does not support; use the bare domain, such as mydomain.com" % quoted(value)
    if CONTROL.search(value):
        return one_line(value)
    for part in (part.strip() for part in value.split(",")):
        if part.lower() == OWN:
            return "%s: own stands alone, in small letters; write own only, or the addresses themselves" % quoted(value)
        if not part or (address(part) if "@" in part else None if DOMAIN.match(part) and "." in part else True):
            return "%s is neither an e-mail address nor a domain like mydomain.com; separate several by commas" % quoted(part)
    return None


def external_id(value):
    if re.match(r"\w+\.[\w.-]+\Z", value):
        return None
    return "%s is not an external identifier; give addon.name, such as base.group_user" % quoted(value)


def technical_name(value):
    return None if re.match(r"\w+(\.\w+)*\Z", value) else "%s is not a technical name, such as res.partner" % quoted(value)


# An expression may have several lines.
_PLACEHOLDER = re.compile(r"\{\{.*?\}\}|\$\{.*?\}", re.DOTALL)


def header_addresses(value):
    """A From or Reply-To: addresses, with or without names; what Odoo fills in (placeholders) is left to Odoo."""
    text = _PLACEHOLDER.sub("", value)
    if CONTROL.search(text):
        return one_line(text)
    if text != value or "${" in value or "{{" in value:
        return None
    if all(address(spec) is None for dummy, spec in getaddresses([value]) or [("", "")]):
        return None
    return '%s is not an e-mail address, or a list of them; write like "My Company, Inc." <office@mydomain.com>' % quoted(value)


def https_url(value):
    """Where secrets are sent."""
    if re.match(r"https://[^\s/@?#]+(/[^\s@]*)?\Z", value) and CONTROL.search(value) is None:
        return None
    return "%s is not an address that begins with https://, without a login; give one like https://provider.com/token" % (
        quoted(value)
    )


def date(value):
    try:
        datetime.date(*(int(part) for part in re.match(r"(\d{4})-(\d\d)-(\d\d)\Z", value).groups()))
    except (AttributeError, ValueError):
        return "%s is not a date; give one like 2027-12-31" % quoted(value)
    return None


def _has_pem(label, value):
    """Whether a text has a block in PEM format. Programs write other lines before it, such as "Bag Attributes"."""
    block = r"^-----BEGIN %s-----\s.*^-----END %s-----" % (label, label)
    return re.search(block, value, re.DOTALL | re.MULTILINE) is not None


def pem_key(value):
    """A private key in PEM format. The message never has the value."""
    if re.search(r"-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED", value):
        return "is encrypted; give the key without its passphrase, and keep it in the vault"
    if _has_pem("([A-Z]+ )?PRIVATE KEY", value):
        return None
    return "is not a private key in PEM format; it begins with -----BEGIN PRIVATE KEY-----, on a line of its own"


def pem_certificate(value):
    """A certificate in PEM format."""
    if _has_pem("(TRUSTED |X509 )?CERTIFICATE", value):
        return None
    return "is not a certificate in PEM format; it begins with -----BEGIN CERTIFICATE-----, on a line of its own"
