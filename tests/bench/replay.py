#!/usr/bin/env python3
"""Send recorded calls to a database of the lab: what a script does that knows what is to be done.

usage: replay.py PORT DATABASE CALLS
"""

import json
import sys
from pathlib import Path

import odoorpc


def main():
    port, database, calls = sys.argv[1:]
    odoo = odoorpc.ODOO("127.0.0.1", port=int(port), timeout=900)
    odoo.login(database, "admin", "admin")
    for model, method, args, kwargs in json.loads(Path(calls).read_text()):
        odoo.execute_kw(model, method, args, kwargs)


if __name__ == "__main__":
    main()
