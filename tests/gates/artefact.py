"""The tarball that users get. The gates look at this, not at the work tree: what is not in it cannot help anybody."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"


def tracked():
    """The files that are or will be in the repository, by name; links are left out."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return {name for name in listed.split("\0") if name and (ROOT / name).is_file() and not (ROOT / name).is_symlink()}


def clone(folder):
    """Copy these files into a folder, as a clone has them.

    ansible-galaxy looks at every file below the one that it builds from. In this one a running lab, or another gate, removes
    some meanwhile, on which it ends.
    """
    for name in tracked():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)


def build(folder, change=lambda source: None):
    """Build the collection's tarball in a folder that then holds this one tarball, and return its path.

    :param change: function of the folder of the files that go into it, which may change them
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.tar.gz"):
        old.unlink()
    with tempfile.TemporaryDirectory() as source:
        clone(Path(source))
        change(Path(source))
        command = [
            Path(sys.executable).with_name("ansible-galaxy"),
            "collection",
            "build",
            source,
            "--output-path",
            str(folder),
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return next(folder.glob("*.tar.gz"))


def unpack(tarball, folder):
    """Unpack a tarball into a new folder."""
    folder.mkdir(parents=True)
    shutil.unpack_archive(tarball, folder)
