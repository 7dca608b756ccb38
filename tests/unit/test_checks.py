"""Checks of single values: what passes, and that a refusal shows the value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.postroom.odoo.plugins.module_utils import checks


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (checks.address, "newuser@mydomain.com"),
        (checks.address, "new.user+tag@mail.mydomain.co.uk"),
        (checks.address, "info@münchen.de"),
        (checks.alias, "catchall"),
        (checks.alias, "catch.all-1"),
        (checks.address_or_alias, "catchall"),
        (checks.address_or_alias, "catchall@mydomain.com"),
        (checks.domain, "mydomain.com"),
        (checks.host, "localhost"),
        (checks.host, "smtp.mydomain.com"),
        (checks.host, "127.0.0.1"),
        (checks.host, "::1"),
        (checks.port, 1),
        (checks.port, 65535),
        (checks.from_filter, "newuser@mydomain.com"),
        (checks.from_filter, "mydomain.com, info@other.example"),
        (checks.external_id, "base.group_system"),
        (checks.technical_name, "res.partner"),
        (checks.header_addresses, "office@mydomain.com"),
        (checks.header_addresses, '"My Company" <office@mydomain.com>, b@c.example'),
        (checks.header_addresses, "{{ object.email }}"),
        (checks.header_addresses, "${object.email}"),
    ],
)
def test_usable(check, value):
    assert check(value) is None


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (checks.address, "newuser"),
        (checks.address, "newuser@"),
        (checks.address, "@mydomain.com"),
        (checks.address, "new user@mydomain.com"),
        (checks.address, "a@b@c.example"),
        (checks.address, "New User <newuser@mydomain.com>"),
        (checks.address, "newuser@-mydomain.com"),
        (checks.address, "newuser@mydomain.com\n"),
        (checks.alias, "catchall@mydomain.com"),
        (checks.alias, "catch all"),
        (checks.alias, "catchall."),
        (checks.address_or_alias, "catchall@"),
        (checks.domain, "mydomain"),
        (checks.domain, "https://mydomain.com"),
        (checks.host, "smtp.mydomain.com:587"),
        (checks.host, "smtp://mydomain.com"),
        (checks.host, "smtp mydomain"),
        (checks.port, 0),
        (checks.port, 65536),
        (checks.from_filter, "new user"),
        (checks.from_filter, "mydomain.com,"),
        (checks.from_filter, "newuser@"),
        (checks.external_id, "group_system"),
        (checks.technical_name, "res partner"),
        (checks.header_addresses, "nobody"),
        (checks.header_addresses, "My Company, Inc <office@mydomain.com>"),
    ],
)
def test_unusable(check, value):
    shown = value.split(",")[-1] if check is checks.from_filter else value
    assert repr(shown) in check(value) or str(shown) in check(value)


@given(st.text("aZ0_+-.é", max_size=8), st.text("aZ0_-.é", max_size=8))
def test_what_looks_plain_is_an_address(name, domain):
    """The short way takes nothing that the long one refuses."""
    value = f"{name}@{domain}"
    assert not checks.PLAIN_ADDRESS.match(value) or checks.is_addr_spec(value)
