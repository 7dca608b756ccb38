#!/usr/bin/env python3
"""What it costs Odoo to create users, as by hand and as Postroom has them created: milliseconds a user, by round.

usage: creating.py [--series 19] [--users 200] [--rounds 3]

Needs the lab (make lab-up). Everything runs inside Odoo, with no network around it, and is rolled back. Half of it is the
picture with their initials that Odoo draws for each new user and keeps in five sizes; without it is measured, too, to say so.
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

from ansible_collections.postroom.odoo.plugins.module_utils.apply import QUIET

INSIDE = """
import time
logins = [f"person{{number}}@mydomain.com" for number in range({users})]
rows = [["__bench__." + login.partition("@")[0], login, login, login] for login in logins]

def created(context):
    begun = time.perf_counter()
    assert env["res.users"].with_context(**context).load(["id", "name", "login", "email"], rows)["ids"]
    taken = time.perf_counter() - begun
    env.cr.rollback()
    return taken * 1000 / {users}

drawing = hasattr(type(env["res.partner"]), "_avatar_generate_svg")
created({{}})
for number in range({rounds}):
    told = [f"as by hand {{created(dict()):.1f}}", f"as Postroom does {{created({quiet!r}):.1f}}"]
    if drawing:
        partners = type(env["res.partner"])
        partners._avatar_generate_svg = lambda self: False
        told.append(f"and without the picture {{created({quiet!r}):.1f}}")
        del partners._avatar_generate_svg
    print("TAKEN", ", ".join(told))
"""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", default="19")
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def main():
    asked = arguments()
    server = read_lab()["odoo"][asked.series]
    name = f"test_bench_{asked.series}_{os.getpid()}"
    lab_database.copy(asked.series, "mail", name)
    try:
        script = INSIDE.format(users=asked.users, rounds=asked.rounds, quiet=QUIET)
        command = [server["command"], "shell", f"--config={server['config']}", "-d", name, "--no-http", "--log-level=error"]
        done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    finally:
        lab_database.drop(asked.series, name)
    told = [line.rpartition("TAKEN ")[2] for line in done.stdout.splitlines() if "TAKEN " in line]
    if len(told) != asked.rounds:
        sys.exit(done.stdout[-2000:] + done.stderr[-2000:])
    print(f"Odoo {asked.series}, {asked.users} users, milliseconds each:", *told, sep="\n")


if __name__ == "__main__":
    main()
