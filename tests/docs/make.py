#!/usr/bin/env python3
"""Write what several files must hold literally from the one place that decides it.

usage: make.py [--check]

Each generator of the list below is a module of this folder whose function files() returns C({path: text}) of whole files, or
of files in which only marked parts are written. With --check nothing is written, and files that differ are errors.
"""

import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "collections"), str(Path(__file__).parent)]

# In this order, as a later one may write into what an earlier one made.
GENERATORS = ("modules", "roles", "drift", "verify", "addons", "series")


def main():
    check = sys.argv[1:] == ["--check"]
    stale = []
    for name in GENERATORS:
        for path, text in import_module(name).files(ROOT).items():
            file = ROOT / path
            if file.exists() and file.read_text() == text:
                continue
            stale.append(f"{path} ({name})")
            if not check:
                file.write_text(text)
    if check and stale:
        sys.exit("Not up to date; run make docs and commit what it writes:\n" + "\n".join(stale))
    print(*(stale or ["Everything is up to date."]), sep="\n")


if __name__ == "__main__":
    main()
