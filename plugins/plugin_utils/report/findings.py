# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The findings of a run of verify.yml together: from what the action returned for each host to one report. Pure: no I/O."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.rules import ERROR, LEVELS, RULES

# The version of the report's structure (docs/verify.schema.json). It grows with a change that a reader could trip over.
VERSION = 1

WELL, WRONG, NOT_CHECKED = "well", "wrong", "not_checked"
_ABOUT = ("url", "database", "series")


def is_wrong(findings):
    """Whether something is wrong: a warning or an information is not."""
    return any(each["level"] == ERROR for each in findings)


class Verification:
    """What the run has returned so far, host by host."""

    def __init__(self):
        self.hosts = {}

    def take(self, name, result):
        """What the action verify returned for a host."""
        self.hosts[name] = _host(name, result)

    def fail(self, name, reason):
        """Why a host could not be checked at all."""
        if name not in self.hosts:
            self.hosts[name] = _host(name, {})
        if reason not in self.hosts[name]["reasons"]:
            self.hosts[name]["reasons"].append(reason)
        self.hosts[name]["status"] = NOT_CHECKED

    def report(self, generated):
        """Everything, as docs/verify.schema.json describes it.

        :param generated: the time, in ISO 8601.
        """
        hosts = [self.hosts[name] for name in sorted(self.hosts)]
        findings = [each for host in hosts for each in host["findings"]]
        statuses = [host["status"] for host in hosts]
        levels = [each["level"] for each in findings]
        return {
            "version": VERSION,
            "generated": generated,
            "status": NOT_CHECKED if NOT_CHECKED in statuses or not hosts else WRONG if WRONG in statuses else WELL,
            "summary": {
                "hosts": len(hosts),
                **{status: statuses.count(status) for status in (WELL, WRONG, NOT_CHECKED)},
                "looked_at": sum(len(host["looked_at"]) for host in hosts),
                **{level: levels.count(level) for level in LEVELS},
            },
            "hosts": hosts,
            "rules": {
                name: {"meaning": rule.meaning, "matters": rule.matters, "cure": rule.cure}
                for name, rule in RULES.items()
                if any(each["rule"] == name for each in findings)
            },
        }


def by_subject(rows):
    """Findings, or what was not checked, by what they are about."""
    found = {}
    for row in rows:
        found.setdefault((row["check"], row["subject"]), []).append(row)
    return found


def _host(name, result):
    findings = sorted(
        result.get("findings", ()),
        key=lambda each: (LEVELS.index(each["level"]), each["check"], each["subject"], each["rule"]),
    )
    not_checked = list(result.get("not_checked", ()))
    found, missing = by_subject(findings), by_subject(not_checked)
    return {
        "host": name,
        **{each: result.get(each) for each in _ABOUT},
        "status": _status(findings, not_checked),
        "reasons": [],
        "looked_at": [
            {"check": check, "subject": subject, "status": _status(found.get(key, ()), missing.get(key))}
            for key in sorted({(each["check"], each["subject"]) for each in result.get("looked_at", ())})
            for check, subject in [key]
        ],
        "findings": findings,
        "not_checked": not_checked,
    }


def _status(findings, not_checked):
    return NOT_CHECKED if not_checked else WRONG if is_wrong(findings) else WELL
