#!/usr/bin/env python3
"""Run ansible-test sanity on the collection as it is packed.

usage: sanity.py [ANY ARGUMENT OF ansible-test sanity]

Each test has a Python environment of its own, which ansible-test makes and keeps in its home. This home is one below
.cache, so that runs after the first are quick, and nobody's own home is touched.
"""

import os
import shutil
import subprocess
import sys

import pip_settings
from artefact import CACHE, ROOT, build, unpack

FOLDER = CACHE / "sanity"
HOME = FOLDER / "home"
# ansible-test insists on the last four parts of this path.
COLLECTION = FOLDER / "ansible_collections" / "postroom" / "odoo"


def main():
    shutil.rmtree(COLLECTION, ignore_errors=True)
    unpack(build(FOLDER), COLLECTION)
    # ansible-test asks Git for the files, and the work tree's would say that .cache is to be ignored.
    subprocess.run(["git", "init", "--quiet"], cwd=COLLECTION, check=True)
    make_home()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    os.chdir(COLLECTION)
    # Other Pythons, where a machine has them, are left out: the same tests everywhere.
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    command = ["ansible-test", "sanity", "--python", python, *sys.argv[1:]]
    os.execvpe(command[0], command, {**environment, "HOME": str(HOME)})


def make_home():
    """Give ansible-test a home with what it cannot fetch or see: a get-pip.py, and pip's settings on this machine."""
    bootstrap = HOME / ".ansible" / "test" / "cache" / "get_pip_24_2.py"  # The pip that ansible-core 2.19 wants.
    bootstrap.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "tests" / "gates" / "get_pip.py", bootstrap)

    # Python compiles what is used, a tenth of what is installed. (pip takes `no` for an option with a `no` in its name.)
    pip_settings.write(HOME / ".config" / "pip" / "pip.conf", {("install", "no-compile"): "no"})


if __name__ == "__main__":
    main()
