# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A report of findings as a table for a terminal, as JSON and JUnit XML for programs, and as an HTML page for people."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.plugin_utils.report.files import Case, as_json, junit, page
from ansible_collections.postroom.odoo.plugins.plugin_utils.report.findings import NOT_CHECKED, WELL, WRONG, by_subject
from ansible_collections.postroom.odoo.plugins.plugin_utils.report.table import as_reasons, columns
from ansible_collections.postroom.odoo.plugins.plugin_utils.report.words import counted, plain
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.rules import ERROR

# Of each rule, how many findings are shown whole below the columns.
MOST_WHOLE = 3
_HEADER = ("DATABASE", "LEVEL", "SUBJECT", "FINDING", "FOUND")
_STATUS = {WELL: "All is well", WRONG: "Something is wrong", NOT_CHECKED: "Not everything was checked"}


def as_table(report):
    """Lines for a terminal."""
    rows = [
        (host["host"], each["level"], each["subject"], each["rule"], each["found"])
        for host in report["hosts"]
        for each in host["findings"]
    ]
    lines = []
    if rows:
        lines += [*columns(_HEADER, rows, "verify_report_dir"), ""]
        for rule, found in _by_rule(report).items():
            words = report["rules"][rule]
            lines += ["%s: %s" % (rule, words["meaning"]), "  %s" % words["matters"], "  %s" % words["cure"]]
            lines += [*_whole(found), ""]
    reasons = {host["host"]: _reasons(host) for host in report["hosts"]}
    if any(reasons.values()):
        lines += ["NOT CHECKED", *as_reasons({name: reason for name, reason in reasons.items() if reason}), ""]
    return [*lines, verdict(report)]


def _by_rule(report):
    found = {}
    for host in report["hosts"]:
        for each in host["findings"]:
            found.setdefault(each["rule"], []).append((host["host"], each))
    return found


def _whole(found):
    """The first findings of a rule without the bounds of the columns."""
    for host, each in found[:MOST_WHOLE]:
        words = "%s, %s: %s (looked up: %s)" % (host, each["subject"], each["found"], each["looked_up"])
        yield "  %s" % plain(" ".join(words.split()))
    if len(found) > MOST_WHOLE:
        yield "  … and %d more" % (len(found) - MOST_WHOLE)


def _reasons(host):
    """Why a host was not checked, or not wholly, a line each."""
    return "\n".join(host["reasons"] + ["%(check)s, %(subject)s: %(reason)s" % each for each in host["not_checked"]])


def verdict(report):
    """The whole report on a line."""
    summary = report["summary"]
    nouns = {"error": "error", "warning": "warning", "information": "remark"}
    numbers = ", ".join(counted(summary[level], noun) for level, noun in nouns.items())
    return (
        "%s: %s on %s. Databases: %%(hosts)d (well: %%(well)d, wrong: %%(wrong)d, not checked: %%(not_checked)d)"
        % (_STATUS[report["status"]], numbers, counted(summary["looked_at"], "subject"))
    ) % summary


def as_junit(report):
    """A test suite for each host; a test case for each subject of each check. Errors are failures; the rest is output."""
    return junit(
        "postroom.odoo.verify", report["generated"], ((host["host"], _cases(host, report)) for host in report["hosts"])
    )


def _cases(host, report):
    findings, not_checked = by_subject(host["findings"]), by_subject(host["not_checked"])
    for subject in host["looked_at"]:
        key = subject["check"], subject["subject"]
        wrong = [each for each in findings.get(key, ()) if each["level"] == ERROR]
        yield Case(
            *key,
            failure=(" ".join(dict.fromkeys(each["rule"] for each in wrong)), [_words(each, report) for each in wrong]),
            error=(NOT_CHECKED, [each["reason"] for each in not_checked.get(key, ())]),
            output=[_words(each, report) for each in findings.get(key, ()) if each["level"] != ERROR],
        )
    if host["reasons"]:
        yield Case("host", "can be checked", error=(NOT_CHECKED, host["reasons"]))


def _words(finding, report):
    rule = report["rules"][finding["rule"]]
    return "%s: %s: %s (looked up: %s). %s %s" % (
        finding["level"],
        rule["meaning"],
        finding["found"],
        finding["looked_up"],
        rule["matters"],
        rule["cure"],
    )


def as_html(report):
    """One page that needs nothing else."""
    return page("findings.html.j2", report=report, status=_STATUS[report["status"]], verdict=verdict(report))


FORMATS = {"json": as_json, "xml": as_junit, "html": as_html}
