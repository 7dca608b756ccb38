# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Expressions in mail templates: C(${…}) of Odoo 14, C({{ … }}) from 15 on, one spelling for both in an inventory."""

from __future__ import annotations

import ast
import re

from ansible_collections.postroom.odoo.plugins.module_utils.engine import validators

try:
    import jinja2
except ImportError:
    # A managed host may lack it. Then Odoo 14 alone judges its expressions.
    jinja2 = None

_WHOLE = re.compile(r"\s*(?:\$\{(?P<old>[^{}]*)\}|\{\{(?P<new>(?:[^{}]|\{(?!\{)|\}(?!\}))*)\}\})\s*\Z")
_SAFE = re.compile(r"\s*\|\s*safe\s*\Z")
_PATH = re.compile(r"[\w.]+(?:\(\))?\Z")


# How a template spells an expression: as Jinja does, or as odoo/tools/rendering_tools.py reads it, in one line, from 16 on with
# a text for an empty value.
DOLLAR, BRACES, BRACES_WITH_DEFAULT = "dollar", "braces", "braces with default"
_INLINE = {
    BRACES: re.compile(r"\{\{(?P<expression>.+?)\}\}"),
    BRACES_WITH_DEFAULT: re.compile(r"\{\{(?P<expression>.+?)(\|\|\|.*?)?\}\}"),
}
# Jinja's filters that texts for 14 have. To Python, such an expression is a union.
_FILTERS = (
    "safe",
    "default",
    "d",
    "lower",
    "upper",
    "title",
    "capitalize",
    "trim",
    "escape",
    "e",
    "striptags",
    "replace",
    "join",
)


def spell(expression, spelling):
    """An expression as a template holds it.

    :param spelling: with DOLLAR Odoo escapes HTML in every field, addresses too (C(<) becomes C(&lt;)), unless the value is
        marked safe.
    """
    expression = expression.strip()
    if spelling != DOLLAR:
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


def mistake(text, spelling):
    """Why Odoo cannot evaluate a template's field, or would send an expression as text; None if neither is so.

    :param text: as canonical() gives it.
    :param spelling: that of the series.
    """
    expression = parse(text)
    if expression == "":
        return "the expression is empty; give one, or an empty text"
    if expression is not None:
        text = spell(expression, spelling)
    return _of_jinja(text) if spelling == DOLLAR else _of_inline(text, _INLINE[spelling])


def _of_inline(text, pattern):
    for found in pattern.finditer(text):
        reason = _of_python(found.group("expression").strip())
        if reason:
            return reason
    outside = pattern.sub("{}", text)
    for mark in ("${", "{%"):
        if mark in outside:
            return "this series sends %s… as text; write an expression as {{ … }}" % mark
    return "an expression must end in }} on the line on which it begins" if "{{" in outside else None


def _of_python(expression):
    try:
        tree = ast.parse(expression, mode="eval")
        unions = [each.right for each in ast.walk(tree) if isinstance(each, ast.BinOp) and isinstance(each.op, ast.BitOr)]
    except (SyntaxError, ValueError, RecursionError, MemoryError) as exc:
        return "%s is no Python expression: %s" % (validators.quoted(expression), getattr(exc, "msg", None) or exc)
    for each in unions:
        name = each.func if isinstance(each, ast.Call) else each
        if isinstance(name, ast.Name) and name.id in _FILTERS:
            return "%s has Jinja's filter %s, which only Odoo 14 knows; remove it" % (validators.quoted(expression), name.id)
    return None


def _of_jinja(text):
    if jinja2 is None:
        return None
    # The delimiters of mail/models/mail_render_mixin.py in Odoo 14.
    environment = jinja2.Environment(
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="${",
        variable_end_string="}",
        comment_start_string="<%doc>",
        comment_end_string="</%doc>",
        line_statement_prefix="%",
        line_comment_prefix="##",
    )
    try:
        environment.compile(text)
        outside = "\0".join(value for dummy, kind, value in environment.lex(text) if kind == "data")
    except (jinja2.TemplateSyntaxError, ValueError, RecursionError, MemoryError) as exc:
        return "%s is no Jinja template: %s" % (validators.quoted(text), getattr(exc, "message", None) or exc)
    for mark in ("{{", "{%"):
        if mark in outside:
            return "this series sends %s… as text; write an expression as ${…}" % mark
    return None


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
