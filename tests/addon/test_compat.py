"""What the addon needs of Odoo's private parts: all of it is there, and what is missing is reported."""

import os

import pytest
from office import deploy, lab_database, odoo_command
from test_addon import shell

# As a new version of Odoo would: the method is there by another name, and Odoo starts.
TAKE_AWAY = """
from odoo.addons.base.models.ir_mail_server import {cls} as cls
from odoo.modules.registry import Registry
cls._renamed_in_some_series = cls.{name}
del cls.{name}
for _start in range(2):
    Registry.new(env.cr.dbname)
"""
NOTES = (
    "SELECT count(*) FROM mail_message WHERE subject LIKE 'SMTP server per user is not compatible%' AND body LIKE '%{name}%'"
)


@pytest.fixture(scope="module")
def database(lab, series):
    deploy(lab, series)
    name = f"test_addon_{series}_{os.getpid()}_compat"
    lab_database.copy(series, "mail", name, replace=True)
    log = odoo_command(lab, series, f"--database={name}", "--init=smtp_server_per_user")
    yield name, log
    lab_database.drop(series, name)


def test_all_hooks_are_there(lab, series, database):
    name, log = database
    assert "this version of Odoo has no" not in log
    script = "from odoo.addons.smtp_server_per_user import compat\nprint('MISSING', compat.missing_hooks(env))"
    output = shell(lab, series, name, script)
    assert "MISSING []" in output
    assert not int(lab_database.psql(NOTES.format(name=""), name))


def test_missing_hook_is_reported(lab, series, database):
    """In the log at each start, and to the administrators once."""
    name, _log = database
    method = "send_email"
    cls = "IrMailServer" if int(series) < 19 else "IrMail_Server"
    log = shell(lab, series, name, TAKE_AWAY.format(cls=cls, name=method), stderr=True)
    reported = "this version of Odoo has no ir.mail_server: send_email"
    assert len([line for line in log.splitlines() if " ERROR " in line and reported in line]) == 2, log[-3000:]
    assert lab_database.psql(NOTES.format(name=method), name).strip() == "1"
    notified = """
        SELECT u.login FROM mail_message m JOIN mail_message_res_partner_rel r ON r.mail_message_id = m.id
        JOIN res_users u ON u.partner_id = r.res_partner_id WHERE m.subject LIKE 'SMTP server per user is not compatible%'
    """
    assert lab_database.psql(notified, name).split() == ["admin"]
    # The next start finds it again, and forgets.
    assert "this version of Odoo has no" not in shell(lab, series, name, "print('started')", stderr=True)
    assert not lab_database.psql("SELECT value FROM ir_config_parameter WHERE key LIKE '%missing_hooks'", name).strip()
