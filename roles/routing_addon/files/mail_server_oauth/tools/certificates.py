"""What a certificate in PEM tells. Nothing in this file needs Odoo."""

import base64
import binascii
import hashlib
import ssl

try:
    # Authlib needs it, too.
    from cryptography import x509
    from cryptography.hazmat.backends import default_backend
except ImportError:
    x509 = None


def content_of(certificate):
    """A certificate as bytes; None if the text is none."""
    try:
        return ssl.PEM_cert_to_DER_cert((certificate or "").strip() + "\n")
    except (ValueError, binascii.Error):
        return None


def thumbprint(certificate):
    """What names a certificate in the header of a JWT (x5t#S256); None without one."""
    content = content_of(certificate)
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=") if content else None


def expiry(certificate):
    """When a certificate expires, in UTC and without a time zone; None if it is not known."""
    content = content_of(certificate)
    if not content or not x509:
        return None
    try:
        found = x509.load_der_x509_certificate(content, default_backend())
    except (TypeError, ValueError):
        return None
    # Later versions warn of the one without a time zone, older ones have no other.
    expires = found.not_valid_after_utc if hasattr(found, "not_valid_after_utc") else found.not_valid_after
    return expires.replace(tzinfo=None)
