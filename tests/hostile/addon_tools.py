"""The addon's tools that need no Odoo, for whatever Python runs this."""

import importlib
import sys
import types
from pathlib import Path

TOOLS = Path(__file__).parents[2] / "roles" / "routing_addon" / "files" / "smtp_server_per_user" / "tools"


def load(name):
    """A module of the addon's tools. Their package itself is not run, as it imports Odoo."""
    if "mailbox_tools" not in sys.modules:
        package = sys.modules["mailbox_tools"] = types.ModuleType("mailbox_tools")
        package.__path__ = [str(TOOLS)]
    return importlib.import_module("mailbox_tools." + name)
