"""What is asked of Odoo to find out whether it refuses a value or a field; on real servers, test_refusing_addons.py."""

import pytest

from ansible_collections.postroom.odoo.plugins.module_utils.engine.planner import CREATE, UPDATE, Change
from ansible_collections.postroom.odoo.plugins.module_utils.engine.refusals import fixed_fields
from ansible_collections.postroom.odoo.plugins.module_utils.resources import BY_MODULE

SERVERS, USERS = BY_MODULE["outgoing_mail_servers"], BY_MODULE["users"]


class Session:
    """A database with a foreign addon that refuses values.

    :param refuses: function of a column and a cell that returns the addon's words, or None
    """

    major = 19

    def __init__(self, refuses):
        self.refuses, self.loads = refuses, []

    def call(self, model, method, *arguments, **named):
        if model == "ir.model":
            return [{"modules": "base, strict"}]
        if model == "ir.module.module":
            return [{"name": "strict"}]
        headers, rows = arguments
        assert (model, method, headers[0], rows[-1]) == ("ir.mail_server", "load", ".id", ["0", ""])
        self.loads.append(headers[1])
        said = [self.refuses(headers[1], row[1]) for row in rows[:-1]]
        messages = [{"type": "error", "record": number, "message": words} for number, words in enumerate(said) if words]
        # That comes first, as rows are converted before any is written.
        return {"ids": False, "messages": [{"type": "error", "record": len(said), "message": "Unknown identifier"}, *messages]}


def change(action=UPDATE, **after):
    return Change(action, "x", "name", 0, after, 7, after=after, current={"host": "old.example", "port": 25})


@pytest.mark.parametrize(
    ("refuses", "after", "expected"),
    [
        (lambda column, cell: "no" if column == "smtp_host" else None, {"host": "new.example", "port": 465}, {"host": "no"}),
        # The value, and not the field.
        (lambda column, cell: "no" if cell == "465" else None, {"port": 465}, None),
        (lambda column, cell: "not " + cell, {"port": 465}, None),
        # A limit, which the value and all beyond it exceed, also where the record is at the limit already.
        (lambda column, cell: "no" if int(cell) > 100 else None, {"priority": 200}, None),
        (lambda column, cell: "no" if int(cell) > 25 else None, {"port": 26}, None),
        (lambda column, cell: "no" if int(cell) < 25 else None, {"port": 24}, None),
        (lambda column, cell: "no" if int(cell) < 0 else None, {"priority": -1}, None),
        (lambda column, cell: "no" if not cell.endswith(".example") else None, {"host": "smtp.other.org"}, None),
        (lambda column, cell: "no" if column == "sequence" else None, {"priority": 3}, {"priority": "no"}),
        # Something else writes the same, whatever the value.
        (lambda column, cell: "could not serialize access due to concurrent update", {"host": "a.example"}, None),
        # One of two is not explained, or only both together are refused.
        (
            lambda column, cell: "no" if column == "smtp_host" or cell == "465" else None,
            {"host": "a.example", "port": 465},
            None,
        ),
        (lambda column, cell: None, {"host": "a.example", "port": 465}, None),
        # There is no other value to try.
        (lambda column, cell: "no", {"active": False}, None),
        (lambda column, cell: "no", {"password": "x"}, None),
    ],
)
def test_fields_that_no_value_changes(refuses, after, expected):
    assert fixed_fields(Session(refuses), SERVERS, [change(**after)]) == (expected and {7: expected})


def test_nothing_is_tried_that_odoo_would_tell_people_of():
    session = Session(lambda column, cell: "no")
    assert fixed_fields(session, USERS, [change(email="new@mydomain.com")]) is None
    assert fixed_fields(session, SERVERS, [change(CREATE, host="a.example")]) is None
    assert fixed_fields(session, SERVERS, [None]) is None
    assert session.loads == []
