# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Expressions in mail templates: C(${…}) of Odoo 14, C({{ … }}) from 15 on, one spelling for both in an inventory."""

from __future__ import annotations

import re

_WHOLE = re.compile(r"\s*(?:\$\{(?P<old>[^{}]*)\}|\{\{(?P<new>(?:[^{}]|\{(?!\{)|\}(?!\}))*)\}\})\s*\Z")
_SAFE = re.compile(r"\s*\|\s*safe\s*\Z")
_PATH = re.compile(r"[\w.]+(?:\(\))?\Z")


# How a template spells an expression.
DOLLAR, BRACES = "dollar", "braces"


def spell(expression, spelling):
    """An expression as a template holds it.

    :param spelling: DOLLAR or BRACES. With the former Odoo escapes HTML in every field, addresses too (C(<) becomes C(&lt;)),
        unless the value is marked safe.
    """
    expression = expression.strip()
    if spelling == BRACES:
        return "{{ %s }}" % expression
    return "${%s | safe}" % (expression if _PATH.match(expression) else "(%s)" % expression)


def parse(text):
    """The expression of which a template's field consists, without the series' spelling; None for other text."""
    match = _WHOLE.match(text)
    if not match:
        return None
    if match.group("new") is not None:
        return match.group("new").strip()
    inner = _SAFE.sub("", match.group("old").strip())
    # ${(a or b) | safe} and ${(a or b |safe)} are both common.
    while _enclosed(inner):
        inner = _SAFE.sub("", inner[1:-1].strip())
    return inner


def as_option(text):
    """The value of a template's field in the form of an inventory: C({expression: …}), or the text itself."""
    expression = parse(text)
    return text if expression is None else {"expression": expression}


def canonical(text):
    """Texts that mean the same compare equal: a field that is one expression, however it is spaced, and any other text."""
    expression = parse(text)
    return text if expression is None else "{{ %s }}" % expression


def _enclosed(text):
    """Whether one pair of parentheses holds the whole text."""
    if not (text.startswith("(") and text.endswith(")")):
        return False
    depth = 0
    for position, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return position == len(text) - 1
    return False
