"""JSON-2 takes arguments by name: each that the engine gives by place has one."""

import ast
from pathlib import Path

import pytest

from ansible_collections.postroom.odoo.plugins.module_utils.transport.json2 import PLACES, named

ENGINE = Path(__file__).parents[2] / "plugins"
RECORDS_ONLY = ("ids",)


def calls():
    """Each call of a model's method in our code: where, the method if it is named there, and its arguments by place."""
    for path in sorted(ENGINE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("session.call"):
                method, given = node.args[1], node.args[2:]
                yield f"{path.name}:{node.lineno}", method.value if isinstance(method, ast.Constant) else None, given


def test_every_call_can_be_named():
    found = list(calls())
    assert len(found) > 20
    for place, method, given in found:
        assert len(given) <= len(PLACES.get(method, RECORDS_ONLY)), place
        assert not any(isinstance(each, ast.Starred) for each in given), place


def test_places_become_names():
    context = {"context": {"lang": "en_US"}}
    assert named("load", (["name"], [["x"]]), context) == {"fields": ["name"], "data": [["x"]], **context}
    assert named("search_read", ([],), {"fields": ["name"], **context}) == {"domain": [], "fields": ["name"], **context}
    assert named("button_confirm_login", ([1],), {}) == {"ids": [1]}
    assert named("update_list", (), {}) == {}


def test_what_has_no_name_is_refused():
    with pytest.raises(TypeError, match="PLACES"):
        named("button_confirm_login", ([1], True), {})
    with pytest.raises(TypeError, match="fields"):
        named("read", ([1], ["name"]), {"fields": ["login"]})
