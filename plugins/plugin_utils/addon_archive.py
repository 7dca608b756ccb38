# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of an Odoo addon on the controller, and the one archive in which addons travel to a machine."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import os
import tarfile


def files_of(folder):
    """The content of each file of an addon by its path. Bytecode and what is hidden, as an editor's files are, is left out.

    :raises OSError: when the folder or a file cannot be read.
    """
    found = {}
    os.listdir(folder)
    for path, names, files in os.walk(folder):
        names[:] = [name for name in names if name != "__pycache__" and not name.startswith(".")]
        for name in files:
            if not name.endswith(".pyc") and not name.startswith("."):
                full = os.path.join(path, name)
                with open(full, "rb") as file:
                    found[os.path.relpath(full, folder)] = file.read()
    return found


def checksums(files):
    """The SHA-256 of each file."""
    return {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}


def pack(addons):
    """A tar archive of addons in Base64. The same files always make the same archive.

    :param addons: the files by addon, as files_of() returns them.
    """
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as archive:
        for name, files in sorted(addons.items()):
            for path, content in sorted(files.items()):
                member = tarfile.TarInfo("%s/%s" % (name, path))
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return base64.b64encode(packed.getvalue()).decode()
