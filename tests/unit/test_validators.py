"""Checks of single values: what passes, and that a refusal shows the value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.postroom.odoo.plugins.module_utils.engine import validators


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (validators.address, "newuser@mydomain.com"),
        (validators.address, "new.user+tag@mail.mydomain.co.uk"),
        (validators.address, "info@münchen.de"),
        (validators.alias, "catchall"),
        (validators.alias, "catch.all-1"),
        (validators.address_or_alias, "catchall"),
        (validators.address_or_alias, "catchall@mydomain.com"),
        (validators.domain, "mydomain.com"),
        (validators.host, "localhost"),
        (validators.host, "smtp.mydomain.com"),
        (validators.host, "127.0.0.1"),
        (validators.host, "::1"),
        (validators.port, 1),
        (validators.port, 65535),
        (validators.from_filter, "newuser@mydomain.com"),
        (validators.from_filter, "mydomain.com, info@other.example"),
        # As a login can be in a network of one's own.
        (validators.from_filter, "newuser@intranet"),
        (validators.from_filter, "own@mydomain.com,own.example"),
        (validators.user_login, "newuser@mydomain.com"),
        (validators.user_login, "New User"),
        (validators.user_login, "j\u00fcrgen"),
        (validators.external_id, "base.group_system"),
        (validators.technical_name, "res.partner"),
        (validators.header_addresses, "office@mydomain.com"),
        (validators.header_addresses, '"My Company" <office@mydomain.com>, b@c.example'),
        (validators.header_addresses, "{{ object.email }}"),
        (validators.header_addresses, "${object.email}"),
    ],
)
def test_usable(check, value):
    assert check(value) is None


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (validators.address, "newuser"),
        (validators.address, "newuser@"),
        (validators.address, "@mydomain.com"),
        (validators.address, "new user@mydomain.com"),
        (validators.address, "a@b@c.example"),
        (validators.address, "New User <newuser@mydomain.com>"),
        (validators.address, "newuser@-mydomain.com"),
        (validators.address, "newuser@mydomain.com\n"),
        (validators.alias, "catchall@mydomain.com"),
        (validators.alias, "catch all"),
        (validators.alias, "catchall."),
        (validators.address_or_alias, "catchall@"),
        (validators.domain, "mydomain"),
        (validators.domain, "https://mydomain.com"),
        (validators.host, "smtp.mydomain.com:587"),
        (validators.host, "smtp://mydomain.com"),
        (validators.host, "smtp mydomain"),
        (validators.host, "[::1]"),
        (validators.host, ":::"),
        (validators.domain, "münchen.example"),
        (validators.port, 0),
        (validators.port, 65536),
        (validators.from_filter, "new user"),
        (validators.from_filter, "mydomain.com,"),
        (validators.from_filter, "newuser@"),
        (validators.from_filter, "mydomain"),
        (validators.from_filter, "Own"),
        (validators.from_filter, " own"),
        (validators.from_filter, "mydomain.com\n"),
        (validators.from_filter, "mydomain.com\0"),
        (validators.user_login, "newuser\n"),
        (validators.user_login, "new\nuser"),
        (validators.user_login, "new\0user"),
        (validators.user_login, " newuser "),
        (validators.user_login, "newuser\u00a0"),
        (validators.external_id, "group_system"),
        (validators.technical_name, "res partner"),
        (validators.header_addresses, "nobody"),
        (validators.header_addresses, "My Company, Inc <office@mydomain.com>"),
    ],
)
def test_unusable(check, value):
    shown = value.split(",")[-1] if check is validators.from_filter else value
    assert repr(shown) in check(value) or str(shown) in check(value)


@pytest.mark.parametrize("value", ["own, office@mydomain.com", "own,mydomain.com", "mydomain.com, OWN", "Own", "own "])
def test_own_stands_alone(value):
    """It would be stored as it is, and Odoo would find no server."""
    assert "own stands alone" in validators.from_filter(value)


@given(st.text("aZ0_+-.é", max_size=8), st.text("aZ0_-.é", max_size=8))
def test_what_looks_plain_is_an_address(name, domain):
    """The short way takes nothing that the long one refuses."""
    value = f"{name}@{domain}"
    assert not validators.PLAIN_ADDRESS.match(value) or validators.is_addr_spec(value)


@pytest.mark.parametrize("value", ["a\tb", "a\x01b", "a\x7fb", "a\nb", "ab\n", "ä"])
def test_what_mail_servers_are_not_sent_as_password(value):
    """What the routing addon would refuse, when the user and one of the servers are written already."""
    assert value not in validators.mail_password(value)


KEY = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"
CERTIFICATE = KEY.replace("PRIVATE KEY", "CERTIFICATE")


@pytest.mark.parametrize("before", ["", "\n", "Bag Attributes\n    friendlyName: x\n"])
def test_text_before_what_openssl_writes(before):
    for kind in ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"):
        assert validators.pem_key(before + KEY.replace("PRIVATE KEY", kind)) is None
    assert validators.pem_certificate(before + CERTIFICATE + CERTIFICATE) is None


@pytest.mark.parametrize("check", [validators.pem_key, validators.pem_certificate])
@pytest.mark.parametrize("value", ["nonsense", "MIIB", "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n"])
def test_text_that_is_no_pem(check, value):
    assert "in PEM format" in check(value)


def test_pem_of_the_other_kind_or_on_one_line():
    assert validators.pem_key(CERTIFICATE)
    assert validators.pem_certificate(KEY)
    assert validators.pem_key(KEY.replace("\n", " "))
    assert validators.pem_certificate(CERTIFICATE.replace("\n", " "))


def test_pem_that_is_indented():
    """As in YAML below another text; OpenSSL does not find it."""
    assert validators.pem_key("key:\n  " + KEY.replace("\n", "\n  "))
    assert validators.pem_certificate("  " + CERTIFICATE)


def test_certificates_as_openssl_calls_them():
    for kind in ("TRUSTED CERTIFICATE", "X509 CERTIFICATE"):
        assert validators.pem_certificate(CERTIFICATE.replace("CERTIFICATE", kind)) is None
