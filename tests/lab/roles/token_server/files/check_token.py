#!/usr/bin/python3 -IS
"""Dovecot's password program (checkpassword) for tokens: the token server says whether one is good for a mailbox.

Not Dovecot's own passdb for OAuth: that wants the mailbox named in what it learns about a token, and Microsoft's tokens for
applications are for all mailboxes.

usage: check_token.py SOCKET REPLY...
"""

import os
import socket
import sys

GOOD, BAD, LATER = 0, 1, 111

with os.fdopen(3, "rb") as given:
    mailbox, token = given.read().split(b"\0")[:2]
with socket.socket(socket.AF_UNIX) as server:
    try:
        server.connect(sys.argv[1])
        server.sendall(mailbox + b"\0" + token + b"\n")
        said = server.recv(10)
    except OSError:
        sys.exit(LATER)
if said != b"ok":
    sys.exit(LATER if said == b"later" else BAD)
os.environ["USER"] = mailbox.decode()
os.execv(sys.argv[2], sys.argv[2:])
