"""What is in the mailboxes of the lab, seen in the files themselves."""

import email
import os
import shutil
import time
import uuid
from pathlib import Path


class Mailbox:
    def __init__(self, lab, login):
        local, _, domain = login.partition("@")
        self.folder = Path(lab["mail"]["maildirs"]) / domain / local / "Maildir"
        self.owner = lab["user"]["uid"], lab["user"]["gid"]

    def put(self, content, folder=None):
        """Put a message into it as it is: a mail server would change what is wrong with it.

        :param folder: name of an IMAP folder as it is on disk; INBOX by default
        """
        place = self.folder / f".{folder}" if folder else self.folder
        for each in (self.folder.parent, self.folder, place, *(place / name for name in ("cur", "new", "tmp"))):
            if not each.exists():
                each.mkdir(parents=True)
                os.chown(each, *self.owner)
        # Named as Dovecot names them: it orders new messages by the time in the name.
        now = time.time_ns() // 1000
        file = place / "tmp" / f"{now // 10**6}.M{now % 10**6:06}P{uuid.uuid4().hex}.lab"
        file.write_bytes(content)
        os.chown(file, *self.owner)
        file.rename(place / "new" / file.name)

    def files(self):
        return [file for kind in ("new", "cur") for file in sorted((self.folder / kind).glob("*"))]

    def find(self, subject):
        """The messages with a text in the subject; the headers as they came, not as Python would write them."""
        token = subject.split()[-1].encode()
        contents = (file.read_bytes() for file in self.files())
        found = [email.message_from_bytes(content) for content in contents if token in content]
        return [message for message in found if subject in " ".join(message["Subject"].split())]

    def wait_for(self, subject, patience=10, count=1):
        deadline = time.monotonic() + patience
        while True:
            found = self.find(subject)
            if len(found) >= count or time.monotonic() > deadline:
                return found
            time.sleep(0.05)

    def snapshot(self):
        """Content and flags of every message, by its name: what has changed, has changed here."""
        return {file.name.partition(":2,")[0]: (file.name.partition(":2,")[2], file.read_bytes()) for file in self.files()}

    def unseen_by_any(self):
        """The messages that no program has even listed yet."""
        return sorted(file.name for file in (self.folder / "new").glob("*"))

    def empty(self):
        if self.folder.exists():
            shutil.rmtree(self.folder)
