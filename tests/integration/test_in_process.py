"""A module answers the same in Ansible's own process, and in one of its own, as on a host that reaches Odoo."""

import json
import re
import sys

import pytest
import yaml
from playbook import run_playbook
from support import ROOT
from test_drift import USERS, Company

from ansible_collections.postroom.odoo.plugins.module_utils.resources import BY_MODULE

ITEMS = [
    {"login": "one@mydomain.com", "host": "smtp.mydomain.com", "password": "one-s3cret"},
    {"login": "two@mydomain.com", "host": "smtp.mydomain.com", "password": "two-s3cret", "port": 2525},
]


@pytest.fixture
def other_python(tmp_path):
    """The same Python with the same packages by another name, so that it counts as another."""
    folder = tmp_path / "python"
    folder.mkdir()
    script = folder / "python3"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    script.chmod(0o755)
    return script


def answers(database, folder, python, config, *arguments, **options):
    """What the module answers in a play, and whether it had a process of its own."""
    task = {"postroom.odoo.outgoing_mail_servers": {**database.connection, "config": config, **options}, "register": "told"}
    kept = {"ansible.builtin.copy": {"content": "{{ told | to_json }}", "dest": str(folder / "told.json")}, "check_mode": False}
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": str(python)},
        "tasks": [{**task, "ignore_errors": True}, kept],
    }
    (folder / "play.yml").write_text(yaml.safe_dump([play]))
    done = play_of(folder, "-vvv", "--diff", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not any(item["password"] in done.stdout + done.stderr for item in ITEMS)
    told = (folder / "told.json").read_text().replace(database.name, "mydomain")
    return json.loads(told), "AnsiballZ_outgoing_mail_servers" in done.stdout


def play_of(folder, *arguments, **environment):
    return run_playbook("-i", "localhost,", folder / "play.yml", *arguments, **environment)


def test_same_answer_in_both(new_database, tmp_path, other_python):
    databases = new_database(), new_database()
    for arguments, config, is_asked in (
        (["--check"], ITEMS, True),
        ([], ITEMS, True),
        ([], [{**ITEMS[0], "password": "other-s3cret"}, ITEMS[1]], True),
        ([], [{**ITEMS[0], "port": 0}], True),
        # The action rejects it before there is a module.
        ([], [{"login": "x@mydomain.com", "prt": 25}], False),
    ):
        here, in_ansible = answers(databases[0], tmp_path, sys.executable, config, *arguments)
        apart, by_itself = answers(databases[1], tmp_path, other_python, config, *arguments)
        assert (in_ansible, by_itself) == (False, is_asked)
        assert here == apart


# A task for each action that may run in Ansible's process, besides the resources' own; none of them changes anything.
TASKS = {
    "addons": {"config": [{"name": "mail"}]},
    "address_info": {"address": "admin@example.com"},
    "check_records": {"lists": [{"module": "users", "config": [{"login": "one@mydomain.com", "name": "One"}]}]},
    "followers": {"config": []},
    "mail_info": {},
    "route_info": {"email_from": "newuser@mydomain.com"},
}


def test_every_action_answers_the_same_in_both(database, tmp_path):
    """One that is added later must be in the list."""
    actions = {
        path.stem for path in (ROOT / "plugins" / "action").glob("*.py") if re.search(r"^ {4}module = ", path.read_text(), re.M)
    }
    tasks = TASKS | {name: {"state": "gathered"} for name in BY_MODULE}
    assert actions == set(tasks)
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": sys.executable},
        "tasks": [
            {f"postroom.odoo.{name}": {**database.connection, **options}, "register": f"{name}_told"}
            for name, options in tasks.items()
        ],
    }
    told = ", ".join(f"'{name}': {name}_told" for name in tasks)
    kept = {"ansible.builtin.copy": {"content": "{{ {" + told + "} | to_json }}", "dest": str(tmp_path / "told.json")}}
    play["tasks"].append({**kept, "check_mode": False})
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    answered = []
    for switch in ("1", "0"):
        done = play_of(tmp_path, "--check", "-vvv", POSTROOM_IN_PROCESS=switch)
        assert done.returncode == 0, done.stdout + done.stderr
        apart = {name for name in tasks if f"AnsiballZ_{name}.py" in done.stdout}
        assert apart == (set(tasks) if switch == "0" else set())
        answered.append(json.loads((tmp_path / "told.json").read_text()))
        for time in ("now", "clock_offset"):
            del answered[-1]["mail_info"][time]
    assert answered[0] == answered[1]
    assert answered[0]["users"]["gathered"]


def test_a_long_list_says_how_far_it_has_come(database, tmp_path):
    """Odoo takes its time for passwords: such users go in parts."""
    people = [{"login": f"user{number}@mydomain.com", "name": "User", "password": f"odoo-{number}-pw"} for number in range(25)]
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": sys.executable},
        "tasks": [{"postroom.odoo.users": {**database.connection, "config": people}}],
    }
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    done = play_of(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[localhost] 20 of 25 users written" in done.stdout.splitlines()


def test_an_environment_is_heeded(database, tmp_path):
    """A task's environment is its process's own."""
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": sys.executable},
        "tasks": [
            {
                "postroom.odoo.config_parameters": {"config": [{"key": "test.environment", "value": "heeded"}]},
                "environment": {
                    "ODOO_URL": database.connection["url"],
                    "ODOO_DATABASE": database.name,
                    "ODOO_LOGIN": database.connection["login"],
                    **database.environment,
                },
            }
        ],
    }
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    done = play_of(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert database.value("SELECT value FROM ir_config_parameter WHERE key = 'test.environment'") == "heeded"


def test_the_switch_changes_nothing_but_the_process(lab, series, tmp_path):
    """What site.yml sets and drift.yml finds is the same with POSTROOM_IN_PROCESS=0, with modules as ordinary processes."""
    company = Company(lab, series, tmp_path)
    apart = {"POSTROOM_IN_PROCESS": "0"}
    try:
        done = company.play("site.yml", "-vvv", environment=apart)
        assert done.code == 0, done.output
        assert "AnsiballZ_outgoing_mail_servers" in done.output
        again = company.play("site.yml", "-vvv")
        assert "AnsiballZ_outgoing_mail_servers" not in again.output
        assert "changed=0" in again.output.rpartition("PLAY RECAP")[2], again.output

        company.database.sql("UPDATE ir_mail_server SET smtp_port = 25")
        without_user = {"company": {"mail_users_accounts": [{"name": "newuser", "email": USERS[0]}]}}
        reports = []
        for environment in ({}, apart):
            done = company.drift(hosts=without_user, environment=environment)
            assert done.code == 2, done.output
            reports.append({**done.report, "generated": ""})
        assert reports[0] == reports[1]
        kinds = {row["kind"] for row in reports[0]["hosts"][0]["differences"]}
        assert kinds == {"differs", "unnamed"}
    finally:
        company.database.drop()
