"""The addons path in Odoo's configuration file: added to as Odoo reads it, everything else byte for byte as it was."""

import configparser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.postroom.odoo.plugins.module_utils.operations.odoo_conf import (
    Unreadable,
    addons_path,
    is_among,
    with_folder,
)

# What Debian's and Odoo's packages bring.
PACKAGED = """[options]
; This is the password that allows database operations:
; admin_passwd = admin
db_host = False
db_port = False
db_user = odoo
db_password = False
;addons_path = /usr/lib/python3/dist-packages/odoo/addons
"""
OURS, THEIRS = "/opt/postroom/addons", "/usr/lib/python3/dist-packages/odoo/addons"


def test_a_packages_file_gets_one_line():
    assert with_folder(PACKAGED, OURS, [THEIRS]) == PACKAGED + f"addons_path = {THEIRS},{OURS}\n"
    assert with_folder(PACKAGED.rstrip("\n"), OURS) == PACKAGED + f"addons_path = {OURS}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[options]\naddons_path = /a\nx = 1\n", "[options]\naddons_path = /a,/new\nx = 1\n"),
        ("[options]\nADDONS_PATH: /a , /b,\n", "[options]\nADDONS_PATH: /a , /b,/new\n"),
        (
            "[options]\naddons_path=/a,\n  /b,\n\n  # no\n  /c  \nx=1",
            "[options]\naddons_path=/a,\n  /b,\n\n  # no\n  /c,/new\nx=1",
        ),
        ("[options]\naddons_path =\n  /a\n", "[options]\naddons_path =\n  /a,/new\n"),
        ("[options]\naddons_path = None\nx = 1\n", "[options]\naddons_path = /own,/new\nx = 1\n"),
        ("[options]\r\naddons_path = /a\r\n", "[options]\r\naddons_path = /a,/new\r\n"),
        ("[options]\r\nx = 1\r\n", "[options]\r\nx = 1\r\naddons_path = /own,/new\r\n"),
        (
            "[options]\nx = 1\n\n[queue_job]\naddons_path = /q\n",
            "[options]\nx = 1\naddons_path = /own,/new\n\n[queue_job]\naddons_path = /q\n",
        ),
        ("[queue_job]\ny = 1\n", "[queue_job]\ny = 1\n[options]\naddons_path = /own,/new\n"),
        ("", "[options]\naddons_path = /own,/new\n"),
    ],
)
def test_only_the_addons_path_changes(before, after):
    assert with_folder(before, "/new", ["/own"]) == after


def test_a_folder_is_known_however_it_is_spelled():
    assert is_among("/opt/postroom/addons/", addons_path("[options]\naddons_path = /a,\n /opt/postroom//addons\n"))
    assert not is_among("/opt/postroom", ["/opt/postroom/addons"])


@pytest.mark.parametrize("text", ["db_password = s3cret\n", "[options]\nx = s3cret\nx = s3cret\n", "[options]\ns3cret\n"])
def test_what_odoo_could_not_read_is_refused_without_quoting_it(text):
    with pytest.raises(Unreadable) as caught:
        with_folder(text, "/new")
    assert "s3cret" not in str(caught.value)


LINES = st.sampled_from(
    [
        "[options]",
        "[other]",
        "addons_path = /a,/b",
        "addons_path =",
        " /c",
        "  /d,",
        "# x",
        ";y",
        "",
        "db_user = odoo",
        "dir: é ",
    ]
)


@given(st.lists(LINES, max_size=10).map("\n".join), st.lists(st.just("/own"), max_size=1))
def test_any_file_keeps_all_else_or_is_refused(text, present):
    """Whatever the file: the folder is added for Odoo's own parser, the other options and lines stay."""
    try:
        changed = with_folder(text, "/new", present)
    except Unreadable:
        return
    before, after = configparser.RawConfigParser(), configparser.RawConfigParser()
    before.read_string(text)
    after.read_string(changed)
    expected = {name: dict(before[name]) for name in before.sections()}
    expected.setdefault("options", {})["addons_path"] = None
    assert {
        name: {**after[name], **({"addons_path": None} if name == "options" else {})} for name in after.sections()
    } == expected
    assert addons_path(changed) == [*(addons_path(text) or present), "/new"]
