"""The addons' translations: every text that Odoo shows is in them, in the form in which Odoo looks for it."""

import ast
import re
from pathlib import Path

import pytest

ADDONS = Path(__file__).parents[2] / "roles" / "routing_addon" / "files"
LANGUAGES = ("de", "fr", "pt")
PLACEHOLDER = re.compile(r"%\(\w+\)s|%s")


def texts(node):
    """The texts in a piece of code that Odoo translates: of messages, and of fields' labels, help and choices."""
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "STATES":
        return [pair.elts[1] for pair in node.value.elts]
    if not isinstance(node, ast.Call) or not node.args + node.keywords:
        return []
    if isinstance(node.func, ast.Name) and node.func.id == "_":
        return [node.args[0]]
    if not ast.unparse(node.func).startswith("fields."):
        return []
    choices = [pair.elts[1] for each in node.args if isinstance(each, ast.List) for pair in each.elts]
    return choices + [each.value for each in node.keywords if each.arg in ("string", "help")]


def sources(addon):
    found = set()
    for file in (ADDONS / addon).glob("models/*.py"):
        nodes = [text for node in ast.walk(ast.parse(file.read_text())) for text in texts(node)]
        found |= {node.value for node in nodes if isinstance(node, ast.Constant)}
    for file in [*(ADDONS / addon).glob("views/*.xml"), *(ADDONS / addon).glob("models/series_data.py")]:
        found |= set(re.findall(r'\s(?:string|help)="(.+?)"', file.read_text()))
    return found


def entries(addon, name):
    """The comments and the translation of each text."""
    found = {}
    for block in (ADDONS / addon / "i18n" / name).read_text().split("\n\n")[1:]:
        comments, source, translation = re.fullmatch(r"((?:#.*\n)*)msgid (.*?)\nmsgstr (.*)", block, re.DOTALL).groups()
        found[ast.literal_eval(f"({source})")] = comments, ast.literal_eval(f"({translation})")
    return found


@pytest.mark.parametrize("addon", ["smtp_server_per_user", "mail_server_oauth"])
def test_every_text_is_translated(addon):
    template = entries(addon, f"{addon}.pot")
    assert sources(addon) - set(template) == set()
    for language in LANGUAGES:
        translated = entries(addon, f"{language}.po")
        assert set(translated) == set(template)
        assert [source for source, (_comments, words) in translated.items() if not words] == []
        for source, (comments, words) in translated.items():
            assert sorted(PLACEHOLDER.findall(source)) == sorted(PLACEHOLDER.findall(words)), source
            # From 16 on, Odoo ignores a message of Python's without this.
            assert ("#: code:" in comments) == ("#. odoo-python\n" in comments), source
