#!/usr/bin/env python3
"""Start and stop the lab's daemons, with or without systemd as process 1.

usage: service.py start NAME... | stop [NAME...] | restart NAME... | status

A service is a folder services/NAME in the lab with an executable `run`, which must become the daemon in the foreground
(exec), a file `reads` that names the files it reads at its start, and perhaps a file `stop-signal` (TERM
without it). What it prints goes to log/NAME.log. `start` restarts what runs with an older state of those files.

Only processes that were started here are ever signalled: the pid file holds the start time and the boot too, so that a
number the system has given to somebody else since does not match.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from folder import lab_dir

PATIENCE = 30  # seconds that a daemon gets to stop by itself


def identity(pid):
    """What tells this process from any other that ever had or will have its number; None when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The command's name, in brackets, may hold anything; state and start time are counted from behind it.
    fields = stat.rpartition(")")[2].split()
    state, started = fields[0], fields[19]
    if state in "ZX":
        return None
    return f"{pid} {started} {Path('/proc/sys/kernel/random/boot_id').read_text().strip()}"


class Service:
    def __init__(self, folder, name):
        self.name = name
        self.folder = folder / "services" / name
        self.log = folder / "log" / f"{name}.log"
        self.pid_file = self.folder / "pid"
        if not (self.folder / "run").exists():
            sys.exit(f"no service {name} in {folder}")

    @property
    def pid(self):
        """The process number while the daemon runs, else None."""
        try:
            noted = self.pid_file.read_text().strip()
        except OSError:
            return None
        pid = int(noted.split()[0])
        return pid if identity(pid) == noted else None

    @property
    def outdated(self):
        """Whether a file that the daemon has read was written since."""
        reads = self.folder / "reads"
        files = [self.folder / "run", *map(Path, reads.read_text().split() if reads.exists() else ())]
        started = self.pid_file.stat().st_mtime
        return any(file.stat().st_mtime > started for file in files if file.exists())

    def start(self):
        if self.pid and not self.outdated:
            return "running"
        if self.pid:
            return self.restart()
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [self.folder / "run"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                start_new_session=True,
            )
        self.pid_file.write_text(f"{identity(process.pid) or 'none'}\n")
        # What cannot start at all ends at once; whether it answers is for the caller to find out.
        time.sleep(0.2)
        if process.poll() is not None:
            self.pid_file.unlink()
            sys.exit(f"{self.name} ended at once with status {process.returncode}: read {self.log}")
        return "started"

    def stop(self):
        pid = self.pid
        if not pid:
            return "stopped already"
        wanted = self.folder / "stop-signal"
        name = wanted.read_text().strip() if wanted.exists() else "TERM"
        os.kill(pid, signal.Signals[f"SIG{name}"])
        deadline = time.monotonic() + PATIENCE
        while self.pid and time.monotonic() < deadline:
            time.sleep(0.05)
        if self.pid:
            os.killpg(pid, signal.SIGKILL)
            time.sleep(0.2)
        self.pid_file.unlink(missing_ok=True)
        return "stopped"

    def restart(self):
        self.stop()
        self.start()
        return "restarted"

    def status(self):
        return f"running {self.pid}" if self.pid else "not running"


def services(folder):
    """All of the lab's services, the one started last first: the order to stop them in."""
    found = [Service(folder, run.parent.name) for run in folder.glob("services/*/run")]
    return sorted(found, key=lambda s: s.pid_file.stat().st_mtime if s.pid_file.exists() else 0, reverse=True)


def running(folder):
    return [service.name for service in services(folder) if service.pid]


def main():
    action, names = (sys.argv[1:2] or [""])[0], sys.argv[2:]
    if action not in ("start", "stop", "restart", "status") or (action in ("start", "restart") and not names):
        sys.exit(__doc__)
    folder = lab_dir()
    for service in [Service(folder, name) for name in names] or services(folder):
        print(f"{service.name}: {getattr(service, action)()}", flush=True)


if __name__ == "__main__":
    main()
