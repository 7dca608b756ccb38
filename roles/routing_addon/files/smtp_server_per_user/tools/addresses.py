"""E-mail addresses in the one form in which they are compared.

The parser is our own: Python's reads `"A" <"B" <b@own.example>>`, `A@home <a@own.example>` or `a@own.example.` in one way from
text and in another way from a header, and differently from version to version. Here a text has one meaning.
"""

import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header

# The tables are named as idna loads them at the first use, and two threads of Odoo that do so at once get an ImportError.
import idna.uts46data
from odoo.tools import formataddr

QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"(?!\s*@)')
COMMENT = re.compile(r"\(([^()]*)\)")
ANGLED = re.compile(r"<([^<>]*)(?:>|$)")
# No name and address is longer; the rest of the text is ignored.
LONGEST = 2000
# Invisible characters that strip() does not remove.
UNSEEN = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")


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
    """The first name and address in a text.

    :param text: what a person or a program has written as an address, with or without a name, one or several
    :return: the name, decoded, and the address in the form that is compared. Both are empty where there is no address
    """
    text = " ".join(UNSEEN.sub("", str(text or "")[:LONGEST]).split())
    # A quoted text is always a name: masked, character by character, while the address is searched.
    hidden = QUOTED.sub(lambda found: "\0" * len(found.group()), text)
    start = 0
    for end in [found.start() for found in re.finditer("[,;]", hidden)] + [len(hidden)]:
        name, address = _mailbox(text[start:end], hidden[start:end])
        if address:
            return name, address
        if "@" in hidden[start:end]:
            # Not a valid address. The next one has a name of its own.
            start = end + 1
    return "", ""


def _mailbox(text, hidden):
    """The name and the address of one mailbox; both are empty where there is none."""
    for found in ANGLED.finditer(hidden):
        address = _address(text[found.start(1) : found.end(1)])
        if address:
            return _name(text[: hidden.index("<")]), address
    comments = COMMENT.findall(hidden)
    words = COMMENT.sub(" ", re.sub(r"\s*@\s*", "@", text.replace("\0", ""))).split() if "@" in hidden else []
    addresses = [word for word in words if "@" in word]
    if len(addresses) == 1:
        address = _address(addresses[0])
        if address:
            return _name(" ".join(comments or [word for word in words if "@" not in word])), address
    return "", ""


def _address(text):
    local, _at, domain = COMMENT.sub("", text).strip().rpartition("@")
    local, domain = local.strip(), ascii_domain(domain)
    if len(local) > 1 and local[0] == local[-1] == '"':
        local = local[1:-1]
    if not local or not domain or re.search(r'[\s"@<>,;\\]', local) or re.search(r"[\s@]", domain):
        return ""
    return "%s@%s" % (local.lower(), domain)


def _name(text):
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = re.sub(r"\\(.)", r"\1", text[1:-1])
    try:
        text = str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        # Unchanged, as the name is not compared.
        return text
    return " ".join(text.split())


def normalize(text):
    """The first address in a text, without name and in lower case, its domain in ASCII. Empty if there is none."""
    return name_and_address(text)[1]


def with_name(name, address):
    """An address in the form of a header. The name may contain anything except a line break."""
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
