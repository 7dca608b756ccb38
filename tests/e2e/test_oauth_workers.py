"""Many workers and one token: one asks, the others wait; and no refresh token is lost between two of them.

Workers are processes, as Odoo's are: forks of one that has loaded the database.
"""

import base64
import re

import pytest
from office import address, shell
from tokens import OauthOffice

# `work` is called in each worker with its number, and an environment maker.
WORKERS = """
import contextlib, os, sys, traceback
import odoo
from odoo import api, SUPERUSER_ID

registry = env.registry
env.cr.close()
odoo.sql_db.close_all()

@contextlib.contextmanager
def fresh():
    with registry.cursor() as cr:
        yield api.Environment(cr, SUPERUSER_ID, {{}})

{work}

sys.stdout.flush()
children = []
for number in range({count}):
    child = os.fork()
    if not child:
        code = 1
        try:
            work(number)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    children.append(child)
print("CODES", sorted({{os.waitpid(child, 0)[1] for child in children}}))
sys.stdout.flush()
os._exit(0)
"""
MANY_MAILBOXES = """
def work(number):
    with fresh() as env:
        client = env["mail.oauth.client"].browse({client})
        for mailbox in range(number, {mailboxes}, {count}):
            assert env["mail.oauth.token"]._access_token(client, "user%d@office.example" % mailbox)
"""
ROTATION = """
def work(number):
    for _ in range({times}):
        with fresh() as env:
            client = env["mail.oauth.client"].browse({client})
            assert env["mail.oauth.token"]._access_token(client, "{mailbox}")
            # What becomes of the mail does not matter.
            env.cr.rollback()
"""


@pytest.fixture
def new_office(lab, series, oauth_templates, tokens):
    made = []

    def make(*arguments):
        made.append(OauthOffice(lab, series, oauth_templates[False], *arguments))
        return made[-1]

    yield make
    for office in made:
        office.drop()


def run_workers(office, count, work, **named):
    script = WORKERS.format(count=count, work=work.format(count=count, client=office.client_id, **named))
    output = shell(office.lab, office.series, office.name, script)
    assert re.search(r"CODES \[0\]", output), output


def test_one_request_an_hour(new_office):
    """10 workers, 10,000 mailboxes; and again when the token has run out."""
    office = new_office("client_credentials")
    for hour, mailboxes in ((1, 10000), (2, 100)):
        run_workers(office, 10, MANY_MAILBOXES, mailboxes=mailboxes)
        assert len(office.tokens.requests()) == hour
        office.age("renew_at", "valid_until")


def test_no_refresh_token_is_lost(new_office):
    """Two workers, each of which rotates the refresh token 100 times."""
    office, mailbox = new_office("refresh_token"), address("newuser")
    office.tokens.set(seconds=0)
    run_workers(office, 2, ROTATION, times=100, mailbox=mailbox)
    found = office.tokens.read()
    assert len(office.tokens.requests("refresh_token")) == 200
    assert found["reused"] == 0
    assert office.stored_refresh_token(mailbox) in found["good"]


LOUD = """
import imaplib, logging
for logger in [logging.getLogger(), *map(logging.getLogger, list(logging.root.manager.loggerDict))]:
    logger.setLevel(logging.DEBUG)
imaplib.Debug = 5
# As a cursor of a process that was started like this.
env.cr.sql_log = True
outgoing = env["ir.mail_server"].browse({outgoing})
outgoing.smtp_debug = True
client = outgoing.oauth_client_id
client.client_secret = "{secret}"
env.cr.commit()
client.test("{mailbox}")
outgoing.button_test_oauth()
env["fetchmail.server"].browse({incoming}).button_test_oauth()
client.store_refresh_token("{mailbox}", "{refresh}") if client.grant == "refresh_token" else None
env.cr.commit()
"""


@pytest.mark.parametrize("grant", ["client_credentials", "refresh_token"])
def test_nothing_secret_is_logged(new_office, grant):
    """With every logger at its loudest, SQL statements and the dialogue with the mail servers included."""
    office, mailbox = new_office(grant), address("newuser")
    refresh = "lab-refresh-of-a-new-consent"
    script = LOUD.format(
        outgoing=office.servers["newuser"],
        incoming=office.fetching["newuser"],
        mailbox=mailbox,
        secret="app-secret",
        refresh=refresh,
    )
    log = shell(office.lab, office.series, office.name, script, stderr=True)
    assert "SELECT" in log  # It is loud.
    assert "EHLO" in log or "ehlo" in log
    stored = office.sql("SELECT access_token, refresh_token FROM mail_oauth_token WHERE access_token IS NOT NULL")
    secrets = {"app-secret", refresh, *(part for part in stored.replace("|", " ").split() if part.startswith("lab-"))}
    # What XOAUTH2 says begins like this.
    secrets.add(base64.b64encode(f"user={mailbox}".encode()).decode()[:20])
    assert not [each for each in secrets if each in log]
    assert not re.search("lab-(access|refresh)-", log)
