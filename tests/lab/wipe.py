#!/usr/bin/env python3
"""Remove the lab, all but what it downloaded.

usage: wipe.py
"""

import shutil
import sys

from database import memory_folder
from folder import lab_dir
from service import running

KEPT = "downloads"


def wipe(folder):
    if left := running(folder):
        sys.exit(f"still running: {', '.join(left)}. Run make lab-down first.")
    for entry in folder.iterdir() if folder.exists() else ():
        if entry.name == KEPT:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    shutil.rmtree(memory_folder(), ignore_errors=True)
    print(f"wiped {folder}, kept {KEPT}")


if __name__ == "__main__":
    wipe(lab_dir())
