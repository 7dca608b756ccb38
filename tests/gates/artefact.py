"""The tarball that users get. The gates look at this, not at the work tree: what is not in it cannot help anybody."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"


def build(folder):
    """Build the collection's tarball in a folder that then holds this one tarball, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.tar.gz"):
        old.unlink()
    command = ["ansible-galaxy", "collection", "build", str(ROOT), "--output-path", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return next(folder.glob("*.tar.gz"))


def unpack(tarball, folder):
    """Unpack a tarball into a new folder."""
    folder.mkdir(parents=True)
    shutil.unpack_archive(tarball, folder)
