"""Many mailboxes, and an Odoo server with cron workers that fetches them."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from email.message import EmailMessage
from pathlib import Path

from maildir import Mailbox
from office import ROOT, lab_database, wait_until_up

PASSWORD = "fleet-pw"
QUICK_CRONS = ROOT / "tests" / "e2e" / "addons" / "quick_crons"
# One of core's own scheduled action, and those of the addon.
ACTIONS = "code LIKE 'model._fetch_mails(%' OR code LIKE 'model._fetch_waiting(%'"


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Fleet:
    """Mailboxes of one database, numbered."""

    def __init__(self, lab, count):
        self.lab = lab
        self.logins = [f"fleet{number}@office.example" for number in range(count)]
        self.message_ids = []
        known = json.loads((Path(lab["lab_dir"]) / "mail" / "mailboxes.json").read_text())
        new = [{"login": login, "password": PASSWORD} for login in self.logins if login not in known]
        if new:
            command = [sys.executable, ROOT / "tests" / "lab" / "mailbox.py", "add", "--json", "-"]
            subprocess.run(command, input=json.dumps(new), text=True, check=True, capture_output=True)
        self.boxes = [Mailbox(lab, login) for login in self.logins]

    def empty(self):
        for box in self.boxes:
            box.empty()
        self.message_ids = []

    def deliver(self, count=1, shared=False):
        """So many new messages to each, of one person; `shared`: each also to the next mailbox, with the same Message-Id."""
        for number, box in enumerate(self.boxes):
            for _ in range(count):
                message = EmailMessage()
                message["From"], message["To"] = "bob@customer.example", self.logins[number]
                message["Subject"] = f"Fleet {uuid.uuid4().hex}"
                message["Message-Id"] = f"<{uuid.uuid4().hex}@customer.example>"
                message.set_content("Hello\n")
                self.message_ids.append(message["Message-Id"])
                for each in (box, self.boxes[(number + 1) % len(self.boxes)]) if shared else (box,):
                    each.put(message.as_bytes())

    def unread(self, boxes=None):
        """How many messages nobody has read, in all mailboxes or in these."""
        files = (file for box in boxes or self.boxes for file in box.files())
        return sum("S" not in file.name.partition(":2,")[2] for file in files)

    def add_servers(self, office, **values):
        """An incoming server for each mailbox, on a database."""
        settings = {
            "server_type": "imap",
            "server": "imap.mydomain.com",
            "port": self.lab["ports"]["imaps"],
            "is_ssl": True,
            "password": PASSWORD,
            "state": "done",
            "object_id": office.search("ir.model", [("model", "=", "res.partner")], "id")[0]["id"],
            **values,
        }
        office.call("fetchmail.server", "create", [{**settings, "name": login, "user": login} for login in self.logins])

    def taken(self, database):
        """How often each message is in Odoo, and each of its records."""
        ids = ",".join(f"'{each}'" for each in self.message_ids)
        rows = lab_database.psql(
            f"""
            SELECT message_id, count(*), count(DISTINCT res_id) FROM mail_message
            WHERE message_id IN ({ids}) AND message_type = 'email' GROUP BY 1
            """,
            database,
        )
        found = {row.split("|")[0]: tuple(map(int, row.split("|")[1:])) for row in rows.splitlines()}
        return [found.get(each, (0, 0)) for each in self.message_ids]


class CronServer:
    """Odoo with worker processes, as in production, for one database. What it logs has the process of every line."""

    def __init__(self, lab, series, database, crons):
        self.lab, self.series, self.database = lab, series, database
        theirs = lab["odoo"][series]
        shutil.copytree(QUICK_CRONS, Path(theirs["addons"]) / QUICK_CRONS.name, dirs_exist_ok=True)
        self.port = free_port()
        self.folder = Path(theirs["data_dir"]).parent / f"crons-{os.getpid()}-{self.port}"
        self.folder.mkdir()
        text = Path(theirs["config"]).read_text()
        settings = {
            "http_port": self.port,
            "db_name": database,
            "dbfilter": f"^{database}$",
            "workers": 1,
            "max_cron_threads": crons,
            "server_wide_modules": f"base,web,{QUICK_CRONS.name}",
        }
        for option in settings:
            text = re.sub(rf"^{option} = .*\n", "", text, flags=re.MULTILINE)
        config = self.folder / "odoo.conf"
        config.write_text(text + "".join(f"{option} = {value}\n" for option, value in settings.items()))
        # None runs before it is called.
        self.sql("UPDATE ir_cron SET active = false")
        self.log = self.folder / "log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [theirs["command"], f"--config={config}"], stdout=log, stderr=log, cwd="/", start_new_session=True
            )
        self.seen_lab = {**lab, "odoo": {series: {**theirs, "port": self.port}}}

    def __enter__(self):
        wait_until_up(self.seen_lab, self.series)
        return self

    def __exit__(self, *problem):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
        shutil.rmtree(self.folder)

    def sql(self, script):
        return lab_database.psql(script, self.database)

    def actions(self):
        """The ids of the scheduled actions that fetch."""
        found = self.sql(
            f"SELECT c.id FROM ir_cron c JOIN ir_act_server a ON a.id = c.ir_actions_server_id WHERE {ACTIONS} ORDER BY 1"
        )
        return found.split()

    def call_actions(self):
        """Have them be due, and nothing else, as it would take workers."""
        ids = ",".join(self.actions())
        now = "date_trunc('second', now() AT TIME ZONE 'UTC')"
        self.sql(f"UPDATE ir_cron SET active = true, nextcall = {now} WHERE id IN ({ids})")

    def actions_are_done(self):
        ids = ",".join(self.actions())
        return not int(self.sql(f"SELECT count(*) FROM ir_cron WHERE id IN ({ids}) AND nextcall <= now() AT TIME ZONE 'UTC'"))

    def wait(self, done, patience=120):
        deadline = time.monotonic() + patience
        while not done():
            assert time.monotonic() < deadline, self.log.read_text()[-4000:]
            assert self.process.poll() is None, self.log.read_text()[-4000:]
            time.sleep(0.1)

    def workers_that_fetched(self):
        """The processes that fetched, by the number of servers that each did."""
        found = re.findall(r"^\S+ \S+ (\d+) INFO .*[Ss]tart checking for new emails on", self.log.read_text(), re.MULTILINE)
        return {int(pid): found.count(pid) for pid in found}

    def kill(self, pid):
        """As the kernel does when memory runs out."""
        assert f"PPid:\t{self.process.pid}\n" in Path(f"/proc/{pid}/status").read_text()
        os.kill(pid, signal.SIGKILL)
