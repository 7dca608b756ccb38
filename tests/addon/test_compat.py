"""What the addon needs of Odoo's private parts: all of it is there, and what is missing is reported."""

import os
import re

import pytest
from office import ADDON, OAUTH_ADDON, deploy, lab_database, odoo_command, shell

# As a new version of Odoo would: the method is there by another name, and Odoo starts.
TAKE_AWAY = """
from odoo.addons.base.models.ir_mail_server import {cls} as cls
from odoo.modules.registry import Registry
cls._renamed_in_some_series = cls.{name}
del cls.{name}
for _start in range(2):
    Registry.new(env.cr.dbname)
"""
NOTES = "SELECT count(*) FROM mail_message WHERE subject LIKE '{title} is not compatible%' AND body LIKE '%{name}%'"
ROUTING, OAUTH = "SMTP server per user", "OAuth for mail servers"


@pytest.fixture(scope="module")
def database(lab, series):
    deploy(lab, series)
    name = f"test_addon_{series}_{os.getpid()}_compat"
    lab_database.copy(series, "mail", name, replace=True)
    log = odoo_command(lab, series, f"--database={name}", f"--init={ADDON.name},{OAUTH_ADDON.name}")
    yield name, log
    lab_database.drop(series, name)


HOOKS = f"""
from odoo.addons.{ADDON.name} import compat as routing
from odoo.addons.{OAUTH_ADDON.name} import compat as oauth
for compat in (routing, oauth):
    print('MISSING', compat.missing_hooks(env))
print('LOGIN', oauth.SMTP_LOGIN)
"""


@pytest.fixture(scope="module")
def hooks(lab, series, database):
    """What the addons say of the methods that they need."""
    return shell(lab, series, database[0], HOOKS)


def test_all_hooks_are_there(database, hooks):
    name, log = database
    assert "this version of Odoo has no" not in log
    assert hooks.count("MISSING []") == 2, hooks
    for title in (ROUTING, OAUTH):
        assert not int(lab_database.psql(NOTES.format(title=title, name=""), name))


def test_missing_hook_is_reported(lab, series, database):
    """In the log at each start, and to the administrators once."""
    name, _log = database
    method = "send_email"
    cls = "IrMailServer" if int(series) < 19 else "IrMail_Server"
    log = shell(lab, series, name, TAKE_AWAY.format(cls=cls, name=method), stderr=True)
    reported = "this version of Odoo has no ir.mail_server: send_email"
    assert len([line for line in log.splitlines() if " ERROR " in line and reported in line]) == 2, log[-3000:]
    assert lab_database.psql(NOTES.format(title=ROUTING, name=method), name).strip() == "1"
    notified = """
        SELECT u.login FROM mail_message m JOIN mail_message_res_partner_rel r ON r.mail_message_id = m.id
        JOIN res_users u ON u.partner_id = r.res_partner_id WHERE m.subject LIKE 'SMTP server per user is not compatible%'
    """
    assert lab_database.psql(notified, name).split() == ["admin"]
    # The next start finds it again, and forgets.
    assert "this version of Odoo has no" not in shell(lab, series, name, "print('started')", stderr=True)
    assert not lab_database.psql("SELECT value FROM ir_config_parameter WHERE key LIKE '%missing_hooks'", name).strip()


def test_missing_login_method_is_reported(lab, series, database, hooks):
    """Where it has another name, servers with an OAuth client would log in with an empty password."""
    name, _log = database
    method = {"14": "connect"}.get(series) or re.search(r"LOGIN (\w+)", hooks)[1]
    cls = "IrMailServer" if series == "14" else "IrMail_Server"
    log = shell(lab, series, name, TAKE_AWAY.format(cls=cls, name=method), stderr=True)
    assert re.search(rf" ERROR .*mail_server_oauth: this version of Odoo has no ir.mail_server: .*{method}", log), log[-3000:]
    assert lab_database.psql(NOTES.format(title=OAUTH, name=method), name).strip() == "1"
