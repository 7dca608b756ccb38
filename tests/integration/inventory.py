"""An inventory that only says how to reach databases, and is filled by an export."""

import json
import re
import sys

import yaml
from ansible.constants import DEFAULT_VAULT_ID_MATCH
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret
from playbook import run_playbook

VAULT_PASSWORD = "the vault's own"


def mail_of(lab):
    """The variables of a host on this machine that has the lab's provider and domain, without any account."""
    mailboxes = {address: box["password"] for address, box in lab["mail"]["mailboxes"].items()}
    return {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "mail_provider": {
            "smtp": {"host": lab["host"], "port": lab["ports"]["submission"], "encryption": "starttls"},
            "imap": {"host": lab["host"], "port": lab["ports"]["imaps"], "ssl": True},
        },
        "mail_domain_name": "mydomain.com",
        "mail_domain_catchall": "catchall",
        "mail_domain_bounce": "bounce",
        "mail_domain_default_from": "catchall",
        "mail_domain_passwords": mailboxes,
        "mail_users_passwords": mailboxes,
    }


class Inventory:
    """An inventory that knows how to reach databases, and into which they are exported."""

    def __init__(self, folder, databases):
        self.folder, self.databases = folder, databases
        folder.mkdir()
        hosts = {
            name: {
                "odoo_url": database.server["url"],
                "odoo_database": database.name,
                "odoo_login": database.connection["login"],
                f"odoo_{database.secret}": database.connection[database.secret],
            }
            for name, database in databases.items()
        }
        reached = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        (folder / "hosts.yml").write_text(yaml.safe_dump({"odoo_databases": {"hosts": hosts, "vars": reached}}))
        (folder.parent / "vault-password").write_text(VAULT_PASSWORD)

    def play(self, playbook, *arguments, vault=False):
        secret = ["--vault-password-file", self.folder.parent / "vault-password"] if vault else []
        return run_playbook("-i", self.folder, playbook, *arguments, *secret)

    def export(self, *arguments, **options):
        return self.play("playbooks/export.yml", *arguments, **options)

    def path(self, name, file):
        return self.folder / "host_vars" / name / file

    def vault(self, name):
        """The secrets, decrypted where that is needed."""
        loader = DataLoader()
        loader.set_vault_secrets([(DEFAULT_VAULT_ID_MATCH, VaultSecret(VAULT_PASSWORD.encode()))])
        return json.loads(json.dumps(loader.load_from_file(str(self.path(name, "vault.yml")))))


def changed(run):
    """The hosts for which something changed."""
    assert run.returncode == 0, notable(run)
    recap = run.stdout.rpartition("PLAY RECAP")[2]
    return {host for host, count in re.findall(r"^(\S+)\s+: .*changed=(\d+)", recap, re.MULTILINE) if int(count)}


def notable(run):
    """The tasks that changed something, or failed."""
    tasks = re.split(r"\n(?=TASK )", run.stdout)
    return "\n".join(task for task in tasks if re.search(r"^(changed|fatal|failed):", task, re.MULTILINE)) + run.stderr
