"""Have the addon judge thousands of malformed messages, with whatever Python runs this.

    python3 tests/hostile/mutations.py --count 20000

pythons.py runs it with the Pythons of all Odoo series.

Nothing may raise, no text may contain what a database does not store, and twice the size may take about twice the time.
Ends with a figure, and with 1 if anything failed. Needs no package, so that every Python can run it.
"""

import argparse
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import corpus
from addon_tools import load

headers, reports, judgement = load("headers"), load("reports"), load("judgement")

OURS = "<100200300.1766000000.123-openerp-7-crm.lead@own.example>"
KNOWN = {OURS: judgement.Known(7, True)}
# Twice the size may take this much longer: twice, and what a busy machine adds.
MOST_RATIO = 2.7
# Measured anew so often before it counts: the shortest time is the one that nothing else was in.
RETRIES = 8


def judge(content):
    """Everything that the addon does to the bytes of a stranger's message."""
    message = judgement.Message(content, lambda: content)
    verdict = judgement.judge(message, KNOWN)
    message.headers.text("subject").encode("utf-8")
    assert all("\0" not in each and each.isprintable() for each in message.ids())
    report = reports.read(content)
    if report:
        assert "\0" not in report.reason
        report.failed_recipient(["gone@other.example", "ann@other.example"])
        reports.restate("<a@b>", OURS, "gone@other.example", report.reason)
    try:
        given, message_id = judgement.for_core(content, verdict if isinstance(verdict, judgement.Answer) else None)
    except judgement.TooComplex:
        return verdict
    message_id.encode("ascii")
    assert b"\0" not in given
    return verdict


def seconds(content, work=judge):
    """Of the processor."""
    start = time.process_time()
    work(content)
    return time.process_time() - start


QUOTED = b"Content-Type: text/rfc822-headers", b"Content-Transfer-Encoding: quoted-printable"


def report(status, *returned):
    return corpus.report(status, returned or (b"",))


# By size in bytes: what is quadratic for some parser, at the top of a message, in a part, and in a report.
GROWING = {
    "parameters": lambda size: b'Content-Type: multipart/report; a="' + b'a="' * (size // 3) + b"\r\n\r\n",
    "parentheses": lambda size: b"From: " + b"(" * size + b"\r\n\r\n",
    "quotes": lambda size: b"To: " + b'"' * size + b"\r\n\r\n",
    "addresses": lambda size: b"To: " + b"a@b.example, " * (size // 13) + b"\r\n\r\n",
    "no address": lambda size: b"To: " + b"a" * size + b"\r\n\r\n",
    "angles": lambda size: b"References: " + b"<" * size + b"\r\n\r\n",
    "ids": lambda size: b"References: " + b"<a@b.example> " * (size // 14) + b"\r\n\r\n",
    "id without end": lambda size: b"References: <" + b"a " * (size // 2) + b"\r\n\r\n",
    "encoded words": lambda size: b"Subject: " + b"=?utf-8?q?a?= " * (size // 14) + b"\r\n\r\n",
    "encoded words that do not end": lambda size: b"References: " + b"=?utf-8?q?" * (size // 10) + b"\r\n\r\n",
    "blanks between encoded words": lambda size: b"References: " + (b"=?a?q?a?=" + b" " * 100) * (size // 109) + b"\r\n\r\n",
    "folds": lambda size: b"References: <a" + b"\r\n " * (size // 3) + b"@b>\r\n\r\n",
    "headers": lambda size: b"X: y\r\n" * (size // 6) + b"\r\n",
    "lines that are no header": lambda size: b"x\r\n" * (size // 3) + b"\r\n",
    "carriage returns": lambda size: b"X: " + b"\r" * size + b"\r\n\r\n",
    "text": lambda size: b"From: MAILER-DAEMON@x\r\n\r\n" + b"> " * (size // 2),
    "ids in a text": lambda size: b"From: MAILER-DAEMON@x\r\n\r\n" + b"Message-Id: <a@b>\n" * (size // 18),
    "blanks in a text": lambda size: b"From: MAILER-DAEMON@x\r\n\r\nReferences:" + b"\n \t<" * (size // 4),
    "parts": lambda size: b"Content-Type: multipart/report; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * (size // 7),
    "attached messages": lambda size: b"Content-Type: multipart/digest; boundary=b\n" + b"\n--b\n\nTo: a\n" * (size // 12),
    "blanks behind an edge": lambda size: b"Content-Type: multipart/report; boundary=b\r\n\r\n--b" + b" " * size,
    "nested": lambda size: corpus.nested_report(size // 60),
    "status": lambda size: report([b"Final-Recipient: rfc822; a@b.example", b""] * (size // 38)),
    "returned headers": lambda size: report([], b"Content-Type: message/rfc822", b"", b"X: y\r\n" * (size // 6)),
    "quoted-printable": lambda size: report([], *QUOTED, b"", b"=3D=\r\n" * (size // 6)),
    "headers of parts": lambda size: b"Subject: x\r\n\r\n" + b"Content-Type: a\r\n b\r\n" * (size // 21),
    "binary": lambda size: b"\x00\xff" * (size // 2),
}  # fmt: skip


def ratio(name, size=30000, work=judge, attempts=RETRIES):
    """How much longer twice the size takes; the least of some attempts."""
    make, least = GROWING[name], float("inf")
    one, two = make(size), make(2 * size)
    work(one)
    for _ in range(attempts):
        short = min(seconds(one, work) for _ in range(3))
        # Too short to be measured is short enough.
        least = min(least, min(seconds(two, work) for _ in range(3)) / max(short, 0.002))
        if least <= MOST_RATIO:
            break
    return least


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=3000, help="messages of random pieces")
    parser.add_argument("--seed", type=int, default=0, help="number of the first one")
    options = parser.parse_args()
    failed, done, slowest = 0, 0, (0.0, "")
    messages = [*enumerate(corpus.malformed()), *((each, None) for each in range(options.seed, options.seed + options.count))]
    for name, made in messages:
        content = corpus.mutated(name) if made is None else made
        try:
            took = seconds(content)
            slowest = max(slowest, (took / (len(content) + 10000) * 10000, str(name)))
        except Exception:  # noqa: BLE001 - whatever it is, it is a failure
            failed += 1
            print(f"message {name}: {content[:200]!r}")
            traceback.print_exc(limit=-3)
        done += 1
    ratios = {name: ratio(name) for name in GROWING}
    for name, value in ratios.items():
        if value > MOST_RATIO:
            failed += 1
            print(f"{name}: twice the size takes {value:.1f} times as long")
    print(
        f"Python {sys.version.split()[0]}: {done} messages and {len(ratios)} growing ones, {failed} failed; "
        f"twice the size takes at most {max(ratios.values()):.1f} times as long, "
        f"and 10 kB at most {1000 * slowest[0]:.0f} ms."
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
