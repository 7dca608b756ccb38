"""What was set up by hand becomes an inventory, and site.yml finds nothing to change with it."""

import json
import re
import shutil

import pytest
from by_hand import WAYS, Office
from inventory import Inventory, changed, notable
from support import API_KEY, PASSWORD, Database, changed_tables, tables_only

DATABASES = sorted({database for database, function in WAYS})


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


def assert_nothing_to_do(offices, inventory, *arguments, **options):
    run = inventory.play("site.yml", "--check", "--diff", *arguments, **options)
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


def test_the_filled_skeleton_is_as_good(offices, with_passwords, skeleton, tmp_path):
    empty, run = skeleton
    assert changed(run) == set(DATABASES)
    inventory = Inventory(tmp_path / "inventory", offices[0])
    shutil.copytree(empty.folder / "host_vars", inventory.folder / "host_vars")
    for name in DATABASES:
        assert empty.path(name, "mail.yml").read_text() == with_passwords[0].path(name, "mail.yml").read_text()
        if empty.path(name, "vault.yml").exists():
            secrets, places = with_passwords[0].vault(name), empty.vault(name)
            assert [list(each) for each in secrets.values()] == [list(each) for each in places.values()]
            assert not any(value for each in places.values() for value in each.values())
            inventory.path(name, "vault.yml").write_text("".join(filled(secrets)))
    # One has all kinds of passwords, the other all kinds of words.
    assert_nothing_to_do(offices, inventory, "--limit", "one_mailbox,words")


def test_what_no_variable_can_say_is_named(with_passwords):
    """Nothing is left out in silence: neither in the file nor on the screen."""
    inventory, run = with_passwords
    for database, remark in (
        ("bare", "outgoing mail server 'Twin': several records have this name or login"),
        ("bare", "incoming mail server 'No port', port: 0 is not a TCP port"),
        ("catchall_only", "user 'Two Hats', groups: the group with ID"),
        ("domains", "mail template 'By hand 3', reply_to: 'no address at all' is not an e-mail address"),
        ("domains", "system parameter 'mail.gateway.secret': its name suggests a secret"),
    ):
        text = inventory.path(database, "mail.yml").read_text()
        assert f"# - {remark}" in text, text
        assert remark in re.sub(r"\s+", " ", run.stdout.replace("''", "'")), run.stdout


def test_the_files_are_for_people(with_passwords):
    """What all share is said once, and what a new record has anyway not at all."""
    text = with_passwords[0].path("one_mailbox", "mail.yml").read_text()
    assert "  smtp: {host: smtp.mydomain.com, port: 587, encryption: starttls}\n" in text
    una = re.search(r"  - name: Una\n(    .*\n)+", text)[0]
    assert una.splitlines()[1:] == [
        "    email: una@mydomain.com",
        "    timezone: Europe/Rome",
        "    smtp: {name: Mail of una}",
        "    imap: {name: Box of una, keep_original: true, confirmed: false}",
    ]


def test_passwords_are_encrypted_and_the_files_their_owners(with_passwords, skeleton):
    for inventory, run in (with_passwords, skeleton):
        assert not [secret for secret in (PASSWORD, API_KEY) if secret in run.stdout + run.stderr]
        for path in inventory.folder.joinpath("host_vars").rglob("*"):
            if path.is_file():
                assert path.name in ("mail.yml", "vault.yml")
                assert path.stat().st_mode & 0o777 == 0o600, path
                for password in ("catchall-pw", "una-pw", "sends", "o-pw", "letters-pw", "hush"):
                    assert password not in path.read_text(), path
    assert with_passwords[0].path("one_mailbox", "vault.yml").read_text().startswith("$ANSIBLE_VAULT;1.1;AES256\n")


def test_exported_again(with_passwords):
    """The same says nothing new; what somebody wrote into the files is not overwritten unless that is asked for."""
    inventory = with_passwords[0]
    only = ("--limit", "one_mailbox", "-e", "export_passwords=true")
    path = inventory.path("one_mailbox", "mail.yml")
    before = path.read_text(), inventory.path("one_mailbox", "vault.yml").read_text()
    assert changed(inventory.export(*only, vault=True)) == set()

    path.write_text(before[0] + "# Mine.\n")
    refused = inventory.export(*only, vault=True)
    assert refused.returncode == 2
    assert "export_replace=true" in refused.stdout
    assert path.read_text().endswith("# Mine.\n")

    replacing = (*only, "-e", "export_replace=true")
    looked = inventory.export(*replacing, "--check", "--diff", vault=True)
    assert "-# Mine." in looked.stdout
    assert path.read_text().endswith("# Mine.\n")
    assert changed(inventory.export(*replacing, vault=True)) == {"one_mailbox"}
    assert (path.read_text(), inventory.path("one_mailbox", "vault.yml").read_text()) == before

    # Without passwords, it is not emptied.
    assert changed(inventory.export("--limit", "one_mailbox", vault=True)) == set()
    assert inventory.path("one_mailbox", "vault.yml").read_text() == before[1]


@pytest.mark.any_series
def test_refusals(offices, tmp_path):
    """Nothing is written without a vault password, nor beside a file that Ansible would no longer read."""
    inventory = Inventory(tmp_path / "inventory", {"bare": offices[0]["bare"]})
    refused = inventory.export("-e", "export_passwords=true")
    assert refused.returncode == 2
    assert "--ask-vault-pass" in refused.stdout
    refused = inventory.export("-e", "export_passwords=true", "-e", "export_vault_id=prod", vault=True)
    assert refused.returncode == 2
    assert "prod" in refused.stdout
    (inventory.folder / "host_vars").mkdir()
    (inventory.folder / "host_vars" / "bare.yml").write_text("odoo_timeout: 60\n")
    refused = inventory.export()
    assert refused.returncode == 2
    assert "bare.d/connection.yml" in re.sub(r"\s+", "", refused.stdout)
    assert [path.name for path in inventory.folder.joinpath("host_vars").iterdir()] == ["bare.yml"]


@pytest.fixture
def hand_made(new_database, lab):
    """A database whose servers are the lab's real ones, set up by hand."""
    database = new_database()
    office = Office(database, lab["mail"]["mailboxes"])
    host, ports = lab["host"], lab["ports"]
    office.domain("mydomain.com", "catchall", "bounce", "catchall@mydomain.com")
    for name in ("catchall", "bounce", "newuser", "seconduser"):
        address, password = f"{name}@mydomain.com", lab["mail"]["mailboxes"][f"{name}@mydomain.com"]["password"]
        box = office.fetch(address, address, password, host=host, port=ports["imaps"])
        office.odoo.execute_kw("fetchmail.server", "button_confirm_login", [[box]])
        if name != "bounce":
            office.smtp(f"Mail of {name}", address, password, host=host, port=ports["submission"], from_filter=address)
        if "user" in name:
            office.user(name.title(), address, address, tz="Europe/Rome")
    office.smtp("Relay {{ in }} the cellar", host="relay.internal", port=25, encryption="none")
    office.parameter("mail.session.batch.size", "0050")
    return database


def test_a_new_database_becomes_the_same(hand_made, new_database, tmp_path):
    """Exported, set up anew from the export, and exported again: the same file."""
    inventory = Inventory(tmp_path / "inventory", {"company": hand_made})
    asked = ("-e", "export_passwords=true")
    assert changed(inventory.export(*asked, vault=True)) == {"company"}
    first = inventory.path("company", "mail.yml").read_text(), inventory.vault("company")

    new = new_database()
    elsewhere = Inventory(tmp_path / "new", {"company": new})
    (elsewhere.folder / "host_vars").symlink_to(inventory.folder / "host_vars")
    assert changed(elsewhere.play("site.yml", vault=True)) == {"company"}
    assert changed(elsewhere.play("site.yml", vault=True)) == set()

    (elsewhere.folder / "host_vars").unlink()
    # By its name in the collection.
    assert changed(elsewhere.play("postroom.odoo.export", *asked, vault=True)) == {"company"}
    again = elsewhere.path("company", "mail.yml").read_text().replace(new.name, hand_made.name)
    assert again == first[0]
    assert elsewhere.vault("company") == first[1]


def test_taken_over_when_the_inventory_says_so(hand_made, tmp_path):
    """With the line mail_adopt the export is no change, without it everything is taken over, and nothing else changed."""
    inventory = Inventory(tmp_path / "inventory", {"company": hand_made})
    changed(inventory.export("-e", "export_passwords=true", vault=True))
    path = inventory.path("company", "mail.yml")
    path.write_text(path.read_text().replace("mail_adopt: false\n", ""))
    before = hand_made.fingerprints()
    assert changed(inventory.play("site.yml", vault=True)) == {"company"}
    assert tables_only(changed_tables(before, hand_made.fingerprints())) == ["ir_model_data"]
    assert changed(inventory.play("site.yml", vault=True)) == set()
