# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""TLS contexts, and what OpenSSL says of a server's certificate.

OpenSSL stops at the first thing that is wrong with a certificate. So the same certificate is judged again for each other
thing: as its own authority, whether its name and its dates are right.
"""

from __future__ import annotations

import os
import ssl
import warnings
from dataclasses import dataclass
from datetime import datetime, timezone

try:
    from cryptography import x509
except ImportError:
    # ansible-core requires it; ansible-test loads each file without.
    x509 = None

# OpenSSL's numbers for what it finds (X509_V_ERR_…).
_EXPIRED = (9, 10)
_OTHER_NAME = (62, 64)
OLD_VERSIONS = ("SSLv3", "TLSv1", "TLSv1.1")


@dataclass(frozen=True)
class Certificate:
    """What is known of a server's certificate.

    :param names: the names that it is for.
    :param days: days until it expires; negative if it has.
    :param untrusted: why its issuer is not trusted, in OpenSSL's words; empty if it is.
    :param other_name: whether it is for another name.
    :param expired: whether it has expired, or is not valid yet.
    """

    subject: str
    issuer: str
    names: tuple
    expires: str
    days: int
    untrusted: str = ""
    other_name: bool = False
    expired: bool = False


def lenient_context():
    """Talks to any server, whatever its certificate and however old its TLS: it only looks at it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def strict_context(ca_path=None):
    """Verifies as a current system does.

    :param ca_path: a file or folder of certificates to trust besides those of the system.
    """
    context = ssl.create_default_context()
    if ca_path:
        context.load_verify_locations(**{"capath" if os.path.isdir(ca_path) else "cafile": ca_path})
    return context


def context_for_authorities(encoded):
    """Trusts these certificates in DER and no others, be they of authorities or not, and any name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= 0x80000  # X509_V_FLAG_PARTIAL_CHAIN: ssl.VERIFY_X509_PARTIAL_CHAIN from Python 3.10 on.
    context.load_verify_locations(cadata="".join(ssl.DER_cert_to_PEM_cert(each) for each in encoded))
    return context


def chain_of(connection):
    """The certificates that a server has shown, in DER, its own first.

    Python has a public way from 3.13 on, and before only in the object within.
    """
    if hasattr(connection, "get_unverified_chain"):
        return list(connection.get_unverified_chain())
    return [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in connection._sslobj.get_unverified_chain()]


def inspect(encoded, handshake, ca_path=None):
    """Judge the certificate that a server has shown.

    :param encoded: the certificate in DER.
    :param handshake: function that connects anew with a context, and raises SSLCertVerificationError if it does not verify.
    :returns: a Certificate.
    """
    found = x509.load_der_x509_certificate(encoded)
    expires, begins = _when(found, "not_valid_after"), _when(found, "not_valid_before")
    now = datetime.now(timezone.utc)
    error = _refusal(handshake, strict_context(ca_path))
    expired = not begins <= now <= expires
    untrusted = other_name = False
    if error:
        other_name = _names_another(handshake, encoded)
        # The issuer is looked at before name and dates. Dates that are wrong may be an intermediate certificate's.
        untrusted = error.verify_code not in _OTHER_NAME and not (error.verify_code in _EXPIRED and expired)
    return Certificate(
        subject=found.subject.rfc4514_string(),
        issuer=found.issuer.rfc4514_string(),
        names=names_of(encoded),
        expires=expires.date().isoformat(),
        days=(expires - now).days,
        untrusted=error.verify_message if untrusted else "",
        other_name=other_name,
        expired=expired,
    )


def _refusal(handshake, context):
    try:
        handshake(context)
    except ssl.SSLCertVerificationError as exc:
        return exc
    return None


def _names_another(handshake, encoded):
    """Whether the certificate, trusted by itself, is for another name: OpenSSL looks at the name before the dates."""
    context = context_for_authorities([encoded])
    context.check_hostname = True
    error = _refusal(handshake, context)
    return bool(error) and error.verify_code in _OTHER_NAME


def _when(certificate, attribute):
    """A date of a certificate. With its time zone from cryptography 42 on; ansible-core takes older ones, too."""
    if hasattr(certificate, attribute + "_utc"):
        return getattr(certificate, attribute + "_utc")
    return getattr(certificate, attribute).replace(tzinfo=timezone.utc)


def names_of(encoded):
    """The names that a certificate in DER is for."""
    try:
        names = x509.load_der_x509_certificate(encoded).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(each) for kind in (x509.DNSName, x509.IPAddress) for each in names.get_values_for_type(kind))
