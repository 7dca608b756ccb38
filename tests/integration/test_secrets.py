"""No secret in any output: every module through ansible-playbook at -vvv --diff, with successes and failures."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from playbook import run_playbook
from support import ROOT

SECRETS = {
    "smtp": "Sm7p-zXqv-secret'\"&<x>",
    "smtp_new": "Sm7p-kkWy-changed",
    "wrong": "Wr0ng-jjHf-refused",
    "imap": "Im4p-ppLm-secret",
    "user": "Us3r-ggTd-secret",
    "parameter": "P4rm-ccXs-secret",
    "flagged": "Fl4g-bbNz-secret",
    "key": "K3y-vvRt-private",
    "api_key": "0123abcdApiKeyNotRight4567",
}


def playbook(series):
    pem = "-----BEGIN PRIVATE KEY-----\n{{ secrets.key }}\n-----END PRIVATE KEY-----\n"
    login = {"host": "127.0.0.1", "port": "{{ ports.submission }}", "encryption": "starttls", "login": "catchall@mydomain.com"}
    mailbox = {"host": "127.0.0.1", "port": "{{ ports.imaps }}", "ssl": True, "login": "catchall@mydomain.com"}
    plain = {"login": "a@mydomain.com", "host": "smtp.mydomain.com"}
    person = {"login": "a@mydomain.com", "name": "A"}
    tasks = [
        ("outgoing_mail_servers", {"config": [{**plain, "password": "{{ secrets.smtp }}"}]}),
        ("outgoing_mail_servers", {"config": [{**plain, "password": "{{ secrets.smtp_new }}"}]}),
        ("outgoing_mail_servers", {"config": [{**login, "password": "{{ secrets.wrong }}", "tested": True}]}),
        # PostgreSQL quotes the row, password and all, when it refuses an empty host (up to 16) and by its own log.
        ("outgoing_mail_servers", {"config": [{**plain, "password": "{{ secrets.smtp }}", "host": ""}]}),
        ("outgoing_mail_servers", {"config": [{**plain, "password": "{{ secrets.smtp }}", "ssl_private_key": pem}]}),
        ("outgoing_mail_servers", {"config": [{**plain, "password": "{{ secrets.smtp }}", "colour": "red"}]}),
        ("outgoing_mail_servers", {"state": "gathered"}),
        ("outgoing_mail_servers", {"config": [plain], "state": "deleted"}),
        ("incoming_mail_servers", {"config": [{**mailbox, "password": "{{ secrets.imap }}"}]}),
        ("incoming_mail_servers", {"config": [{**mailbox, "password": "{{ secrets.wrong }}", "confirmed": True}]}),
        ("incoming_mail_servers", {"state": "gathered"}),
        ("incoming_mail_servers", {"config": [], "state": "overridden"}),
        ("users", {"config": [{**person, "password": "{{ secrets.user }}"}]}),
        ("users", {"config": [{**person, "password": "{{ secrets.user }}", "update_password": "always"}]}),
        ("users", {"config": [{"login": "b@mydomain.com", "name": "B", "password": "{{ secrets.user }}", "language": "xx"}]}),
        (
            "users",
            {
                "config": [
                    {
                        "login": "b@mydomain.com",
                        "name": "B",
                        "password": "{{ secrets.user }}",
                        "groups": ["base.group_user", "base.group_portal"],
                    }
                ]
            },
        ),
        ("users", {"state": "gathered"}),
        ("config_parameters", {"config": [{"key": "test.api_key", "value": "{{ secrets.parameter }}"}]}),
        ("config_parameters", {"config": [{"key": "test.flagged", "value": "{{ secrets.flagged }}", "secret": True}]}),
        ("config_parameters", {"config": [{"key": "test.api_key", "value": ""}]}),
        ("config_parameters", {"config": [{"key": "test.api_key"}], "state": "gathered"}),
        ("config_parameters", {"config": [{"key": "test.api_key"}, {"key": "test.flagged"}], "state": "deleted"}),
        ("mail_templates", {"config": [{"template": "auth_signup.set_password_email", "reply_to": "a@mydomain.com"}]}),
        ("mail_templates", {"config": [{"template": "no.such", "reply_to": "a@mydomain.com"}]}),
        ("alias_domains", {"config": [{"name": "mydomain.com", "catchall": "catchall"}]}),
        ("addons", {"config": [{"name": "no_such_addon"}]}),
        ("addons", {"config": [{"name": "mail"}], "password": "{{ secrets.wrong }}"}),
        ("users", {"config": [person], "api_key": "{{ secrets.api_key }}"}),
        ("users", {"config": [person], "url": "http://127.0.0.1:9"}),
    ]
    registered = [f"{{{{ result_{number} }}}}" for number in range(len(tasks))]
    return [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "module_defaults": {"group/postroom.odoo.odoo": "{{ connection }}"},
            "tasks": [
                {f"postroom.odoo.{module}": arguments, "ignore_errors": True, "register": f"result_{number}"}
                for number, (module, arguments) in enumerate(tasks)
            ]
            + [{"ansible.builtin.set_fact": {"cacheable": True, "results": registered}}],
        }
    ], len(tasks)


def test_no_secret_in_any_output(database, tmp_path):
    plays, count = playbook(database.series)
    secrets = {**SECRETS, "owner": database.connection[database.secret]}
    (tmp_path / "play.yml").write_text(json.dumps(plays))
    variables = {
        "secrets": secrets,
        "connection": {**database.connection, database.secret: "{{ secrets.owner }}"},
        "ports": database.lab["ports"],
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
    }
    (tmp_path / "variables.json").write_text(json.dumps(variables))
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_LOG_PATH": str(tmp_path / "out" / "ansible.log"),
        "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(tmp_path / "out" / "facts"),
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "local"),
    }
    (tmp_path / "out").mkdir()
    command = [Path(sys.executable).with_name("ansible-playbook"), "-vvv", "--diff", "-i", "localhost,"]
    command += ["-e", f"@{tmp_path}/variables.json", tmp_path / "play.yml"]
    for check in (["--check"], []):
        done = subprocess.run([*command, *check], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        (tmp_path / "out" / f"stdout{len(list((tmp_path / 'out').iterdir()))}").write_text(done.stdout + done.stderr)
        assert f"ok={count + 1}" in done.stdout, done.stdout[-3000:] + done.stderr[-2000:]
    written = {path: path.read_text(errors="replace") for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert len(written) >= 4, list(written)
    assert sum("FAILED!" in text or "fatal:" in text for text in written.values()) >= 2
    found = [(path.name, name) for path, text in written.items() for name, value in secrets.items() if value in text]
    # Also as JSON writes it, and the halves that quoting leaves whole.
    found += [(path.name, name) for path, text in written.items() for name, value in secrets.items() if value[:10] in text]
    assert found == []


@pytest.mark.any_series
@pytest.mark.parametrize("in_process", ["1", "0"])
@pytest.mark.parametrize("secret", ["Ur1-xxCv-secret", "Ur1/xx@Cv-secret"])
def test_a_password_in_odoo_url_is_refused_and_not_shown(lab, series, tmp_path, secret, in_process):
    """Whatever its characters do to an address."""
    url = lab["odoo"][series]["url"].replace("//", f"//somebody:{secret}@")
    host = {
        "odoo_url": url,
        "odoo_database": "mydomain",
        "odoo_login": "admin",
        "odoo_password": "admin",
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "mail_domain_incoming": False,
        "mail_domain_outgoing": False,
    }
    aliases = dict.fromkeys(("mail_domain_catchall", "mail_domain_bounce", "mail_domain_default_from"), "catchall")
    hosts = {"company": {**host, "mail_domain_name": "mydomain.com", **aliases}}
    (tmp_path / "hosts.json").write_text(json.dumps({"odoo_databases": {"hosts": hosts}}))
    for playbook in ("site.yml", "playbooks/drift.yml", "playbooks/export.yml"):
        done = run_playbook("-i", tmp_path / "hosts.json", playbook, "-vvvv", "--diff", POSTROOM_IN_PROCESS=in_process)
        assert done.returncode != 0
        output = done.stdout + done.stderr
        assert "url is not usable: give scheme, host and port only" in " ".join(output.split()), output
        assert not any(part in output for part in (secret, "Cv-secret", "xx@Cv"))
