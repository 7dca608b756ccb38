#!/usr/bin/env python3
"""How long Odoo's cron workers take to fetch many mailboxes: core's own way, and with several of the addon's fetchers.

usage: fetching.py [--series 14 19] [--mailboxes 1000] [--messages 1] [--fetchers 1 2 4] [--rounds 3] [--delay 0]
                   [--patience 600] [--json FILE]

Needs the lab (make lab-up ODOO="14 19"). Every way gets its own Odoo with one cron worker more than fetchers, and new
mail in every mailbox; all ways take turns in every round. --delay puts the mail server so many milliseconds away (both
directions together), as the lab's own is on the same machine. Prints a table of medians; FILE gets every single run.
What is not fetched when --patience (seconds) is over is counted as missing.
"""

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import sys
import threading
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / folder) for folder in ("e2e", "lab")]

from facts import read_lab
from fleet import CronServer, Fleet, free_port
from office import Office, deploy, lab_database, make_template

HEAD = "| | seconds | from, to | messages a second | as fast as core | missing | twice |"
FETCHERS = "smtp_server_per_user.fetchers"


class FarAway:
    """A port by which another port of this machine is so many milliseconds away."""

    def __init__(self, port, milliseconds):
        self.far, self.port, self.one_way = port, free_port(), milliseconds / 2000
        self.loop = asyncio.new_event_loop()
        self.loop.run_until_complete(asyncio.start_server(self.accept, "127.0.0.1", self.port))
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    async def accept(self, reader, writer):
        # Making the connection takes a round trip as well.
        await asyncio.sleep(2 * self.one_way)
        there, back = await asyncio.open_connection("127.0.0.1", self.far)
        await asyncio.gather(self.carry(reader, back), self.carry(there, writer))

    async def carry(self, reader, writer):
        queue = asyncio.Queue()
        handing = self.loop.create_task(self.hand_over(queue, writer))
        data = True
        while data:
            try:
                data = await reader.read(65536)
            except OSError:
                data = b""
            queue.put_nowait((self.loop.time() + self.one_way, data))
        await handing

    async def hand_over(self, queue, writer):
        data = True
        while data:
            due, data = await queue.get()
            await asyncio.sleep(max(due - self.loop.time(), 0))
            writer.write(data)
        writer.close()


def run(server, fleet, asked):
    """One round: new mail everywhere, the scheduled actions are called, and then it is waited for."""
    fleet.empty()
    # Workers load the database with their first job.
    server.sql("UPDATE fetchmail_server SET active = false WHERE name LIKE 'fleet%'")
    for _ in range(3):
        server.call_actions()
        server.wait(server.actions_are_done)
    server.sql("UPDATE fetchmail_server SET active = true, date = NULL WHERE name LIKE 'fleet%'")
    fleet.deliver(asked.messages)
    load, start = os.getloadavg()[0], time.perf_counter()
    server.call_actions()
    # Not when the actions are done: a round that takes longer than their interval is followed by the next one.
    with contextlib.suppress(AssertionError):
        server.wait(lambda: time.sleep(0.5) or (0, 0) not in fleet.taken(server.database), patience=asked.patience)
    seconds = time.perf_counter() - start
    taken = [count for count, _records in fleet.taken(server.database)]
    return {
        "seconds": round(seconds, 2),
        "missing": taken.count(0),
        "twice": sum(count > 1 for count in taken),
        "workers": len(server.workers_that_fetched()),
        "load": round(load, 1),
    }


def measure(lab, series, fleet, asked, port):
    """Every way's runs, side by side."""
    deploy(lab, series)
    template = make_template(lab, series)[0]
    ways = {"core": 0, **{f"{count} fetcher{'s' * (count > 1)}": count for count in asked.fetchers}}
    offices, found = {}, {way: [] for way in ways}
    try:
        for way, count in ways.items():
            office = offices[way] = Office(lab, series, template if count else None)
            office.call("fetchmail.server", "write", list(office.fetching.values()), {"active": False})
            fleet.add_servers(office, server="127.0.0.1" if asked.delay else "imap.mydomain.com", port=port)
            if count:
                office.call("ir.config_parameter", "set_param", FETCHERS, str(count))
        for _ in range(asked.rounds):
            for way, count in ways.items():
                with CronServer(lab, series, offices[way].name, crons=max(count, 1) + 1) as server:
                    found[way].append({"series": series, "way": way, **run(server, fleet, asked)})
                print(found[way][-1], file=sys.stderr, flush=True)
    finally:
        for office in offices.values():
            office.drop()
        lab_database.drop(series, template)
    return found


def print_table(series, found, total):
    speeds = {}
    for way, results in found.items():
        seconds = [each["seconds"] for each in results]
        missing, twice = (max(each[kind] for each in results) for kind in ("missing", "twice"))
        speeds[way] = statistics.median((total - each["missing"]) / each["seconds"] for each in results)
        print(
            f"| {series}: {way} | {statistics.median(seconds):.1f} | {min(seconds):.1f}, {max(seconds):.1f} "
            f"| {speeds[way]:.1f} | {speeds[way] / speeds['core']:.2f} | {missing} | {twice} |",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", nargs="+")
    parser.add_argument("--mailboxes", type=int, default=1000)
    parser.add_argument("--messages", type=int, default=1)
    parser.add_argument("--fetchers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay", type=float, default=0, help="milliseconds")
    parser.add_argument("--patience", type=float, default=600, help="seconds")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    lab = read_lab()
    fleet, runs = Fleet(lab, asked.mailboxes), []
    print(
        f"{asked.mailboxes} mailboxes with {asked.messages} new each, {asked.delay:g} ms away, "
        f"{os.cpu_count()} cores, {asked.rounds} rounds\n\n{HEAD}\n{'| --- ' * HEAD.count(' |')}|"
    )
    imaps = lab["ports"]["imaps"]
    port = FarAway(imaps, asked.delay).port if asked.delay else imaps
    for series in asked.series or sorted(lab["odoo"], key=int):
        found = measure(lab, series, fleet, asked, port)
        print_table(series, found, asked.mailboxes * asked.messages)
        runs += [each for results in found.values() for each in results]
    fleet.empty()
    if asked.json:
        asked.json.write_text(json.dumps({**vars(asked), "json": None, "cores": os.cpu_count(), "runs": runs}, indent=2) + "\n")


if __name__ == "__main__":
    main()
