"""Where a module may run in Ansible's own process."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from ansible_collections.postroom.odoo.plugins.plugin_utils.in_process import InProcessAction, _is_this_python

HERE = Path(sys.executable)


def test_the_same_environment_by_another_path(tmp_path):
    (tmp_path / "venv").symlink_to(HERE.parent.parent)
    assert _is_this_python(str(HERE))
    assert _is_this_python(str(tmp_path / "venv" / HERE.parent.name / HERE.name))


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, "1 outgoing mail server to be connected, once. "), (2, "2 outgoing mail servers to be connected, once each. ")],
)
def test_what_is_to_be_connected(count, words):
    action = SimpleNamespace(_task=SimpleNamespace(action="postroom.odoo.outgoing_mail_servers"))
    waiting = [{"record": "a@b.c", "url": "https://odoo.b.c", "reason": "", "client": ""}] * count
    first, *rest = InProcessAction.remarks(action, {}, {"to_connect": waiting})
    assert first.startswith(words)
    assert len(rest) == count


def test_another_environment_of_the_same_python(tmp_path):
    """Its packages are others, though its Python is a link to the same file."""
    (tmp_path / "python3").symlink_to(HERE)
    assert not _is_this_python(str(tmp_path / "python3"))
    assert not _is_this_python(str(tmp_path / "there is none"))
