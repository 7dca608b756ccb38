#!/usr/bin/env python3
"""Use the collection as its users do: build it, install it where nothing else is, and run it. Needs the lab's Odoo 19.

usage: build_check.py

All but the build is done twice: with the ansible-core of requirements.txt, and with the oldest that meta/runtime.yml admits.
"""

import json
import os
import re
import shutil
import subprocess
import sys

from artefact import CACHE, ROOT, build, unpack

FOLDER = CACHE / "build-check"
OLDEST = "ansible-core==2.17.14"
DATABASE = "postroom_build_check"
DATABASES = [sys.executable, ROOT / "tests" / "lab" / "database.py"]


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    tarball = build(FOLDER)
    check_contents(tarball)
    for name, instead in (("pinned", None), ("oldest", OLDEST)):
        user = User(name, tarball, instead)
        user.read_documentation()
        subprocess.run([*DATABASES, "copy", "19", "mail", DATABASE, "--replace"], check=True)
        try:
            user.run_playbook()
        finally:
            subprocess.run([*DATABASES, "drop", "19", DATABASE], check=True)


def check_contents(tarball):
    """What pages show is in the tarball, and each file is whole. Which files are in it is tested by test_shipped.py."""
    unpack(tarball, FOLDER / "unpacked")
    pages = {page: page.read_text() for page in (FOLDER / "unpacked").rglob("*.md")}
    pictures = [page.parent / name for page, text in pages.items() for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)", text)]
    if missing := [str(picture) for picture in pictures if not picture.is_file()]:
        sys.exit(f"Pages show pictures that are not in the tarball: {missing}")
    links = [path for path in (FOLDER / "unpacked").rglob("*") if path.is_symlink()]
    if links:
        sys.exit(f"Links do not survive every install: {links}")
    print(f"{tarball.name}: {tarball.stat().st_size // 1024} KiB")


class User:
    """Somebody with requirements.txt, the tarball, and nothing else: no setting of Ansible's, no collection, no home."""

    def __init__(self, name, tarball, instead=None):
        """:param instead: a requirement that takes the place of one in requirements.txt."""
        self.home = FOLDER / name / "home"
        self.home.mkdir(parents=True)
        environment = FOLDER / name / "venv"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        self.environment["PATH"] = f"{environment / 'bin'}:{os.defpath}"
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        # pip still reads its settings from the real home.
        install = ["pip", "install", "--quiet", "--disable-pip-version-check"]
        self.run(*install, "-r", FOLDER / "unpacked" / "requirements.txt")
        if instead:
            self.run(*install, instead)
        self.environment["HOME"] = str(self.home)
        self.run("ansible-galaxy", "collection", "install", "--offline", tarball, capture=True)
        print(self.run("ansible", "--version", capture=True).splitlines()[0])

    def run(self, *command, capture=False):
        done = subprocess.run(command, cwd=self.home, env=self.environment, check=False, text=True, capture_output=capture)
        if done.returncode:
            print(*(done.stdout or "", done.stderr or ""), sep="", end="")
            sys.exit(f"{' '.join(map(str, command))}: exit code {done.returncode}")
        return done.stdout

    def read_documentation(self):
        """Every module, role and callback of the work tree is there, and explains itself."""
        modules = {f"postroom.odoo.{path.stem}" for path in (ROOT / "plugins" / "modules").glob("*.py")}
        roles = {f"postroom.odoo.{path.name}" for path in (ROOT / "roles").iterdir()}
        callbacks = {f"postroom.odoo.{path.stem}" for path in (ROOT / "plugins" / "callback").glob("*.py")}
        for kind, names in (("module", modules), ("role", roles), ("callback", callbacks)):
            documented = json.loads(self.run("ansible-doc", "--type", kind, "--json", *names, capture=True))
            if set(documented) != names:
                sys.exit(f"ansible-doc says nothing of {sorted(names - set(documented))}.")
            self.run("ansible-doc", "--type", kind, *names, capture=True)
            print(f"ansible-doc explains {len(names)} {kind}s")

    def run_playbook(self):
        """The main job works from the installed collection, a second time finds nothing to do, and the report says so."""
        inventory = ROOT / "inventories" / "lab"
        arguments = ["--inventory", inventory, "--limit", "odoo19", "--extra-vars", f"odoo_database={DATABASE}"]
        for run in ("first", "second"):
            output = self.run("ansible-playbook", "postroom.odoo.site", *arguments, capture=True)
            recap = output[output.rindex("PLAY RECAP") :]
            changed = int(re.search(r"changed=(\d+)", recap)[1])
            if (changed > 0) != (run == "first"):
                sys.exit(f"{output}\nThe {run} run reports changed={changed}.")
            print(f"ansible-playbook postroom.odoo.site, {run} run: changed={changed}")
        # With no setting made, the callback is at work.
        output = self.run("ansible-playbook", "postroom.odoo.drift", *arguments, capture=True)
        verdict = output.strip().splitlines()[-1]
        if not verdict.startswith("As declared: 0 differences"):
            sys.exit(output)
        print(f"ansible-playbook postroom.odoo.drift: {verdict}")


if __name__ == "__main__":
    main()
