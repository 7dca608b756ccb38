"""docs/promises.md names tests that exist, for statements that are in the README or on a page of docs."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = re.findall(r"^\| (?!statement \||---)(.+?) \| (.+) \|$", (ROOT / "docs" / "promises.md").read_text(), re.MULTILINE)
PROOFS = sorted({proof for _, tests in ROWS for proof in re.findall(r"`([\w/]+\.(?:py|yml)[:\w]*)`", tests)})


def test_every_statement_is_on_a_page():
    pages = [ROOT / "README.md", *(page for page in ROOT.glob("docs/*.md") if page.name != "promises.md")]
    text = " ".join(" ".join(page.read_text().split()) for page in pages)
    assert len(ROWS) > 40
    assert [quote for quote, _ in ROWS if quote not in text] == []


def test_every_statement_has_a_proof_or_the_reason_why_not():
    assert [quote for quote, tests in ROWS if "`" not in tests and not tests.startswith("not tested")] == []


@pytest.mark.parametrize("proof", PROOFS)
def test_every_proof_exists(proof):
    path, _, function = proof.partition("::")
    file = ROOT / path if path.startswith("extensions/") else ROOT / "tests" / path
    assert file.is_file()
    if function:
        defined = ast.parse(file.read_text()).body
        assert function in {node.name for node in defined if isinstance(node, ast.FunctionDef)}
