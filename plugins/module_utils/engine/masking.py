# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Mask secrets in a module's result, at a cost that grows with the result, not with result times secrets."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.module_utils.transport.http import without_login

MASK = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
# Secrets are looked for by their first characters; those that have fewer are few, and always masked.
_HEAD = 4


def invocation(spec, params):
    """The options as a module gives them back, without those that are C(no_log)."""
    return {"module_args": _without_secrets(spec, params)}


def _without_secrets(spec, params):
    shown = {option: _shown(spec.get(option, {}), value) for option, value in params.items()}
    # A login in it is refused, and must not be seen for that.
    if isinstance(shown.get("url"), str):
        shown["url"] = without_login(shown["url"])
    return shown


def _shown(declared, value):
    if declared.get("no_log") and value:
        return MASK
    if "options" in declared and isinstance(value, dict):
        return _without_secrets(declared["options"], value)
    if "options" in declared and isinstance(value, list):
        return [_shown(dict(declared, no_log=False), each) for each in value]
    return value


def concealed(secrets, spec, params, answer):
    """The secrets to be blotted out of a result: those that occur in it, and that no option of the connection has openly.

    Of a user whose password is their login, everybody knows the login, and blotting it out would tell the password.
    """
    known = {value for option, value in params.items() if isinstance(value, str) and not spec.get(option, {}).get("no_log")}
    return occurring(secrets - known, answer)


def occurring(secrets, answer):
    """The secrets that occur in a result, as a value or within one."""
    texts = set(_texts(answer))
    heads, found = {}, {each for each in secrets if len(each) < _HEAD}
    for secret in secrets:
        heads.setdefault(secret[:_HEAD], []).append(secret)
    for text in texts:
        for start in range(len(text) - _HEAD + 1):
            for secret in heads.get(text[start : start + _HEAD], ()):
                if text.startswith(secret, start):
                    found.add(secret)
    return found


def _texts(value):
    if isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
        yield str(value)
