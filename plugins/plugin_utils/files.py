# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files on the controller, written whole or not at all."""

from __future__ import annotations

import os
import tempfile


def write(path, content, mode=0o600):
    """Write a file atomically, with its final permissions from the start."""
    # mkstemp makes it for its owner only.
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".postroom-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
