"""The packages of module_utils know only those below them, and the engine knows no option."""

import ast
from pathlib import Path

import pytest

from ansible_collections.postroom.odoo.plugins.module_utils.resources import BY_MODULE

UTILS = Path(__file__).parents[2] / "plugins" / "module_utils"
PREFIX = "ansible_collections.postroom.odoo.plugins.module_utils."
# What each may import, besides itself. module.py joins declarations to the engine, and operations are modules by hand.
ALLOWED = {
    "transport": set(),
    "engine": {"transport"},
    "resources": {"engine"},
    "module": {"transport", "engine"},
    "operations": {"transport", "engine", "resources", "module"},
}
SOURCES = sorted(path for path in UTILS.rglob("*.py"))

# Words that are options of a resource, and in the engine mean something else.
OTHER_MEANING = {
    "computed.py": {"model", "name"},
    "executor.py": {"model", "name", "type"},
    "lock.py": {"model", "name"},
    "schema.py": {"type"},
    "snapshot.py": {"model", "name", "type"},
}


def part(path):
    return path.relative_to(UTILS).parts[0].removesuffix(".py")


def imported(path):
    """The parts of module_utils that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        # A plugin of another kind has its whole name here, which is allowed nowhere.
        yield from (name.removeprefix(PREFIX).split(".")[0] for name in names if name.startswith(PREFIX))
        yield from (name for name in names if ".odoo.plugins." in name and not name.startswith(PREFIX))


def test_every_part_has_its_place():
    assert {part(path) for path in SOURCES} == set(ALLOWED)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(UTILS)))
def test_no_import_runs_upwards(path):
    assert set(imported(path)) <= ALLOWED[part(path)] | {part(path)}


def option_names():
    names = set()
    for resource in BY_MODULE.values():
        names.update(resource.argument_spec())
    return names


@pytest.mark.parametrize("path", sorted((UTILS / "engine").glob("*.py")), ids=lambda path: path.name)
def test_the_engine_names_no_option(path):
    tree = ast.parse(path.read_text())
    words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert words & option_names() == OTHER_MEANING.get(path.name, set())
    assert "single" not in words | attributes
