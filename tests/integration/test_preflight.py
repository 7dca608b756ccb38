"""What the lab checks before it installs anything: each problem is one line that says what to do."""

import os
import shutil
import socket
import subprocess

import pytest
from support import ROOT

FILES = ("tests/lab/preflight.sh", "tests/lab/vars.yml")
# No lab is there, so these must be free.
OFFSET = 9000


@pytest.fixture
def clone(tmp_path_factory):
    """Function that makes a folder with what the check reads."""

    def make(name):
        folder = tmp_path_factory.mktemp("clone") / name
        for file in FILES:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, folder / file)
        return folder

    return make


def check(folder, *series, by=(), **variables):
    environment = {"PATH": os.environ["PATH"], "LAB_PORT_OFFSET": str(OFFSET), **variables}
    command = [*by, folder / FILES[0], *(series or ["19"])]
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    assert done.stdout == ""
    assert bool(done.stderr) == bool(done.returncode), done
    return done.stderr.splitlines()


def test_a_machine_as_it_should_be(clone):
    assert check(clone("postroom"), "14", "19") == []


def test_not_root(clone):
    # Somebody who can read the folder of a test nevertheless.
    reading = [f"--{kind}-caps=+dac_read_search" for kind in ("inh", "ambient")]
    (problem,) = check(clone("postroom"), by=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *reading])
    assert "not root" in problem


@pytest.mark.parametrize("name", ["two words", "a'b", "10%", "a:b", "büro", "a$b", "{{a}}", "a,b", "a#b", "a=b"])
def test_a_path_that_settings_cannot_hold(clone, name):
    (problem,) = check(clone(name))
    assert name in problem
    assert "move the clone" in problem


def test_a_folder_closed_to_the_services(clone, tmp_path):
    tmp_path.chmod(0o700)
    (problem,) = check(clone("postroom"), LAB_DIR=str(tmp_path / "lab"))
    assert "chmod o+x" in problem


def test_a_lab_made_under_another_umask(clone):
    folder = clone("postroom")
    (folder / ".lab").mkdir(mode=0o700)
    (problem,) = check(folder)
    assert "umask 077" in problem


def test_no_room_on_the_disk(clone, tmp_path):
    program = tmp_path / "df"
    program.write_text("#!/bin/sh\nprintf 'Filesystem 1M-blocks Used Available\\n/dev/x 9000 8100 900\\n'\n")
    program.chmod(0o755)
    (problem,) = check(clone("postroom"), PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert "has 900 MB free" in problem


def test_a_port_that_is_taken(clone):
    with socket.create_server(("127.0.0.1", 8019 + OFFSET)):
        (problem,) = check(clone("postroom"), "19")
        assert f"Port {8019 + OFFSET}, for odoo-19, is taken" in problem
        assert check(clone("postroom"), "14") == []


def test_no_right_to_mount(clone):
    without = ["setpriv", "--bounding-set=-sys_admin"]
    (problem,) = check(clone("postroom"), "14", "19", by=without)
    assert "CAP_SYS_ADMIN" in problem
    assert check(clone("postroom"), "19", by=without) == []
