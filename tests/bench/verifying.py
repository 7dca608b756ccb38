#!/usr/bin/env python3
"""How long verify.yml takes: to log in to many mailboxes, by connections at a time; and for many databases, by forks.

usage: verifying.py [--mailboxes 1000] [--delay 20] [--at-a-time 1 20] [--json FILE]
       verifying.py --databases 50 [--forks 1 5 20] [--series 19] [--users 10] [--json FILE]

Needs the lab (make lab-up). Adds the mailboxes to it. Each is logged in to by SMTP and by IMAP: with --mailboxes, at servers
that answer later by `delay` milliseconds; with --databases, which are copies of the lab's template, by the playbook, which also
looks up the domain and reads each database.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAB = ROOT / "tests" / "lab"
sys.path[:0] = [str(LAB), str(ROOT / "tests" / "integration"), str(ROOT / "collections")]

import database as lab_database
from facts import read_lab
from support import plain_ansible

from ansible_collections.postroom.odoo.plugins.plugin_utils.verify import connections
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.findings import Findings
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.targets import mailboxes_of

PASSWORD = "far-pw"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mailboxes", type=int, default=1000)
    parser.add_argument("--delay", type=int, default=20, help="milliseconds")
    parser.add_argument("--at-a-time", type=int, nargs="+", default=[1, 20])
    parser.add_argument("--databases", type=int)
    parser.add_argument("--forks", type=int, nargs="+", default=[1, 5, 20])
    parser.add_argument("--series", default="19")
    parser.add_argument("--users", type=int, default=10, help="in each database")
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


# -- many databases ------------------------------------------------------------------------------------------------------


def inventory(lab, series, names, people):
    """Databases whose users have mailboxes in the lab."""
    odoo, ports = lab["odoo"][series], lab["ports"]
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "odoo_url": odoo["url"],
        "odoo_login": odoo["login"],
        "odoo_password": odoo["password"],
        "mail_provider": {
            "smtp": {"host": lab["host"], "port": ports["submission"], "encryption": "starttls"},
            "imap": {"host": lab["host"], "port": ports["imaps"], "ssl": True},
        },
        "mail_domain_name": "mydomain.com",
        "mail_domain_catchall": "catchall",
        "mail_domain_bounce": "bounce",
        "mail_domain_default_from": "catchall",
        "mail_domain_passwords": {name: f"{name}-pw" for name in ("catchall", "bounce")},
        "mail_users_accounts": [{"name": each, "email": each, "password": PASSWORD} for each in people],
        "verify_ca_path": lab["ca_file"],
        "verify_resolvers": [f"127.0.0.1:{ports['dns']}"],
        "verify_dkim_selectors": {"mydomain.com": ["lab"]},
    }
    return {"odoo_databases": {"hosts": {name: {"odoo_database": name} for name in names}, "vars": variables}}


def played(folder, names, forks):
    """Run the playbook; the time it took, and the controller's CPU seconds. Whatever is not as expected ends the benchmark."""
    report = folder / str(forks)
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", folder / "hosts.json", "--forks", str(forks)]
    command += [ROOT / "playbooks" / "verify.yml", "-e", json.dumps({"verify_report_dir": str(report)})]
    load, begun = os.getloadavg()[0], time.monotonic()
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=plain_ansible(), stdout=log, stderr=subprocess.STDOUT)
        _pid, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begun
        log.seek(0)
        # The databases are as Odoo makes them: each has its findings of the check `odoo`.
        if os.waitstatus_to_exitcode(status) != 2:
            sys.exit(log.read()[-5000:])
    hosts = json.loads((report / "verify.json").read_text())["hosts"]
    unlike = [each for each in hosts if each["status"] != "wrong" or any(f["check"] != "odoo" for f in errors(each))]
    if len(hosts) != len(names) or unlike:
        sys.exit(f"Not as expected: {json.dumps(unlike)[:5000]}")
    cpu = (used.ru_utime + used.ru_stime) / len(names)
    return {"forks": forks, "seconds": round(seconds, 1), "cpu": round(cpu, 2), "load": round(load, 1)}


def errors(host):
    return [each for each in host["findings"] if each["level"] == "error"]


def by_forks(asked, lab):
    people = [f"far{number:04}@mydomain.com" for number in range(asked.users)]
    add_mailboxes(people)
    names = [f"test_verify_{os.getpid()}_{number}" for number in range(asked.databases)]
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as after:
        for name in names:
            after.callback(lab_database.drop, asked.series, name)
            lab_database.copy(asked.series, "mail", name)
        folder = Path(place)
        (folder / "hosts.json").write_text(json.dumps(inventory(lab, asked.series, names, people)))
        # Odoo loads each database once, which is not what is timed.
        played(folder, names, max(asked.forks))
        runs = [played(folder, names, forks) for forks in asked.forks]
    print(f"verify.yml for {len(names)} databases of Odoo {asked.series}, {asked.users} users each:")
    for each in runs:
        print("| forks {forks} | {seconds} s | {cpu} s of the controller's CPU per database | load {load} |".format(**each))
    return runs


# -- many mailboxes ------------------------------------------------------------------------------------------------------


def by_connections(asked, lab):
    people = [f"far{number:04}@mydomain.com" for number in range(asked.mailboxes)]
    add_mailboxes(people)
    with far_away(asked.delay, lab["ports"]["submission"], lab["ports"]["imaps"]) as (smtp, imap):
        mailboxes = mailboxes_of(list(servers_of(people, smtp, imap)))
        runs = [verified(mailboxes, number, lab["ca_file"]) for number in asked.at_a_time]
    print(f"{asked.mailboxes} mailboxes by SMTP and IMAP, {asked.delay} ms away:")
    for each in runs:
        print("| {at_a_time} at a time | {seconds} s | {errors} errors, {not_checked} not checked |".format(**each))
    return runs


def main():
    asked, lab = arguments(), read_lab()
    runs = (by_forks if asked.databases else by_connections)(asked, lab)
    if asked.json:
        asked.json.write_text(json.dumps({"runs": runs}))


if __name__ == "__main__":
    main()
