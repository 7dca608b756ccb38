# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run's comparisons say together: from the modules' results to one report. Pure: no I/O.

A module sees its own list. Only all lists together tell whether a record is named by none of them.
"""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.module_utils.resources import BY_MODULE

# The version of the report's structure (docs/drift.schema.json). It grows with a change that a reader could trip over.
VERSION = 1

# The roles whose lists, together, name all records that Postroom owns. What is said of a database where one was left out.
WHOLE = frozenset(("mail_domain", "mail_users"))
PARTIAL = "Not all roles were run, so nothing is said of records that no list names, nor of those made by hand."

AS_DECLARED, DRIFT, NOT_CHECKED = "as_declared", "drift", "not_checked"

_NOUNS = {
    "addons": "addon",
    "addons_path": "configuration file",
    "files": "file",
    "service": "service",
    **{module: resource.noun for module, resource in BY_MODULE.items()},
}

# Each kind of difference: what was declared and what is found instead, what it means, and what to do.
KINDS = {
    "differs": {
        "declared": "",
        "found": "",
        "explanation": "The record is there, and this option has another value than the inventory says.",
        "cure": "Run site.yml to set it as declared, or change the inventory when the new value is right.",
    },
    "missing": {
        "declared": "is there",
        "found": "missing",
        "explanation": "It is declared and not there: it was removed, or site.yml has not run since it was added.",
        "cure": "Run site.yml to create it, or take it out of the inventory.",
    },
    "unwanted": {
        "declared": "absent",
        "found": "is there",
        "explanation": "The inventory says that it is not to be there.",
        "cure": "Run site.yml to remove it.",
    },
    "not_owned": {
        "declared": "managed by Postroom",
        "found": "made by hand",
        "explanation": "It is there without Postroom's mark: made by hand in place of ours, or before site.yml ran.",
        "cure": "Run site.yml, which takes it over.",
    },
    "unnamed": {
        "declared": "not in the inventory",
        "found": "is there, owned by Postroom",
        "explanation": "Postroom created or took over this record, and the inventory names it no longer. It is still in use.",
        "cure": "Archive it in Odoo, or remove it with state: overridden; or put it back into the inventory.",
    },
    "second_outgoing_server": {
        "declared": "the only server of its address",
        "found": "another server",
        "explanation": "Another outgoing mail server, made by hand, is for the same address: Odoo may send through that one.",
        "cure": "Archive the other server in Odoo, or put it into the inventory in place of this one.",
    },
    "earlier_outgoing_server": {
        "declared": "the first server",
        "found": "another server goes before it",
        "explanation": "For mail whose sender has no server of their own, Odoo prefers a server that was made by hand.",
        "cure": "Archive the other server in Odoo, or give it a higher priority number and a FROM filter of its own.",
    },
    "second_incoming_server": {
        "declared": "the only one that fetches its mailbox",
        "found": "another server",
        "explanation": "Another incoming mail server, made by hand, fetches the same mailbox: each message goes to one only.",
        "cure": "Archive the other server in Odoo.",
    },
    "other_alias_domain": {
        "declared": "the alias domain of every company",
        "found": "another alias domain",
        "explanation": "A company has an alias domain that was made by hand: its catchall is not the declared one.",
        "cure": "Set the company's alias domain in Odoo, or say with mail_domain_companies whose domain the declared one is.",
    },
    "unused_alias_domain": {
        "declared": "the alias domain of every company",
        "found": "no company has it",
        "explanation": "The alias domain is there and no company has it, so its catchall and bounce are of no effect.",
        "cure": "Set the company's alias domain in Odoo, or name the company in mail_domain_companies and run site.yml.",
    },
    "second_user": {
        "declared": "the only user with its address",
        "found": "another user",
        "explanation": "Another user has the same e-mail address: Odoo takes either for the sender of what comes in.",
        "cure": "Archive the other user in Odoo, or give them another address.",
    },
    "restart_due": {
        "declared": "restarted",
        "found": "a restart is due",
        "explanation": "The addon's files are as declared, and Odoo has not been restarted since.",
        "cure": "Run site.yml, which restarts it.",
    },
}


class Ledger:
    """What the run has told so far, host by host."""

    def __init__(self):
        self.hosts = {}

    def host(self, name):
        return self.hosts.setdefault(name, Host(name))

    def differences(self, name):
        """How many differences a host has."""
        return len(self.host(name).differences())

    def report(self, generated):
        """Everything, as docs/drift.schema.json describes it.

        :param generated: the time, in ISO 8601.
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
            "kinds": {kind: {"explanation": KINDS[kind]["explanation"], "cure": KINDS[kind]["cure"]} for kind in used},
        }


class Host:
    """A database, or a machine that runs Odoo."""

    def __init__(self, name):
        self.name = name
        self.about = {"url": None, "database": None, "series": None}
        self.roles = set()
        self.calls = []
        self.rows = []
        self.restart_due = False
        self.reasons = []
        self.notes = []

    # -- what is told --------------------------------------------------------------------------------------------------

    def take(self, module, result):
        """The result of one of the collection's modules, which compared a list with a database."""
        given = result["invocation"]["module_args"]
        self.about.update(url=given["url"], database=given["database"], series=result["series"])
        self.calls.append(_Call(module, given["config"] or [], result))
        self.notes.extend(note for note in result.get("unpredicted", ()) if note not in self.notes)

    def add(self, resource, record, kind, **more):
        """A difference that no module compared: that of a file, for example."""
        self.rows.append(_row(resource, record, kind, **more))

    def fail(self, reason):
        """Why the host could not be compared, or not wholly."""
        if reason not in self.reasons:
            self.reasons.append(reason)

    # -- what it comes to ----------------------------------------------------------------------------------------------

    def differences(self):
        rows = [row for call in self.calls for row in call.differences()] + self.rows
        # What a list that was not reached may still name is not stray.
        if not self.reasons and self.roles >= WHOLE:
            rows += self._shadows() + self._unnamed()
        if self.restart_due and not rows:
            rows.append(_row("service", "Odoo", "restart_due"))
        return rows

    def _shadows(self):
        rows = {}
        for call in self.calls:
            others = [each for each in self.calls if each.module == call.module and each is not call]
            for shadow in call.drift["conflicts"]:
                keys = {tuple(key) for key in shadow["keys"]}
                if not any(each.names(keys) for each in others):
                    other = {"id": shadow["id"], "name": shadow["name"], "what": shadow["found"]}
                    row = _row(call.module, shadow["record"], shadow["kind"], other=other)
                    rows.setdefault((call.module, shadow["kind"], shadow["id"]), row)
        return list(rows.values())

    def _unnamed(self):
        rows = []
        for module in dict.fromkeys(call.module for call in self.calls):
            unnamed = [call.drift["unnamed"] for call in self.calls if call.module == module]
            by_none = [each for each in unnamed[0] if all(each in others for others in unnamed[1:])]
            rows.extend(_row(module, unnamed[0][each], "unnamed") for each in by_none)
        return rows

    def report(self):
        differences = sorted(
            self.differences(), key=lambda row: (row["resource"], row["record"], row["kind"], row["option"] or "")
        )
        drifted = {(row["resource"], row["record"]) for row in differences}
        declared = dict.fromkeys((call.module, label) for call in self.calls for label in call.labels)
        return {
            "host": self.name,
            "url": self.about["url"],
            "database": self.about["database"],
            "series": self.about["series"],
            "status": NOT_CHECKED if self.reasons else DRIFT if differences else AS_DECLARED,
            "reasons": self.reasons,
            "notes": self.notes + ([PARTIAL] if self.calls and not self.reasons and not self.roles >= WHOLE else []),
            "records": [
                {"resource": module, "record": label, "status": DRIFT if (module, label) in drifted else AS_DECLARED}
                for module, label in declared
            ],
            "differences": differences,
        }


class _Call:
    """One list that was compared with a database."""

    def __init__(self, module, items, result):
        self.module = module
        self.drift = result["drift"]
        if module == "addons":
            major = int(result["series"].split(".")[0])
            items = [item for item in items if (item["since"] or 0) <= major <= (item["until"] or major)]
            self.labels, self.keys = [item["name"] for item in items if item["required"]], set()
        else:
            resource = BY_MODULE[module]
            self.labels = [resource.label(item) for item in items]
            self.keys = {resource.key(item)[1] for item in items}

    def names(self, keys):
        return not self.keys.isdisjoint(keys)

    def differences(self):
        return [
            _row(
                self.module,
                row["record"],
                row["kind"],
                row.get("option"),
                row.get("declared"),
                row.get("found"),
                row.get("secret", False),
            )
            for row in self.drift["differences"]
        ]


def _row(resource, record, kind, option=None, declared=None, found=None, secret=False, other=None):
    return {
        "resource": resource,
        "noun": _NOUNS[resource],
        "record": record,
        "kind": kind,
        "option": option,
        "declared": declared,
        "found": found,
        "secret": secret,
        "other": other,
    }
