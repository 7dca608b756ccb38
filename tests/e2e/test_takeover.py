"""From ThinkOpen's module to ours and back, with nothing lost; and what ours leaves when it goes."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from office import deploy, lab_database

STAND_IN = Path(__file__).parent / "addons" / "tko_mail_smtp_per_user"
COLUMNS = """
SELECT json_build_object(
    'servers', (SELECT json_object_agg(name, (SELECT login FROM res_users u WHERE u.id = s.user_id)) FROM ir_mail_server s),
    'users', (SELECT json_object_agg(login, (SELECT name FROM ir_mail_server s WHERE s.id = u.smtp_server_id))
              FROM res_users u WHERE login LIKE '%@old.example'),
    'passwords', (SELECT json_agg(smtp_pass ORDER BY id) FROM ir_mail_server)
)
"""
SCRIPT = """
import json
import odoo

name = env.cr.dbname

def module(name):
    found = env['ir.module.module'].search([('name', '=', name)])
    if not found:
        env['ir.module.module'].update_list()
        found = env['ir.module.module'].search([('name', '=', name)])
    return found

def again():
    # The registry was made anew.
    global env
    env.cr.commit()
    env = odoo.api.Environment(env.cr, odoo.SUPERUSER_ID, {})
    if hasattr(env, 'transaction'):
        env.transaction.reset()
    else:
        odoo.api.Environment.reset()
        env = odoo.api.Environment(env.cr, odoo.SUPERUSER_ID, {})

def step(title):
    env.cr.execute(COLUMNS)
    print('STEP', json.dumps([title, env.cr.fetchone()[0]]))

def change(title, name, action):
    getattr(module(name), 'button_immediate_' + action)()
    again()
    step(title)

change('old', 'tko_mail_smtp_per_user', 'install')
users = env['res.users'].with_context(no_reset_password=True)
servers = env['ir.mail_server']
people = [(letter, name, name + '@old.example') for letter, name in zip('abc', ('ann', 'ben', 'cid'))]
ann, ben, cid = [users.create({'name': name, 'login': mail, 'email': mail}) for _, name, mail in people]
a, b, c = [
    servers.create({'name': letter, 'smtp_host': 'localhost', 'smtp_user': mail, 'smtp_pass': letter})
    for letter, _, mail in people
]
# Both pointers, one only, the other only.
a.user_id, ann.smtp_server_id = ann, a
b.user_id = ben
cid.smtp_server_id = c
env.cr.commit()
step('filled')
change('both', 'smtp_server_per_user', 'install')
change('ours', 'tko_mail_smtp_per_user', 'uninstall')
print('OWN', [env['ir.mail_server']._sender(n + '@old.example', env.user).server.name for n in ('ann', 'ben', 'cid')])
change('none', 'smtp_server_per_user', 'uninstall')
print('CORE', 'user_id' in env['ir.mail_server']._fields, 'smtp_server_id' in env['res.users']._fields)
change('back', 'tko_mail_smtp_per_user', 'install')
print('ORM', env['ir.mail_server'].search([], order='id').mapped('user_id.login'))
change('again', 'smtp_server_per_user', 'install')
"""


@pytest.fixture(scope="module")
def told(lab, series):
    """What was there after each step."""
    deploy(lab, series)
    place = Path(lab["odoo"][series]["addons"]) / STAND_IN.name
    shutil.copytree(STAND_IN, place, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    name = f"test_takeover_{series}"
    lab_database.copy(series, "mail", name, replace=True)
    server = lab["odoo"][series]
    command = [server["command"], "shell", f"--config={server['config']}", "-d", name, "--no-http", "--log-level=error"]
    try:
        done = subprocess.run(
            command, input=f"COLUMNS = '''{COLUMNS}'''\n{SCRIPT}", capture_output=True, text=True, check=False
        )
    finally:
        lab_database.drop(series, name)
        shutil.rmtree(place)
    lines = [line.rpartition(">>> ")[2] for line in done.stdout.splitlines()]
    found = dict(json.loads(line[5:]) for line in lines if line.startswith("STEP "))
    found.update(line.split(" ", 1) for line in lines if line.startswith(("OWN", "CORE", "ORM")))
    assert "again" in found, done.stdout[-3000:] + done.stderr[-3000:]
    return found


def test_moves_over_with_nothing_lost(told):
    filled, both = told["filled"], told["both"]
    assert filled["servers"] == {"a": "ann@old.example", "b": "ben@old.example", "c": None}
    assert filled["users"] == {"ann@old.example": "a", "ben@old.example": None, "cid@old.example": "c"}
    # Each has both pointers now.
    assert both["servers"] == {"a": "ann@old.example", "b": "ben@old.example", "c": "cid@old.example"}
    assert both["users"]["ann@old.example"] == "a"
    assert both["users"]["cid@old.example"] == "c"


def test_old_module_goes_and_the_values_stay(told):
    assert told["ours"] == told["both"]
    assert told["OWN"] == "['a', 'b', 'c']"


def test_ours_goes_and_the_values_stay(told):
    assert told["none"] == told["both"]
    assert told["CORE"] == "False False"
    assert told["none"]["passwords"] == ["a", "b", "c"]


def test_back_to_the_old_module(told):
    assert told["back"] == told["both"]
    assert told["ORM"] == "['ann@old.example', 'ben@old.example', 'cid@old.example']"
    assert told["again"] == told["both"]
