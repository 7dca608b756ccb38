# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The addons path in the text of Odoo's configuration file. Pure: no I/O."""

from __future__ import annotations

import configparser
import os
import re

SECTION, KEY = "options", "addons_path"

_SECTION = re.compile(r"\[(?P<name>.+)\]")
_KEY = re.compile(r"%s\s*[=:]\s*" % KEY, re.IGNORECASE)
_COMMENT = re.compile(r"\s*[#;]")


class Unreadable(Exception):
    """Odoo could not read the text, or it cannot be changed safely."""


def addons_path(text):
    """The folders that the configuration names, in their order.

    :raises Unreadable: with the line, without quoting it: it may have a password.
    """
    return _folders(_options(text).get(KEY))


def with_folder(text, folder, fallback_paths=()):
    """The text with a folder at the end of its addons path, and otherwise as it was.

    :param fallback_paths: what Odoo uses while the text names no folder; written before the new one then.
    """
    lines = [line for line in re.split(r"(?<=\n)", text) if line]
    ending = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    named = addons_path(text)
    if named:
        _append(lines, folder)
    else:
        _set(lines, ",".join([*fallback_paths, folder]), ending)
    changed = "".join(lines)
    wanted = dict(_options(text), **{KEY: None})
    if addons_path(changed) != [*(named or fallback_paths), folder] or dict(_options(changed), **{KEY: None}) != wanted:
        raise Unreadable("its addons_path cannot be extended safely; add %s manually" % folder)
    return changed


def is_among(folder, folders):
    return os.path.normpath(folder) in [os.path.normpath(each) for each in folders]


def _options(text):
    """The options as Odoo reads them."""
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error as exc:
        place = ", see line %d" % exc.lineno if getattr(exc, "lineno", None) else ""
        raise Unreadable("it is not a valid Odoo configuration file%s" % place) from exc
    return dict(parser.items(SECTION)) if parser.has_section(SECTION) else {}


def _folders(value):
    # Odoo writes None and False for what is not set.
    if value in (None, "", "None", "False"):
        return []
    return [folder.strip() for folder in value.split(",") if folder.strip()]


def _span(lines):
    """First and one past the last line of the section; both None without it."""
    start = None
    for number, line in enumerate(lines):
        header = _SECTION.match(line)
        if header and start is not None:
            return start, number
        if header and header["name"] == SECTION:
            start = number
    return start, None if start is None else len(lines)


def _key_line(lines):
    start, end = _span(lines)
    if start is None:
        return None
    return next((number for number in range(start, end) if _KEY.match(lines[number])), None)


def _append(lines, folder):
    """After the last folder, which may be on a later, indented line."""
    last = _key_line(lines)
    if last is None:
        return
    for number in range(last + 1, len(lines)):
        if _COMMENT.match(lines[number]) or not lines[number].strip():
            continue
        if not lines[number][0].isspace():
            break
        last = number
    text = lines[last].rstrip()
    ending = lines[last][len(lines[last].rstrip("\r\n")) :]
    lines[last] = text + ("" if text.endswith(",") else ",") + folder + ending


def _set(lines, value, ending):
    number = _key_line(lines)
    if number is not None:
        line = lines[number]
        lines[number] = "%s = %s%s" % (KEY, value, line[len(line.rstrip("\r\n")) :])
        return
    start, end = _span(lines)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += ending
    if start is None:
        lines.append("[%s]%s" % (SECTION, ending))
        end = len(lines)
    # Before the blank lines that part the section from the next.
    while not lines[end - 1].strip():
        end -= 1
    lines.insert(end, "%s = %s%s" % (KEY, value, ending))
