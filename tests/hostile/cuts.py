#!/usr/bin/env python3
"""Break a run of site.yml at each of its requests, in each way in which requests break, and see that the next run mends it.

usage: cuts.py [--series 14 19] [--transport jsonrpc json2] [--ways NAME …] [--sample N] [--seed N] [--part 1/4]
               [--first REQUEST] [--wrong-password]

A run has some hundred requests, so all of it takes hours: --part divides it among several calls, and
--first goes on where one was stopped.

After each broken run, another one must succeed, and the database must hold what it holds when nothing breaks; every tenth time,
it is shown besides that a third run has nothing to do. Where a broken run left nothing, or what an earlier one left, no other
follows, as it would do the same. The broken run itself may succeed, or fail with one error; it must never show a traceback.
With a wrong password in the inventory, the run after the broken one must be refused: what was not tested is not forgotten.
Ends with one line of figures; the exit code is 1 if anything was not as it must be.
"""

import argparse
import contextlib
import itertools
import json
import os
import random
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / name) for name in ("integration", "lab")]

from company import Company
from facts import read_lab, wanted_series
from proxy import proxy

HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
# What comes instead of Odoo's answer: before the request reaches Odoo, or after Odoo has done what it asks.
BEFORE = {
    "refused": 0,
    "redirected": 302,
    "too large": 413,
    "bad gateway": 502,
    "timed out": 504,
}
AFTER = {
    "lost": None,
    "empty": lambda content: b"",
    "truncated": lambda content: content[: len(content) // 2],
    "null": lambda content: b"null",
    "page": lambda content: HTML,
}
WAYS = (*BEFORE, *AFTER)
# What a run leaves, without what differs from run to run: numbers, times, random names.
LEFT = {
    "outgoing": """SELECT name, smtp_host, smtp_port, smtp_encryption, smtp_user, smtp_pass, sequence, active
                   FROM ir_mail_server""",
    "incoming": 'SELECT name, server, port, server_type, "user", password, priority, state, active FROM fetchmail_server',
    "users": "SELECT u.login, u.active, p.name, p.email FROM res_users u JOIN res_partner p ON p.id = u.partner_id",
    "parameters": "SELECT key, value FROM ir_config_parameter WHERE key LIKE 'mail.%' OR key LIKE 'postroom.%'",
    "owned": """SELECT model, count(*) FROM ir_model_data WHERE module = '__postroom__' AND model <> 'ir.model.data'
                GROUP BY model""",
    # A turn that was not ended; integration/test_collisions.py shows that the next run waits for it.
    "turns": "SELECT name FROM ir_model_data WHERE model = 'ir.model.data' AND noupdate",
    "templates": "SELECT email_from::text, reply_to::text FROM mail_template",
}
# What Postroom notes of its records: which are its own, which are not tested yet, and the turns.
OWNED = "SELECT name, model, noupdate FROM ir_model_data WHERE module = '__postroom__'"
DOMAINS = "SELECT name, catchall_alias, bounce_alias, default_from FROM mail_alias_domain"


def left(database):
    """What the database holds, to compare."""
    queries = {**LEFT, "domains": DOMAINS} if database.major >= 17 else LEFT
    return {name: sorted(map(json.dumps, database.rows(query))) for name, query in queries.items()}


class Cut:
    """A proxy's two functions: one request of a run goes wrong, all others are passed on."""

    def __init__(self, number, way):
        self.number, self.way = number, way
        self.seen = itertools.count()
        self.now = False
        self.done = False

    def answer(self, path, body):
        self.now = next(self.seen) == self.number
        self.done = self.done or self.now
        return BEFORE[self.way] if self.now and self.way in BEFORE else None

    def note(self, path, body, content):
        if not (self.now and self.way in AFTER):
            return None
        if AFTER[self.way] is None:
            raise ConnectionAbortedError
        return AFTER[self.way](content)


@dataclass
class Outcome:
    failed: bool
    complaint: str = ""


class Bench:
    """A database of one series, reached by one API, and an inventory for it."""

    def __init__(self, lab, series, transport, wrong_password=False):
        # Read when the first database is made.
        os.environ["POSTROOM_TRANSPORT"] = transport
        import support  # noqa: PLC0415, the transport is decided there

        support.TRANSPORT = transport
        self.make = lambda: support.Database(lab, series)
        self.folder = Path(tempfile.mkdtemp(prefix="cuts-"))
        self.wrong_password = wrong_password
        self.untouched = self.expected = None
        # A database to which no run has written yet.
        self.fresh = None
        self.mended = itertools.count()
        # Whether a broken run succeeded, and what it left, where the next run did what it must.
        self.mendable = []
        # How many requests a run makes that nothing breaks.
        self.requests = 0

    def company(self, database):
        company = Company(database, self.folder)
        company.variables["mail_users_accounts"] = [company.account("cut"), company.account("short")]
        company.variables["mail_extras_parameters"] = [{"key": "postroom.cut", "value": "1"}]
        if self.wrong_password:
            company.variables["mail_users_accounts"][0]["password"] = "not-this-one"
        return company

    def whole(self):
        """Run it without a break; what it leaves."""
        with self.database() as database:
            company = self.company(database)
            self.untouched = left(database)
            cut = Cut(None, None)
            with proxy(database.server["port"], cut.answer) as url:
                company.variables["odoo_url"] = url
                whole = company.play("site.yml")
            company.variables["odoo_url"] = database.server["url"]
            self.requests = next(cut.seen)
            assert bool(whole.status) == self.wrong_password, whole.output
            if self.wrong_password:
                return
            assert company.succeeds("site.yml").changed == 0
            self.expected = left(database)

    @contextlib.contextmanager
    def database(self):
        database, self.fresh = self.fresh or self.make(), None
        try:
            yield database
        finally:
            if self.fresh is not database:
                database.drop()

    def close(self):
        if self.fresh:
            self.fresh.drop()

    def broken(self, number, way):
        with self.database() as database:
            company, cut = self.company(database), Cut(number, way)
            with proxy(database.server["port"], cut.answer, note=cut.note) as url:
                company.variables["odoo_url"] = url
                first = company.play("site.yml")
            company.variables["odoo_url"] = database.server["url"]
            if not cut.done:
                return Outcome(failed=first.status != 0, complaint="the run ended before this request: " + first.output[-1500:])
            complaints = []
            if first.status == 0 and left(database)["turns"]:
                complaints.append("the broken run succeeded and seems to be at work still")
            # As if the next run had waited for as long as Odoo may work on a request whose answer did not come.
            database.sql("UPDATE ir_model_data SET noupdate = false WHERE model = 'ir.model.data' AND module = '__postroom__'")
            if "Traceback" in first.output:
                complaints.append("the broken run shows a traceback: " + first.output[-1500:])
            if first.status and left(database) == self.untouched:
                self.fresh = database
            elif self.wrong_password:
                if company.play("site.yml").status == 0:
                    complaints.append("the next run accepts a password that was never tested")
            else:
                complaints += self.not_mended(database, company, succeeded=first.status == 0)
            return Outcome(failed=first.status != 0, complaint="\n".join(complaints))

    def not_mended(self, database, company, succeeded):
        """What the next run does not mend, as a list of texts."""
        remains = succeeded, left(database), sorted(map(json.dumps, database.rows(OWNED)))
        if remains in self.mendable:
            return []
        complaints = []
        if succeeded and company.play("site.yml").changed:
            complaints.append("the broken run succeeded and left something to do")
        second = company.play("site.yml")
        if second.status:
            complaints.append("the next run fails: " + second.output[-1500:])
        elif next(self.mended) % 10 == 0 and company.play("site.yml").changed:
            complaints.append("the run after the next still changes something")
        found = left(database)
        complaints += [
            f"{name}: {sorted(set(found[name]) ^ set(rows))}" for name, rows in self.expected.items() if found[name] != rows
        ]
        if not complaints:
            self.mendable.append(remains)
        return complaints


def run(series, transport, ways=WAYS, sample=None, seed=0, part=(1, 1), first=0, wrong_password=False):
    """Break each request in each way, or a sample of these.

    :param part: which part of how many
    :param first: the first request to break
    :returns: how many runs were broken, how many of these failed, and the complaints
    """
    with contextlib.closing(Bench(read_lab(), series, transport, wrong_password)) as bench:
        bench.whole()
        cases = list(itertools.product(range(first, bench.requests), ways))
        if sample:
            cases = random.Random(seed).sample(cases, sample)
        number, parts = part
        failed, complaints = 0, []
        cases = cases[number - 1 :: parts]
        for done, (request, way) in enumerate(cases, 1):
            outcome = bench.broken(request, way)
            failed += outcome.failed
            if outcome.complaint:
                complaints.append(f"Odoo {series}, {transport}, request {request}, {way}:\n{outcome.complaint}")
                print(complaints[-1], flush=True)
            if done % 20 == 0:
                print(f"Odoo {series}, {transport}, request {request}: {done} of {len(cases)} runs broken", flush=True)
        return len(cases), failed, complaints


def _part(text):
    number, _, parts = text.partition("/")
    return int(number), int(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", nargs="+", default=wanted_series())
    parser.add_argument("--transport", nargs="+", default=["jsonrpc", "json2"], choices=["jsonrpc", "json2"])
    parser.add_argument("--ways", nargs="+", default=WAYS, choices=WAYS)
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--part", type=_part, default=(1, 1))
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--wrong-password", action="store_true")
    asked = parser.parse_args()
    total = wrong = 0
    for series, transport in itertools.product(asked.series, asked.transport):
        if transport == "json2" and int(series) < 19:
            continue
        broken, failed, complaints = run(
            series, transport, asked.ways, asked.sample, asked.seed, asked.part, asked.first, asked.wrong_password
        )
        print(f"Odoo {series}, {transport}: {broken} runs broken, {failed} of them failed, {len(complaints)} not mended")
        total, wrong = total + broken, wrong + len(complaints)
    print(f"cuts: {total - wrong} passed, {wrong} failed")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
