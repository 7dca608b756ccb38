#!/usr/bin/env python3
"""Add mailboxes to the running mail system, or change a password or a send-as list.

usage: mailbox.py add LOGIN PASSWORD [SEND_AS...] | mailbox.py add --json FILE|- | mailbox.py list

SEND_AS are addresses the login may send as besides its own; `@domain` is all of a domain. Without a password ('') only a token
opens the mailbox. Prints what changed, nothing when all was so. Nothing is restarted: Dovecot rereads its users at most once a
second, which is waited for, Postfix its tables for the next connection, and a connection that is open keeps the old ones.
"""

import base64
import fcntl
import json
import subprocess
import sys
import time
from pathlib import Path

from folder import lab_dir

# Seconds after which Dovecot rereads its users at the next login.
REREAD = 1.1


class Mailboxes:
    def __init__(self, folder):
        self.folder = folder
        self.state = folder / "mailboxes.json"
        self.known = json.loads(self.state.read_text()) if self.state.exists() else {}

    def add(self, login, password, send_as=()):
        """Note a mailbox. Returns whether that changes anything."""
        wanted = {"password": password, "send_as": sorted(address.lower() for address in send_as)}
        login = login.lower()
        if self.known.get(login) == wanted:
            return False
        self.known[login] = wanted
        return True

    def write(self):
        """Write what Dovecot, Postfix and the milter read."""
        senders = {login: {login} for login in self.known}
        for login, mailbox in self.known.items():
            for address in mailbox["send_as"]:
                senders.setdefault(address, set()).add(login)
        # Without an alias to itself a mailbox would lose its mail to the domain's catch-all.
        aliases = {login: login for login in self.known}
        # A domain's catchall takes what has no mailbox there.
        aliases |= {login.removeprefix("catchall"): login for login in self.known if login.startswith("catchall@")}

        # Encoded, as a password may have the colon that ends it there. No password is that of `*`.
        encoded = {login: base64.b64encode(mailbox["password"].encode()).decode() for login, mailbox in self.known.items()}
        passwords = (
            f"{login}:{'{PLAIN.b64}' + password if password else '{CRYPT}*'}::::::" for login, password in encoded.items()
        )
        self._replace(self.folder / "passwd", "\n".join(passwords) + "\n")
        self._table("mailboxes", dict.fromkeys(self.known, "here"))
        self._table("aliases", aliases)
        self._table("senders", {address: ",".join(sorted(logins)) for address, logins in senders.items()})
        self._replace(self.state, json.dumps(self.known, indent=2) + "\n")

    def _table(self, name, entries):
        path = self.folder / "postfix" / name
        self._replace(path, "".join(f"{key} {value}\n" for key, value in entries.items()))
        subprocess.run(["/usr/sbin/postmap", "-c", self.folder / "postfix", f"hash:{path}"], check=True)

    @staticmethod
    def _replace(path, text):
        """In one step, so that no daemon ever reads half a file."""
        new = path.with_name(path.name + ".new")
        new.write_text(text)
        new.chmod(0o644)
        new.rename(path)


def main():
    folder = lab_dir() / "mail"
    with (folder / "mailboxes.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        mailboxes = Mailboxes(folder)
        match sys.argv[1:]:
            case ["list"]:
                for login, mailbox in mailboxes.known.items():
                    print(login, mailbox["password"], *mailbox["send_as"], sep="\t")
                return
            case ["add", "--json", source]:
                wanted = json.loads(sys.stdin.read() if source == "-" else Path(source).read_text())
            case ["add", login, password, *send_as]:
                wanted = [{"login": login, "password": password, "send_as": send_as}]
            case _:
                sys.exit(__doc__)
        changed = [mailbox["login"] for mailbox in wanted if mailboxes.add(**mailbox)]
        if changed:
            mailboxes.write()
            # Whoever comes next finds them: a login in between is refused, as if there were no such mailbox.
            time.sleep(REREAD)
            print("\n".join(changed))


if __name__ == "__main__":
    main()
