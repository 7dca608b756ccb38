"""Addons: two tiny ones, one of which needs the other, put where the lab's server finds them; and a database without mail."""

import os
import shutil
import time
from pathlib import Path

import pytest

MANIFEST = "{{'name': '{name}', 'version': '{version}', 'depends': {depends}, 'installable': True, 'license': 'LGPL-3'}}"


@pytest.fixture
def addons(lab, series):
    """Function that writes an addon's manifest; the addons go after the test."""
    folder, made = Path(lab["odoo"][series]["addons"]), set()

    def write(name, version, depends=("base",)):
        path = folder / name
        path.mkdir(exist_ok=True)
        path.chmod(0o755)
        (path / "__init__.py").write_text("")
        (path / "__manifest__.py").write_text(MANIFEST.format(name=name, version=version, depends=list(depends)))
        for each in path.iterdir():
            each.chmod(0o644)
        made.add(path)

    yield write
    for path in made:
        shutil.rmtree(path)


def states(database, *names):
    chosen = ", ".join(f"'{name}'" for name in names)
    rows = database.rows(f"SELECT name, state, latest_version FROM ir_module_module WHERE name IN ({chosen})")
    return {row["name"]: (row["state"], row["latest_version"]) for row in rows}


def test_life(new_database, addons, series):
    database = new_database("base")
    one, two = (f"test_it_{os.getpid()}_{int(time.time())}_{word}" for word in ("one", "two"))
    addons(one, "1.0")
    addons(two, "1.0", [one])

    # The list of the database does not have them yet: check mode, which may not refresh it, says so.
    before = database.fingerprints()
    predicted = database.ok("addons", [{"name": two}], check=True)
    assert two in predicted["unpredicted"][0]
    assert not predicted["changed"]
    database.assert_as(before, "check mode wrote")
    done = database.ok("addons", [{"name": two}])
    assert done["changes"] == [{"action": "installed", "items": [two]}]
    # Odoo puts its own series before.
    first = f"{series}.0.1.0"
    assert states(database, one, two) == {one: ("installed", first), two: ("installed", first)}
    assert not database.converge("addons", [{"name": two}, {"name": one}, {"name": one, "since": 99}])["changed"]
    assert database.ok("addons", [{"name": one}], state="gathered")["gathered"] == [{"name": one}]

    # As if the database had been set up with an older one. (Odoo 19 reads a manifest once in its life: a new version on the
    # disk shows after a restart, which other tests on this server would not survive.)
    database.sql(f"UPDATE ir_module_module SET latest_version = '{series}.0.0.9' WHERE name = '{one}'")
    assert not database.ok("addons", [{"name": one}], update_list=True)["changed"]
    upgrade = [{"name": one, "upgrade": True}]
    predicted = database.ok("addons", upgrade, check=True)
    done = database.ok("addons", upgrade)
    assert done["changes"] == predicted["changes"] == [{"action": "upgraded", "items": [one]}]
    assert done["diff"] == predicted["diff"]
    assert done["diff"]["after"] == {one: {"version": first}}
    assert states(database, one)[one] == ("installed", first)
    assert not database.ok("addons", upgrade)["changed"]

    result = database.refuses("addons", [{"name": one}], state="deleted")
    assert two in result["msg"]
    predicted = database.ok("addons", [{"name": one}, {"name": two}], check=True, state="deleted")
    done = database.ok("addons", [{"name": one}, {"name": two}], state="deleted")
    assert done["changes"] == predicted["changes"] == [{"action": "uninstalled", "items": [one, two]}]
    assert {state for state, _ in states(database, one, two).values()} == {"uninstalled"}
    assert not database.ok("addons", [{"name": one}, {"name": "no_such_addon"}], state="deleted")["changed"]
    result = database.run("addons", [{"name": "no_such_addon"}])
    assert "is not among the addons of this server" in result["msg"]


def test_check_mode_without_mail(new_database):
    """On a database without mail check mode predicts what it can, says what it cannot, and writes nothing."""
    database = new_database("base")
    before = database.fingerprints()
    item = {"host": "h", "login": "a@mydomain.com", "password": "p4ss"}
    predicted = database.ok("addons", [{"name": "mail"}], check=True)
    assert predicted["changes"] == [{"action": "installed", "items": ["mail"]}]
    predicted = database.ok("incoming_mail_servers", [{**item, "model": "res.partner", "confirmed": True}], check=True)
    assert predicted["counts"]["created"] == 1
    assert "is not installed" in predicted["unpredicted"][0]
    predicted = database.ok("alias_domains", [{"name": "mydomain.com", "catchall": "catchall"}], check=True)
    assert predicted["counts"]["created"] == 1
    assert "addon mail is not installed" in predicted["unpredicted"][0]
    template = {"template": "auth_signup.set_password_email", "reply_to": "a@mydomain.com", "mail_server": "a@mydomain.com"}
    predicted = database.ok("mail_templates", [template], check=True)
    assert not predicted["changed"]
    assert "is not installed" in predicted["unpredicted"][0]
    predicted = database.ok("outgoing_mail_servers", [item], check=True)
    assert predicted["counts"]["created"] == 1
    assert "unpredicted" not in predicted
    user = {"login": "a@mydomain.com", "name": "A", "email": "a@mydomain.com", "notification_type": "email"}
    predicted = database.ok("users", [user], check=True)
    assert predicted["counts"]["created"] == 1
    assert predicted["unpredicted"] == [
        "notification_type: left out, as the addon mail, which provides it, is not installed yet"
    ]
    database.assert_as(before, "check mode wrote")


@pytest.mark.parametrize("module", ["alias_domains", "incoming_mail_servers", "mail_templates"])
def test_a_run_without_mail(new_database, module):
    """Outside of check mode it is an error that names the addon: what Odoo's installation would then find is no one's."""
    item = {
        "alias_domains": {"name": "mydomain.com", "catchall": "all"},
        "incoming_mail_servers": {"host": "h", "login": "a@mydomain.com"},
        "mail_templates": {"template": "auth_signup.set_password_email", "reply_to": "a@mydomain.com"},
    }[module]
    database = new_database("base")
    before = database.fingerprints()
    result = database.run(module, [item])
    assert result.get("failed"), result
    assert "install the addon" in result["msg"]
    database.assert_as(before, "a run that was refused wrote")
