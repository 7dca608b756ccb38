#!/usr/bin/env python3
"""Wait until services really answer; say which log to read when one does not.

usage: probe.py < LIST      a JSON list of {"probe": [SERVICE, ARGUMENT, …], "log": FILE}


    dns PORT DOMAIN                 the domain's MX is found
    postgresql PSQL PORT            a query is answered
    smtp PORT plain|starttls|tls CA EHLO is answered, over TLS where asked
    imap PORT CA LOGIN PASSWORD     the login is taken, over TLS
    pop3 PORT CA LOGIN PASSWORD     the login is taken, over TLS
SERVICES = {probe.__name__: probe for probe in (dns, postgresql, smtp, imap, pop3, https, odoo)}
"""

import contextlib
import imaplib
import json
import poplib
import smtplib
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request

HOST = "127.0.0.1"
PATIENCE = 60  # seconds


def dns(port, domain):
    answer = subprocess.run(["drill", "-p", port, f"@{HOST}", domain, "MX"], check=True, capture_output=True, text=True)
    if "NOERROR" not in answer.stdout:
        raise OSError(answer.stdout)


def postgresql(psql, port):
    command = [psql, "-h", HOST, "-p", port, "-U", "postgres", "-Atc", "select 1", "postgres"]
    subprocess.run(command, check=True, capture_output=True, timeout=10)


def smtp(port, security, ca):
    context = ssl.create_default_context(cafile=ca)
    if security == "tls":
        client = smtplib.SMTP_SSL(HOST, int(port), timeout=10, context=context)
    else:
        client = smtplib.SMTP(HOST, int(port), timeout=10)
    with client:
        if security == "starttls":
            client.starttls(context=context)
        code, answer = client.ehlo()
        if code != 250:
            raise OSError(f"{code} {answer!r}")


def imap(port, ca, login, password):
    with imaplib.IMAP4_SSL(HOST, int(port), ssl_context=ssl.create_default_context(cafile=ca), timeout=10) as client:
        client.login(login, password)


def pop3(port, ca, login, password):
    client = poplib.POP3_SSL(HOST, int(port), context=ssl.create_default_context(cafile=ca), timeout=10)
    client.user(login)
    client.pass_(password)
    client.quit()


def https(port, ca):
    with contextlib.suppress(urllib.error.HTTPError):
        urllib.request.urlopen(f"https://{HOST}:{port}", timeout=10, context=ssl.create_default_context(cafile=ca))


def odoo(url, series):
    call = {"jsonrpc": "2.0", "method": "call", "params": {"service": "common", "method": "version", "args": []}}
    request = urllib.request.Request(f"{url}/jsonrpc", json.dumps(call).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as response:
        version = json.load(response)["result"]["server_serie"]
    if version != f"{series}.0":
        sys.exit(f"{url} is an Odoo {version}, not {series}.0: something else has this port")
    # A server whose addons path is wrong answers the calls, and no page. Not one that lists the databases: Odoo connects to
    # each, and nobody can copy one while it does.
    with urllib.request.urlopen(f"{url}/web/static/src/scss/ui.scss", timeout=30):
        pass


SERVICES = {probe.__name__: probe for probe in (dns, postgresql, smtp, imap, pop3, https, odoo)}
FAILURES = (OSError, subprocess.SubprocessError, imaplib.IMAP4.error, poplib.error_proto, smtplib.SMTPException)


def wait(service, *arguments, log):
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return SERVICES[service](*map(str, arguments))
        except FAILURES as problem:
            if time.monotonic() > deadline:
                sys.exit(f"{service} ({arguments[0]}) does not answer: {problem}\nRead {log}")
        time.sleep(0.1)


if __name__ == "__main__":
    for asked in json.load(sys.stdin):
        wait(*asked["probe"], log=asked["log"])
