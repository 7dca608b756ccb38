#!/usr/bin/env python3
"""What it costs Odoo to write what Postroom has it write, and as a client asks that says nothing besides.

usage: writing.py [--series 19] [--records 200] [--rounds 3]

Needs the lab (make lab-up). Everything runs inside Odoo, with no network around it, and is rolled back: milliseconds a record,
by round. Half of what a user takes on 19 is the picture with their initials that Odoo draws for each new one and keeps in five
sizes; without it is measured, too, to say so.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "lab"), str(ROOT / "collections")]

import database as lab_database
from facts import read_lab

from ansible_collections.postroom.odoo.plugins.module_utils.engine.executor import QUIET
from ansible_collections.postroom.odoo.plugins.module_utils.resources import INCOMING_MAIL_SERVERS

INSIDE = """
import time
logins = [f"person{{number}}@mydomain.com" for number in range({records})]
names = ["__bench__." + login.partition("@")[0] for login in logins]

def taken(context, model, fields, rows, before=None):
    if before:
        env[model].load(*before)
    begun = time.perf_counter()
    assert env[model].with_context(**context).load(fields, rows)["ids"]
    env.cr.flush() if hasattr(env.cr, "flush") else env["base"].flush()
    milliseconds = (time.perf_counter() - begun) * 1000 / {records}
    env.cr.rollback()
    return milliseconds

def created_users(context):
    rows = [[name, login, login, login] for name, login in zip(names, logins)]
    return taken(context, "res.users", ["id", "name", "login", "email"], rows)

SERVERS = ["id", "name", "server_type", "server", "port", "is_ssl", "user", "password"]
servers = [[name, login, "imap", "imap.mydomain.com", "993", "1", login, "pw"] for name, login in zip(names, logins)]

def created_servers(context):
    return taken(context, "fetchmail.server", SERVERS, servers)

def changed_servers(context):
    rows = [[name, "another"] for name in names]
    return taken(context, "fetchmail.server", ["id", "password"], rows, before=(SERVERS, servers))

def tell(what, write, quiet):
    told = [f"as asked {{write(dict()):.1f}}", f"as Postroom asks {{write(quiet):.1f}}"]
    if write is created_users and hasattr(type(env["res.partner"]), "_avatar_generate_svg"):
        partners = type(env["res.partner"])
        partners._avatar_generate_svg = lambda self: False
        told.append(f"and without the picture {{write(quiet):.1f}}")
        del partners._avatar_generate_svg
    print("TAKEN", f"{{what}}:", ", ".join(told))

created_users({{}})
for what, write, quiet in (
    ("a new user", created_users, {users!r}),
    ("a new incoming server", created_servers, {servers!r}),
    ("another password of an incoming server", changed_servers, {servers!r}),
):
    for number in range({rounds}):
        tell(what, write, quiet)
"""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", default="19")
    parser.add_argument("--records", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def main():
    asked = arguments()
    server = read_lab()["odoo"][asked.series]
    name = f"test_bench_{asked.series}_{os.getpid()}"
    lab_database.copy(asked.series, "mail", name)
    try:
        spared = {**QUIET, **INCOMING_MAIL_SERVERS.bulk_side_effect.context}
        script = INSIDE.format(records=asked.records, rounds=asked.rounds, users=QUIET, servers=spared)
        command = [server["command"], "shell", f"--config={server['config']}", "-d", name, "--no-http", "--log-level=error"]
        done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    finally:
        lab_database.drop(asked.series, name)
    told = [line.rpartition("TAKEN ")[2] for line in done.stdout.splitlines() if "TAKEN " in line]
    if not told or "Traceback" in done.stdout + done.stderr:
        sys.exit(done.stdout[-2000:] + done.stderr[-2000:])
    print(f"Odoo {asked.series}, {asked.records} records, milliseconds each:", *told, sep="\n")


if __name__ == "__main__":
    main()
