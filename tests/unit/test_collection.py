"""What must hold for the collection as such, whatever its modules do."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from ansible_collections.postroom.odoo.plugins.module_utils.module import CONNECTION
from ansible_collections.postroom.odoo.plugins.plugin_utils.connection import VARIABLES

ROOT = Path(__file__).parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
# What has no use for a login: it runs on the machine that runs Odoo, or on the controller.
WITHOUT_LOGIN = {"addon_files", "addons_path", "check_inventory", "check_variables", "consent", "verdict", "verify"}
# Entry points for our own playbooks and roles only, behind one whose specification Ansible has checked the variables by.
CHECKED_BEFORE = {"addons", "configure", "fetchers", "library", "lists", "mail", "oauth"}
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())


def load(*parts):
    return yaml.safe_load(ROOT.joinpath(*parts).read_text())


@pytest.fixture(scope="module")
def texts():
    """All text files that are or will be in the repository."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = {ROOT / name for name in listed.split("\0") if name}
    contents = {path: path.read_bytes() for path in paths if path.is_file()}
    return {path.relative_to(ROOT): data.decode() for path, data in contents.items() if b"\0" not in data}


def places(texts, pattern):
    return [f"{path}: {match[0]}" for path, text in texts.items() for match in re.finditer(pattern, text)]


def test_module_defaults_reach_every_module():
    assert load("meta", "runtime.yml")["action_groups"]["odoo"] == [name for name in MODULES if name not in WITHOUT_LOGIN]


def test_every_option_of_the_connection_has_a_variable():
    assert VARIABLES.keys() == CONNECTION.keys() - {"uid"}


@pytest.mark.parametrize("role", ROLES)
def test_roles_that_reach_odoo_take_every_variable_of_the_connection(role):
    for entry_point in load("roles", role, "meta", "argument_specs.yml")["argument_specs"].values():
        own = {name for name in entry_point["options"] if name in VARIABLES.values()}
        assert own in (set(), set(VARIABLES.values()))


@pytest.mark.parametrize("role", ROLES)
def test_role_has_what_a_reader_looks_for(role):
    assert (ROOT / "roles" / role / "README.md").is_file()
    entry_points = {path.stem for path in (ROOT / "roles" / role / "tasks").glob("*.yml")} - CHECKED_BEFORE
    assert load("roles", role, "meta", "argument_specs.yml")["argument_specs"].keys() == entry_points


@pytest.mark.parametrize("role", ROLES)
def test_role_defaults_are_the_documented_ones(role):
    """Ansible does not set a default that only the argument spec names, so both must say the same."""
    documented = {}
    for entry_point in load("roles", role, "meta", "argument_specs.yml")["argument_specs"].values():
        documented.update(entry_point["options"])
    defaults = load("roles", role, "defaults", "main.yml")
    assert defaults == {name: option["default"] for name, option in documented.items() if "default" in option}


@pytest.mark.parametrize("role", ROLES)
def test_role_hides_its_secrets(role):
    """Every option, however deep, that takes a secret says so."""

    def options_of(spec):
        for name, option in spec.get("options", {}).items():
            yield name, option
            yield from options_of(option)

    specs = load("roles", role, "meta", "argument_specs.yml")["argument_specs"].values()
    secret = re.compile(r"(?<!update_)(password|passwords|api_key|private_key)$")
    hidden = [(name, option.get("no_log")) for spec in specs for name, option in options_of(spec) if secret.search(name)]
    assert [name for name, no_log in hidden if not no_log] == []


def test_versions_are_pinned():
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text().splitlines():
            assert re.fullmatch(r"#.*|-r [\w.-]+|[\w-]+==[\w.]+(; python_version .+)?", line), f"{name}: {line}"


def test_nothing_names_a_host_of_packages(texts):
    """Packages come from where the machine is told to get them."""
    assert places(texts, r"https?://\S*(debian|pypi|pythonhosted|npmjs)\S*") == []


def test_nothing_leans_on_what_a_clone_lacks(texts):
    assert places(texts, re.escape(str(ROOT)) + r"\b|\.\." + "/shared") == []


def test_readme_shows_the_two_commands_at_its_top():
    top = "\n".join((ROOT / "README.md").read_text().splitlines()[:30])
    assert "make demo" in top
    assert "make test" in top


def test_ci_can_start():
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_what_users_call_needs_no_other_folder():
    """Ansible's collections must work when all but these folders are gone; a page may be named in a comment."""
    folders = ("meta", "playbooks", "plugins", "roles")
    imported = re.compile(r"(?:import_playbook|import_tasks|include_tasks|vars_files|src): *[\"']?([\w./-]+)")
    places = [
        (path, match[1])
        for folder in folders
        for path in (ROOT / folder).rglob("*.yml")
        for match in imported.finditer(path.read_text())
    ]
    outside = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, name in places
        if "/" in name and not any((path.parent / name).resolve().is_relative_to(ROOT / folder) for folder in folders)
    ]
    assert len(places) > 10
    assert outside == []


def test_nothing_was_added_in_a_version_that_was_never_released():
    versions = {load("galaxy.yml")["version"], *load("changelogs", "changelog.yaml")["releases"]}
    files = [path for path in (ROOT / "plugins").rglob("*") if path.suffix in (".py", ".yml")]
    added = {match for path in files for match in re.findall(r"^ *version_added: (\S+)$", path.read_text(), re.MULTILINE)}
    assert added <= versions
