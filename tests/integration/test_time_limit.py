"""Odoo's own limit_time_real, which ends the worker process and with it the request, without an answer."""

import shutil
import subprocess
from pathlib import Path

import pytest
from own_server import OwnServer
from probe import wait
from support import Database, install

from ansible_collections.postroom.odoo.plugins.module_utils.engine import executor

ADDON = Path(__file__).parent / "addons" / "slow_mail_servers"
LIMIT = 8  # seconds; a process that is new has to load the database in them, too
COUNT = 200  # servers, of a tenth of a second


@pytest.fixture
def database(lab, series):
    """A database on a server with a worker process, and the limit."""
    wide = "base,web" if int(series) < 19 else "base,rpc,web"
    more = f"server_wide_modules = {wide},{ADDON.name}\n"
    own = OwnServer(lab, series, "limited", more, workers="workers = 1")
    made = None
    try:
        # Odoo looks there unasked.
        place = own.home / "data" / "addons" / f"{series}.0" / ADDON.name
        shutil.copytree(ADDON, place, ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run(["chmod", "-R", "a+rX", own.home / "data"], check=True)
        own.start()
        made = Database(own.lab, series)
        install(made, ADDON.name)
        text = own.config.read_text()
        assert text.count("limit_time_real = 3600") == 1
        own.config.write_text(text.replace("limit_time_real = 3600", f"limit_time_real = {LIMIT}"))
        own.service.restart()
        wait("odoo", own.url, series, log=own.service.log)
        made.log = own.service.log
        yield made
    finally:
        if made:
            made.drop()
        own.remove()


def test_a_limit_of_odoos_own_makes_smaller_requests(database, monkeypatch):
    """What was written by a request that was ended is gone; a smaller one writes it."""
    monkeypatch.setattr(executor, "PATIENCE", 3)
    servers = [{"host": "smtp.mydomain.com", "login": f"user{number}@mydomain.com"} for number in range(COUNT)]
    done = database.ok("outgoing_mail_servers", servers)
    assert "timeout after" in database.log.read_text()
    assert done["counts"]["created"] == COUNT
    assert database.value("SELECT count(DISTINCT smtp_user) FROM ir_mail_server") == COUNT
    assert database.value("SELECT count(*) FROM ir_mail_server") == COUNT
    assert not database.ok("outgoing_mail_servers", servers)["changed"]


def test_one_row_that_takes_longer_than_the_limit(database, monkeypatch):
    """Nothing makes it smaller: the error says so, and nothing is left of it."""
    monkeypatch.setattr(executor, "PATIENCE", 3)
    database.odoo().env["ir.config_parameter"].set_param("test.seconds", "30")
    result = database.run("outgoing_mail_servers", [{"host": "smtp.mydomain.com", "login": "user@mydomain.com"}])
    assert "The connection to Odoo" in result["msg"], result
    assert database.value("SELECT count(*) FROM ir_mail_server") == 0
