#!/usr/bin/env python3
"""Build the documentation site in .cache/site/html, which needs no network to be read.

usage: build.py

Its pages are those of this repository, at the same places, so that links between them work in both; antsibull-docs adds those
of the modules, plugins and roles. Sphinx ends with an error on whatever leads nowhere.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "gates"))

from artefact import CACHE, ROOT, tracked
from navigation import NAVIGATION, OPTIONAL

FOLDER = CACHE / "site"
SOURCE, HTML, BIN = FOLDER / "source", FOLDER / "html", FOLDER / "venv" / "bin"
REQUIREMENTS = (HERE / "requirements.txt", ROOT / "requirements.txt", ROOT / "requirements-dev.txt")
COLLECTION = "postroom.odoo"

# Labels of Ansible's documentation, with their pages.
ANSIBLE = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "callback_plugins": "plugins/callback.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}
# What pages show or link to.
SUFFIXES = (".md", ".rst", ".png", ".svg", ".json", ".yml", ".txt")


def main():
    install()
    for folder in (SOURCE, HTML):
        shutil.rmtree(folder, ignore_errors=True)
    copy_pages()
    document_collection()
    command = [BIN / "sphinx-build", "-b", "html", "-W", "--keep-going", "-q", "-d", FOLDER / "doctrees", SOURCE, HTML]
    subprocess.run(command, check=True)
    # Where a web server begins.
    (HTML / "index.html").write_text('<!doctype html><meta http-equiv="refresh" content="0; url=README.html">\n')
    print(f"The site is {HTML / 'README.html'}")


def install():
    wanted = hashlib.sha256(b"".join(path.read_bytes() for path in REQUIREMENTS)).hexdigest()
    mark = FOLDER / "venv" / ".complete"
    if mark.exists() and mark.read_text() == wanted:
        return
    shutil.rmtree(FOLDER / "venv", ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", FOLDER / "venv"], check=True)
    install = [BIN / "pip", "install", "--quiet", "--disable-pip-version-check", "-r", HERE / "requirements.txt"]
    subprocess.run(install, check=True)
    mark.write_text(wanted)


def copy_pages():
    for name in tracked():
        if name.endswith(SUFFIXES) and not name.startswith(("changelogs/", "tests/site/")):
            (SOURCE / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, SOURCE / name)
    shutil.copy(HERE / "conf.py", SOURCE / "conf.py")
    (SOURCE / "ansible.inv").write_bytes(inventory(ANSIBLE))
    with (SOURCE / "README.md").open("a") as page:
        for caption, pages in NAVIGATION.items():
            more = [name for name in OPTIONAL if (SOURCE / f"{name}.md").exists()] if caption == "Project" else []
            listed = "\n".join("Quick start <self>" if "<README>" in name else name for name in [*pages, *more])
            page.write(f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{listed}\n```\n")


def inventory(labels):
    """A file of Sphinx's, as other documentation has it: where its labels are."""
    lines = [f"{name} std:label -1 {page}#{name.replace('_', '-')} {name.replace('_', ' ')}\n" for name, page in labels.items()]
    head = "# Sphinx inventory version 2\n# Project: Ansible\n# Version: \n# The rest is compressed using zlib.\n"
    return head.encode() + zlib.compress("".join(lines).encode())


def document_collection():
    target = SOURCE / "collections"
    # antsibull-docs wants a folder that nobody else can write to.
    target.mkdir(mode=0o755)
    command = [BIN / "antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--fail-on-error"]
    command += ["--no-add-antsibull-docs-version", "--dest-dir", target, COLLECTION]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    variables |= {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"), "PATH": f"{BIN}:{os.environ['PATH']}"}
    subprocess.run(command, check=True, env=variables, stdout=subprocess.DEVNULL)
    # The theme has a table of contents at the side of each page, and complains of a second one.
    for page in target.rglob("*.rst"):
        page.write_text(re.sub(r"^\.\. contents::\n(?:   .*\n)*", "", page.read_text(), flags=re.MULTILINE))


if __name__ == "__main__":
    main()
