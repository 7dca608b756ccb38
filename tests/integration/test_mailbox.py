"""The lab's mailboxes take any password."""

import imaplib
import smtplib
import ssl
import time

import pytest
from company import open_mailbox

PASSWORDS = ["with:colon", ":", "{PLAIN}braces", "blank blank", "100%", "#"]


@pytest.mark.any_series
def test_any_password(lab):
    mailboxes = {f"password{number}@mydomain.com": password for number, password in enumerate(PASSWORDS)}
    for address, password in mailboxes.items():
        open_mailbox(address, password)
    time.sleep(1.1)  # Dovecot rereads its users at most once a second.
    context = ssl.create_default_context(cafile=lab["ca_file"])
    for address, password in mailboxes.items():
        with imaplib.IMAP4_SSL("localhost", lab["ports"]["imaps"], ssl_context=context) as client:
            client.login(address, password)
        with smtplib.SMTP_SSL("localhost", lab["ports"]["smtps"], context=context) as client:
            client.login(address, password)
