"""Lets tests import the collection by its own name, from the link that a bare clone has."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "collections"))
