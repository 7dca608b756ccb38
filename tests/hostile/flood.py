"""Put a thousand malformed messages in a mailbox, and an answer behind them that must land, on the lab's servers.

    make lab-up ODOO="14 19"
    python3 tests/hostile/flood.py --count 1000

For each series, over IMAP and POP3, with Dovecot's mailbox and Odoo's own fetching. Each message must be as it was afterwards,
and after one more fetch. Ends with one line of figures; the exit code is 1 if anything was not as it must be.
"""

import argparse
import itertools
import sys
import time
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), *(str(HERE.parent / each) for each in ("e2e", "lab"))]

import corpus
from facts import read_lab, wanted_series
from office import BOB, Office, address, deploy, lab_database, make_template

PERSON = "newuser"
# An answer behind many messages may need more than one fetch, as each has a limited time to look.
MOST_FETCHES = 20


def flood(office, kind, count, seed):
    """Returns what is wrong, the number of fetches, and the seconds that they took."""
    server = office.make_incoming(PERSON, kind, name=f"flooded {kind}", only_replies=True)
    box = office.mailbox(PERSON)
    box.empty()
    trip = office.follow(office.send("chatter", PERSON))
    box.empty()
    messages = itertools.chain(corpus.malformed(), map(corpus.mutated, itertools.count(seed)))
    for content in itertools.islice(messages, count):
        box.put(content)
    before = box.snapshot()
    assert len(before) == count
    answer = f"<{uuid.uuid4().hex}@customer.example>"
    headers = (f"From: {BOB}", f"Subject: Re: {trip.subject}", f"Message-ID: {answer}", f"In-Reply-To: {trip.message_id}")
    box.put(corpus.message(*map(str.encode, headers)))
    started, found, fetches = time.monotonic(), [], 0
    while not found and fetches < MOST_FETCHES:
        fetches += 1
        office.call("fetchmail.server", "fetch_mail", [server])
        found = office.search("mail.message", [("message_id", "=", answer)], "res_id")
    took = time.monotonic() - started
    office.call("fetchmail.server", "fetch_mail", [server])
    after = box.snapshot()
    wrong = []
    if [each["res_id"] for each in found] != [trip.record]:
        wrong.append(f"the answer is on {found}, not on {trip.record}")
    changed = [name for name in before if after.get(name) != before[name]]
    if changed:
        wrong.append(f"{len(changed)} messages have changed, such as {changed[0]}")
    noted = office.read("fetchmail.server", server, "reading_notes")[0]["reading_notes"] or ""
    office.call("fetchmail.server", "write", [server], {"active": False})
    return wrong, fetches, took, len(noted.splitlines())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000, help="malformed messages before the answer")
    parser.add_argument("--seed", type=int, default=0, help="number of the first random one")
    options = parser.parse_args()
    lab, failed, runs = read_lab(), 0, 0
    for series in wanted_series():
        deploy(lab, series)
        template = make_template(lab, series)[0]
        office = Office(lab, series, template)
        try:
            for kind in ("imap", "pop"):
                wrong, fetches, took, noted = flood(office, kind, options.count, options.seed)
                runs += 1
                failed += bool(wrong)
                print(
                    f"Odoo {series}, {kind}: {options.count} malformed messages to {address(PERSON)}, the answer landed after "
                    f"{fetches} fetches in {took:.0f} s, {noted} messages noted"
                    + "".join(f"; WRONG: {each}" for each in wrong),
                    flush=True,
                )
        finally:
            office.drop()
            lab_database.drop(series, template)
    print(f"{runs} floods of {options.count} malformed messages: {failed} failed.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
