"""What something else writes at the same time: the list is planned again, and nobody reads PostgreSQL's words."""

import contextlib
import threading
import time

import pytest

from ansible_collections.postroom.odoo.plugins.module_utils import module

LOGINS = [f"user{number}@mydomain.com" for number in range(10)]
SERVERS = [{"login": login, "host": "smtp.mydomain.com"} for login in LOGINS]
# As PostgreSQL names them.
WORDS = ("deadlock", "serialize", "transaction is aborted", "DETAIL")


@contextlib.contextmanager
def writing(database, seconds, times=1):
    """Another transaction that has written rows and takes its time until it commits; so many of them, one after the other."""
    script = f"""
        BEGIN;
        UPDATE ir_mail_server SET write_date = now() WHERE smtp_user IN ('{LOGINS[3]}', '{LOGINS[7]}');
        SELECT pg_sleep({seconds});
        COMMIT;
    """
    thread = threading.Thread(target=lambda: [database.sql(script) for _ in range(times)])
    thread.start()
    # Until it holds the rows.
    deadline = time.monotonic() + 20
    while not database.value(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(%' AND pid <> pg_backend_pid()"
    ):
        assert time.monotonic() < deadline, "the other transaction did not begin"
        time.sleep(0.05)
    yield
    thread.join()


@pytest.mark.parametrize("state", ["merged", "overridden"])
def test_rows_that_another_transaction_writes(database, state):
    database.ok("outgoing_mail_servers", SERVERS)
    with writing(database, 2):
        done = database.ok("outgoing_mail_servers", [{**server, "port": 2525} for server in SERVERS], state=state)
    assert done["counts"]["updated"] == 10
    assert database.value("SELECT count(*) FROM ir_mail_server WHERE smtp_port = 2525") == 10
    assert not any(word in str(done) for word in WORDS)


def test_rows_that_are_always_being_written(database, monkeypatch):
    """When it does not end, the error says what it is, once, and nothing is written."""

    monkeypatch.setattr(module, "ATTEMPTS", 1)
    database.ok("outgoing_mail_servers", SERVERS)
    with writing(database, 3, times=8):
        result = database.run("outgoing_mail_servers", [{**server, "port": 2525} for server in SERVERS])
    assert result["failed"]
    assert "writes the same outgoing mail servers" in result["msg"]
    assert not any(word in result["msg"] for word in WORDS)
    assert database.value("SELECT count(*) FROM ir_mail_server WHERE smtp_port = 2525") == 0
