# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an inventory gives, looked at before Ansible converts it. Pure: no I/O.

YAML reads an unquoted `yes`, `0123`, `12:30`, `1.10` or `[a]` as something else than text, and Ansible makes text of it again:
`True`, `83`, `750`, `1.1`, `['a']`. No password or name may change like that, so text is taken as text only. No value is
shown, as it may be a secret.
"""

from __future__ import annotations

import datetime
import math
import re
from difflib import get_close_matches

from ansible.module_utils.common.text.converters import to_text
from ansible.module_utils.common.validation import check_type_bool, check_type_float, check_type_int, check_type_list

from ansible_collections.postroom.odoo.plugins.module_utils.engine.validators import EMPTY

try:
    from ansible.template import is_trusted_as_template as is_trusted
except ImportError:

    def is_trusted(text):
        """Before ansible-core 2.19: whether Ansible evaluates the text."""
        return not hasattr(text, "__UNSAFE__")


# What a problem is about is cut after so many characters.
LONGEST = 200
EVALUATED = (
    "%s: is text with an expression in it, which Ansible evaluates. "
    "If the braces are the secret's own, write it as !unsafe 'text'%s"
)
# The value may be a secret, so it is not shown.
RUN_TOGETHER = "%s must be followed by a colon and a blank, as in %s: value"
_NAME = re.compile(r"[\w-]*")
# How Ansible makes something else than text of text, and what it should have been.
_CONVERSIONS = {
    "int": (check_type_int, "a whole number"),
    "float": (check_type_float, "a number"),
    "bool": (check_type_bool, "true or false"),
    "list": (check_type_list, "a list"),
}
# What begins an expression, and a text that is nothing but one.
_BRACES = re.compile(r"\{\{|\{%|\{#")
_EXPRESSION = re.compile(r"\s*\{\{(?:(?!\}\}).)*\}\}\s*\Z", re.DOTALL)
# One that is the name of a variable, with what is in it, such as vault['x'].y; and each step of these. So many are followed.
_STEPS = r"""\.\w+|\[\s*(?:'[^']*'|"[^"]*"|\w+)\s*\]"""
_FILTERS = r"(?:\|\s*(?:d|default|string|trim)\b(?:(?!\}\})[^|])*)*"
_REFERENCE = re.compile(r"\s*\{\{-?\s*([A-Za-z_]\w*)((?:%s)*)\s*%s-?\}\}\s*\Z" % (_STEPS, _FILTERS))
_STEP = re.compile(r"""\.(\w+)|\[\s*(?:'([^']*)'|"([^"]*)"|(\w+))\s*\]""")
_LEVELS = 5


def wrong_kinds(spec, given, place=""):
    """The values that are not of the kind that their option takes.

    :param spec: an argument spec, or the options of a role's argument specification.
    :param given: C({option: value}) as YAML or a template gave it.
    :param place: where it is, such as C(mail_users_accounts[3]).
    :returns: an iterator of lines, each with the place, the cause and the cure.
    """
    for name, value in given.items():
        if name not in spec:
            continue
        where = "%s.%s" % (place, name) if place else str(name)
        if value is not None:
            yield from _wrong(spec[name], value, where)
        elif not place and spec[name].get("options") and spec[name].get("type") == "dict":
            # Options that are not indented become variables, which may be anybody's: only what they leave shows the mistake.
            yield "%s: is empty; indent its options below it, or write {} for none" % where
        elif _wants_a_value(spec[name]):
            yield "%s: %s" % (where, EMPTY)


def _wants_a_value(option):
    """Whether Ansible would not pass over what is empty, and stumble over its type."""
    passed_over = not option.get("required") and option.get("default") is None
    return not passed_over and option.get("type", "str") in ("bool", "int", "float", "dict", "list")


def _wrong(option, value, place):
    kind = option.get("type", "str")
    if kind == "str":
        return _not_text(value, place)
    if kind == "list":
        return _in_list(option, value, place)
    if kind == "dict":
        return _in_dictionary(option, value, place)
    if kind in ("int", "float"):
        return _not_a_number(kind, value, place)
    if kind == "bool" and not isinstance(value, (bool, int, str)):
        return ["%s: must be true or false, not %s" % (place, read_as(value))]
    return _unstorable(value, place)


def _unstorable(value, place):
    """Text, also inside a value of any kind, with characters that neither JSON nor PostgreSQL takes."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _unstorable(name, "%s: key %s" % (place, name_in(name)))
            yield from _unstorable(each, "%s.%s" % (place, name_in(name)))
    elif isinstance(value, (list, tuple)):
        for number, each in enumerate(value):
            yield from _unstorable(each, "%s[%d]" % (place, number))
    elif isinstance(value, str) and "\0" in value:
        yield "%s: has a NUL character, which cannot be stored; remove it" % place
    elif isinstance(value, str) and not value.isascii() and not _is_whole(value):
        yield "%s: has half of a character (a lone surrogate), which cannot be stored; write the whole character" % place


def _not_a_number(kind, value, place):
    if isinstance(value, (bool, list, dict)):
        yield "%s: must be a number, not %s" % (place, read_as(value))
        return
    convert, wanted = _CONVERSIONS[kind]
    try:
        # YAML's .inf and .nan, and what is too large. Ansible stumbles over some of them.
        if math.isfinite(float(value)):
            convert(value)
        else:
            yield "%s: is infinite, too large or no number at all; write one such as 10" % place
    except OverflowError:
        yield "%s: is too large; write a number such as 10" % place
    except (TypeError, ValueError):
        yield "%s: must be %s, not %s" % (place, wanted, "a fraction" if isinstance(value, float) else read_as(value))


def _not_text(value, place):
    if not isinstance(value, str):
        cure = "put it in quotes" if not isinstance(value, (list, dict)) else "put it in quotes if it is meant as text"
        yield "%s: must be text, and without quotes YAML reads it as %s; %s" % (place, read_as(value), cure)
    else:
        yield from _unstorable(value, place)


def _is_whole(value):
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _in_list(option, value, place):
    if not isinstance(value, (list, tuple)):
        # Ansible makes a list of text with commas.
        if not isinstance(value, str) or option.get("elements") == "dict":
            yield "%s: must be a list, not %s" % (place, read_as(value))
        return
    element = dict(option, type=option.get("elements", "raw"))
    for number, each in enumerate(value):
        if each is None:
            yield "%s[%d]: is empty; remove it" % (place, number)
        else:
            where = "%s[%d]%s" % (place, number, _label(each))
            # Ansible does not tell of which item.
            for name in _missing(option.get("options") or {}, each):
                yield "%s: %s is missing" % (where, name)
            yield from _wrong(element, each, where)


def _missing(spec, item):
    """The options that an item needs and does not have."""
    if isinstance(item, dict):
        return [name for name, option in spec.items() if option.get("required") and item.get(name) is None]
    return []


def _in_dictionary(option, value, place):
    if not isinstance(value, dict):
        yield "%s: must be a dictionary of options, such as {host: mail.mydomain.com}, not %s" % (place, read_as(value))
        return
    if option.get("options"):
        yield from _not_options(option["options"], value, place)
        yield from wrong_kinds(option["options"], value, place)
    elif option.get("no_log"):
        # Secrets by name, such as mail_users_passwords. One that is empty is not filled in yet.
        for name, each in value.items():
            yield from _not_text(name, "%s: key %s" % (place, cut(name)))
            if each is not None:
                yield from _not_text(each, "%s[%s]" % (place, cut(name)))
    else:
        yield from _unstorable(value, place)


def _not_options(spec, given, place):
    """Names that are not options. Ansible does not tell of which item, and blots out what looks like a secret."""
    for key, value in given.items():
        if key not in spec:
            yield "%s: %s" % (place, not_an_option(key, value, spec))


def not_an_option(key, value, options):
    """What is wrong with a key of a dictionary that takes other options.

    :param value: its value; None also where YAML found a key alone.
    :param options: the names of those that it takes.
    """
    name = name_in(key)
    if name in options:
        return RUN_TOGETHER % (name, name)
    nearest = get_close_matches(name, sorted(options), 1)
    if nearest:
        return "%s is not an option; did you mean %s?" % (name, nearest[0])
    listed = "the options are %s" % ", ".join(options)
    if value is None:
        # The rest of a secret, maybe: YAML ends a value at a comma within braces.
        return "an entry without a value is not an option; %s. If it belongs to a value with a comma, put it in quotes" % listed
    return "%s is not an option; %s" % (name, listed)


def name_in(key):
    """The name that a key begins with. No more of it is shown: without a blank after its colon, a value is in the key."""
    return cut(_NAME.match(str(key)).group() or "an entry")


def run_together(given):
    """Keys of options that have more than a name in them, a line each."""
    for key in given:
        name = name_in(key)
        if name != str(key):
            yield RUN_TOGETHER % (name, name)


def _label(item):
    """How people find an item of a list: by its address, login or name."""
    if isinstance(item, dict):
        for option in ("email", "login", "template", "key", "name"):
            if isinstance(item.get(option), str):
                return " (%s)" % cut(item[option])
    return ""


def read_as(value):
    """What YAML took a value for, as people call it."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, (datetime.date, datetime.datetime)):
        return "a date"
    if isinstance(value, (list, tuple)):
        return "a list"
    return "a dictionary" if isinstance(value, dict) else "text" if isinstance(value, str) else "something else"


def cut(text, longest=LONGEST):
    """Text for a message: in one line, printable, and not longer than people read."""
    text = str(text)
    if len(text) > longest:
        text = "%s… (%d characters)" % (text[:longest], len(text))
    return (
        text
        if text.isprintable()
        else "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
    )


def plain_values(value):
    """The same without Ansible's notes on where each text is from, with its vault opened; numbers and dates as they are."""
    if isinstance(value, dict):
        return {plain_values(key): plain_values(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_values(each) for each in value]
    if value is None or isinstance(value, (bool, int, float, datetime.date)):
        return value
    return str.__str__(to_text(value))


def as_module_has(spec, item):
    """An item of a list as the module gets it, with the options that are given: C((item, problems)).

    Ansible converts text for modules, such as 1e3 or "-5" to a number and "a,b" to a list, but not for roles.

    :param spec: the argument spec of an item.
    """
    converted, problems = {}, []
    for option, value in item.items():
        if value is None:
            continue
        convert, kind = _CONVERSIONS.get(spec.get(option, {}).get("type"), (None, None))
        try:
            converted[option] = convert(value) if convert else value
        except (TypeError, ValueError, OverflowError):
            problems.append((option, "must be %s, not %s" % (kind, read_as(value))))
    return converted, problems


def evaluated_secrets(spec, raw):
    """Secrets that are text with an expression in it: if the braces are the password's own, Ansible has changed it.

    :param raw: C({variable: value}) before it is evaluated. What a variable of the specification names is looked at, too.
    :returns: an iterator of lines.
    """
    for name, option in spec.items():
        if name in raw:
            yield from _evaluated(option, raw[name], name, raw)


def _evaluated(option, given, place, raw, named=()):
    reference, given = _held(given, raw)
    if reference:
        if reference in named or len(named) == _LEVELS:
            return
        named += (reference,)
    if isinstance(given, dict):
        if option.get("options"):
            inside = [(option["options"][name], name, ".%s") for name in option["options"] if name in given]
        else:
            inside = [(option, name, "[%s]") for name in given if option.get("no_log")]
        for each, name, form in inside:
            yield from _evaluated(each, given[name], place + form % cut(name), raw, named)
    elif isinstance(given, list):
        for number, each in enumerate(given):
            yield from _evaluated(option, each, "%s[%d]" % (place, number), raw, named)
    elif option.get("no_log") and isinstance(given, str) and _has_an_expression(given):
        yield EVALUATED % (place, " in %s" % name_in(named[-1]) if named else "")


def _held(given, raw, levels=_LEVELS):
    """What the variable holds that an expression names: C((what it names, such as vault['x'], the value as it is written)).

    Nothing is evaluated. What is no such expression is returned as it is.
    """
    reference = ""
    while levels and isinstance(given, str) and is_trusted(given):
        found = _REFERENCE.match(given)
        if not found:
            break
        levels -= 1
        name, steps = found.groups()
        reference, given = name + steps, raw.get(name)
        for attribute, one, other, word in _STEP.findall(steps):
            key = raw.get(word) if word and not word.isdecimal() else attribute or one or other or int(word)
            given = _item(_held(given, raw, levels)[1], key)
    return reference, given


def _item(given, key):
    """An item of a dictionary or list of an inventory; None if there is none. Ansible's own, such as hostvars, evaluate."""
    if isinstance(given, dict) and isinstance(key, (str, int)):
        return given.get(key)
    return given[key] if isinstance(given, list) and isinstance(key, int) and key < len(given) else None


def _has_an_expression(raw):
    return bool(_BRACES.search(raw)) and not _EXPRESSION.match(raw) and is_trusted(raw)
