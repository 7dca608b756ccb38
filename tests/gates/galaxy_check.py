#!/usr/bin/env python3
"""Import the built collection as Ansible Galaxy does. Whatever the importer warns of is a failure.

usage: galaxy_check.py

It has an environment of its own in .cache, as it pins what it needs. While galaxy.yml names no repository, which Galaxy
requires, the tarball that is imported has an address that leads nowhere, and the last line says so.
"""

import os
import re
import shutil
import subprocess
import sys

from artefact import CACHE, ROOT, build

FOLDER = CACHE / "galaxy"
IMPORTER = "galaxy-importer==0.4.44"
# ansible-test has a gate of its own, sanity.py.
SETTINGS = "[galaxy-importer]\nRUN_ANSIBLE_TEST = False\n"
NO_ADDRESS, STAND_IN = 'repository: ""', "repository: https://example.com"
COMPLAINT = re.compile(r"^(?:WARNING|ERROR|CRITICAL)\b.*$", re.MULTILINE)


def main():
    environment = FOLDER / "venv"
    mark = environment / IMPORTER
    if not mark.exists():
        shutil.rmtree(environment, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        subprocess.run([environment / "bin" / "pip", "install", "--quiet", IMPORTER], check=True)
        mark.touch()
    home = FOLDER / "home"
    home.mkdir(exist_ok=True)
    settings = FOLDER / "importer.cfg"
    settings.write_text(SETTINGS)
    variables = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    variables |= {
        "PATH": f"{environment / 'bin'}:{os.environ['PATH']}",
        "HOME": str(home),
        "GALAXY_IMPORTER_CONFIG": str(settings),
    }
    # Elsewhere than in this repository, whose settings are not the users'.
    command = [environment / "bin" / "python", "-m", "galaxy_importer.main", build(FOLDER / "tarball", give_address)]
    done = subprocess.run(command, check=False, cwd=home, env=variables, capture_output=True, text=True)
    output = done.stdout + done.stderr
    if done.returncode or COMPLAINT.search(output) or "Importer processing completed successfully" not in output:
        sys.exit(f"{output}\ngalaxy-importer: exit code {done.returncode}, or a complaint")
    print(f"{IMPORTER}: no complaint")
    if NO_ADDRESS in (ROOT / "galaxy.yml").read_text():
        print(f"Not as it is: with '{STAND_IN}'. Galaxy rejects the collection until galaxy.yml names its repository.")


def give_address(folder):
    file = folder / "galaxy.yml"
    file.write_text(file.read_text().replace(NO_ADDRESS, STAND_IN))


if __name__ == "__main__":
    main()
