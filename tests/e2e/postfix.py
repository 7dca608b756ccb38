"""What the mail server noted: who logged in, who sent what, what it refused."""

import re
import time
from pathlib import Path

LINE = re.compile(r"lab(?:/[\w-]+)?/(?P<daemon>[\w-]+)\[\d+\]: (?P<text>.*)")
OWN_PORT = "lab/e2e-"
QUEUE = re.compile(r"\]: ([0-9A-F]{6,}): ")
SESSION = re.compile(r"(?P<queue>[0-9A-F]{6,}): client=.*sasl_username=(?P<login>\S+)")
MESSAGE = re.compile(r"(?P<queue>[0-9A-F]{6,}): message-id=(?P<id><.*>)")
REFUSED = re.compile(r"(reject|milter-reject): .*?(?P<code>55\d).*")


class Postfix:
    """The log from now on."""

    def __init__(self, lab):
        self.log = Path(lab["mail"]["logs"]["postfix"])
        self.start = self.log.stat().st_size

    def lines(self):
        with self.log.open("rb") as log:
            log.seek(self.start)
            return log.read().decode(errors="replace").splitlines()

    def handed_in(self):
        """What was noted of the mail at the ports where nothing but these tests hands in any (conftest.lab)."""
        lines = self.lines()
        queues = {found["queue"] for line in lines if OWN_PORT in line and (found := SESSION.search(line))}
        # The parts of Postfix that come after the port's daemon name the mail, and not the port.
        return [line for line in lines if OWN_PORT in line or ((found := QUEUE.search(line)) and found[1] in queues)]

    def restart(self):
        self.start = self.log.stat().st_size

    def handing_in(self, message_id):
        """Under which name the server took a message from somebody who was logged in, and the login; None if nobody was."""
        deadline = time.monotonic() + 3
        while True:
            queued = {found["queue"] for line in self.lines() if (found := MESSAGE.search(line)) and found["id"] == message_id}
            taken = [found.group("queue", "login") for line in self.lines() if (found := SESSION.search(line))]
            taken = [(queue, login) for queue, login in taken if queue in queued]
            if taken or time.monotonic() > deadline:
                return taken[0] if taken else None
            time.sleep(0.05)

    def login_of(self, message_id):
        """Who was logged in to send a message; None if nobody was."""
        taken = self.handing_in(message_id)
        return taken and taken[1]

    def logins(self):
        """The login of each message that was taken."""
        return [found["login"] for line in self.handed_in() if (found := SESSION.search(line))]

    def refusals(self):
        return [line for line in self.handed_in() if REFUSED.search(line)]

    def connections(self, daemon):
        """Connections to one of the submission ports that ended, with what was said in each.

        :param daemon: the name that the port's daemon has in the log after C(e2e-): submission or at-data
        """
        return [line for line in self.handed_in() if re.search(rf"lab/e2e-{daemon}/smtpd.*: disconnect from", line)]
