"""The newest series, as far as it is known without a server: accepted, with the fields that it has."""

from types import SimpleNamespace

import pytest

from ansible_collections.postroom.odoo.plugins.module_utils import resources
from ansible_collections.postroom.odoo.plugins.module_utils.engine.desired import BadItems, want_items
from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import OdooError
from ansible_collections.postroom.odoo.plugins.module_utils.transport.session import NEWEST_SERIES, Session

OUTGOING = resources.OUTGOING_MAIL_SERVERS


def series_of(version):
    session = Session.__new__(Session)
    session.url, session._server = "http://127.0.0.1", SimpleNamespace(version=lambda: version)
    return session._known_series()


def test_the_newest_series_is_known_and_the_next_is_newer():
    assert series_of("20.0") == ("20.0", 20, False)
    assert series_of("20.0-20261101") == ("20.0", 20, False)
    assert series_of("saas~19.3") == ("19.3", 19, False)
    assert series_of("saas~20.1") == ("20.1", 20, True)
    assert series_of(f"{NEWEST_SERIES + 1}.0") == (f"{NEWEST_SERIES + 1}.0", NEWEST_SERIES + 1, True)


@pytest.mark.parametrize("version", ["13.0", "", "unknown"])
def test_what_is_older_or_has_no_version_is_refused(version):
    with pytest.raises(OdooError, match="is not supported"):
        series_of(version)


def test_a_field_that_20_no_longer_has():
    """It is neither missed, as if the user lacked the right to see it, nor taken from an inventory without a word."""
    assert not OUTGOING.field("max_email_size").is_native_in(20)
    offer = {field.column_in(20): {} for field in OUTGOING.fields if field.is_native_in(20)}
    with pytest.raises(BadItems) as caught:
        want_items(OUTGOING, [{"login": "a@b.c", "max_email_size": 5.0}], 20, offer, None)
    ((index, option, reason),) = caught.value.problems
    assert (index, option) == (0, "max_email_size")
    assert "up to 19.0" in reason


@pytest.mark.parametrize("raw", [{"content": "QUJD\n", "size": 3, "filename": "x"}, "QUJD"])
def test_a_certificate_as_20_reads_it(raw):
    assert OUTGOING.field("ssl_certificate").from_odoo(raw) == "QUJD"
    assert OUTGOING.field("ssl_certificate").from_odoo(False) == ""
