"""What was set up by hand becomes an inventory, and site.yml finds nothing to change with it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible.constants import DEFAULT_VAULT_ID_MATCH
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret
from by_hand import WAYS, Office
from support import PASSWORD, ROOT, Database, plain_ansible

VAULT_PASSWORD = "the vault's own"
DATABASES = sorted({database for database, function in WAYS})


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
                "odoo_password": PASSWORD,
            }
            for name, database in databases.items()
        }
        reached = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        (folder / "hosts.yml").write_text(yaml.safe_dump({"odoo_databases": {"hosts": hosts, "vars": reached}}))
        (folder.parent / "vault-password").write_text(VAULT_PASSWORD)

    def play(self, playbook, *arguments, vault=False):
        command = [Path(sys.executable).with_name("ansible-playbook"), "-i", self.folder, playbook, *arguments]
        if vault:
            command += ["--vault-password-file", self.folder.parent / "vault-password"]
        return subprocess.run(command, check=False, cwd=ROOT, env=plain_ansible(), capture_output=True, text=True)

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


@pytest.fixture(scope="module")
def offices(lab, series):
    """The databases by name, set up by hand, and their fingerprints."""
    databases = {}
    for name in DATABASES:
        databases[name] = Database(lab, series)
        office = Office(databases[name], lab["mail"]["mailboxes"])
        for database, do in WAYS:
            if database == name:
                do(office)
    yield databases, {name: database.fingerprints() for name, database in databases.items()}
    for database in databases.values():
        database.drop()


@pytest.fixture(scope="module")
def with_passwords(offices, tmp_path_factory):
    """The export with encrypted passwords: the inventory and the run."""
    inventory = Inventory(tmp_path_factory.mktemp("export") / "inventory", offices[0])
    return inventory, inventory.export("-e", "export_passwords=true", vault=True)


@pytest.fixture(scope="module")
def skeleton(offices, tmp_path_factory):
    """The export without passwords: the inventory and the run."""
    inventory = Inventory(tmp_path_factory.mktemp("export") / "inventory", offices[0])
    return inventory, inventory.export()


def assert_nothing_to_do(offices, inventory, **options):
    run = inventory.play("site.yml", "--check", "--diff", **options)
    assert changed(run) == set(), notable(run)
    for name, before in offices[1].items():
        offices[0][name].assert_as(before, f"{name}: an export, or a check with it, wrote")


def test_site_finds_nothing_to_change(offices, with_passwords):
    inventory, run = with_passwords
    assert changed(run) == set(DATABASES)
    assert_nothing_to_do(offices, inventory, vault=True)


def filled(secrets):
    """A vault as a person fills it in: JSON is YAML."""
    for variable, values in secrets.items():
        yield f"{variable}:\n"
        for key, value in values.items():
            yield f"  {json.dumps(key)}: !unsafe {json.dumps(value, ensure_ascii=False)}\n"


def test_the_filled_skeleton_is_as_good(offices, with_passwords, skeleton):
    inventory, run = skeleton
    changed(run)
    for name in DATABASES:
        assert inventory.path(name, "mail.yml").read_text() == with_passwords[0].path(name, "mail.yml").read_text()
        path = inventory.path(name, "vault.yml")
        if path.exists():
            secrets, empty = with_passwords[0].vault(name), inventory.vault(name)
            assert {key: sorted(value) for key, value in secrets.items()} == {
                key: sorted(value) for key, value in empty.items()
            }
            assert not any(value for each in empty.values() for value in each.values())
            path.write_text("".join(filled(secrets)))
    assert_nothing_to_do(offices, inventory)
