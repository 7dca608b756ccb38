"""What `ansible-galaxy collection build` packs in a clone: what galaxy.yml lists, and nothing that somebody keeps beside it."""

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from artefact import clone, tracked

SECRET = "pl4nted-s3cret"
# What only a clone needs. Everything else that is in the repository is shipped.
CLONE_ONLY = (
    ".",
    "CONTRIBUTING.md",
    "Makefile",
    "ansible.cfg",
    "collections/",
    "execution-environment.yml",
    "extensions/",
    "galaxy.yml",
    "inventories/lab/",
    "pyproject.toml",
    "requirements-dev.txt",
    "tests/",
)
PLANTED = ("vault.yml", "secrets.yaml", ".env", "password.txt", "id_ed25519", "hosts.json", "hosts.ini", "notes.rst.bak")
# Folders in which any name of a YAML file is as good as another. Nobody keeps variables there, as Ansible looks for none.
OF_MANY_NAMES = ("roles/*/tasks", "plugins/filter", "changelogs/fragments")


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A clone in which somebody keeps secrets everywhere."""
    folder = tmp_path_factory.mktemp("clone")
    clone(folder)
    folders = [path for path in folder.rglob("*") if path.is_dir()]
    for name in ("inventories/mine/group_vars/odoo_databases", "group_vars/all", "host_vars", "playbooks/group_vars"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        folders.append(folder / name)
    for each in [folder, *folders]:
        for name in PLANTED:
            path = each / name
            if not path.exists() and not (name == "vault.yml" and any(map(each.match, OF_MANY_NAMES))):
                path.write_text(SECRET)
    return folder


@pytest.fixture(scope="module")
def shipped(planted, tmp_path_factory):
    """The files in the tarball, by name."""
    folder = tmp_path_factory.mktemp("built")
    command = [Path(sys.executable).with_name("ansible-galaxy"), "collection", "build", planted, "--output-path", folder]
    subprocess.run(command, check=True, capture_output=True)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as tarball:
        return {member.name: tarball.extractfile(member).read() for member in tarball if member.isfile()}


def test_no_secret_beside_it_is_shipped(shipped):
    assert [name for name, content in shipped.items() if SECRET.encode() in content] == []


def test_all_that_is_meant_to_be_is_shipped(shipped):
    """A file that is new is either for users, and listed in galaxy.yml, or for a clone, and listed here."""
    linters = (".pylintrc", "ruff.toml")
    wanted = {name for name in tracked() if not name.startswith(CLONE_ONLY) and not name.endswith(linters)}
    assert shipped.keys() - {"FILES.json", "MANIFEST.json"} == wanted
