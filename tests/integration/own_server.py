"""An Odoo server of a test's own: the lab's program and databases, on another port, with addons and settings of its own."""

import itertools
import os
import re
import shutil
import socket
import sys
from pathlib import Path

from probe import wait
from service import Service
from support import ROOT

_numbers = itertools.count(1)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class OwnServer:
    """An Odoo server of one series. It is started by start().

    :param purpose: the first part of its service's name.
    :param settings: the lines of odoo.conf that differ from the lab's, by their option.
    :param appendix: what comes after them.
    """

    def __init__(self, lab, series, purpose, appendix="", **settings):
        theirs = lab["odoo"][series]
        self.series = series
        self.name = f"{purpose}-{series}-{os.getpid()}-{next(_numbers)}"
        # Odoo 14 sees nothing but the lab's folder.
        self.home = Path(theirs["data_dir"]).parent / self.name
        self.home.mkdir()
        self.config, self.addons = self.home / "odoo.conf", self.home / "addons"
        self.port = free_port()
        # A folder of its own for data, as Odoo looks for addons there too; the databases' files are the lab's.
        data = self.home / "data"
        data.mkdir()
        shutil.chown(data, lab["user"]["uid"], lab["user"]["gid"])
        (data / "filestore").symlink_to(Path(theirs["data_dir"]) / "filestore")
        text = Path(theirs["config"]).read_text()
        lines = {"http_port": f"http_port = {self.port}", "data_dir": f"data_dir = {data}", **settings}
        for option, line in lines.items():
            text, count = re.subn(rf"^{option} = .*$", line, text, flags=re.MULTILINE)
            assert count == 1
        self.config.write_text(text + appendix)
        self.config.chmod(0o640)
        shutil.chown(self.config, lab["user"]["uid"], lab["user"]["gid"])
        self.url = f"http://127.0.0.1:{self.port}"
        self.lab = {**lab, "odoo": {series: {**theirs, "url": self.url, "port": self.port}}}
        run = Path(lab["lab_dir"]) / "services" / self.name / "run"
        run.parent.mkdir()
        run.write_text(f"#!/bin/sh\nexec {theirs['command']} --config={self.config}\n")
        run.chmod(0o755)
        self.service = Service(Path(lab["lab_dir"]), self.name)
        self.restart_command = f"LAB_DIR={lab['lab_dir']} exec {sys.executable} {ROOT}/tests/lab/service.py restart {self.name}"

    def start(self):
        self.service.start()
        wait("odoo", self.url, self.series, log=self.service.log)

    def remove(self):
        self.service.stop()
        self.service.log.unlink(missing_ok=True)
        shutil.rmtree(self.service.folder)
        shutil.rmtree(self.home)
