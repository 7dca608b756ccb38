"""What the addon's reading of addresses loads."""

import subprocess
import sys
from pathlib import Path

HOSTILE = Path(__file__).parents[1] / "hostile"
# A process of its own, as others load idna too. formataddr is not called.
LOADED = f"""
import sys, types
sys.modules["odoo"] = types.ModuleType("odoo")
sys.modules["odoo.tools"] = types.ModuleType("odoo.tools")
sys.modules["odoo.tools"].formataddr = None
sys.path.insert(0, {str(HOSTILE)!r})
from addon_tools import load
addresses = load("addresses")
before = set(sys.modules)
assert addresses.ascii_domain("Bücher.Example") == "xn--bcher-kva.example"
print(sorted(name for name in set(sys.modules) - before if not name.startswith("encodings.")))
"""


def test_the_first_address_loads_nothing_more():
    """idna's tables, loaded by two threads of Odoo at once, end in an ImportError for one: a server was not saved."""
    run = subprocess.run([sys.executable, "-c", LOADED], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == "[]"
