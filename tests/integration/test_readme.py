"""The README's quick start runs as it stands: its inventory, told the lab's servers, on a fresh database."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support import ROOT, plain_ansible


@pytest.fixture
def quick_start(new_database, tmp_path, lab):
    """Function that runs site.yml with the README's inventory and more arguments; gives the recap's counts."""
    database = new_database()
    (text,) = re.findall(r"```yaml\n(odoo_databases:.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    inventory = yaml.safe_load(text)
    mailboxes = {address: box["password"] for address, box in lab["mail"]["mailboxes"].items()}
    told = {
        "odoo_url": database.server["url"],
        "odoo_database": database.name,
        "mail_provider": {
            "smtp": {"host": lab["host"], "port": lab["ports"]["submission"], "encryption": "starttls"},
            "imap": {"host": lab["host"], "port": lab["ports"]["imaps"], "ssl": True},
        },
        "vault_mail_domain_passwords": mailboxes,
        "vault_mail_passwords": mailboxes,
    }
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory))
    (tmp_path / "told.json").write_text(json.dumps(told))

    def run(*arguments):
        command = [
            Path(sys.executable).with_name("ansible-playbook"),
            "-i",
            tmp_path / "hosts.yml",
            "-e",
            f"@{tmp_path}/told.json",
            "site.yml",
            *arguments,
        ]
        environment = plain_ansible(ODOO_PASSWORD=database.connection["password"])
        done = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return {key: int(count) for key, count in re.findall(r"(\w+)=(\d+)", done.stdout.rpartition("PLAY RECAP")[2])}

    return run


def test_the_quick_start_runs(quick_start):
    assert quick_start("--check", "--diff")["changed"] > 0
    assert quick_start()["changed"] > 0
    assert quick_start()["changed"] == 0
