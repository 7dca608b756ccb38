"""ansible-playbook for tests that look at what a run does: a fork of a process that has Ansible's code loaded already.

A run is Ansible's own, in a process of its own, with its own environment and arguments; only the half second that Python
takes to load Ansible is spent once instead of each time. POSTROOM_COLD_PLAYBOOKS=1 runs the command itself.
"""

import atexit
import contextlib
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import traceback
import warnings
from pathlib import Path

from support import ROOT, plain_ansible

COMMAND = Path(sys.executable).with_name("ansible-playbook")
ENTRY = "ansible.cli.playbook"
# What every run loads, and what takes longest. With ansible.builtin comes the list of all plugins that have ever moved.
LOADED = (
    "ansible.executor.playbook_executor",
    "ansible.executor.task_executor",
    "ansible.parsing.vault",
    "odoorpc",
    "ansible_collections.ansible.builtin",
    "ansible_collections.postroom.odoo.plugins.action.check_variables",
)
_loaded = {}


def run_playbook(*arguments, **environment):
    """Run ansible-playbook in the repository's root, as plain_ansible() has it.

    :param environment: variables besides
    :returns: a CompletedProcess with the exit code, and stdout and stderr as text
    """
    arguments = [str(each) for each in arguments]
    environment = plain_ansible(**environment)
    if os.environ.get("POSTROOM_COLD_PLAYBOOKS"):
        return subprocess.run(
            [COMMAND, *arguments],
            check=False,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
    # Ansible reads these when it is loaded, and not again.
    settings = tuple(sorted(item for item in environment.items() if item[0].startswith("ANSIBLE_") or item[0] == "COLUMNS"))
    if settings not in _loaded:
        _loaded[settings] = _Loaded(environment)
    return _loaded[settings].run(arguments, environment)


class _Loaded:
    """A process with Ansible loaded, which forks for each run."""

    def __init__(self, environment):
        self.here, there = socket.socketpair()
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(there.fileno())],
            cwd=ROOT,
            env=environment,
            pass_fds=[there.fileno()],
            stdin=subprocess.DEVNULL,
        )
        there.close()
        self.answers = self.here.makefile()
        atexit.register(self.end)

    def end(self):
        self.here.close()
        self.answers.close()
        self.process.wait()

    def run(self, arguments, environment):
        outputs = [os.memfd_create(name) for name in ("stdout", "stderr")]
        request = json.dumps({"arguments": arguments, "environment": environment}).encode()
        socket.send_fds(self.here, [len(request).to_bytes(8, "big")], outputs)
        self.here.sendall(request)
        code = int(self.answers.readline())
        texts = []
        for output in outputs:
            with os.fdopen(output, "rb") as file:
                file.seek(0)
                texts.append(file.read().decode())
        return subprocess.CompletedProcess([str(COMMAND), *arguments], code, *texts)


def serve(connection):
    """Fork for each request until the other side hangs up."""
    main = importlib.import_module(ENTRY).main
    loader = importlib.import_module("ansible.plugins.loader")
    loader.init_plugin_loader()
    # Each run does so again, and finds that it is done.
    warnings.filterwarnings("ignore", "AnsibleCollectionFinder has already been configured")
    for each in LOADED:
        # Some tests have no collection, or have it elsewhere.
        with contextlib.suppress(ImportError):
            importlib.import_module(each)
    for each in importlib.import_module("ansible.constants").INVENTORY_ENABLED:
        loader.inventory_loader.get(each)
    while True:
        head, outputs, _flags, _address = socket.recv_fds(connection, 8, 2)
        if not head:
            return
        request = b""
        while len(request) < int.from_bytes(head, "big"):
            request += connection.recv(1 << 20)
        child = os.fork()
        if not child:
            connection.close()
            become(main, json.loads(request), outputs)
        for each in outputs:
            os.close(each)
        connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def become(main, request, outputs):
    """Be ansible-playbook, in a process that ends with it."""
    code = 250
    try:
        for target, output in zip((1, 2), outputs, strict=True):
            os.dup2(output, target)
            os.close(output)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.clear()
        os.environ.update(request["environment"])
        sys.argv = [str(COMMAND), *request["arguments"]]
        main()
        code = 0
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 0 if ending.code is None else 1
    except Exception:  # noqa: BLE001, as the interpreter does at the end of a process
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
