"""E-mail addresses in the one form in which they are compared."""

import idna
from odoo.tools import formataddr
from odoo.tools.mail import email_split_tuples


def ascii_domain(domain):
    """A domain as mail servers write it: lower case, and other scripts in their ASCII form."""
    domain = (domain or "").strip().strip(".").lower()
    if not domain:
        return ""
    try:
        return idna.encode(domain, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return domain


def name_and_address(text):
    """The name and the address that a text has first; the address in the form that is compared. Empty where missing."""
    text = str(text or "").strip()
    name, address = next(iter(email_split_tuples(text) if text else []), ("", ""))
    local, _at, domain = (address or "").strip().lower().rpartition("@")
    domain = ascii_domain(domain)
    if not local or not domain or " " in local + domain:
        return "", ""
    return (name or "").strip(), "%s@%s" % (local, domain)


def normalize(text):
    """The first address in a text, without name and in lower case, its domain in ASCII. Empty if there is none."""
    return name_and_address(text)[1]


def with_name(name, address):
    """An address as a header has it. The name may hold anything, a line break apart."""
    return formataddr((" ".join((name or "").split()), address))


def parts(from_filter):
    """The addresses, and the domains, of a from_filter."""
    addresses, domains = [], []
    for part in map(str.strip, (from_filter or "").split(",")):
        if "@" in part.lstrip("@"):
            addresses.append(normalize(part))
        elif part:
            domains.append(ascii_domain(part.lstrip("@")))
    return [each for each in addresses if each], [each for each in domains if each]
