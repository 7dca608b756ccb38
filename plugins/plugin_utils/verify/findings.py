# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the checks found in one database, as data. Pure: no I/O."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.rules import RULES


class Findings:
    """What was looked at, what was found there, and what could not be checked. Threads may add to it side by side."""

    def __init__(self):
        self._looked_at = {}
        self._findings = []
        self._not_checked = []

    def look(self, check, subject):
        """Note that something was looked at, whatever comes of it."""
        self._looked_at.setdefault((check, subject))

    def add(self, rule, subject, looked_up, found, level=None):
        """Note a finding.

        :param rule: its name in rules.py.
        :param subject: what it is about: a server, a mailbox, a domain, a record of Odoo.
        :param looked_up: what was asked, so that a person can ask the same.
        :param found: the answer.
        :param level: another level than the rule's own.
        """
        check = RULES[rule].check
        self.look(check, subject)
        self._findings.append(
            {
                "rule": rule,
                "check": check,
                "subject": subject,
                "level": level or RULES[rule].level,
                "looked_up": looked_up,
                "found": found,
            }
        )

    def skip(self, check, subject, reason):
        """Note what could not be checked, and why."""
        self.look(check, subject)
        self._not_checked.append({"check": check, "subject": subject, "reason": reason})

    def skip_dependent(self, check, subject, count):
        """Note that mailboxes were not tried, as what is wrong with their server was found before: it is all the same one."""
        for each in self._findings:
            if each["check"] == check and each["subject"] == subject:
                each["found"] += "; mailboxes that were not tried: %d" % count
                return
        for each in self._not_checked:
            if each["check"] == check and each["subject"] == subject:
                each["reason"] += "; mailboxes that were not tried: %d" % count
                return

    def result(self):
        return {
            "looked_at": [{"check": check, "subject": subject} for check, subject in self._looked_at],
            "findings": self._findings,
            "not_checked": self._not_checked,
        }
