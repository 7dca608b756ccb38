#!/usr/bin/env python3
"""How long verify.yml takes to log in to many mailboxes, with one connection at a time and with several.

usage: verifying.py [--mailboxes 1000] [--delay 20] [--at-a-time 1 20] [--json FILE]

Needs the lab (make lab-up). Adds the mailboxes to it. Each is logged in to by SMTP and by IMAP, at servers that answer later
by `delay` milliseconds.
"""

import argparse
import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAB = ROOT / "tests" / "lab"
sys.path[:0] = [str(LAB), str(ROOT / "collections")]

from facts import read_lab

from ansible_collections.postroom.odoo.plugins.plugin_utils.verify import connections
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.findings import Findings
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.targets import mailboxes_of

PASSWORD = "far-pw"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mailboxes", type=int, default=1000)
    parser.add_argument("--delay", type=int, default=20, help="milliseconds")
    parser.add_argument("--at-a-time", type=int, nargs="+", default=[1, 20])
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def add_mailboxes(people):
    boxes = json.dumps([{"login": person, "password": PASSWORD} for person in people])
    command = [sys.executable, LAB / "mailbox.py", "add", "--json", "-"]
    subprocess.run(command, input=boxes, text=True, check=True, stdout=subprocess.DEVNULL)
    time.sleep(1.5)  # Dovecot rereads its users at most once a second.


@contextlib.contextmanager
def far_away(milliseconds, *ports):
    """Ports behind which the servers answer later by that time."""
    command = [sys.executable, LAB / "distance.py", str(milliseconds), *map(str, ports)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield [int(port) for port in process.stdout.readline().split()]
        process.kill()


def servers_of(people, smtp, imap):
    access = [{"host": "127.0.0.1", "login": person, "password": PASSWORD} for person in people]
    outgoing = [{**each, "port": smtp, "encryption": "starttls", "from_filter": "own"} for each in access]
    incoming = [{**each, "port": imap, "ssl": True} for each in access]
    yield "mail_extras_outgoing_servers", "outgoing_mail_servers", outgoing
    yield "mail_extras_incoming_servers", "incoming_mail_servers", incoming


def verified(mailboxes, at_a_time, ca_file):
    findings, begun = Findings(), time.monotonic()
    way = connections.Way(ca_path=ca_file, at_a_time=at_a_time)
    connections.check(mailboxes, findings, way, lambda _progress: None)
    seconds, found = time.monotonic() - begun, findings.result()
    return {
        "at_a_time": at_a_time,
        "seconds": round(seconds, 1),
        "errors": sum(each["level"] == "error" for each in found["findings"]),
        "not_checked": len(found["not_checked"]),
        "looked_at": len(found["looked_at"]),
    }


def main():
    asked, lab = arguments(), read_lab()
    people = [f"far{number:04}@mydomain.com" for number in range(asked.mailboxes)]
    add_mailboxes(people)
    with far_away(asked.delay, lab["ports"]["submission"], lab["ports"]["imaps"]) as (smtp, imap):
        mailboxes = mailboxes_of(list(servers_of(people, smtp, imap)))
        runs = [verified(mailboxes, number, lab["ca_file"]) for number in asked.at_a_time]
    print(f"{asked.mailboxes} mailboxes by SMTP and IMAP, {asked.delay} ms away:")
    for each in runs:
        print("| {at_a_time} at a time | {seconds} s | {errors} errors, {not_checked} not checked |".format(**each))
    if asked.json:
        asked.json.write_text(json.dumps({"runs": runs}))


if __name__ == "__main__":
    main()
