"""The table in docs/routing.md of what core loses, and what the addon does: each cell is what a run saw."""

from pathlib import Path

from office import ROOT, Office, address

DOCUMENT: Path = ROOT / "docs" / "routing.md"
BEGIN, END = "<!-- table: made by tests/e2e -->", "<!-- end of table -->"
# The series that have a package, so that everybody can repeat it; the others are in docs/series.md.
SERIES = ("14", "19")
COLUMNS = [
    f"{series} {addon}, {catchall}"
    for addon in ("core", "addon")
    for series in SERIES
    for catchall in ("catchall", "no catchall")
]
PEOPLE = {"newuser": "New User", "seconduser": "Second User"}
CASES = [
    (person, way, reply_to)
    for person in PEOPLE
    for way in Office.WAYS
    for reply_to in ((False,) if way.startswith("chatter") else (False, "answers@office.example"))
]


def name_of(case):
    person, way, reply_to = case
    return f"{person}: {way}{', template with Reply-To' if reply_to else ''}"


def column(series, addon, catchall):
    return f"{series} {'addon' if addon else 'core'}, {'catchall' if catchall else 'no catchall'}"


def verdict(trip, person):
    """In a few words, what became of a message and of the answer to it."""
    if not trip.delivered:
        return "rejected: 553" if "553" in trip.refused else "not sent"
    found = []
    if trip.login != address(person):
        found.append(f"sent by {trip.login.partition('@')[0]}")
    if not trip.answered_to:
        return "no address to reply to"
    if trip.answered_to != address(person):
        found.append(f"reply goes to {trip.answered_to.partition('@')[0]}")
    if trip.landed_on != ("res.partner", trip.record):
        found.append("reply lost")
    return ", ".join(found) or "✓"


def read():
    """The cells, by row and column."""
    text = DOCUMENT.read_text() if DOCUMENT.exists() else ""
    lines = text.partition(BEGIN)[2].partition(END)[0].strip().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    if len(rows) < 2:
        return {}
    return {(row[0], name): cell for row in rows[2:] for name, cell in zip(rows[0][1:], row[1:], strict=False)}


def write(cells):
    cells = {**read(), **cells}
    rows = [["", *COLUMNS], ["---"] * (len(COLUMNS) + 1)]
    rows += [[name_of(case), *(cells.get((name_of(case), name), "") for name in COLUMNS)] for case in CASES]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    before, _, rest = DOCUMENT.read_text().partition(BEGIN)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}")
