"""What a run of a playbook that reports left: its exit code, what it printed, and the report's files."""

import json
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from jsonschema import Draft202012Validator
from support import ROOT


@dataclass
class Reported:
    code: int
    output: str
    folder: Path
    # The files' name, and the schema's.
    kind: ClassVar[str]

    @property
    def report(self):
        report = json.loads((self.folder / f"{self.kind}.json").read_text())
        Draft202012Validator(json.loads((ROOT / "docs" / f"{self.kind}.schema.json").read_text())).validate(report)
        return report

    def host(self, name="company"):
        (host,) = [host for host in self.report["hosts"] if host["host"] == name]
        return host

    @property
    def suites(self):
        return ET.parse(self.folder / f"{self.kind}.xml").getroot()

    def written(self):
        """All that the run told anybody."""
        return self.output + "".join((self.folder / f"{self.kind}.{each}").read_text() for each in ("json", "xml", "html"))
