"""tests/e2e counts the sessions of its mailboxes and looks at all that arrives there, while other tests run beside it."""

from artefact import ROOT

BESIDE = ("tests/integration", "tests/demo", "extensions/molecule", "inventories/lab")


def test_nobody_else_uses_them():
    files = [path for folder in BESIDE for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".yml", ".j2")]
    assert files
    assert [str(path) for path in files if "office.example" in path.read_text()] == []
