"""When a form makes a field read-only."""

import json
from xml.sax.saxutils import quoteattr

import pytest

from ansible_collections.postroom.odoo.plugins.module_utils.engine.computed import read_only_when

ROW = {"flag": True, "other": "x", "state": "done"}


def conditions(major, *said):
    """The conditions of a field that a form has as often as there are texts of it."""
    if major < 17:
        attributes = ["modifiers={}".format(quoteattr(json.dumps({"readonly": each}))) for each in said]
    else:
        attributes = [f'readonly="{each}"' if each else "" for each in said]
    nodes = "".join(f"<group><field name='smtp_host' {each}/></group>" for each in attributes)
    form = f"<form><field name='lines'><list><field name='smtp_host' readonly='1'/></list></field>{nodes}</form>"
    return read_only_when(form, {"smtp_host"}, major)["smtp_host"]


@pytest.mark.parametrize(
    ("major", "said", "names"),
    [
        (14, [["flag", "=", False]], {"flag"}),
        (16, [["flag", "!=", True]], {"flag"}),
        (14, ["!", ["flag", "=", True]], {"flag"}),
        (14, ["|", ["flag", "=", False], ["other", "in", ["y"]]], {"flag", "other"}),
        (14, ["&", ["flag", "=", False], ["other", "not in", ["y"]]], {"flag", "other"}),
        (14, [["flag", "=", False], ["state", "=", "done"]], {"flag", "state"}),
        (17, "not flag", {"flag"}),
        (19, "flag != True", {"flag"}),
        (19, "not flag or other in ('y', 'z')", {"flag", "other"}),
        (19, "state == 'done' and not flag", {"flag", "state"}),
    ],
)
def test_conditions(major, said, names):
    """Each holds for a record without the flag, and not for one with it."""
    (condition,) = conditions(major, said)
    assert condition.names == names
    assert not condition.holds(ROW)
    assert condition.holds({**ROW, "flag": False})


@pytest.mark.parametrize(
    ("major", "said"),
    [
        (14, [["flag", "=?", False]]),
        (14, True),
        (19, "len(flag) == 0"),
        (19, "flag == other"),
        (19, "flag ==="),
        (19, "other in ('x')"),
        (19, "1"),
        (19, ""),
    ],
)
def test_what_says_nothing_of_records_or_too_much(major, said):
    assert conditions(major, said) == [None]


def test_each_time_that_the_form_has_the_field():
    first, second = conditions(19, "not flag", "other == 'x'")
    assert not first.holds(ROW)
    assert second.holds(ROW)
