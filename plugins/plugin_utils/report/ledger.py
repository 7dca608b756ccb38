# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The comparisons of a run together: from the results of the modules to one report. Pure: no I/O.

A module only knows its own list. Only all lists together show whether none of them contains a record.
"""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.plugin_utils.report.kinds import worded

# The version of the report's structure (docs/drift.schema.json). It grows with a change that a reader could trip over.
VERSION = 1

AS_DECLARED, DRIFT, NOT_CHECKED = "as_declared", "drift", "not_checked"

# What is said of a database some of whose lists were not compared.
PARTIAL = "Not all lists of the inventory were compared, so unnamed and manually created records are not reported."


class Ledger:
    """What the run has returned so far, host by host."""

    def __init__(self):
        self.hosts = {}

    def host(self, name):
        return self.hosts.setdefault(name, Host(name))

    def report(self, generated, playbook="site.yml"):
        """Everything, as docs/drift.schema.json describes it.

        :param generated: the time, in ISO 8601.
        :param playbook: the name of the one that writes what was compared.
        """
        hosts = [self.hosts[name].report() for name in sorted(self.hosts)]
        of = {status: [host for host in hosts if host["status"] == status] for status in (AS_DECLARED, DRIFT, NOT_CHECKED)}
        differences = [row for host in hosts for row in host["differences"]]
        used = sorted({row["kind"] for row in differences})
        return {
            "version": VERSION,
            "generated": generated,
            "status": NOT_CHECKED if of[NOT_CHECKED] or not hosts else DRIFT if of[DRIFT] else AS_DECLARED,
            "summary": {
                "hosts": len(hosts),
                "as_declared": len(of[AS_DECLARED]),
                "drift": len(of[DRIFT]),
                "not_checked": len(of[NOT_CHECKED]),
                "records": sum(len(host["records"]) for host in hosts),
                "differences": len(differences),
            },
            "hosts": hosts,
            "kinds": worded(used, playbook),
        }


class Host:
    """A database, or a machine that runs Odoo."""

    def __init__(self, name):
        self.name = name
        self.about = {"url": None, "database": None, "series": None}
        self.owned_lists = None
        self.comparisons = []
        self.reasons = []
        self.notes = []

    # -- what is returned ----------------------------------------------------------------------------------------------

    def expect(self, resources):
        """The lists by which the inventory owns records: the resource of each."""
        self.owned_lists = list(resources)

    def take(self, drift, notes=()):
        """What a module returned as C(drift); drift() in module_utils/engine/result.py describes it.

        That of a machine has no keys, conflicts or unnamed records. Each of its differences may be of another resource.
        """
        self.about.update({name: drift[name] for name in self.about if drift.get(name)})
        self.comparisons.append(drift)
        self.notes.extend(note for note in notes if note not in self.notes)

    def fail(self, reason):
        """Why the host could not be compared, or not wholly."""
        if reason not in self.reasons:
            self.reasons.append(reason)

    # -- what it comes to ----------------------------------------------------------------------------------------------

    def differences(self):
        rows = [_row(each, **difference) for each in self.comparisons for difference in each["differences"]]
        # What a list that was not reached may still name is not stray.
        if not self.reasons:
            for resource in dict.fromkeys(each["resource"] for each in self.comparisons):
                if self._is_complete(resource):
                    rows += self._conflicts(resource) + self._unnamed(resource)
        return rows

    def _of(self, resource):
        return [each for each in self.comparisons if each["resource"] == resource]

    def _is_complete(self, resource):
        """Whether every list that may name records of the resource was compared."""
        return self.owned_lists is not None and len(self._of(resource)) >= self.owned_lists.count(resource)

    def _is_partial(self):
        if self.owned_lists is None:
            return any("keys" in each for each in self.comparisons)
        return not all(map(self._is_complete, self.owned_lists))

    def _conflicts(self, resource):
        rows = {}
        for comparison in self._of(resource):
            named = [tuple(key) for each in self._of(resource) if each is not comparison for key in each.get("keys", ())]
            for conflict in comparison.get("conflicts", ()):
                # Another list may name it after all.
                if {tuple(key) for key in conflict["keys"]}.isdisjoint(named):
                    other = {"id": conflict["id"], "name": conflict["name"], "what": conflict["found"]}
                    row = _row(comparison, conflict["record"], conflict["kind"], other=other)
                    rows.setdefault((conflict["kind"], conflict["id"]), row)
        return list(rows.values())

    def _unnamed(self, resource):
        first, *others = self._of(resource)
        # A module in a process of its own answers in JSON, where each key is text.
        named_by_others = [{str(each) for each in other.get("unnamed", ())} for other in others]
        return [
            _row(first, label, "unnamed")
            for number, label in first.get("unnamed", {}).items()
            if all(str(number) in unnamed for unnamed in named_by_others)
        ]

    def report(self):
        differences = sorted(
            self.differences(), key=lambda row: (row["resource"], row["record"], row["kind"], row["option"] or "")
        )
        drifted = {(row["resource"], row["record"]) for row in differences}
        declared = dict.fromkeys((each["resource"], label) for each in self.comparisons for label in each["records"])
        return {
            "host": self.name,
            "url": self.about["url"],
            "database": self.about["database"],
            "series": self.about["series"],
            "status": NOT_CHECKED if self.reasons else DRIFT if differences else AS_DECLARED,
            "reasons": self.reasons,
            "notes": self.notes + ([PARTIAL] if not self.reasons and self._is_partial() else []),
            "records": [
                {"resource": resource, "record": label, "status": DRIFT if (resource, label) in drifted else AS_DECLARED}
                for resource, label in declared
            ],
            "differences": differences,
        }


def _row(comparison, record, kind, option=None, declared=None, found=None, secret=False, other=None, **more):
    """A difference as the report has it.

    :param more: C(resource) and C(noun), where they are not the comparison's; C(index), which the report does not have.
    """
    return {
        "resource": more.get("resource", comparison["resource"]),
        "noun": more.get("noun", comparison["noun"]),
        "record": record,
        "kind": kind,
        "option": option,
        "declared": declared,
        "found": found,
        "secret": secret,
        "other": other,
    }
