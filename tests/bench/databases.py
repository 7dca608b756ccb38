#!/usr/bin/env python3
"""How many databases a minute site.yml sets up on one server, by forks, and what somebody who works there notices of it.

usage: databases.py [--help]

Needs the lab (make lab-up). For each number of forks, an Odoo of its own (prefork, on a loopback port of its own) serves new
copies of the mail template; site.yml runs on all of them, and again, and then the check `odoo` of verify.yml. Meanwhile
somebody works in another database of that server: one small request, 0.2 s of rest, the next one. Before the first run, every
worker has loaded every database, so that Odoo's cost of doing so, which is shown too, is not taken for ours.

The users' mailboxes are not tried (confirmed, tested), as their provider's answer would be timed. Prints a table.
"""

import argparse
import contextlib
import itertools
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / folder) for folder in ("integration", "lab")]

import database as lab_database
import odoorpc
import probe
from facts import read_lab
from support import ROOT, plain_ansible

LOOK = 10  # seconds that somebody works there with nothing else going on
PATIENCE = 30  # seconds that the server gets to stop by itself
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
_numbers = itertools.count(1)


class Server:
    """An Odoo with worker processes, as providers run it, on the lab's databases and files."""

    def __init__(self, lab, series, workers, connections):
        self.series, self.lab, self.workers = series, lab, workers
        with socket.create_server((lab["host"], 0)) as web, socket.create_server((lab["host"], 0)) as push:
            self.port, push_port = web.getsockname()[1], push.getsockname()[1]
        self.url = f"http://{lab['host']}:{self.port}"
        odoo = lab["odoo"][series]
        self._log = tempfile.NamedTemporaryFile(suffix=".log")  # noqa: SIM115 - closed by stop()
        self._process = subprocess.Popen(
            [
                odoo["command"],
                f"--config={odoo['config']}",
                f"--workers={workers}",
                f"--http-port={self.port}",
                f"--{'longpolling' if int(series) < 16 else 'gevent'}-port={push_port}",
                f"--db_maxconn={connections}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            # Its process group: that it and all of its workers can be found by.
            start_new_session=True,
        )
        try:
            probe.wait("odoo", self.url, series, log=self._log.name)
        except SystemExit:
            self.stop()
            raise

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._log.close()

    def client(self, name):
        odoo = self.lab["odoo"][self.series]
        client = odoorpc.ODOO(self.lab["host"], port=self.port, timeout=600)
        client.login(name, odoo["login"], odoo["password"])
        return client

    def load(self, names):
        """Have every worker load every database. A worker that is at it takes no other request; the others get those."""
        with ThreadPoolExecutor(self.workers) as pool:
            for name in names:
                list(pool.map(self.client, [name] * self.workers))

    def _processes(self):
        """What /proc says of the server's processes, from the third field on: state, parent, process group and so on."""
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = path.read_text().rpartition(")")[2].split()
                if int(fields[2]) == self._process.pid:
                    yield fields

    def cpu(self):
        """Seconds of CPU so far, with those of workers that have ended."""
        return sum(sum(map(int, fields[11:15])) for fields in self._processes()) / TICKS

    def memory(self):
        """MiB of the largest process: a worker."""
        return max(int(fields[21]) for fields in self._processes()) * PAGE / 2**20

    def connections(self):
        """How many connections to PostgreSQL there are for the databases of this script."""
        return int(lab_database.psql("SELECT count(*) FROM pg_stat_activity WHERE datname LIKE 'test\\_many\\_%'"))


class Somebody(threading.Thread):
    """Somebody who works in another database: one small request, a rest, the next one."""

    def __init__(self, server, name):
        super().__init__(daemon=True)
        self.client, self.waits, self._leave = server.client(name), [], threading.Event()
        # The first answer takes longer: nothing of the model is at hand.
        self.ask()

    def ask(self):
        started = time.perf_counter()
        self.client.execute("res.partner", "search_count", [])
        return time.perf_counter() - started

    def run(self):
        while not self._leave.wait(0.2):
            self.waits.append(self.ask())

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *problem):
        self._leave.set()
        self.join()

    def noticed(self):
        """Milliseconds: median, nineteen of twenty, worst."""
        ordered = sorted(1000 * wait for wait in self.waits)
        return {"median": statistics.median(ordered), "p95": ordered[int(0.95 * len(ordered))], "worst": ordered[-1]}


def inventory(server, names, users):
    people = [
        {"name": f"User {number}", "email": f"user{number}@mydomain.com", "password": f"mail-{number}"}
        for number in range(users)
    ]
    odoo = server.lab["odoo"][server.series]
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "odoo_url": server.url,
        "odoo_login": odoo["login"],
        "odoo_password": odoo["password"],
        "mail_provider": {
            "smtp": {"host": "smtp.mydomain.com", "port": 587, "encryption": "starttls", "tested": False},
            "imap": {"host": "imap.mydomain.com", "port": 993, "ssl": True, "confirmed": False},
        },
        "mail_domain_name": "mydomain.com",
        "mail_domain_catchall": "catchall",
        "mail_domain_bounce": "bounce",
        "mail_domain_default_from": "catchall",
        "mail_domain_passwords": {"catchall": "mail-c", "bounce": "mail-b"},
        "mail_users_accounts": people,
    }
    return {"odoo_databases": {"hosts": {name: {"odoo_database": name} for name in names}, "vars": variables}}


CHECKS = json.dumps({"verify_checks": ["odoo"]})
# The playbook, its exit code, and whether it changes anything. verify.yml finds that no mailbox is confirmed here.
RUNS = {
    "first": (["site.yml"], 0, True),
    "again": (["site.yml"], 0, False),
    "verify": (["playbooks/verify.yml", "-e", CHECKS], 2, False),
}


def play(hosts, forks, names, run):
    """Run a playbook; the CPU seconds of Ansible and all that it started. Whatever is not as expected ends the benchmark."""
    (playbook, *more), code, changes = RUNS[run]
    command = [PLAYBOOK, "-i", hosts, "--forks", str(forks), ROOT / playbook, *more]
    with hosts.with_suffix(".log").open("w+") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=plain_ansible(), stdout=log, stderr=subprocess.STDOUT)
        try:
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            process.terminate()
            raise
        process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        said = log.read()
    recap = re.findall(rf"^(\S+) +: ok=\d+ +changed=(\d+) +unreachable=0 +failed={int(bool(code))}", said, re.MULTILINE)
    good = {name for name, changed in recap if bool(int(changed)) == changes}
    if process.returncode != code or good != set(names):
        sys.exit(f"{said[-5000:]}\nNot as expected (exit code {process.returncode}): {sorted(set(names) - good)}")
    return used.ru_utime + used.ru_stime


def measure(lab, series, forks, asked):
    """Set new databases up with so many forks; a row for nothing going on, one for the first run, one for the next."""
    group = f"test_many_{series}_{os.getpid()}_{next(_numbers)}"
    other, names = f"{group}_other", [f"{group}_{number}" for number in range(1, asked.databases + 1)]
    folder = tempfile.TemporaryDirectory()
    with folder, contextlib.ExitStack() as after:
        for name in (other, *names):
            after.callback(lab_database.drop, series, name)
            lab_database.copy(series, "mail", name)
        server = Server(lab, series, asked.workers, asked.connections)
        after.callback(server.stop)
        server.load([other])
        with Somebody(server, other) as somebody:
            time.sleep(LOOK)
        idle = {"run": "nothing going on", "load": os.getloadavg()[0], **somebody.noticed()}

        cpu, memory, started = server.cpu(), server.memory(), time.perf_counter()
        server.load(names)
        loads = len(names) * asked.workers
        idle |= {
            "load_cpu": (server.cpu() - cpu) / loads,
            "load_seconds": (time.perf_counter() - started) / len(names),
            "load_memory": (server.memory() - memory) / len(names),
        }
        rows = [idle]
        hosts = Path(folder.name) / "hosts.json"
        hosts.write_text(json.dumps(inventory(server, names, asked.users)))
        for run in RUNS:
            cpu, started = server.cpu(), time.perf_counter()
            with Somebody(server, other) as somebody:
                controller = play(hosts, forks, names, run)
            seconds = time.perf_counter() - started
            rows.append(
                {
                    "run": run,
                    "load": os.getloadavg()[0],
                    **somebody.noticed(),
                    "seconds": seconds,
                    "per_minute": 60 * len(names) / seconds,
                    "controller_cpu": controller / len(names),
                    "odoo_cpu": (server.cpu() - cpu) / len(names),
                    "memory": server.memory(),
                    "connections": server.connections(),
                }
            )
    return [{"series": series, "forks": forks, **row} for row in rows]


def middle(rows, what, form="{:.0f}"):
    """The median of a figure over the rounds, and its spread where there are several."""
    figures = [row[what] for row in rows]
    text = form.format(statistics.median(figures))
    return text if len(figures) == 1 else f"{text} ({form.format(min(figures))} to {form.format(max(figures))})"


def table(rows):
    heads = ("forks", "run", "databases a minute", "ratio", "wait ms: median", "of 20, 19", "worst", "CPU s: Ansible", "Odoo")
    yield from (f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}")
    kinds = dict.fromkeys((row["series"], row["forks"], row["run"]) for row in rows)
    single = {}
    for series, forks, run in sorted(kinds, key=lambda kind: (int(kind[0]), kind[2] != "nothing going on", kind[1])):
        alike = [row for row in rows if (row["series"], row["forks"], row["run"]) == (series, forks, run)]
        waits = [middle(alike, what) for what in ("median", "p95", "worst")]
        if run == "nothing going on":
            cells = [f"Odoo {series}, {forks}", run, "", "", *waits, "", ""]
        else:
            speed = statistics.median(row["per_minute"] for row in alike)
            ratio = speed / single.setdefault((series, run), speed)
            cells = [f"Odoo {series}, {forks}", run, middle(alike, "per_minute", "{:.1f}"), f"{ratio:.2f}", *waits]
            cells += [middle(alike, "controller_cpu", "{:.1f}"), middle(alike, "odoo_cpu", "{:.1f}")]
        yield f"| {' | '.join(cells)} |"
    for series in dict.fromkeys(row["series"] for row in rows):
        loads = [row for row in rows if row["series"] == series and "load_cpu" in row]
        runs = [row for row in rows if row["series"] == series and "memory" in row]
        yield (
            f"\nOdoo {series}: to load a database costs a worker {middle(loads, 'load_cpu', '{:.2f}')} s of CPU and "
            f"{middle(loads, 'load_memory', '{:.1f}')} MiB; the largest worker had {middle(runs, 'memory')} MiB, and there "
            f"were {middle(runs, 'connections')} connections to PostgreSQL."
        )


def arguments():
    told = os.environ
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", nargs="+", default=told.get("ODOO", "").split(), help="by default all (ODOO)")
    parser.add_argument("--databases", type=int, default=told.get("DATABASES", "50"))
    parser.add_argument("--users", type=int, default=told.get("USERS", "10"), help="in each database")
    parser.add_argument("--forks", type=int, nargs="+", default=[int(n) for n in told.get("FORKS", "1 5 20").split()])
    parser.add_argument("--rounds", type=int, default=told.get("ROUNDS", "3"))
    parser.add_argument("--workers", type=int, default=told.get("WORKERS", "2"), help="of the Odoo server")
    parser.add_argument("--connections", type=int, default=32, help="db_maxconn of each worker")
    parser.add_argument("--json", type=Path, help="a file for all figures")
    asked = parser.parse_args()
    asked.forks = sorted(asked.forks)
    return asked


def main():
    asked, lab, rows = arguments(), read_lab(), []
    # Whoever ends it early wants its server and its databases gone too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    sizes = {name: getattr(asked, name) for name in ("databases", "users", "rounds", "workers", "connections")}
    for series, number in itertools.product(asked.series or sorted(lab["odoo"], key=int), range(asked.rounds)):
        # Every other round in the other direction, so that what goes on beside it does not always meet the same one.
        for forks in asked.forks[:: -1 if number % 2 else 1]:
            busy = f"the machine's load {os.getloadavg()[0]:.1f}"
            print(f"Odoo {series}, round {number + 1} of {asked.rounds}, forks {forks}, {busy}", file=sys.stderr, flush=True)
            rows += measure(lab, series, forks, asked)
            # At once: an hour's figures are not lost with the last one.
            if asked.json:
                asked.json.write_text(json.dumps({"cores": os.cpu_count(), **sizes, "rows": rows}, indent=1) + "\n")
    print(", ".join(f"{name} {value}" for name, value in {"cores": os.cpu_count(), **sizes}.items()), end="\n\n")
    print(*table(rows), sep="\n")


if __name__ == "__main__":
    main()
