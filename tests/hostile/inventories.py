#!/usr/bin/env python3
"""Give site.yml random inventories, right ones and wrong ones, and see that none is applied by half.

usage: inventories.py [--series 14 19] [--count N] [--checked N] [--seed N]

Each inventory is either applied, and a second run has nothing to do, or it is refused with one error that shows neither a
traceback nor a secret, before anything is written; only a provider that refuses a login does so later. Further ones (--checked)
are judged by the check of the variables alone, many in one run and without a database: it accepts the right ones, and refuses
others with reasons. Ends with one line of figures; the exit code is 1 if anything was not as it must be.
"""

import argparse
import copy
import json
import random
import shutil
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / name) for name in ("integration", "lab")]

import yaml
from company import Company
from facts import read_lab, wanted_series
from playbook import run_playbook
from support import Database, changed_tables, tables_only

SECRET = "s3cret-of-the-test"
TEMPLATE = "auth_signup.mail_template_user_signup_account_created"
# What people write for a value, and what YAML makes of it.
JUNK = (
    *(True, False, 0, 83, -1, 750, 1.1, 0.5, 10**30, None, [], {}, ["a"], [None], {"a": "b"}, {"": ""}, [[]]),
    *("", " ", "x", "yes", "null", "~", "a b", "a\nb", "tab\there", "x" * 5000, "'", '"', "\\", "-", "#", "%s", "%(x)s", "a,b"),
    *("\u00fc", "\u65e5\u672c", "\U0001f989", "{{ nothing }}", "{{ 7 * 7 }}", "{% if %}", "${x}"),
    *("a@b", "a@b.example", "*@b.example", "http://h", "h:25", "[::1]"),
)
NAMES = ("name", "email", "host", "login", "password", "colour", "mail_user_accounts", "mail_domain_nmae", "previous_email", "")


def company_of(draw, accounts):
    """Variables that are right, of any size and shape."""
    given = {
        "mail_users_accounts": accounts[: draw.randrange(len(accounts) + 1)],
        "mail_users_defaults": draw.choice([{}, {"timezone": "Europe/Paris"}, {"groups": ["base.group_user"]}]),
        "mail_templates_settings": draw.choice([[], [{"template": TEMPLATE, "reply_to": "office@mydomain.com"}]]),
        "mail_extras_parameters": draw.choice([[], [{"key": "mail.test", "value": "1"}]]),
        "mail_extras_outgoing_servers": draw.choice([[], [{"name": "Relay", "host": "relay.internal", "port": 25}]]),
        "mail_extras_users": draw.choice([[], [{"login": "watch", "name": "Night Watch"}]]),
    }
    for account in given["mail_users_accounts"]:
        account.update(draw.choice([{}, {"active": False}, {"incoming": False}, {"outgoing": False}, {"timezone": "UTC"}]))
        account.update(draw.choice([{}, {"imap": {"priority": 7}}, {"smtp": {"priority": 50}}, {"odoo_password": SECRET}]))
    return given


def places(value, path=()):
    """Every place in the variables."""
    if path:
        yield path
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, each in steps:
        yield from places(each, (*path, step))


def spoil(draw, variables):
    """Change one thing anywhere; a line that says what."""
    path = draw.choice([path for path in places(variables) if path[0].startswith("mail_")])
    holder = variables
    for step in path[:-1]:
        holder = holder[step]
    way = draw.choice(["replace", "replace", "replace", "remove", "add"])
    if way == "remove":
        del holder[path[-1]]
        return f"without {path}"
    if way == "add" and isinstance(holder, dict):
        name, value = draw.choice(NAMES), draw.choice(JUNK)
        holder[name] = value
        return f"{path[:-1]} with {name!r}: {str(value)[:40]!r}"
    value = draw.choice(JUNK)
    holder[path[-1]] = value
    return f"{path}: {str(value)[:40]!r}"


def inventory_of(draw, right, accounts):
    """Random variables, and what is wrong with them."""
    variables = {**copy.deepcopy(right), **company_of(draw, copy.deepcopy(accounts))}
    return variables, [spoil(draw, variables) for _ in range(draw.choice([0, 1, 1, 1, 2]))]


class Bench:
    """A company whose database is made anew after each inventory that was applied."""

    def __init__(self, series):
        self.lab, self.series = read_lab(), series
        self.folder = Path(tempfile.mkdtemp(prefix="inventories-"))
        self.database = self.company = None

    def fresh(self):
        self.close()
        self.database = Database(self.lab, self.series)
        self.company = Company(self.database, self.folder)
        self.right = copy.deepcopy(self.company.variables)
        self.accounts = [self.company.account(name) for name in ("newcomer", "leaver", "successor")]

    def close(self):
        if self.database:
            self.database.drop()

    def judge(self, seed):
        """One inventory: C((applied, complaint))."""
        draw = random.Random(seed)
        if self.database is None:
            self.fresh()
        self.company.variables, wrong = inventory_of(draw, self.right, self.accounts)
        before = self.database.fingerprints()
        run = self.company.play("site.yml")
        applied = run.status == 0
        complaint = self._applied() if applied else self._refused(run, before)
        if applied or complaint or changed_tables(before, self.database.fingerprints()):
            self.fresh()
        return applied, complaint and f"Odoo {self.series}, seed {seed}, {'; '.join(wrong)}:\n{complaint}"

    def _applied(self):
        again = self.company.play("site.yml")
        return None if again.status == 0 and again.changed == 0 else "the second run had something to do:\n" + again.output

    def _refused(self, run, before):
        written = tables_only(changed_tables(before, self.database.fingerprints()))
        # Whether the provider accepts a password is known when Odoo tries it, and then the earlier records are there.
        tried = ": confirmed: " in run.output or ": tested: " in run.output
        if written and not tried:
            return f"it was refused, and wrote {written}:\n{run.output}"
        if "Traceback" in run.output or run.output.count("[ERROR]") != 1:
            return "its error is not one clear error:\n" + run.output[:5000]
        shown = [each["password"] for each in self.accounts if each["password"] in run.output] + [SECRET] * (
            SECRET in run.output
        )
        if shown or len(run.output) > 20_000:
            return f"its error shows a secret, or a whole value:\n{run.output[:5000]}"
        return None


def run(series, count, seed):
    """Judge so many inventories on one series: C((applied, refused, complaints))."""
    bench, counts, complaints = Bench(series), [0, 0], []
    try:
        for number in range(seed, seed + count):
            applied, complaint = bench.judge(number)
            counts[not applied] += 1
            if complaint:
                complaints.append(complaint)
                print(complaint, flush=True)
    finally:
        bench.close()
    return *counts, complaints


# Hosts in one run of the check.
MOST_HOSTS = 200
# Writes down what the check answers for each host.
NOTING = """
import json, os
from ansible.plugins.callback import CallbackBase

class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, "notification", "noting"

    def note(self, result, failed):
        with open(os.environ["NOTED"], "a") as file:
            answer = dict(result._result, failed=failed)
            file.write(json.dumps([result._host.get_name(), answer], default=str) + "\\n")

    def v2_runner_on_ok(self, result):
        self.note(result, False)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.note(result, True)
"""
# As site.yml has it, but for the database.
ROLES = {"routing_addon": "database", **dict.fromkeys(["mail_domain", "mail_users", "mail_extras", "mail_templates"], "main")}


def check(count, seed):
    """Judge so many inventories by the check of the variables: C((accepted, refused, complaints))."""
    bench = Bench(wanted_series()[-1])
    bench.fresh()
    try:
        counts, complaints = [0, 0], []
        for start in range(seed, seed + count, MOST_HOSTS):
            seeds = range(start, min(start + MOST_HOSTS, seed + count))
            made = {f"seed{each}": inventory_of(random.Random(each), bench.right, bench.accounts) for each in seeds}
            noted, output = _checked(bench, {host: variables for host, (variables, _) in made.items()})
            for host, (_, wrong) in made.items():
                answer = noted.get(host, {})
                refused = bool(answer.get("failed"))
                counts[refused] += 1
                complaint = _of_check(answer, refused, wrong, bench.accounts)
                if complaint:
                    complaints.append(f"the check, {host}, {'; '.join(wrong)}: {complaint}\n{json.dumps(answer)[:2000]}")
                    print(complaints[-1], flush=True)
            if not noted or "Traceback" in output:
                complaints.append(f"the run of the check: {output[-3000:]}")
                print(complaints[-1], flush=True)
        return *counts, complaints
    finally:
        bench.close()


def _checked(bench, hosts):
    """What the check answers for each host, and what Ansible prints."""
    folder = bench.folder / "check"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "noting.py").write_text(NOTING)
    (folder / "hosts.yml").write_text(yaml.safe_dump({"odoo_databases": {"hosts": hosts}}))
    task = {"postroom.odoo.check_variables": {"roles": ROLES, "database": False}, "ignore_errors": True}
    (folder / "check.yml").write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": [task]}]))
    settings = {"ANSIBLE_CALLBACK_PLUGINS": folder, "ANSIBLE_CALLBACKS_ENABLED": "noting", "NOTED": folder / "noted"}
    settings = {**{name: str(value) for name, value in settings.items()}, **bench.database.environment}
    done = run_playbook("-i", folder / "hosts.yml", folder / "check.yml", **settings)
    lines = (folder / "noted").read_text().splitlines() if (folder / "noted").exists() else []
    return dict(map(json.loads, lines)), done.stdout + done.stderr


def _of_check(answer, refused, wrong, accounts):
    if not answer:
        return "the check did not answer"
    if refused and not wrong:
        return "it refuses a right inventory"
    if refused and not answer.get("problems"):
        return "it gives no reason"
    text = json.dumps({name: answer.get(name) for name in ("msg", "problems", "exception", "warnings")})
    if "Traceback" in text:
        return "it fails itself"
    if SECRET in text or any(each["password"] in text for each in accounts) or len(text) > 40_000:
        return "it shows a secret, or a whole value"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", nargs="+", default=wanted_series())
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--checked", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    total = wrong = 0
    if asked.checked:
        accepted, refused, complaints = check(asked.checked, asked.seed + asked.count)
        print(f"The check alone: {accepted} inventories accepted, {refused} refused, {len(complaints)} of them wrongly")
        total, wrong = accepted + refused, len(complaints)
    for series in asked.series if asked.count else ():
        applied, refused, complaints = run(series, asked.count, asked.seed)
        print(f"Odoo {series}: {applied} inventories applied, {refused} refused, {len(complaints)} of them wrongly")
        total, wrong = total + applied + refused, wrong + len(complaints)
    print(f"inventories: {total - wrong} passed, {wrong} failed")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
