"""The addon by itself: Odoo's test runner, Odoo's log, Odoo's linter, and one source for all series."""

import ast
import os
import re
import socket
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from office import ADDON, OAUTH_ADDON, ROOT, deploy, lab_database, odoo_command, shell

every_addon = pytest.mark.parametrize("addon", [ADDON, OAUTH_ADDON], ids=lambda addon: addon.name)
LINTER = ROOT / ".cache" / "pylint-odoo"
# Not exempted where they stand: ansible-test's linter, which reads the addon too, does not know their names.
EXEMPTED = (
    "no-search-all",  # There are as many alias domains as the companies have, and all are asked for.
    "invalid-commit",  # Fetching commits after each message, as core's own does.
    "consider-merging-classes-inherited",  # What 14 lacks is a class below the one that builds on it.
    "method-required-super",  # An OAuth client cannot be duplicated: its copy only raises.
)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture(scope="module")
def installation(lab, series):
    """What Odoo says while it installs the addon, tests it, and upgrades it."""
    deploy(lab, series)
    name = f"test_addon_{series}_{os.getpid()}"
    lab_database.copy(series, "mail", name, replace=True)
    # The configured port is the running server's.
    port = f"--http-port={free_port()}"
    tests = ["--test-enable", "--test-tags=/smtp_server_per_user"]
    try:
        first = odoo_command(lab, series, f"--database={name}", port, "--init=smtp_server_per_user", *tests)
        second = odoo_command(lab, series, f"--database={name}", port, "--update=smtp_server_per_user")
    finally:
        lab_database.drop(series, name)
    return first, second


def test_odoos_own_tests(installation):
    found = re.findall(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests", installation[0])
    assert found, installation[0][-3000:]
    assert found[-1][:2] == ("0", "0"), installation[0][-5000:]
    assert int(found[-1][2]) >= 40


def complaints(log):
    return [line for line in log.splitlines() if re.search(r" (WARNING|ERROR|CRITICAL) ", line)]


def test_nothing_to_complain_about(installation):
    for log in installation:
        assert not complaints(log)


def test_oauth_alone(lab, series):
    """Installed and upgraded without the routing addon, and taken away again."""
    deploy(lab, series)
    name, addon = f"test_addon_{series}_{os.getpid()}_oauth", OAUTH_ADDON.name
    lab_database.copy(series, "mail", name, replace=True)
    columns = "SELECT count(*) FROM information_schema.columns WHERE column_name = 'oauth_client_id'"
    try:
        for action in ("init", "update"):
            assert not complaints(odoo_command(lab, series, f"--database={name}", f"--{action}={addon}"))
        assert lab_database.psql(columns, name).strip() == "2"
        uninstall = f"env['ir.module.module'].search([('name', '=', '{addon}')]).button_immediate_uninstall()"
        shell(lab, series, name, uninstall)
        assert lab_database.psql(columns, name).strip() == "0"
    finally:
        lab_database.drop(series, name)


@every_addon
def test_pylint_odoo(addon):
    """In an environment of its own; made once."""
    mark = LINTER / ".complete"
    wanted = (ROOT / "tests" / "addon" / "requirements.txt").read_text()
    if not mark.exists() or mark.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", LINTER], check=True)
        pip = [LINTER / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", ROOT / "tests" / "addon" / "requirements.txt"], check=True)
        mark.write_text(wanted)
    command = [LINTER / "bin" / "pylint", "--rcfile=.pylintrc", "--score=n", f"--disable={','.join(EXEMPTED)}", addon.name]
    done = subprocess.run(command, cwd=addon.parent, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@every_addon
def test_asks_for_no_version(addon):
    """Classes are asked what they offer."""
    for file in addon.rglob("*.py"):
        tree = ast.walk(ast.parse(file.read_text()))
        names = {node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "") for node in tree}
        assert not names & {"release", "version_info", "major_version", "series"}, file


@every_addon
def test_views_have_no_name_of_one_series(addon):
    """No root of lists, no attrs: both changed."""
    for file in addon.rglob("*.xml"):
        for element in ElementTree.parse(file).iter():
            assert element.tag not in ("tree", "list"), file
            assert not {"attrs", "states", "invisible", "column_invisible"} & set(element.attrib), file


def test_incoming_servers_that_come_later(lab, series):
    """Up to 15, incoming servers are an addon that a database need not have. An upgrade adds what it is then given."""
    deploy(lab, series)
    name = f"test_addon_{series}_{os.getpid()}_later"
    columns = "SELECT count(*) FROM information_schema.columns WHERE column_name = 'only_replies'"
    lab_database.copy(series, "base", name, replace=True)
    try:
        odoo_command(lab, series, f"--database={name}", "--init=smtp_server_per_user")
        if "fetchmail" in lab_database.psql("SELECT name FROM ir_module_module WHERE name = 'fetchmail'", name):
            # As if it had come after ours: Odoo makes an addon's columns when that is installed or upgraded.
            lab_database.psql("ALTER TABLE fetchmail_server DROP only_replies, DROP folders", name)
            assert "FOUND 0" in shell(lab, series, name, "print('FOUND', env['fetchmail.server'].search_count([]))")
            odoo_command(lab, series, f"--database={name}", "--update=smtp_server_per_user")
        assert lab_database.psql(columns, name).strip() == "1"
        views = "SELECT count(*) FROM ir_ui_view WHERE name = 'smtp_server_per_user.fetchmail_server_form'"
        assert lab_database.psql(views, name).strip() == "1"
    finally:
        lab_database.drop(series, name)
