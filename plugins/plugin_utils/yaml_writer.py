# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Variables as the YAML that people and Ansible read. Pure: no I/O."""

from __future__ import annotations

import json
import re

import yaml

from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.backward import Secret

WIDTH = 100
# What Ansible would take for a template.
_TEMPLATE = re.compile(r"\{\{|\{%|\{#")


class _Expression(str):
    """Text that Ansible is to evaluate."""


class _LineDict(dict):
    """Written on one line."""


class _LineList(list):
    """Written on one line."""


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)

    def ignore_aliases(self, data):
        return True


def _text(dumper, value):
    if _TEMPLATE.search(value):
        # Somebody's words, not ours: Ansible must not look into them.
        return dumper.represent_scalar("!unsafe", value, style='"')
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if _is_block(value) else None)


def _is_block(value):
    return "\n" in value and not re.search(r"[ \t]\n|\r|\A\s", value) and value.isprintable() is False


_Dumper.add_representer(str, _text)
_Dumper.add_representer(
    _Expression, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style='"')
)
_Dumper.add_representer(
    _LineDict, lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value, flow_style=True)
)
_Dumper.add_representer(
    _LineList, lambda dumper, value: dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)
)


class _Skeleton(_Dumper):
    """Leaves the place of what is not known empty, to be filled in."""


_Skeleton.add_representer(type(None), lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:null", ""))


def inventory_text(head, groups, remarks):
    """The file of variables: what it is, the groups with their headings, and what is not in it."""
    parts = ["---\n" + _comment(head)]
    for heading, variables in groups:
        if variables:
            written = "".join(_dump(_shaped({name: value})) for name, value in variables.items())
            parts.append((_comment([heading]) if heading else "") + written)
    if remarks:
        parts.append(_comment(["Not in this file:"] + ["- " + remark for remark in remarks]))
    return "\n".join(parts)


def vault_text(head, vault, with_values):
    """The file of secrets; without values, its skeleton."""
    filled = {
        variable: {key: value if with_values or value == "" else None for key, value in secrets.items()}
        for variable, secrets in vault.items()
    }
    return "\n".join(["---\n" + _comment(head)] + [_dump({name: value}, _Skeleton) for name, value in filled.items()])


def _comment(lines):
    return "".join(("# " + _one_line(line)).rstrip() + "\n" for line in lines)


def _one_line(text):
    """Names of records come into comments, and must not end them."""
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)


def _dump(variables, dumper=_Dumper):
    # No line is folded: the text would stay the same, but not its look.
    return yaml.dump(variables, Dumper=dumper, allow_unicode=True, sort_keys=False, width=10**6)


def _shaped(value):
    """The same with secrets by their names, and on a line each what is small: a server's options, a list of names."""
    if isinstance(value, Secret):
        return _Expression("{{ %s }}" % (value.variable if value.key is None else _looked_up(value)))
    if isinstance(value, list):
        return [_shaped(each) for each in value]
    if isinstance(value, dict):
        return {name: _on_a_line(_shaped(each)) for name, each in value.items()}
    return value


def _looked_up(secret):
    # One that is not filled in yet is left as Odoo has it.
    return "%s['%s'] | default(omit, true)" % (secret.variable, secret.key)


def _on_a_line(value):
    """A dictionary or list that fits on a line, as one that is written so."""
    if not isinstance(value, (dict, list)):
        return value
    parts = list(value.values()) if isinstance(value, dict) else value
    if any(isinstance(each, (dict, list)) or "\n" in str(each) for each in parts):
        return value
    line = _LineDict(value) if isinstance(value, dict) else _LineList(value)
    return line if len(_dump(line)) <= WIDTH else value
