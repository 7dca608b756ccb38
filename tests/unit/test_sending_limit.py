"""The limit of an outgoing server: what may be sent now, when the rest is due, and what an inventory says of it."""

import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ansible_collections.postroom.odoo.plugins.module_utils.resources import OUTGOING_MAIL_SERVERS
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.forward import Accounts, MailDomain

sys.path.insert(0, str(Path(__file__).parents[1] / "hostile"))

from addon_tools import load

limits = load("limits")
NOW = datetime(2026, 1, 1)
MICROSOFT = {"kind": "microsoft365"}
OF_MICROSOFT = {"max_messages_per_minute": 30, "max_connections": 3}


@pytest.mark.parametrize(
    ("needed", "free", "admitted"),
    [
        ([1, 1, 1], 2, (2, 2)),
        ([1, 1], 5, (2, 2)),
        ([1], 0, (0, 0)),
        # What fits into one minute waits for one.
        ([2, 3, 1], 4, (1, 2)),
        # Unless it is the first: others would use what is free again and again, and it would never have its turn.
        ([3, 1], 2, (1, 2)),
        ([0, 3, 1], 2, (2, 2)),
        # What fits into none has what is left of this one, and the rest later.
        ([1, 9, 1], 4, (2, 4)),
        ([9], 5, (1, 5)),
        ([9], 0, (0, 0)),
        # What is not to be sent any more needs nothing.
        ([0, 0], 0, (2, 0)),
        ([], 3, (0, 0)),
    ],
)
def test_mails_that_may_be_sent_now(needed, free, admitted):
    assert limits.admit(needed, free, 5) == admitted


def test_when_the_others_are_due():
    minute = timedelta(minutes=1)
    assert limits.turns([1] * 7, NOW, 3) == [(NOW, 3), (NOW + minute, 3), (NOW + 2 * minute, 1)]
    assert limits.turns([2, 2, 9, 1], NOW, 3) == [(NOW + number * minute, 1) for number in range(4)]
    assert limits.turns([], NOW, 3) == []


def outgoing(provider, routed=True, **options):
    account = {"name": "New", "email": "new@mydomain.com", "password": "pw", **options}
    return Accounts([account], provider=provider, routed=routed).outgoing_servers()[0]


def said(server):
    return {option: server[option] for option in OF_MICROSOFT if option in server}


def test_the_kind_of_the_provider_decides():
    assert said(outgoing(MICROSOFT)) == OF_MICROSOFT
    assert said(outgoing({"kind": "google_workspace"})) == {}
    # Without the addon, there is no such limit.
    assert said(outgoing(MICROSOFT, routed=False)) == {}
    # Another host is another provider's.
    assert said(outgoing(MICROSOFT, smtp={"host": "smtp.mydomain.com"})) == {}
    assert said(outgoing(MICROSOFT, smtp={"max_connections": 0})) == {**OF_MICROSOFT, "max_connections": 0}
    domain = {"name": "mydomain.com", "catchall": "c", "bounce": "b", "default_from": "c", "provider": MICROSOFT}
    assert said(MailDomain(domain, routed=True).outgoing_servers()[0]) == OF_MICROSOFT


def test_what_the_addon_refuses_is_known_before():
    check, most = OUTGOING_MAIL_SERVERS.field("max_connections").check, limits.MOST_CONNECTIONS
    assert (check(0), check(most)) == (None, None)
    assert check(-1)
    assert check(most + 1) == f"{most + 1} is not a number from 0 to {most}"
