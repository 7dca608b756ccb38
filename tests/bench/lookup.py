#!/usr/bin/env python3
"""What it costs to choose the outgoing server of a message, with 10, 1,000 and 10,000 servers.

usage: lookup.py [SERIES...]

Needs the lab (make lab-up). Core's own choice is timed in the same run, with the same servers, where it has one (from 15
on). Prints a table; each figure is the median of 21 choices, each with an empty cache.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / folder) for folder in ("e2e", "lab")]

from facts import read_lab
from office import deploy, lab_database, make_template

SCRIPT = """
import json, statistics, time
from odoo.addons.smtp_server_per_user import compat
servers = env['ir.mail_server']
users = env['res.users'].with_context(no_reset_password=True, tracking_disable=True)
servers.create({'name': 'Shared', 'smtp_host': 'localhost', 'smtp_user': 'all@own.example'})

def median(choose):
    taken = []
    for _ in range(21):
        env.cr.flush() if hasattr(env.cr, 'flush') else None
        (getattr(env, 'invalidate_all', None) or env.cache.invalidate)()
        start = time.perf_counter()
        choose()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)

found, made = {}, 0
for count in (10, 1000, 10000):
    names = ['user%d@own.example' % number for number in range(made, count)]
    owners = users.browse()
    if count <= 1000:
        owners = users.create([{'name': name, 'login': name, 'email': name} for name in names])
    values = [{'name': n, 'smtp_host': 'localhost', 'smtp_user': n, 'from_filter': n, 'sequence': 10} for n in names]
    for value, owner in zip(values, owners):
        value['user_id'] = owner.id
    servers.create(values)
    made = count
    env.cr.commit()
    env.cr.execute('ANALYZE ir_mail_server')
    own, nobody = 'user%d@own.example' % (count // 2), 'stranger@elsewhere.example'
    assert servers._find_mail_server(own)[0].smtp_user == own
    assert servers._find_mail_server(nobody)[0].name == 'Shared'
    found[count] = {
        'ours, own server': median(lambda: servers._find_mail_server(own)),
        'ours, shared server': median(lambda: servers._find_mail_server(nobody)),
    }
    if compat.CHOOSES_BY_SENDER:
        found[count]['core'] = median(lambda: compat.IrMailServer._find_mail_server(servers, own))
print('FOUND', json.dumps(found))
"""


def measure(lab, series):
    deploy(lab, series)
    name = make_template(lab, series)[0]
    server = lab["odoo"][series]
    command = [server["command"], "shell", f"--config={server['config']}", "-d", name, "--no-http", "--log-level=error"]
    try:
        done = subprocess.run(command, input=SCRIPT, capture_output=True, text=True, check=False)
    finally:
        lab_database.drop(series, name)
    lines = [line.rpartition(">>> ")[2] for line in done.stdout.splitlines() if "FOUND" in line]
    if not lines:
        sys.exit(done.stdout[-2000:] + done.stderr[-2000:])
    return json.loads(lines[-1].partition(" ")[2])


def main():
    lab = read_lab()
    print(f"| {os.cpu_count()} cores | 10 servers | 1,000 | 10,000 |\n| --- | --- | --- | --- |")
    for series in sys.argv[1:] or sorted(lab["odoo"], key=int):
        found = measure(lab, series)
        for kind in found["10"]:
            cells = (f"{1000 * figures[kind]:.1f} ms" for figures in found.values())
            print(f"| {series}: {kind} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
