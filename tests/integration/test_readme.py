"""What the README shows runs as it stands: its inventory, told the lab's servers, on a fresh database, and its commands."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from company import open_mailbox
from support import ROOT, plain_ansible


@pytest.fixture
def quick_start(new_database, tmp_path, lab):
    """Function that runs a playbook with the README's inventory and more arguments; gives the recap's counts."""
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
        # By address, too, for a person who has no entry yet.
        "mail_users_passwords": {"third@mydomain.com": open_mailbox("third@mydomain.com")},
    }
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory))
    (tmp_path / "told.json").write_text(json.dumps(told))

    def run(playbook, *arguments):
        command = [
            Path(sys.executable).with_name("ansible-playbook"),
            "-i",
            tmp_path / "hosts.yml",
            "-e",
            f"@{tmp_path}/told.json",
            playbook,
            *arguments,
        ]
        environment = plain_ansible(**database.environment)
        done = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "reserved name" not in done.stdout + done.stderr
        return {key: int(count) for key, count in re.findall(r"(\w+)=(\d+)", done.stdout.rpartition("PLAY RECAP")[2])}

    run.database = database
    return run


def test_the_quick_start_runs(quick_start):
    assert quick_start("site.yml", "--check", "--diff")["changed"] > 0
    assert quick_start("site.yml")["changed"] > 0
    assert quick_start("site.yml")["changed"] == 0
    # People come and go.
    readme = (ROOT / "README.md").read_text()
    commands = re.findall(r"^ansible-playbook -i inventories/mine (playbooks/o.*)$", readme, re.MULTILINE)
    assert [command.split()[0] for command in commands] == ["playbooks/onboard.yml", "playbooks/offboard.yml"]
    for command in commands:
        assert quick_start(*shlex.split(command))["changed"] > 0
        assert quick_start(*shlex.split(command))["changed"] == 0
    # The shell and Ansible have left the name whole.
    names = "SELECT p.name FROM res_users u JOIN res_partner p ON p.id = u.partner_id WHERE u.login = 'third@mydomain.com'"
    assert quick_start.database.value(names) == "Third User"
