"""An addon comes to a machine whole, and what somebody changes there is found."""

import base64
import grp
import hashlib
import io
import os
import pwd
import tarfile
from pathlib import Path

import pytest

from ansible_collections.postroom.odoo.plugins.modules import addon_files
from ansible_collections.postroom.odoo.plugins.plugin_utils import addon_archive

OWNER, GROUP = os.getuid(), os.getgid()
CODE = {"__manifest__.py": b"{}", "models/__init__.py": b"", "models/user.py": b"# 1\n", "static/a/b.txt": b"x"}


class Machine:
    """A folder of addons, and what a run does there."""

    def __init__(self, folder):
        self.folder = folder / "addons"
        self.target = self.folder / "ours"

    def compare(self, files=CODE):
        rows = addon_files.compare(str(self.target), addon_archive.checksums(files), OWNER, GROUP)
        return [(os.path.relpath(row["record"], self.target), row["kind"], row.get("option")) for row in rows]

    def put(self, files=CODE):
        packed = base64.b64decode(addon_archive.pack({"ours": files}))
        addon_files.replace(str(self.folder), {"ours": addon_archive.checksums(files)}, packed, OWNER, GROUP)

    def staged(self):
        return [path.name for path in self.folder.glob(".*")]


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_it_comes_to_an_empty_machine(machine):
    assert machine.compare() == [(".", "missing", None)]
    machine.put()
    assert machine.compare() == []
    assert (machine.folder / "restart-is-due").exists()
    assert machine.staged() == []
    assert (machine.target / "models" / "user.py").stat().st_mode & 0o777 == 0o644
    assert (machine.target / "static" / "a").stat().st_mode & 0o777 == 0o755


def test_what_somebody_changes_is_found_and_mended(machine):
    machine.put()
    (machine.target / "models" / "user.py").write_text("# by hand\n")
    (machine.target / "__manifest__.py").chmod(0o600)
    (machine.target / "models" / "__init__.py").unlink()
    (machine.target / "stray" / "deep").mkdir(parents=True)
    (machine.target / "stray" / "deep" / "file").write_text("")
    (machine.target / "static" / "a" / "b.txt").unlink()
    (machine.target / "static" / "a" / "b.txt").symlink_to("/etc/passwd")
    (machine.target / "__pycache__").mkdir()
    (machine.target / "__pycache__" / "x.pyc").write_text("Python's own")
    assert machine.compare() == [
        ("__manifest__.py", "differs", "mode"),
        ("models/__init__.py", "missing", None),
        ("models/user.py", "differs", "content"),
        ("static/a/b.txt", "unwanted", None),
        ("static/a/b.txt", "missing", None),
        ("stray", "unwanted", None),
        ("stray/deep", "unwanted", None),
        ("stray/deep/file", "unwanted", None),
    ]
    machine.put()
    assert machine.compare() == []


def test_a_link_in_its_place_is_replaced_and_not_followed(machine, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("kept")
    machine.folder.mkdir()
    machine.target.symlink_to(elsewhere)
    assert machine.compare() == [(".", "differs", "type")]
    machine.put()
    assert machine.compare() == []
    assert not machine.target.is_symlink()
    assert (elsewhere / "kept").exists()


@pytest.mark.parametrize("step", ["unpack", "mark", "first rename", "second rename"])
def test_an_interrupted_run_leaves_no_half_addon(machine, monkeypatch, step):
    """Wherever it is cut, the former addon or the new one is there, or none; the next run puts it right."""
    machine.put()
    new = {**CODE, "models/user.py": b"# 2\n"}
    renames = []

    def rename(source, target):
        renames.append(source)
        if len(renames) == {"first rename": 1, "second rename": 2}.get(step):
            raise KeyboardInterrupt
        Path(source).replace(target)

    def cut(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(addon_files.os, "rename", rename)
        # As by a signal that leaves no time to clear up.
        patch.setattr(addon_files.shutil, "rmtree", lambda *args, **kwargs: None)
        if step == "unpack":
            patch.setattr(addon_files, "_settle", cut)
        if step == "mark":
            patch.setattr(addon_files, "MARK", "no such folder/mark")
        with pytest.raises((KeyboardInterrupt, OSError)):
            machine.put(new)
    assert machine.compare() == ([(".", "missing", None)] if step == "second rename" else [])
    # Odoo takes each folder with a manifest for an addon.
    assert not list(machine.folder.glob(".*/__manifest__.py"))
    (left,) = machine.folder.glob(".*")
    os.utime(left, (0, 0))
    machine.put(new)
    assert machine.compare(new) == []
    assert machine.staged() == []


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "ours/../../outside"])
def test_an_archive_stays_in_its_folder(machine, tmp_path, name):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    with pytest.raises(tarfile.TarError):
        addon_files.replace(str(machine.folder), {"ours": {}}, packed.getvalue(), OWNER, GROUP)
    assert not list(tmp_path.rglob("outside"))


def test_what_was_announced_must_be_in_the_archive(machine):
    machine.put()
    packed = base64.b64decode(addon_archive.pack({"ours": {"__manifest__.py": b"another"}}))
    with pytest.raises(tarfile.TarError, match="not what was announced"):
        addon_files.replace(str(machine.folder), {"ours": addon_archive.checksums(CODE)}, packed, OWNER, GROUP)
    assert machine.compare() == []


def test_the_archive_is_the_same_for_the_same_files(tmp_path):
    for name in ("one", "two"):
        for path, content in (CODE if name == "one" else dict(reversed(CODE.items()))).items():
            (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / path).write_bytes(content)
    (tmp_path / "two" / "__pycache__").mkdir()
    (tmp_path / "two" / "__pycache__" / "x.pyc").write_bytes(b"")
    (tmp_path / "two" / ".hidden").write_bytes(b"")
    one, two = (addon_archive.files_of(tmp_path / name) for name in ("one", "two"))
    assert addon_archive.pack({"ours": one}) == addon_archive.pack({"ours": two})
    assert addon_archive.checksums(one)["__manifest__.py"] == hashlib.sha256(b"{}").hexdigest()


def test_owner_and_group_are_compared(machine):
    machine.put()
    rows = addon_files.compare(str(machine.target), addon_archive.checksums(CODE), OWNER + 4711, GROUP)
    assert {row["option"] for row in rows} == {"owner"}
    assert rows[0]["declared"] == str(OWNER + 4711)
    assert rows[0]["found"] == pwd.getpwuid(OWNER).pw_name
    rows = addon_files.compare(str(machine.target), addon_archive.checksums(CODE), OWNER, GROUP + 4711)
    assert {(row["option"], row["found"]) for row in rows} == {("group", grp.getgrgid(GROUP).gr_name)}
