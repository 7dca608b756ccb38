"""The range of supported Odoo series, wherever prose names it: what ended with the series before the newest ends with that.

Ranges that end with an older series state facts of Odoo, and stay.
"""

import re
import subprocess

from ansible_collections.postroom.odoo.plugins.module_utils.transport.session import NEWEST_SERIES, OLDEST_SERIES

RANGE = re.compile(rf"\b{OLDEST_SERIES}(\.0)? to {NEWEST_SERIES - 1}(\.0)?(?!\w)")
PROSE = ("*.md", "*.rst", "galaxy.yml", "plugins/*.py", "roles/*.yml", "docs/*.md")


def files(root):
    command = ["git", "ls-files", "--", *PROSE, ":!changelogs", ":!tests"]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.split()
    made = {}
    for path in listed:
        text = (root / path).read_text()
        new = RANGE.sub(lambda found: f"{OLDEST_SERIES}{found[1] or ''} to {NEWEST_SERIES}{found[1] or ''}", text)
        if new != text:
            made[path] = new
    return made
