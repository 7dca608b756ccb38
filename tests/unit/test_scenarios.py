"""Molecule's scenarios run beside the tests of routing, which look into the lab's own mailboxes."""

import re

from artefact import ROOT

OF_THE_LAB = re.compile(r"\b(newuser|seconduser|catchall|bounce)@mydomain\.com")


def test_no_scenario_uses_a_mailbox_of_the_lab():
    found = []
    for path in sorted((ROOT / "extensions" / "molecule").rglob("*")):
        if path.is_file() and path.suffix in (".yml", ".py"):
            found += [f"{path.name}: {line.strip()}" for line in path.read_text().splitlines() if OF_THE_LAB.search(line)]
    assert found == []
