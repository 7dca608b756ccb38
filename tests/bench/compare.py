#!/usr/bin/env python3
"""Postroom beside what one would use instead: mail servers, and users with mail servers, for 10 to 10,000 people.

usage: compare.py [--users "10 100 1000"] [--series 19] [--rounds 3] [--shapes "servers users"] [--json FILE]
                  [--without "odoo-configurator, load"] [--beside CHECKOUT]
       compare.py --show FILE

Needs the lab (make lab-up); `make bench` does all of it. Whole processes are timed, one at a time, each contestant on a copy
of its own of the same database, in an order that turns from round to round. What a run asks of Odoo is counted in a round of
its own, through a relay, which is not timed.

Rows: `first` (nothing is there), `again` (nothing to do), `added` (one person more), `password` (one mailbox's password is
another), `drift` (does the database have it all?). Tables go to the output, and every single run to FILE, from which they can
be shown again.
"""

import argparse
import contextlib
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "lab"))

import contestants
import database as lab_database
import environment
import odoorpc
from facts import read_lab
from keys import hashed, key_of
from proxy import proxy

ROOT = Path(__file__).resolve().parents[2]
KEY = "4c0ffee5" * 5
# Of the hash of a password: up to 15, and from 16 on.
ROUNDS = 25_000, 600_000
ROWS = ("first", "again", "added", "password", "drift")
_numbers = itertools.count(1)

# Odoo's own time: the same calls inside Odoo, with nothing around them. They are in the script, as the Odoo of the lab
# may have a root folder of its own.
INSIDE = """
import json, time
try:
    from odoo.service.model import call_kw
except ImportError:
    from odoo.api import call_kw  # before 19
taken = 0.0
for model, method, args, kwargs in json.loads({calls!r}):
    begun = time.perf_counter()
    call_kw(env[model], method, args, kwargs)
    env.cr.flush() if hasattr(env.cr, 'flush') else None
    env.cr.commit()
    taken += time.perf_counter() - begun
print('TAKEN', taken)
"""


class Bench:
    def __init__(self, lab, series, kinds):
        self.lab, self.series, self.kinds = lab, series, kinds
        self.server = {**lab["odoo"][series], "series": series, "api_key": KEY}

    @contextlib.contextmanager
    def database(self):
        """A fresh copy of the template, which Odoo has loaded, and its name."""
        name = f"test_bench_{self.series}_{os.getpid()}_{next(_numbers)}"
        lab_database.copy(self.series, "mail", name)
        # The lab's own passwords are hashed once; here a login is to cost what it costs a company.
        password = hashed(self.server["password"], ROUNDS[int(self.series) >= 16])
        lab_database.psql(f"UPDATE res_users SET password = '{password}' WHERE login = 'admin';" + key_of("admin", KEY), name)
        try:
            odoorpc.ODOO("127.0.0.1", port=self.server["port"], timeout=600).login(name, "admin", self.server["password"])
            yield name
        finally:
            lab_database.drop(self.series, name)

    def calls_of(self, shape, count, folder):
        """What Postroom's runs ask of Odoo: C({contestant: {row: counts}}), and a file of calls for each row."""
        counted = {}
        for kind in (each for each in self.kinds if each in (contestants.Postroom, contestants.ConfiguratorLoading)):
            with self.database() as name:
                for row in kind.rows:
                    asked = Asked()
                    with proxy(self.server["port"], note=asked.note) as url:
                        contestant = kind(folder, {**self.server, "url": url}, name, shape)
                        run(*contestant.command(row, people_of(row, count)), row)
                    counted.setdefault(kind.name, {})[row] = asked.counts
                    if kind is contestants.Postroom:
                        keep_calls(asked.calls, folder / f"{row}.json")
        return counted

    def odoos_own(self, shape, count, folder):
        """Seconds of each row's calls inside Odoo."""
        taken = {}
        with self.database() as name:
            for row in ROWS:
                script = INSIDE.format(calls=(folder / f"{row}.json").read_text())
                command = [self.server["command"], "shell", f"--config={self.server['config']}", "-d", name, "--no-http"]
                done = subprocess.run(
                    [*command, "--log-level=error"], input=script, capture_output=True, text=True, check=False
                )
                told = [line.rpartition("TAKEN ")[2] for line in done.stdout.splitlines() if "TAKEN " in line]
                if not told:
                    sys.exit(done.stdout[-2000:] + done.stderr[-2000:])
                taken[row] = float(told[-1])
        return taken

    def race(self, shape, count, rounds, folder):
        """Seconds and memory of each contestant's rows, round by round: C({contestant: {row: [(seconds, cpu, MiB)]}})."""
        keys = int(self.series) >= 19
        kinds = [kind for kind in self.kinds if count <= kind.most and (keys or not kind.by_key)]
        found = {}
        for number in range(rounds):
            for kind in kinds[number % len(kinds) :] + kinds[: number % len(kinds)]:
                with self.database() as name:
                    for row in kind.rows:
                        contestant = kind(folder, self.server, name, shape)
                        measured = run(*contestant.command(row, people_of(row, count)), row)
                        found.setdefault(kind.name, {}).setdefault(row, []).append(measured)
                        print(f"{count} {shape}, round {number + 1}: {kind.name}, {row}: {measured[0]:.1f} s", file=sys.stderr)
            for row, seconds in self.odoos_own(shape, count, folder).items():
                found.setdefault(ODOO, {}).setdefault(row, []).append((seconds, None, None))
        return found


class Asked:
    """What a program asks of Odoo: requests and bytes, and which methods of which models."""

    def __init__(self):
        self.counts = {"requests": 0, "sent": 0, "received": 0}
        self.calls = []

    def note(self, path, body, content):
        for count, more in (("requests", 1), ("sent", len(body)), ("received", len(content))):
            self.counts[count] += more
        asked = json.loads(body)["params"] if path == "/jsonrpc" else {}
        if asked.get("service") == "object" and len(asked["args"]) == 7:
            self.calls.append(asked["args"][3:])


ODOO = "Odoo's own time"
KINDS = [
    contestants.Postroom,
    contestants.PostroomWithKey,
    contestants.AnsibleAlone,
    contestants.ConfiguratorLoading,
    contestants.Script,
    contestants.ConfiguratorByDefault,
    contestants.AnsibleLoop,
]


OURS = (contestants.Postroom, contestants.PostroomWithKey)


def people_of(row, count):
    """Those whom a row is to bring about; each row begins where the former ended."""
    more = row in ("added", "password", "drift")
    return contestants.people(count + more, changed_password=row in ("password", "drift"))


def keep_calls(calls, file):
    """The writes among recorded calls; where there are none, the reads of records."""
    writes = [call for call in calls if call[1] in ("load", "create", "write", "unlink")]
    file.write_text(json.dumps(writes or [call for call in calls if call[1] == "search_read"]))


def run(command, folder, row):
    """Run a process; its seconds, CPU seconds, and largest memory in MiB."""
    with tempfile.TemporaryFile("w+") as output:
        begun = time.monotonic()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        settings = (each / "ansible.cfg" for each in (folder, ROOT))
        environment["ANSIBLE_CONFIG"] = str(next(each for each in settings if each.is_file()))
        process = subprocess.Popen(
            [str(part) for part in command], cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            sys.exit(f"{row}: {' '.join(map(str, command))}: {process.returncode}\n{output.read()[-3000:]}")
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", default="10 100 1000")
    parser.add_argument("--series", default="19")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shapes", default="servers users")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--without", action="append", default=[], choices=[kind.name for kind in KINDS if kind not in OURS])
    parser.add_argument("--beside", help="another checkout of Postroom, on Odoo 19 and later")
    parser.add_argument("--show", type=Path)
    return parser.parse_args()


def main():
    asked = arguments()
    if asked.show:
        print(*map(table, json.loads(asked.show.read_text())), sep="\n")
        return
    lab = read_lab()
    environment.install()
    kinds = [kind for kind in KINDS if kind.name not in asked.without]
    if asked.beside:
        kinds.insert(1, contestants.another(asked.beside))
    for series, shape in itertools.product(asked.series.split(), asked.shapes.split()):
        bench = Bench(lab, series, kinds)
        for count in map(int, asked.users.split()):
            with tempfile.TemporaryDirectory() as folder:
                counted = bench.calls_of(shape, count, Path(folder))
                found = bench.race(shape, count, asked.rounds, Path(folder))
            result = {
                "series": series,
                "shape": shape,
                "people": count,
                "rounds": asked.rounds,
                "cores": os.cpu_count(),
                "asked_of_odoo": counted,
                "measured": found,
            }
            print(table(result), flush=True)
            if asked.json:
                keep(result, asked.json)


def keep(result, file):
    """Put a result into a file of results, in the place of an earlier one of the same."""

    def what(each):
        return each["series"], each["shape"], each["people"]

    others = json.loads(file.read_text()) if file.is_file() else []
    results = [each for each in others if what(each) != what(result)] + [result]
    file.write_text(json.dumps(sorted(results, key=what), indent=1))


TITLE = "Odoo {series}, {people} people, {shape}: seconds, median (least to most), rounds: {rounds}, and the ratio to {first}"


def table(result):
    """A result in Markdown: median seconds with the spread, and the ratio to Postroom, by key if available."""
    first = next(name for name in (contestants.PostroomWithKey.name, contestants.Postroom.name) if name in result["measured"])
    own = {row: statistics.median(each[0] for each in runs) for row, runs in result["measured"][first].items()}
    lines = [
        "",
        TITLE.format(**result, first=first),
        "",
        "| | " + " | ".join(ROWS) + " | memory |",
        "| --- |" + " --- |" * (len(ROWS) + 1),
    ]
    for name, rows in result["measured"].items():
        cells = []
        for row in ROWS:
            seconds = [each[0] for each in rows.get(row, ())]
            middle = statistics.median(seconds) if seconds else 0
            spread = f" ({min(seconds):.2f}-{max(seconds):.2f})" if len(seconds) > 1 else ""
            ratio = f", x {middle / own[row]:.2f}" if seconds and name != first else ""
            cells.append(f"{middle:.2f}{spread}{ratio}" if seconds else "-")
        memory = [each[2] for runs in rows.values() for each in runs if each[2]]
        cells.append(f"{max(memory):.0f} MiB" if memory else "-")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", "Requests to Odoo, bytes sent, bytes received", "", "| | " + " | ".join(ROWS) + " |"]
    lines.append("| --- |" + " --- |" * len(ROWS))
    for name, rows in result["asked_of_odoo"].items():
        cells = [
            f"{rows[row]['requests']}, {rows[row]['sent']:,}, {rows[row]['received']:,}" if row in rows else "-" for row in ROWS
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
