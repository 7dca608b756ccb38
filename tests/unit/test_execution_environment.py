"""execution-environment.yml, as ansible-builder reads it. No image is built: that takes a container engine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from artefact import build
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent
DEFINITION = yaml.safe_load((ROOT / "execution-environment.yml").read_text())


# An image knows nothing of a clone's settings, by which the collection would be there already.
PLAIN = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}


def run(*command, **options):
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=PLAIN, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pinned(name):
    """The requirement in a file of requirements that is tested; for ansible-core the one of the image's Python."""
    lines = [line for file in ROOT.glob("requirements*.txt") for line in file.read_text().splitlines()]
    wanted = [Requirement(line) for line in lines if line.startswith(f"{name}==")]
    (found,) = [each for each in wanted if not each.marker or each.marker.evaluate({"python_version": "3.13"})]
    return f"{found.name}{found.specifier}"


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    """What `ansible-builder create` makes of the definition and the built collection: all that an engine builds from."""
    folder = tmp_path_factory.mktemp("image")
    (folder / "execution-environment.yml").write_bytes((ROOT / "execution-environment.yml").read_bytes())
    build(folder)
    run(TOOLS / "ansible-builder", "create", "--output-filename", "Containerfile", cwd=folder)
    return folder / "context"


def test_the_image_has_the_versions_that_are_tested(context):
    wanted = [DEFINITION["dependencies"][name]["package_pip"] for name in ("ansible_core", "ansible_runner")]
    assert wanted == [pinned("ansible-core"), pinned("ansible-runner")]
    containerfile = (context / "Containerfile").read_text()
    assert f'ARG ANSIBLE_INSTALL_REFS="{" ".join(wanted)}"' in containerfile
    assert 'ARG EE_BASE_IMAGE="fedora:42"' in containerfile


def test_the_image_has_the_collection_and_what_it_needs(context, tmp_path):
    """The steps of the image that need no engine: install the collection, ask what Python it needs."""
    files = context / "_build"
    command = [TOOLS / "ansible-galaxy", "collection", "install", "--offline", "-r", "requirements.yml", "-p", tmp_path]
    run(*command, cwd=files)
    installed = tmp_path / "ansible_collections" / "postroom" / "odoo"
    version = json.loads((installed / "MANIFEST.json").read_text())["collection_info"]["version"]
    assert version == yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"]
    asked = [TOOLS / "ansible-builder", "introspect", tmp_path, "--write-pip", tmp_path / "pip", "-v", "0"]
    run(*asked)
    needed = [line.partition("#")[0].strip() for line in (tmp_path / "pip").read_text().splitlines()]
    # Ansible itself is the image's, not the collection's.
    assert needed == [pinned(name) for name in ("authlib", "checkdmarc", "dnspython", "odoorpc", "pyspf", "requests")]
