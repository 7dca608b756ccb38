"""What the mail server noted: who logged in, who sent what, what it refused."""

import re
import time
from pathlib import Path

LINE = re.compile(r"lab(?:/[\w-]+)?/(?P<daemon>[\w-]+)\[\d+\]: (?P<text>.*)")
SESSION = re.compile(r"(?P<queue>[0-9A-F]{6,}): client=.*sasl_username=(?P<login>\S+)")
MESSAGE = re.compile(r"(?P<queue>[0-9A-F]{6,}): message-id=(?P<id><.*>)")
# Molecule's scenarios run beside these tests, with mailboxes that are named for the series.
OF_A_SCENARIO = re.compile(r"\b(?!fleet)[a-z]+(14|19)@mydomain\.com")
REFUSED = re.compile(r"(reject|milter-reject): .*?(?P<code>55\d).*")


class Postfix:
    """The log from now on."""

    def __init__(self, lab):
        self.log = Path(lab["mail"]["logs"]["postfix"])
        self.start = self.log.stat().st_size

    def lines(self):
        with self.log.open("rb") as log:
            log.seek(self.start)
            lines = log.read().decode(errors="replace").splitlines()
        return [line for line in lines if not OF_A_SCENARIO.search(line)]

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
        return [found["login"] for line in self.lines() if (found := SESSION.search(line))]

    def refusals(self):
        return [line for line in self.lines() if REFUSED.search(line)]

    def connections(self, daemon):
        """Connections to one of the submission ports that ended, with what was said in each.

        :param daemon: the name that the port's daemon has in the log: submission, at-data or smtps
        """
        return [line for line in self.lines() if re.search(rf"lab/{daemon}/smtpd.*: disconnect from", line)]
