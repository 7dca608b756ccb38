"""What the README and docs/people.md show runs as it stands: inventory, vault, playbook and commands, on a fresh database.

Only this is replaced: addresses of servers by the lab's, passwords by the mailboxes', and the prompt for the vault's password.
"""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from artefact import clone
from company import open_mailbox
from support import PASSWORD, ROOT, plain_ansible

PAGES = "\n".join((ROOT / page).read_text() for page in ("README.md", "docs/people.md"))
TOOLS = Path(sys.executable).parent
VAULT_PASSWORD = "of-the-vault"


def blocks(language):
    """The blocks of code of a language."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", PAGES, re.DOTALL | re.MULTILINE)
    return [text for each, text in fenced if each == language]


def yaml_block(first):
    """The block of YAML that begins with these words, read."""
    (text,) = [block for block in blocks("yaml") if block.startswith(first)]
    return yaml.safe_load(text)


def commands(*words):
    """The lines of these pages that run something with all these words in them, continued lines joined."""
    lines = [line for block in blocks("") for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in lines if all(word in line for word in words)]


@pytest.fixture
def newcomer(new_database, tmp_path, lab):
    """Function that runs one of these commands, and gives the number of changes that the recap counts."""
    database = new_database()
    inventory = tmp_path / "mine"
    vault = inventory / "group_vars" / "odoo_databases" / "vault.yml"
    vault.parent.mkdir(parents=True)
    (inventory / "hosts.yml").write_text(yaml.safe_dump(yaml_block("odoo_databases:")))
    mailboxes = {address: box["password"] for address, box in lab["mail"]["mailboxes"].items()}
    secrets = yaml_block("vault_odoo_password:")
    secrets["vault_odoo_password"] = PASSWORD
    for name, passwords in secrets.items():
        if isinstance(passwords, dict):
            secrets[name] = {key: mailboxes[key if "@" in key else f"{key}@mydomain.com"] for key in passwords}
    vault.write_text(yaml.safe_dump(secrets))
    (tmp_path / "password").write_text(VAULT_PASSWORD)
    encrypt = [TOOLS / "ansible-vault", "encrypt", "--vault-password-file", tmp_path / "password", vault]
    subprocess.run(encrypt, check=True, capture_output=True, env=plain_ansible())
    told = {
        "odoo_url": database.server["url"],
        "odoo_database": database.name,
        "mail_provider": {
            "smtp": {"host": lab["host"], "port": lab["ports"]["submission"], "encryption": "starttls"},
            "imap": {"host": lab["host"], "port": lab["ports"]["imaps"], "ssl": True},
        },
        # For a person who has no entry yet; the README says that it is asked for otherwise.
        "mail_users_passwords": {"third@mydomain.com": open_mailbox("third@mydomain.com")},
    }
    (tmp_path / "told.json").write_text(json.dumps(told))

    def run(line, folder=ROOT, status=0, **environment):
        words = shlex.split(line, comments=True)
        words[0] = str(TOOLS / words[0].removeprefix(".venv/bin/"))
        place = words.index("--ask-vault-pass")
        words[place : place + 1] = ["--vault-password-file", str(tmp_path / "password"), "-e", f"@{tmp_path}/told.json"]
        words = [str(inventory) if word == "inventories/mine" else word for word in words]
        # Without a secret in it: the README's inventory has Odoo's password in the vault.
        environment = plain_ansible(**environment)
        done = subprocess.run(words, check=False, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == status, done.stdout + done.stderr
        assert "reserved name" not in done.stdout + done.stderr
        return int(re.search(r"mydomain .*changed=(\d+)", done.stdout.rpartition("PLAY RECAP")[2])[1])

    run.database = database
    return run


def test_the_quick_start(newcomer, tmp_path):
    preview, apply, again = commands(".venv/bin/ansible-playbook", " site.yml")
    assert newcomer(preview) > 0
    assert newcomer(apply) > 0
    assert newcomer(again) == 0
    (drift,) = commands("drift.yml")
    newcomer(drift.replace("=report", f"={tmp_path}/report"))
    assert (tmp_path / "report" / "drift.html").exists()
    (explain,) = commands("explain.yml")
    assert newcomer(explain) == 0
    # People come and go.
    people = [*commands("onboard.yml"), *commands("offboard.yml")]
    assert len(people) == 2
    for line in people:
        assert newcomer(line) > 0
        assert newcomer(line) == 0
    # The shell and Ansible have left the name whole.
    names = "SELECT p.name FROM res_users u JOIN res_partner p ON p.id = u.partner_id WHERE u.login = 'third@mydomain.com'"
    assert newcomer.database.value(names) == "Third User"


def test_every_command_was_run():
    """Those that work on an inventory; a new one belongs into a test here. test_verify.py runs that of verify.yml."""
    shown = commands("ansible-playbook")
    run = [
        commands("playbook", each) for each in (" site.yml", "drift.yml", "board.yml", "odoo.site", "verify.yml", "explain.yml")
    ]
    assert sorted(shown) == sorted(line for lines in run for line in lines)
    assert all("--ask-vault-pass" in line and "-i inventories/mine" in line for line in shown)


def test_the_collection(newcomer, tmp_path):
    """Installed where nothing else is, its playbook and one's own with its roles do the same."""
    clone(tmp_path / "clone")
    (install,) = commands("ansible-galaxy")
    (site,) = commands("postroom.odoo.site")
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(yaml.safe_dump(yaml_block("- name: Configure the e-mail of our")))
    collections = tmp_path / "collections"
    (tmp_path / "empty.cfg").touch()
    settings = {"ANSIBLE_COLLECTIONS_PATH": str(collections), "ANSIBLE_CONFIG": str(tmp_path / "empty.cfg")}
    environment = plain_ansible(**settings)
    command = [TOOLS / "ansible-galaxy", *shlex.split(install)[1:]]
    done = subprocess.run(command, check=False, cwd=tmp_path / "clone", env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    elsewhere = {"folder": tmp_path, **settings}
    assert newcomer(site, **elsewhere) > 0
    assert newcomer(site, **elsewhere) == 0
    assert newcomer(site.replace("postroom.odoo.site", str(playbook)), **elsewhere) == 0
