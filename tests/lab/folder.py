#!/usr/bin/env python3
"""Where this checkout's lab lives.

usage: folder.py      prints the path

The lab is `.lab` in the checkout, or what LAB_DIR names. Postfix, PostgreSQL, Dovecot and Odoo run as users of their
own, who must be able to reach it, and they listen on unix sockets, whose paths the kernel limits to 107 characters.
Where a checkout is too deep, or closed to others (as under /root), the lab is a folder in /var/tmp, and `.lab` a link
to it.
"""

import hashlib
import os
import sys
from pathlib import Path

# Whatever the caller's: the services' users must be able to read what is made in the lab.
os.umask(0o022)

CHECKOUT = Path(__file__).resolve().parents[2]
LONGEST = 75


def suitable(folder):
    """Whether daemons of other users can reach this folder and have sockets in it."""
    if len(str(folder)) > LONGEST:
        return False
    return all(parent.stat().st_mode & 0o001 for parent in folder.parents if parent.exists())


def lab_dir():
    """The lab's folder (which need not exist yet)."""
    if os.environ.get("LAB_DIR"):
        folder = Path(os.environ["LAB_DIR"]).resolve()
        if not suitable(folder):
            sys.exit(f"LAB_DIR={folder} is longer than {LONGEST} characters, or closed to other users (chmod o+x)")
        return folder
    link = CHECKOUT / ".lab"
    if not link.is_symlink() and suitable(link):
        return link
    digest = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:10]
    return Path("/var/tmp") / f"postroom-lab-{digest}"


if __name__ == "__main__":
    print(lab_dir())
