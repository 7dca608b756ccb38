"""A few of the random inventories of tests/hostile/inventories.py, and one that an export gives back."""

import copy
import random
import sys

from ansible.parsing.dataloader import DataLoader
from company import Company
from inventory import Inventory, changed, notable
from support import ROOT

sys.path.append(str(ROOT / "tests" / "hostile"))

import inventories


def test_random_inventories(series):
    """Each is applied, and settles, or is refused with one error before anything is written."""
    applied, refused, complaints = inventories.run(series, count=8, seed=int(series) * 1000)
    assert complaints == []
    assert applied
    assert refused


def test_an_export_gives_back_the_inventory(new_database, series, tmp_path):
    """What site.yml made of random accounts, exported, is the same to site.yml, and names the same people."""
    company = Company(new_database(), tmp_path)
    people = [company.account(name) for name in ("newcomer", "leaver", "successor")]
    company.variables.update(inventories.company_of(random.Random(series), copy.deepcopy(people)))
    company.variables["mail_users_accounts"] = company.variables["mail_users_accounts"] or people
    company.succeeds("site.yml")
    exported = Inventory(tmp_path / "exported", {"mydomain": company.database})
    assert changed(exported.export("-e", "export_passwords=true", vault=True)) == {"mydomain"}
    run = exported.play("site.yml", "--check", vault=True)
    assert changed(run) == set(), notable(run)
    made = company.variables["mail_users_accounts"]
    written = DataLoader().load_from_file(str(exported.path("mydomain", "mail.yml")))
    found = {each["email"]: each for each in written["mail_users_accounts"]}
    assert {each["email"] for each in made} <= found.keys()
    for account in made:
        entry = {**written.get("mail_users_defaults", {}), **found[account["email"]]}
        assert entry["name"] == account["name"]
        assert entry.get("active", True) is account.get("active", True)
        for option in ("incoming", "outgoing", "timezone"):
            if option in account:
                assert entry.get(option, True if option != "timezone" else None) == account[option]
    assert written["mail_domain_catchall"] == company.variables["mail_domain_catchall"]
