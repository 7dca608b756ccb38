#!/usr/bin/env python3
"""Run targets of the Makefile as a newcomer does: in a clone, on a Debian 12 that has git, make and ca-certificates only.

usage: check.py [--closed] [--keep] TARGET...

Each target starts from a machine of its own, made anew, which afterwards must start no service with itself that it did not
before. Prints what each took; with POSTROOM_WRITE_DOCS=1, docs/bare-machine.md has it too. --closed is a container that
may not mount, used under a umask that shuts everybody else out. --keep leaves the last machine in .cache/bare.
"""

import argparse
import datetime
import os
import re
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "gates"))

from artefact import ROOT
from machine import BASES, PACKAGES, Machine

# Closed to everybody but root, as a newcomer's home is.
HOME, CLONE = "/root", "postroom"
# Debian's own, which Chromium depends on.
OF_DEBIAN = {"dbus", "dbus.service", "getty@tty1.service", "remote-fs.target", "systemd-pstore.service"}
PAGE = ROOT / "docs" / "bare-machine.md"
ROWS = re.compile(r"^\| `make ([^`]+)`.*$", re.MULTILINE)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--closed", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("targets", nargs="+")
    asked = parser.parse_args()
    results = [attempt(target, asked.closed, asked.keep) for target in asked.targets]
    print(*(row(**result) for result in results), sep="\n")
    if failed := [result["target"] for result in results if result["code"]]:
        sys.exit(f"failed on a bare machine: {', '.join(failed)}")
    if os.environ.get("POSTROOM_WRITE_DOCS"):
        write_page(results)


def attempt(target, closed, keep):
    machine = Machine.new(f"machine-{os.environ.get('LAB_PORT_OFFSET', '0')}")
    umask, without = (0o077, ["sys_admin"]) if closed else (0o022, [])
    machine.clone(ROOT, f"{HOME}/{CLONE}", umask)
    commit = subprocess.check_output(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, text=True).strip()
    space, packages, services = machine.used(), machine.packages(), machine.starts_by_itself()
    name = f"{target}, closed" if closed else target
    log = BASES / f"{target}{'-closed' if closed else ''}.log"
    script = f"umask {umask:03o}; cd {HOME}/{CLONE} && make {target}"
    started = time.monotonic()
    with log.open("w") as output:
        done = machine.run(script, check=False, without=without, stdout=output, stderr=subprocess.STDOUT)
    seconds = time.monotonic() - started
    print(f"make {name}: exit code {done.returncode}; its output is in {log}", flush=True)
    if left := sorted(machine.starts_by_itself() - services - OF_DEBIAN):
        sys.exit(f"after make {name}, these start with the machine: {', '.join(left)}")
    result = {
        "target": name,
        "commit": commit,
        "code": done.returncode,
        "seconds": round(seconds),
        "megabytes": machine.used() - space,
        "packages": len(machine.packages() - packages),
    }
    if not keep:
        machine.remove()
    return result


def row(target, commit, code, seconds, megabytes, packages):
    took = f"{seconds // 60} min {seconds % 60:02d} s"
    verdict = f"failed ({code})" if code else "passed"
    day = datetime.datetime.now(tz=datetime.UTC).date()
    load = os.getloadavg()[2]
    return (
        f"| `make {target}` | {verdict} | {took} | {megabytes} MB | {packages} | {day}, {commit},"
        f" {os.cpu_count()} cores, load {load:.1f} |"
    )


def write_page(results):
    """Put the rows into the page, in place of those of the same targets."""
    rows = {match[1]: match[0] for match in ROWS.finditer(PAGE.read_text())} if PAGE.exists() else {}
    rows |= {result["target"]: row(**result) for result in results}
    head = f"""# On a bare machine

`make bare-check` creates a Debian 12 in a folder (debootstrap's minbase and {", ".join(PACKAGES)}; no systemd), clones this
repository into root's home, and runs a newcomer's commands there, each on a new machine. The table shows the last run of each
command. "Load" is the load average of the whole machine over the last 15 minutes, which includes the run itself. "Closed" is a
container that may not mount (without CAP_SYS_ADMIN), used with umask 077. The check fails if a run adds a service that starts
with the machine.

| command | | time | disk | Debian packages | run |
|---|---|---|---|---|---|
"""
    PAGE.write_text(head + "\n".join(rows.values()) + "\n")


if __name__ == "__main__":
    main()
