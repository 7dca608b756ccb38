"""What a task may take from the check of the variables instead of reading the database."""

import subprocess
import sys

import pytest

from ansible_collections.postroom.odoo.plugins.plugin_utils.as_declared import VARIABLE, answer_of, remembered

ITEMS = [{"login": "newuser@mydomain.com", "password": "secret"}]
CONNECTION = {"url": "http://127.0.0.1", "database": "mydomain", "login": "admin", "password": "admin"}
SESSION = {"series": "19.0", "transport": "JSON-RPC", "uid": 2}


def answer(module="outgoing_mail_servers", items=ITEMS, as_declared=(1,), **options):
    checked = remembered([("outgoing_mail_servers", ITEMS)], dict(SESSION, as_declared=as_declared))
    return answer_of(module, dict(CONNECTION, config=items, **options), {VARIABLE: checked}, lambda value: value)


def test_a_list_that_was_found_as_declared():
    found = answer(adopt=True, state="merged", pending_addons=["smtp_server_per_user"])
    assert found.items() >= dict(SESSION, changed=False, rpc_calls=0, changes=[], adopted=[]).items()
    assert found["counts"] == {"created": 0, "updated": 0, "adopted": 0, "deleted": 0, "unchanged": 1}


@pytest.mark.parametrize(
    "different",
    [
        {"module": "incoming_mail_servers"},
        {"module": "addons"},
        {"items": [{**ITEMS[0], "password": "another"}]},
        {"items": ITEMS * 2},
        {"items": None},
        {"as_declared": ()},
        {"state": "overridden"},
        {"state": "gathered"},
        {"include_secrets": True},
    ],
    ids=str,
)
def test_anything_else_is_looked_up(different):
    assert answer(**different) is None


def test_no_check_has_run():
    assert answer_of("users", {"config": ITEMS}, {}, lambda value: value) is None


def test_the_fingerprint_of_a_list_is_another_in_each_run():
    program = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "from ansible_collections.postroom.odoo.plugins.plugin_utils.as_declared import remembered\n"
        f"print(*remembered([('users', {ITEMS!r})], {dict(SESSION, as_declared=[1])!r})['unchanged'])"
    )
    command = [sys.executable, "-c", program]
    first, second = (subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(2))
    assert len(first.strip()) == len(second.strip()) == 64
    assert first != second
