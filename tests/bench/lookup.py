#!/usr/bin/env python3
"""What it costs to choose the outgoing server of a message, and to show how servers and users are, by the number of servers.

usage: lookup.py [--series 14 19] [--servers 10 1000 10000]

Needs the lab (make lab-up). Each server has an owner, with an incoming server and a mail in the queue, up to 1,000 of them.
Core's own choice is timed in the same run, with the same servers, where it has one (from 15 on), and so is its own list of
servers. Prints a table; each figure is the median of 21, each with an empty cache.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / folder) for folder in ("e2e", "lab")]

from facts import read_lab
from office import copy_of, deploy, lab_database, make_template

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
for count in asked:
    names = ['user%d@own.example' % number for number in range(made, count)]
    owners = users.browse()
    if count <= 1000:
        owners = users.create([{'name': name, 'login': name, 'email': name} for name in names])
    values = [{'name': n, 'smtp_host': 'localhost', 'smtp_user': n, 'from_filter': n, 'sequence': 10} for n in names]
    for value, owner in zip(values, owners):
        value['user_id'] = owner.id
    servers.create(values)
    incoming = {'server': 'localhost', 'server_type': 'imap', 'state': 'done'}
    env['fetchmail.server'].create([dict(incoming, name=each.login, user=each.login) for each in owners])
    mail = {'subject': 'Waits', 'email_to': 'bob@customer.example'}
    env['mail.mail'].create([dict(mail, email_from=each.email) for each in owners])
    made = count
    env.cr.commit()
    env.cr.execute('ANALYZE')
    own, nobody = 'user%d@own.example' % (count // 2), 'stranger@elsewhere.example'
    assert servers._find_mail_server(own)[0].smtp_user == own
    assert servers._find_mail_server(nobody)[0].name == 'Shared'
    found[count] = {
        'ours, own server': median(lambda: servers._find_mail_server(own)),
        'ours, shared server': median(lambda: servers._find_mail_server(nobody)),
    }
    failing = ['|', ('sending_state', '=', 'failing'), ('fetching_state', '=', 'failing')]
    fields = ['sending_state', 'last_sent', 'last_error', 'mails_waiting']
    found[count].update({
        'users with No Mail Server': median(lambda: users.search([('sending_state', '=', 'no_server')])),
        'users that are Failing': median(lambda: users.search(failing)),
        'page of 80 servers': median(lambda: servers.search_read([], ['name', *fields], limit=80)),
        'page of 80 servers, core': median(lambda: servers.search_read([], ['name'], limit=80)),
    })
    if compat.CHOOSES_BY_SENDER:
        found[count]['core'] = median(lambda: compat.IrMailServer._find_mail_server(servers, own))
print('FOUND', json.dumps(found))
"""


def measure(lab, series, counts):
    deploy(lab, series)
    template = make_template(lab, series)[0]
    name = copy_of(series, template)[0]
    server = lab["odoo"][series]
    command = [server["command"], "shell", f"--config={server['config']}", "-d", name, "--no-http", "--log-level=error"]
    try:
        script = f"asked = {counts}\n{SCRIPT}"
        done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    finally:
        for each in (name, template):
            lab_database.drop(series, each)
    lines = [line.rpartition(">>> ")[2] for line in done.stdout.splitlines() if "FOUND" in line]
    if not lines:
        sys.exit(done.stdout[-2000:] + done.stderr[-2000:])
    return json.loads(lines[-1].partition(" ")[2])


def main():
    lab = read_lab()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", nargs="+", default=sorted(lab["odoo"], key=int))
    parser.add_argument("--servers", type=int, nargs="+", default=[10, 1000, 10000])
    asked = parser.parse_args()
    heads = " | ".join(f"{count:,} servers" for count in asked.servers)
    print(f"| {os.cpu_count()} cores | {heads} |\n| --- |{' --- |' * len(asked.servers)}")
    for series in asked.series:
        found = measure(lab, series, asked.servers)
        for kind in next(iter(found.values())):
            cells = (f"{1000 * figures[kind]:.1f} ms" for figures in found.values())
            print(f"| {series}: {kind} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
