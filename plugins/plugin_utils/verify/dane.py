# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""TLSA records, and whether the certificates that a mail server shows match them (RFC 6698, RFC 7671, RFC 7672)."""

from __future__ import annotations

import contextlib
import hashlib
import smtplib
import socket
import ssl
from dataclasses import dataclass

from ansible_collections.postroom.odoo.plugins.plugin_utils.verify import tls

try:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
except ImportError:
    # ansible-core requires it; ansible-test loads each file without.
    x509 = None

PORT = 25
# The usages that count for mail (RFC 7672, 3.1): an authority of the server's own choice, and the server's certificate.
AUTHORITY, SERVER = 2, 3
_WHOLE, _PUBLIC_KEY = 0, 1
# By matching type.
_DIGESTS = {0: lambda content: content, 1: lambda c: hashlib.sha256(c).digest(), 2: lambda c: hashlib.sha512(c).digest()}


@dataclass(frozen=True)
class Record:
    """A TLSA record.

    :param usage: which certificate it is about.
    :param selector: whether of the whole certificate, or of its public key.
    :param matching: how it is given: as it is, or by a digest.
    """

    usage: int
    selector: int
    matching: int
    content: bytes

    def __str__(self):
        return "%d %d %d %s" % (self.usage, self.selector, self.matching, self.content.hex())

    @property
    def counts(self):
        """Whether senders of mail can use it."""
        return self.usage in (AUTHORITY, SERVER) and self.selector in (_WHOLE, _PUBLIC_KEY) and self.matching in _DIGESTS

    def matches(self, encoded):
        """Whether it is the record of a certificate in DER."""
        return _DIGESTS[self.matching](_selected(encoded, self.selector)) == self.content


def _selected(encoded, selector):
    if selector == _WHOLE:
        return encoded
    return x509.load_der_x509_certificate(encoded).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def fault(records, host, domain, addresses, timeout):
    """What is wrong with the certificates that a server shows at port 25; empty if a record matches them.

    :param records: Records that count; at least one.
    :param host: the server's name in the MX record.
    :param domain: the domain of the MX record. The certificate may be for it, instead.
    :param addresses: where to connect; the first that answers.
    :raises: what sessions.BROKEN has, when the server cannot be asked.
    """
    try:
        chain = _handshake(host, addresses, timeout, tls.lenient_context())
    except smtplib.SMTPNotSupportedError:
        return "the server does not offer STARTTLS"
    if any(each.usage == SERVER and each.matches(chain[0]) for each in records):
        return ""
    trusted = [encoded for encoded in chain if any(each.usage == AUTHORITY and each.matches(encoded) for each in records)]
    # An authority that the record has whole need not be shown.
    trusted += [each.content for each in records if each.usage == AUTHORITY and (each.selector, each.matching) == (_WHOLE, 0)]
    if not trusted:
        shown = hashlib.sha256(_selected(chain[0], _PUBLIC_KEY)).digest()
        return "the certificate that the server shows has the record %s" % Record(SERVER, _PUBLIC_KEY, 1, shown)
    try:
        _handshake(host, addresses, timeout, tls.context_for_authorities(trusted))
    except ssl.SSLCertVerificationError as exc:
        return "the authority matches, but: %s" % exc.verify_message
    names = tls.names_of(chain[0])
    if not any(_is_for(name, wanted) for name in names for wanted in (host, domain)):
        return "the authority matches, but the certificate is for %s" % (", ".join(names) or "no name")
    return ""


def _is_for(name, wanted):
    """Whether a name of a certificate, perhaps with a first label of C(*), is a host's."""
    name = name.lower()
    return name == wanted or (name.startswith("*.") and wanted.partition(".")[2] == name[2:])


def _handshake(host, addresses, timeout, context):
    """Encrypt a connection to a mail server; returns the certificates that it shows, in DER, its own first."""
    with _At(addresses, host, timeout) as client:
        client.starttls(context=context)
        return tls.chain_of(client.sock)


class _At(smtplib.SMTP):
    """A client that connects to given addresses, whatever the host resolves to on this machine."""

    def __init__(self, addresses, host, timeout):
        self._addresses = addresses
        super().__init__(host, PORT, timeout=timeout)

    def _get_socket(self, host, port, timeout):
        for address in self._addresses[:-1]:
            with contextlib.suppress(OSError):
                return socket.create_connection((address, port), timeout)
        return socket.create_connection((self._addresses[-1], port), timeout)
