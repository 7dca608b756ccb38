#!/usr/bin/env python3
"""Use the collection as its users do: build it, install it where nothing else is, and run it. Needs the lab's Odoo 19.

usage: build_check.py [--all]

All but the build is done with the oldest ansible-core that meta/runtime.yml admits and with the newest; --all takes each
one between them, too, and with POSTROOM_WRITE_DOCS=1 notes in docs/ansible-core.md what ran. Versions that want another
Python than this machine's run on the Debian that has it, in a folder (tests/bare). A deprecation warning is a failure.
"""

import datetime
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

from artefact import CACHE, ROOT, build, unpack

sys.path[:0] = [str(ROOT / "tests" / "bare"), str(ROOT / "tests" / "lab")]

from folder import lab_dir
from machine import HOST_SUITE, Machine

FOLDER = CACHE / "build-check"
# The last release of each, and the Debian whose Python it runs on.
RELEASES = {
    "2.17.14": HOST_SUITE,
    "2.18.19": HOST_SUITE,
    "2.19.14": HOST_SUITE,
    "2.20.10": "trixie",
    "2.21.5": "trixie",
}
OLDEST, *BETWEEN, NEWEST = RELEASES
DATABASE = "postroom_build_check"
DATABASES = [sys.executable, ROOT / "tests" / "lab" / "database.py"]
INSTALL = ROOT / "tests" / "lab" / "roles" / "host" / "files" / "install.sh"
# The lab's folder can be elsewhere.
SHARED = [ROOT, *({lab_dir()} - {ROOT / ".lab"})]
PAGE = ROOT / "docs" / "ansible-core.md"


def main():
    everything = sys.argv[1:] == ["--all"]
    shutil.rmtree(FOLDER, ignore_errors=True)
    tarball = build(FOLDER)
    check_contents(tarball)
    rows = [check(release, tarball) for release in (RELEASES if everything else (OLDEST, NEWEST))]
    if everything and os.environ.get("POSTROOM_WRITE_DOCS"):
        write_page(rows)


def check(release, tarball):
    """Returns what was found out: the release, its Python, and the recaps' numbers of changes."""
    user = User(release, tarball)
    explained = user.read_documentation()
    subprocess.run([*DATABASES, "copy", "19", "mail", DATABASE, "--replace"], check=True)
    try:
        changes = user.run_playbook()
    finally:
        subprocess.run([*DATABASES, "drop", "19", DATABASE], check=True)
        user.leave()
    return release, user.python, explained, *changes


def write_page(rows):
    commit = subprocess.check_output(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, text=True).strip()
    day = datetime.datetime.now(tz=datetime.UTC).date()
    table = "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)
    PAGE.write_text(f"""# Tested versions of ansible-core

`make ansible-check` installs the built collection into an empty environment with each of these releases, reads the
documentation of all modules, roles and callbacks, and runs `postroom.odoo.site` twice and `postroom.odoo.drift` on a real
Odoo 19. A deprecation warning counts as a failure. `make test` does the same with the oldest and the newest release. The table
shows the last run, of commit {commit} on {day}:

| ansible-core | Python | documented plugins | changes in the first run | changes in the second run |
|---|---|---|---|---|
{table}
""")


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

    def __init__(self, release, tarball):
        suite = RELEASES[release]
        if suite == HOST_SUITE:
            self.machine, self.home, python = None, FOLDER / release, sys.executable
            self.home.mkdir()
        else:
            self.machine, self.home, python = Machine.new(f"ansible-{suite}", suite), "/root", "python3"
            self.machine.run(f"{INSTALL} python3-venv >&2", shared=SHARED)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        self.environment["PATH"] = f"{self.home}/venv/bin:{os.defpath}"
        self.run(python, "-m", "venv", f"{self.home}/venv")
        # pip still reads its settings from the real home.
        install = ["pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
        self.run(*install, "-r", FOLDER / "unpacked" / "requirements.txt", strict=False)
        self.run(*install, f"ansible-core=={release}", strict=False)
        self.environment["HOME"] = str(self.home)
        self.run("ansible-galaxy", "collection", "install", "--offline", tarball)
        version = self.run("ansible", "--version")
        print(version.splitlines()[0])
        self.python = re.search(r"python version = ([\d.]+)", version)[1]

    def run(self, *command, strict=True):
        """What a command prints on its standard output; it must succeed, and Ansible must not warn of what it will drop."""
        options = {"text": True, "capture_output": True}
        if self.machine:
            kept = {name: self.environment[name] for name in ("PATH", "HOME") if name in self.environment}
            line = shlex.join(["env", *(f"{name}={value}" for name, value in kept.items()), *map(str, command)])
            done = self.machine.run(line, check=False, shared=SHARED, **options)
        else:
            done = subprocess.run(command, check=False, cwd=self.home, env=self.environment, **options)
        if done.returncode or (strict and "[DEPRECATION WARNING]" in done.stdout + done.stderr):
            print(done.stdout, done.stderr, sep="", end="")
            sys.exit(f"{' '.join(map(str, command))}: exit code {done.returncode}, or a deprecation warning")
        return done.stdout

    def leave(self):
        if self.machine:
            self.machine.remove()

    def read_documentation(self):
        """Every module, role and callback of the work tree is there, and explains itself."""
        modules = {f"postroom.odoo.{path.stem}" for path in (ROOT / "plugins" / "modules").glob("*.py")}
        roles = {f"postroom.odoo.{path.name}" for path in (ROOT / "roles").iterdir()}
        callbacks = {f"postroom.odoo.{path.stem}" for path in (ROOT / "plugins" / "callback").glob("*.py")}
        for kind, names in (("module", modules), ("role", roles), ("callback", callbacks)):
            documented = json.loads(self.run("ansible-doc", "--type", kind, "--json", *names))
            if set(documented) != names:
                sys.exit(f"ansible-doc says nothing of {sorted(names - set(documented))}.")
            self.run("ansible-doc", "--type", kind, *names)
            print(f"ansible-doc explains {len(names)} {kind}s")
        return len(modules | roles | callbacks)

    def run_playbook(self):
        """The main job works from the installed collection, a second time finds nothing to do, and the report says so."""
        inventory = ROOT / "inventories" / "lab"
        arguments = ["--inventory", inventory, "--limit", "odoo19", "--extra-vars", f"odoo_database={DATABASE}"]
        changes = []
        for run in ("first", "second"):
            output = self.run("ansible-playbook", "postroom.odoo.site", *arguments)
            recap = output[output.rindex("PLAY RECAP") :]
            changed = int(re.search(r"changed=(\d+)", recap)[1])
            if (changed > 0) != (run == "first"):
                sys.exit(f"{output}\nThe {run} run reports changed={changed}.")
            print(f"ansible-playbook postroom.odoo.site, {run} run: changed={changed}")
            changes.append(changed)
        # With no setting made, the callback is at work.
        output = self.run("ansible-playbook", "postroom.odoo.drift", *arguments)
        verdict = output.strip().splitlines()[-1]
        if not verdict.startswith("As declared: 0 differences"):
            sys.exit(output)
        print(f"ansible-playbook postroom.odoo.drift: {verdict}")
        return changes


if __name__ == "__main__":
    main()
