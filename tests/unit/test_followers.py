"""What a successor takes over, and what belongs to an address."""

import pytest

from ansible_collections.postroom.odoo.plugins.module_utils.operations import address_info
from ansible_collections.postroom.odoo.plugins.module_utils.operations.followers import decide

DEAL, TASK = ("crm.lead", 1), ("project.task", 2)


def test_a_successor_follows_what_was_not_followed_yet():
    following = {7: {DEAL: 70, TASK: 71}, 8: {TASK: 80}}
    assert decide([(7, 8)], following) == [(8, {DEAL: 70}, {TASK: 71})]


def test_a_successor_may_leave_in_turn():
    following = {7: {DEAL: 70}, 8: {TASK: 80}, 9: {}}
    assert decide([(7, 8), (8, 9)], following) == [(8, {DEAL: 70}, {}), (9, {TASK: 80, DEAL: 70}, {})]


def test_who_follows_nothing_hands_nothing_over():
    assert decide([(7, 8)], {7: {}, 8: {TASK: 80}}) == [(8, {}, {})]


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("old@b.c", "new@b.c"),
        ('"Sales, Inc." <OLD@b.c>, x@b.c', '"Sales, Inc." <new@b.c>, x@b.c'),
        ("{{ object.email or 'old@b.c' }}", {"expression": "object.email or 'new@b.c'"}),
        ("Write to old@b.c.", "Write to new@b.c."),
        ("bold@b.c", None),
        ("old@b.ch", None),
        ("old@b.c.example", None),
        ("x.old@b.c", None),
    ],
)
def test_texts_that_have_the_address(text, instead, monkeypatch):
    record = {"id": 1, "template": frozenset(), "name": "N", "model": "m", "mail_server": 5, "email_from": text, "reply_to": ""}
    monkeypatch.setattr(address_info, "read", lambda *dummy: [record])
    found = address_info.templates(None, "old@b.c", {4}, "new@b.c")
    if instead is None:
        assert found == []
    else:
        (template,) = found
        assert template["uses"] == ["email_from"]
        assert template["config"] == {"name": "N", "model": "m", "email_from": instead}
    # Without somebody else, only a server is taken from a template.
    assert [each["config"] for each in address_info.templates(None, "old@b.c", {5})] == [
        {"name": "N", "model": "m", "mail_server": ""}
    ]
