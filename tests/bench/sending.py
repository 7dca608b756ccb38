#!/usr/bin/env python3
"""What it costs to send a queue of many users' mails with many outgoing servers: core alone, and with the addon.

usage: sending.py [--series 14 19] [--servers 10000] [--users 1000] [--to sink postfix] [--rounds 3] [--profile FOLDER]
                  [--json FILE]

Needs the lab (make lab-up ODOO="14 19"). A queue has one mail of each user. It is handed to Postfix's smtp-sink, which
takes everything at once, and to the lab's strict Postfix by each user's login. All ways take turns in every round, each
in a process of its own, on a database of its own. Prints a table of medians; FILE gets every single run. "SMTP" is the
time within smtplib, "Odoo" the rest. "Left" are mails that Odoo did not try, as the server had ended the session.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / folder) for folder in ("e2e", "lab")]

from facts import read_lab
from fleet import PASSWORD, Fleet, free_port
from office import copy_of, deploy, lab_database, make_template

HEAD = "| a mail of | ms | from, to | of that Odoo | of that SMTP | queries | sessions | refused | left |"

# Users and their servers; the others' servers have an address each as well.
PREPARE = """
users = env['res.users'].with_context(no_reset_password=True, tracking_disable=True)
servers, values = env['ir.mail_server'], []
owners = users.create([{'name': each, 'login': each, 'email': each} for each in asked['logins']])
for number in range(asked['servers'] - 1):
    login = asked['logins'][number] if number < len(owners) else 'other%d@office.example' % number
    values.append({'name': login, 'smtp_host': 'localhost', 'smtp_user': login, 'smtp_pass': asked['password'],
                   'sequence': 10 if number else 1})
    if 'from_filter' in servers._fields:
        values[-1]['from_filter'] = login
    if 'user_id' in servers._fields and number < len(owners):
        values[-1]['user_id'] = owners[number].id
servers.create(values)
servers.create({'name': 'Shared', 'smtp_host': 'localhost', 'smtp_user': 'catchall@office.example', 'smtp_pass': 'catchall-pw',
                'sequence': 20})
env.cr.commit()
env.cr.execute('ANALYZE')
env.cr.commit()
"""

SEND = """
import cProfile, json, smtplib, socket, time
# smtplib asks for the machine's own name at each session, and where that has no dot, for its address. How long that takes
# is its resolver's affair, and may be all.
socket.getfqdn = lambda *name: 'odoo.mydomain.com'
target = {key: asked['target'][key] for key in ('smtp_host', 'smtp_port', 'smtp_encryption')}
env.cr.execute('UPDATE ir_mail_server SET smtp_host = %(smtp_host)s, smtp_port = %(smtp_port)s, '
               'smtp_encryption = %(smtp_encryption)s', target)
record = env['res.partner'].create({'name': 'A deal'})
mails = env['mail.mail'].create([
    {'email_from': '"A User" <%s>' % each, 'email_to': 'bob@customer.example', 'subject': 'Queued', 'body_html': '<p>Hello</p>',
     'model': 'res.partner', 'res_id': record.id, 'auto_delete': False, 'state': 'outgoing'}
    for each in asked['logins']])
env.cr.commit()
(getattr(env, 'invalidate_all', None) or env.cache.invalidate)()

spent = {'smtp': 0.0, 'depth': 0, 'sessions': 0}
def timed(name, function):
    def call(*arguments, **named):
        spent['sessions'] += name == 'connect'
        spent['depth'] += 1
        start = time.perf_counter()
        try:
            return function(*arguments, **named)
        finally:
            spent['depth'] -= 1
            if not spent['depth']:
                spent['smtp'] += time.perf_counter() - start
    return call
if asked['target']['smtp_encryption'] == 'none':
    # The sink knows nobody.
    smtplib.SMTP.login = lambda *arguments, **named: None
for name in ('__init__', 'connect', 'ehlo', 'ehlo_or_helo_if_needed', 'starttls', 'login', 'sendmail', 'send_message', 'quit'):
    setattr(smtplib.SMTP, name, timed(name, getattr(smtplib.SMTP, name)))

profile = cProfile.Profile() if asked['profile'] else None
queries, start = env.cr.sql_log_count, time.perf_counter()
if profile:
    profile.enable()
env['mail.mail'].process_email_queue(mails.ids)
if profile:
    profile.disable()
seconds = time.perf_counter() - start
states = env['mail.mail'].search([('id', 'in', mails.ids)]).mapped('state')
if profile:
    profile.dump_stats(asked['profile'])
sent, refused = states.count('sent'), states.count('exception')
tried = sent + refused
print('FOUND', json.dumps({'seconds': seconds, 'smtp': spent['smtp'], 'queries': (env.cr.sql_log_count - queries) / tried,
                           'sessions': spent['sessions'], 'tried': tried, 'sent': sent, 'refused': refused,
                           'left': len(mails) - tried}))
env['mail.mail'].search([('id', 'in', mails.ids)]).unlink()
env.cr.commit()
"""


def shell(lab, series, database, script, **asked):
    server = lab["odoo"][series]
    command = [server["command"], "shell", f"--config={server['config']}", "-d", database, "--no-http", "--log-level=critical"]
    given = f"import json; asked = json.loads({json.dumps(asked)!r})\n"
    # As one statement: the shell reads line by line.
    wrapped = f"exec({given + script!r})\n"
    done = subprocess.run(command, input=wrapped, capture_output=True, text=True, check=False)
    if "Traceback" in done.stdout + done.stderr:
        sys.exit(done.stdout[-2000:] + done.stderr[-4000:])
    lines = [line.partition("FOUND ")[2] for line in done.stdout.splitlines() if "FOUND " in line]
    return json.loads(lines[-1]) if lines else None


@contextlib.contextmanager
def sink():
    """Postfix's own program that takes whatever is sent and throws it away."""
    port = free_port()
    process = subprocess.Popen(["/usr/sbin/smtp-sink", "-u", "postfix", f"127.0.0.1:{port}", "1000"])
    time.sleep(0.5)
    try:
        yield {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_encryption": "none"}
    finally:
        process.terminate()
        process.wait(10)


def measure(lab, series, logins, targets, asked):
    deploy(lab, series)
    template = make_template(lab, series)[0]
    databases = {"core": copy_of(series, None)[0], "addon": copy_of(series, template)[0]}
    runs = []
    try:
        for name in databases.values():
            shell(lab, series, name, PREPARE, logins=logins, servers=asked.servers, password=PASSWORD)
        for number in range(asked.rounds):
            for target, settings in targets.items():
                for way, name in databases.items():
                    profile = ""
                    if asked.profile and not number:
                        profile = str(Path(lab["odoo"][series]["data_dir"]) / f"{target}-{way}.prof")
                    load = os.getloadavg()[0]
                    found = shell(lab, series, name, SEND, logins=logins, target=settings, profile=profile)
                    if profile:
                        Path(profile).rename(asked.profile / f"{series}-{target}-{way}.prof")
                    runs.append({"series": series, "to": target, "way": way, **found, "load": round(load, 1)})
                    print(runs[-1], file=sys.stderr, flush=True)
    finally:
        for name in (*databases.values(), template):
            lab_database.drop(series, name)
    return runs


def print_table(series, runs):
    for target, way in dict.fromkeys((each["to"], each["way"]) for each in runs):
        these = [each for each in runs if (each["to"], each["way"]) == (target, way)]
        mails = sorted(1000 * run["seconds"] / run["tried"] for run in these)
        smtp = statistics.median(1000 * run["smtp"] / run["tried"] for run in these)
        odoo = statistics.median(1000 * (run["seconds"] - run["smtp"]) / run["tried"] for run in these)
        queries = statistics.median(run["queries"] for run in these)
        print(
            f"| {series}, {way}, to the {target} | {statistics.median(mails):.1f} | {mails[0]:.1f}, {mails[-1]:.1f} "
            f"| {odoo:.1f} | {smtp:.1f} | {queries:.1f} "
            f"| {these[0]['sessions']} | {these[0]['refused']} | {these[0]['left']} |",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", nargs="+")
    parser.add_argument("--servers", type=int, default=10000)
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--to", nargs="+", choices=("sink", "postfix"), default=["sink", "postfix"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", type=Path, help="folder for a profile of each way, which makes the first round slower")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    lab, runs = read_lab(), []
    logins = Fleet(lab, asked.users).logins
    print(f"{asked.servers} servers, {asked.users} users, {os.cpu_count()} cores, {asked.rounds} rounds\n")
    print(f"{HEAD}\n{'| --- ' * HEAD.count(' |')}|")
    with sink() as quick:
        postfix = {"smtp_host": "smtp.mydomain.com", "smtp_port": lab["ports"]["submission"], "smtp_encryption": "starttls"}
        targets = {name: settings for name, settings in (("sink", quick), ("postfix", postfix)) if name in asked.to}
        for series in asked.series or sorted(lab["odoo"], key=int):
            found = measure(lab, series, logins, targets, asked)
            print_table(series, found)
            runs += found
    if asked.json:
        settings = {"servers": asked.servers, "users": asked.users, "rounds": asked.rounds, "cores": os.cpu_count()}
        asked.json.write_text(json.dumps({**settings, "runs": runs}, indent=2) + "\n")


if __name__ == "__main__":
    main()
