"""Documentation names what exists: samples of the module's own kind of record, and variables that something reads."""

import importlib
import re
import textwrap
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from artefact import tracked
from navigation import NAVIGATION, OPTIONAL

from ansible_collections.postroom.odoo.plugins.module_utils.engine.desired import BadItems, check_items
from ansible_collections.postroom.odoo.plugins.module_utils.resources import BY_MODULE
from ansible_collections.postroom.odoo.plugins.plugin_utils.given import wrong_kinds
from ansible_collections.postroom.odoo.plugins.plugin_utils.known_names import unread_variables
from ansible_collections.postroom.odoo.plugins.plugin_utils.specifications import SPECIFICATIONS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("resource", BY_MODULE.values(), ids=list(BY_MODULE))
def test_samples(resource):
    module = importlib.import_module(f"ansible_collections.postroom.odoo.plugins.modules.{resource.name}")
    returned = yaml.safe_load(module.RETURN)
    label = resource.example.label
    # The label is what an item of the resource is called.
    values = dict(zip(reversed(resource.identities[0]), label.split(" on "), strict=True))
    check_items(resource, [values])
    assert resource.label(values) == label
    if resource.creates:
        assert returned["adopted"]["sample"] == [f"{label} (id 7)"]
    assert returned["changes"]["sample"][0]["items"] == [label]
    (difference,) = returned["drift"]["contains"]["differences"]["sample"]
    assert difference["record"] == label
    assert difference["option"] in resource.argument_spec()
    assert returned["problems"]["sample"][0]["option"] in resource.argument_spec()


def test_an_address_is_no_alias_domain():
    """As the sample of alias_domains once was."""
    with pytest.raises(BadItems):
        check_items(BY_MODULE["alias_domains"], [{"name": "newuser@mydomain.com"}])


def test_variables_on_command_lines_exist():
    """In pages and comments: what follows -e, and what the surveys of AWX ask for."""
    known = set()
    for path in ROOT.glob("roles/*/meta/argument_specs.yml"):
        for entry_point in yaml.safe_load(path.read_text())["argument_specs"].values():
            known |= entry_point["options"].keys()
    for path in ROOT.glob("playbooks/*.yml"):
        for expression in re.findall(r"\{\{(.*?)\}\}", path.read_text(), re.DOTALL):
            known |= set(re.findall(r"\w+", expression))
    for path in ROOT.glob("plugins/callback/*.py"):
        known |= set(re.findall(r'extra_vars\.get\("(\w+)"\)', path.read_text()))
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("roles/*/README.md"), *ROOT.glob("playbooks/*.yml")]
    named = {(path.name, name) for path in pages for name in re.findall(r"""\s-e ["'`]?(\w+)=""", path.read_text())}
    surveys = re.search(r"^\| surveys \|(.*)$", (ROOT / "docs" / "many-databases.md").read_text(), re.MULTILINE)[1]
    named |= {("many-databases.md", name) for name in re.findall(r"`(\w+)`", surveys)}
    assert len(named) > 10
    assert sorted(each for each in named if each[1] not in known) == []


def test_the_changelog_has_no_markup_of_module_documentation():
    """It stays as it is there: fragments are RST."""
    markup = re.compile(r"\b(?:[BCEILMOPV]|RV)\([\w.]+")
    fragments = (ROOT / "changelogs" / "fragments").glob("*.yml")
    assert {path.name: found for path in fragments if (found := markup.findall(path.read_text()))} == {}


class Loader(yaml.SafeLoader):
    """Takes Ansible's tags."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob("roles/*/README.md"))]
OPTIONS = {
    name: option
    for entry_points in SPECIFICATIONS.values()
    for options in entry_points.values()
    for name, option in options.items()
}


def mappings(value):
    """All mappings in a document, with those in it."""
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from mappings(each)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_variables_in_examples_are_accepted(page):
    """Each variable of a role that a page shows has the options and kinds of values that the role takes."""
    examples = re.findall(r"^( *)```yaml\n(.*?)^ *```$", page.read_text(), re.DOTALL | re.MULTILINE)
    shown = [each for _, text in examples for each in mappings(yaml.load(textwrap.dedent(text), Loader))]
    problems = []
    for mapping in shown:
        given = {name: mapping[name] for name in mapping.keys() & OPTIONS.keys()}
        # What a template makes of it is not known here.
        given = {name: value for name, value in given.items() if not (isinstance(value, str) and "{{" in value)}
        spec = {name: {**OPTIONS[name], "required": False} for name in given}
        problems += ArgumentSpecValidator(spec).validate(given).error_messages
        problems += wrong_kinds(spec, given)
        names = mapping.keys() - {"odoo_databases", "odoo_servers"}
        problems += unread_variables({name: mapping[name] for name in names}, OPTIONS, SPECIFICATIONS)
    assert problems == []


def test_every_page_is_in_the_navigation_of_the_site():
    """make site would end with an error, but is not part of make test."""
    named = {entry.partition("<")[2].rstrip(">") or entry for pages in NAVIGATION.values() for entry in pages}
    wanted = {
        page for page in tracked() if page.endswith((".md", ".rst")) and not page.startswith(("changelogs/", "tests/site/"))
    }
    assert {Path(page).with_suffix("").as_posix() for page in wanted} - named - {*OPTIONAL} == set()
