#!/usr/bin/env python3
"""Run a module twice at the same moment against one database, again and again, and see that nothing is lost or doubled.

usage: races.py [--series 14 19] [--times 50] [--kinds NAME …]

Both runs must succeed, each record must be there once, or not at all if both remove it, and a third run must have nothing to
do. Of two runs that want the same, one must report all that was done, and the other that it changed nothing. Ends with one
line of figures; the exit code is 1 if anything was not as it must be.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / name) for name in ("integration", "lab")]

from facts import read_lab, wanted_series
from support import Database, finish, start
from test_bulk import incoming, outgoing, parameter, user
from test_collisions import address

SIZE = 10


USERS = ("users", "res_users", "login")
OUTGOING = ("outgoing_mail_servers", "ir_mail_server", "smtp_user")
INCOMING = ("incoming_mail_servers", "fetchmail_server", '"user"')
PARAMETERS = ("config_parameters", "ir_config_parameter", "key")
BLACKLIST = ("mail_blacklist", "mail_blacklist", "email")


def listed(make, numbers=range(SIZE), **more):
    return [make(number, **more) for number in numbers]


def backwards(make, **more):
    return listed(make, reversed(range(SIZE)), **more)


def renamed(numbers):
    return [outgoing(number, previous_login=f"user{number + 100}@mydomain.com") for number in numbers]


# What both runs find, the list of each, what one of them must report of all records, and the state that they want.
KINDS = {
    "users created": (USERS, [], listed(user), listed(user), "created"),
    "users created in another order": (USERS, [], listed(user), backwards(user), "created"),
    "users changed": (USERS, listed(user), listed(user, name="A"), listed(user, name="A"), "updated"),
    "users changed in another order": (USERS, listed(user), listed(user, name="A"), backwards(user, name="A"), "updated"),
    "outgoing servers created": (OUTGOING, [], listed(outgoing), listed(outgoing), "created"),
    "outgoing servers created in another order": (OUTGOING, [], listed(outgoing), backwards(outgoing), "created"),
    "outgoing servers changed": (OUTGOING, listed(outgoing), *[listed(outgoing, port=2525)] * 2, "updated"),
    "outgoing servers changed in another order": (
        OUTGOING,
        listed(outgoing),
        listed(outgoing, port=2525),
        backwards(outgoing, port=2525),
        "updated",
    ),
    "outgoing servers removed": (OUTGOING, listed(outgoing), listed(outgoing), backwards(outgoing), "deleted"),
    "outgoing servers renamed": (
        OUTGOING,
        listed(outgoing, range(100, 100 + SIZE)),
        renamed(range(SIZE)),
        renamed(reversed(range(SIZE))),
        "updated",
    ),
    "incoming servers created": (INCOMING, [], listed(incoming), listed(incoming), "created"),
    "addresses blacklisted": (BLACKLIST, [], listed(address), backwards(address), "created"),
    "parameters created": (PARAMETERS, [], listed(parameter), backwards(parameter), "created"),
    "parameters changed": (
        PARAMETERS,
        listed(parameter),
        listed(parameter, value="y"),
        backwards(parameter, value="y"),
        "updated",
    ),
    "parameters removed": (PARAMETERS, listed(parameter), listed(parameter), backwards(parameter), "deleted"),
}


def make_room(database, module, table, column):
    """Take away what an earlier race left."""
    left = database.values(f"SELECT {column} FROM {table} WHERE {column} LIKE 'user%' OR {column} LIKE 'test.%'")
    if module == "users":
        # Odoo keeps users that have logged anything; a new name makes room.
        database.sql("UPDATE res_users SET login = 'old' || id, active = false WHERE login LIKE 'user%'")
        database.sql("DELETE FROM ir_model_data WHERE module = '__postroom__' AND model = 'res.users'")
    elif module == "mail_blacklist":
        # Postroom keeps its history.
        database.sql("DELETE FROM mail_blacklist; DELETE FROM ir_model_data WHERE model = 'mail.blacklist'")
    elif left:
        option = "key" if module == "config_parameters" else "login"
        more = {"host": "imap.mydomain.com"} if module == "incoming_mail_servers" else {}
        database.ok(module, [{option: each, **more} for each in left], state="deleted")


def race(database, kind):
    """Run once; what is wrong, as a list of texts."""
    (module, table, column), before, *lists, done = KINDS[kind]
    make_room(database, *KINDS[kind][0])
    if before:
        database.ok(module, before)
    state = "deleted" if done == "deleted" else "merged"
    processes = [start(module, {**database.connection, "config": config, "state": state}) for config in lists]
    results = [finish(process) for process in processes]
    wrong = [f"fails: {result['msg']}" for result in results if result.get("failed")]
    if wrong:
        return wrong
    found = Counter(database.values(f"SELECT {column} FROM {table} WHERE {column} LIKE 'user%' OR {column} LIKE 'test.%'"))
    if any(count > 1 for count in found.values()) or len(found) != (0 if state == "deleted" else SIZE):
        wrong.append(f"records: {dict(found)}")
    told = sorted((result["counts"][done], result["changed"]) for result in results)
    if told != [(0, False), (SIZE, True)]:
        wrong.append(f"{done}, changed: {told}, and {SIZE} were {done}")
    again = database.ok(module, lists[0], state=state)
    if again["changed"]:
        wrong.append(f"a third run changes {again['changes']}")
    return wrong


def run(series, times, kinds=tuple(KINDS)):
    """Run each kind so many times on a database of its own.

    :returns: how many races were run, and what was wrong, by kind
    """
    wrong = Counter()
    for kind in kinds:
        database = Database(read_lab(), series)
        try:
            for _ in range(times):
                complaints = race(database, kind)
                if complaints:
                    wrong[kind] += 1
                    print(f"Odoo {series}, {kind}:", *complaints, sep="\n  ", flush=True)
            print(f"Odoo {series}, {kind}: {times} races, {wrong[kind]} went wrong", flush=True)
        finally:
            database.drop()
    return times * len(kinds), wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", nargs="+", default=wanted_series())
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    asked = parser.parse_args()
    total = failed = 0
    for series in asked.series:
        races, wrong = run(series, asked.times, asked.kinds)
        print(f"Odoo {series}: {races} races of {len(asked.kinds)} kinds, {sum(wrong.values())} went wrong")
        total, failed = total + races, failed + sum(wrong.values())
    print(f"races: {total - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
