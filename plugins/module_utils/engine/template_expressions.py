# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Expressions in mail templates: C(${…}) of Odoo 14, C({{ … }}) from 15 on, one spelling for both in an inventory."""

from __future__ import annotations

import ast
import re

try:
    import jinja2
except ImportError:
    # A managed host may lack it. Then Odoo 14 alone judges its expressions.
    jinja2 = None

_WHOLE = re.compile(r"\s*(?:\$\{(?P<old>[^{}]*)\}|\{\{(?P<new>(?:[^{}]|\{(?!\{)|\}(?!\}))*)\}\})\s*\Z")
_SAFE = re.compile(r"\s*\|\s*safe\s*\Z")
_PATH = re.compile(r"[\w.]+(?:\(\))?\Z")


# How a template spells an expression.
DOLLAR, BRACES = "dollar", "braces"
# As Odoo finds them from 15 on (odoo/tools/rendering_tools.py): in one line, and from 16 on with a text for an empty value.
_INLINE = re.compile(r"\{\{(?P<expression>.+?)(\|\|\|.*?)?\}\}")
# What the other series' expressions begin with, which is text for these.
_FOREIGN = {DOLLAR: "{{", BRACES: "${"}


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


def mistake(text, spelling):
    """Why Odoo cannot evaluate a template's field, or would send an expression as text; None if neither is so.

    :param text: as canonical() gives it.
    :param spelling: that of the series.
    """
    expression = parse(text)
    if expression is not None:
        text = spell(expression, spelling)
    if spelling == BRACES:
        rest = _INLINE.sub("", text)
        reasons = [_of_python(found["expression"].strip()) for found in _INLINE.finditer(text)]
    else:
        rest, reasons = text, [_of_jinja(text)]
    foreign = _FOREIGN[spelling]
    if foreign in rest:
        reasons.append("this series sends %s… as text; write it as %s…" % (foreign, _FOREIGN[_other(spelling)]))
    if spelling == BRACES and "{{" in rest:
        reasons.append("an expression must end in }} on the line on which it begins")
    return next((reason for reason in reasons if reason), None)


def _other(spelling):
    return DOLLAR if spelling == BRACES else BRACES


def _of_python(expression):
    try:
        ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as exc:
        return "the expression %r is no Python expression: %s" % (expression, getattr(exc, "msg", None) or exc)
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
        environment.parse(text)
    except jinja2.TemplateSyntaxError as exc:
        return "%r is no Jinja template: %s" % (text, exc.message)
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
