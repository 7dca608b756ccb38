"""One spelling for the template expressions of all series."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.postroom.odoo.plugins.module_utils.engine import template_expressions
from ansible_collections.postroom.odoo.plugins.module_utils.engine.template_expressions import (
    BRACES,
    BRACES_WITH_DEFAULT,
    DOLLAR,
)

ALL = (DOLLAR, BRACES, BRACES_WITH_DEFAULT)
# More than a parser's stack, or Python's, holds.
DEEP = [f"{{{{ {text} }}}}" for text in ("[" * 300 + "]" * 300, "(" * 10_000 + ")" * 10_000, "-" * 100_000 + "1", "9" * 5000)]


@pytest.mark.parametrize(
    ("expression", "spelling", "spelled"),
    [
        ("object.user_id.email_formatted", DOLLAR, "${object.user_id.email_formatted | safe}"),
        ("object.a or object.b", DOLLAR, "${(object.a or object.b) | safe}"),
        ("(object.a) or (object.b)", DOLLAR, "${((object.a) or (object.b)) | safe}"),
        ("object.user_id.email_formatted", BRACES, "{{ object.user_id.email_formatted }}"),
        (" object.a or object.b ", BRACES, "{{ object.a or object.b }}"),
    ],
)
def test_spell(expression, spelling, spelled):
    assert template_expressions.spell(expression, spelling) == spelled


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("${object.email|safe}", "object.email"),
        ("${ (object.a or object.b) | safe }", "object.a or object.b"),
        ("${(object.a or object.b |safe)}", "object.a or object.b"),
        ("${(object.a) or (object.b)}", "(object.a) or (object.b)"),
        ("{{object.email}}", "object.email"),
        ("{{ ctx.get('x', {}) }}", "ctx.get('x', {})"),
        ("office@mydomain.com", None),
        ('"Sales" <{{ object.email }}>', None),
        ("{{ object.a }}, {{ object.b }}", None),
        ("${object.a}, ${object.b}", None),
        ("", None),
    ],
)
def test_parse(text, expression):
    assert template_expressions.parse(text) == expression


@given(
    st.from_regex(r"[a-z_]+(\.[a-z_]+){0,3}( or [a-z_]+(\.[a-z_]+){0,2}){0,2}", fullmatch=True),
    st.sampled_from([DOLLAR, BRACES]),
)
def test_what_is_spelled_is_read_back(expression, spelling):
    assert template_expressions.parse(template_expressions.spell(expression, spelling)) == expression


def test_spacing_makes_no_difference():
    assert template_expressions.canonical("{{object.a}}") == template_expressions.canonical("{{  object.a }}")
    assert template_expressions.canonical("${object.a|safe}") == template_expressions.canonical("{{ object.a }}")
    assert template_expressions.canonical("{{ object.a }}") != template_expressions.canonical("{{ object.b }}")


@pytest.mark.parametrize(
    ("text", "spelling", "words"),
    [
        ("{{ object. }}", BRACES, "'object.' is no Python expression"),
        ("{{ object. }}", DOLLAR, "is no Jinja template"),
        ("${(object.a | safe}", DOLLAR, "is no Jinja template"),
        ("${object.a | nofilter}", DOLLAR, "No filter named 'nofilter'"),
        ('"A" <{{ object.email ||| a@b.example }}> {{ object.a b }}', BRACES_WITH_DEFAULT, "'object.a b'"),
        ("{{ object.email ||| a@b.example }}", BRACES, "is no Python expression"),
        ("{{ object.email|safe }}", BRACES, "Jinja's filter safe"),
        ("{{ object.email | default('x') }}", BRACES_WITH_DEFAULT, "Jinja's filter default"),
        ("{{ {'a': {}} }}", BRACES, "is no Python expression"),
        ("{{ object.a\n or object.b }}", BRACES, "must end in }} on the line on which it begins"),
        ('"A" <{{ object.email', BRACES, "must end in }}"),
        ('"A" <${object.email}>', BRACES, "this series sends ${… as text; write an expression as {{ … }}"),
        ("${{ object.email }}", BRACES_WITH_DEFAULT, "sends ${… as text"),
        ("{% if object.x %}{{ object.a }}{% endif %}", BRACES, "sends {%… as text"),
        ('"A" <{{ object.email }}>', DOLLAR, "this series sends {{… as text; write an expression as ${…}"),
        *((empty, spelling, "is empty") for empty in ("${}", "{{ }}") for spelling in (DOLLAR, BRACES)),
        *((deep, spelling, "is no ") for deep in DEEP for spelling in (DOLLAR, BRACES)),
    ],
)
def test_a_mistake_is_told(text, spelling, words):
    told = template_expressions.mistake(template_expressions.canonical(text), spelling)
    assert words in told
    assert len(told) < 500


@pytest.mark.parametrize(
    ("text", "spellings"),
    [
        ("", ALL),
        ('"Sales, 5 %" <office@mydomain.com>', ALL),
        ("{{ object.user_id.email_formatted or user.email_formatted }}", ALL),
        ("{{ (object.user_id | object.create_uid)[:1].email }}", (BRACES,)),
        ("${ctx.get('x', {}) or object.email|safe}", (DOLLAR,)),
        ("${{'fr': 'a@x.fr'}.get(object.lang, 'b@x.com')|safe}", (DOLLAR,)),
        ("${object.a ~ object.b if object.c}", (DOLLAR,)),
        ('"A ${object.name}" <${object.email | safe}>', (DOLLAR,)),
        ('"A {{ object.name }}" <{{ object.email ||| a@b.example }}>', (BRACES_WITH_DEFAULT,)),
    ],
)
def test_what_is_right_passes(text, spellings):
    for spelling in spellings:
        assert template_expressions.mistake(template_expressions.canonical(text), spelling) is None
