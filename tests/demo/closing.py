#!/usr/bin/env python3
"""Say what there is to see after the demo, and how to log in."""

import json
import sys
from pathlib import Path

import odoorpc

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))

from folder import lab_dir

SERIES, DATABASE = "19", "postroom_demo_19"
PEOPLE = {"newuser@mydomain.com": "newuser-odoo", "seconduser@mydomain.com": "seconduser-odoo"}

TEXT = """
It works: Odoo runs on this machine, and its users send and receive mail. The messages above were removed again.

  Open      {url}/web?db={database}
  Log in    {login} / {password}
            {people}
  Look at   {url}/odoo/{outgoing}   the outgoing mail servers, each with its owner
            {url}/odoo/{incoming}   the incoming mail servers
  Remote    If this machine is remote, run this on your own: ssh -L {port}:127.0.0.1:{port} root@ITS-ADDRESS
            Then open the same URLs in your own browser.
  Try       Change an outgoing mail server in Odoo. This reports the change; site.yml instead of drift.yml reverts it:
            .venv/bin/ansible-playbook {inventories} --limit odoo{series} playbooks/drift.yml
            Send mail around once more, with a report of what was checked:
            .venv/bin/ansible-playbook {inventories} --limit odoo{series} playbooks/verify.yml -e round_trip=true
  Stop      make lab-down, and make lab-wipe to remove the servers' files
"""


def main():
    lab = json.loads((lab_dir() / "lab.json").read_text())
    server = lab["odoo"][SERIES]
    odoo = odoorpc.ODOO("127.0.0.1", port=server["port"], timeout=120)
    odoo.login(DATABASE, server["login"], server["password"])
    actions = odoo.env["ir.model.data"]
    print(
        TEXT.format(
            url=server["url"],
            port=server["port"],
            database=DATABASE,
            login=server["login"],
            password=server["password"],
            people="\n            ".join(f"{login} / {password}" for login, password in PEOPLE.items()),
            outgoing=_action(actions, "base", "action_ir_mail_server_list"),
            incoming=_action(actions, "mail", "action_email_server_tree"),
            inventories="-i inventories/lab -i tests/demo/inventory.yml",
            series=SERIES,
        ),
        end="",
    )


def _action(data, module, name):
    """The address of an action; Odoo's client would show nothing, without an error, for one that is missing."""
    if not data.search([("module", "=", module), ("name", "=", name)]):
        raise LookupError(f"Odoo has no {module}.{name}")
    return f"action-{module}.{name}"


if __name__ == "__main__":
    main()
