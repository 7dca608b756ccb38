"""What people read of what PostgreSQL says."""

import pytest

from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import is_collision, own_words

DEADLOCK = """deadlock detected
DETAIL:  Process 4711 waits for ShareLock on transaction 815; blocked by process 4712.
Process 4712 waits for ShareLock on transaction 816; blocked by process 4711.
HINT:  See server log for query details.
CONTEXT:  while updating tuple (0,13) in relation "ir_mail_server"
"""
TAKEN = """The operation cannot be done: duplicate key value violates unique constraint "ir_model_data_module_name_uniq_index"
DETAIL:  Key (module, name)=(__postroom__, ir_mail_server_x) already exists.
"""


@pytest.mark.parametrize("text", [DEADLOCK, TAKEN, "could not serialize access due to concurrent update\n"])
def test_a_collision_is_named_without_postgresqls_locks(text):
    said = own_words(text)
    assert is_collision(said)
    assert "at the same time" in said
    assert said.endswith("run again")
    assert not any(word in said for word in ("Process", "DETAIL", "HINT", "CONTEXT", "\n", "Key"))


def test_other_words_stay():
    said = own_words(
        'duplicate key value violates unique constraint "res_users_login_key"\nDETAIL:  Key (login)=(a) already exists.'
    )
    assert not is_collision(said)
    assert "Key (login)=(a) already exists" in said
