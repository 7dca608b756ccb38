#!/usr/bin/env python3
"""Run parts of `make test` in lanes: those of a lane one after the other, the lanes side by side.

usage: run.py PART[,PART…] [PART[,PART…] …]

A part is a target of the Makefile. What it prints goes to .cache/logs/PART.log; here it gets a line, with the closing
lines of its pytest runs, or all that it printed if it failed. Every part runs, whatever became of the ones before it.
"""

import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from artefact import CACHE, ROOT

LOGS = CACHE / "logs"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
PYTEST_CLOSING = re.compile(r"^(=+ )?\d+ (passed|failed|skipped|error).* in [\d.]+s.*$", re.MULTILINE)
printing = Lock()


def main():
    LOGS.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    lanes = [lane.split(",") for lane in sys.argv[1:]]
    with ThreadPoolExecutor(len(lanes)) as pool:
        verdicts = [verdict for lane in pool.map(run_lane, lanes) for verdict in lane]
    say(
        f"All of it took {minutes(time.monotonic() - started)}.",
        f"Parts: {verdicts.count(True)} passed, {verdicts.count(False)} failed",
    )
    sys.exit(0 if all(verdicts) else 1)


def run_lane(parts):
    return [run_part(part) for part in parts]


def run_part(part):
    """Run one part; tell whether it passed."""
    say(f"{part:<12} …")
    log = LOGS / f"{part}.log"
    started = time.monotonic()
    with log.open("w") as output:
        command = ["make", "--no-print-directory", "--keep-going", part]
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False)
    printed = COLOUR.sub("", log.read_text(errors="replace"))
    verdict = f"{part:<12} {'failed' if done.returncode else 'ok':<6} {minutes(time.monotonic() - started)}"
    if done.returncode:
        say(f"──── {verdict} ────", printed.rstrip(), f"──── {part}: exit code {done.returncode} ────")
    else:
        say(verdict, *(match[0] for match in PYTEST_CLOSING.finditer(printed)))
    return done.returncode == 0


def minutes(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def say(*lines):
    with printing:
        print(*lines, sep="\n", flush=True)


if __name__ == "__main__":
    main()
