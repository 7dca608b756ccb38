# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The kinds of differences, in words: what was declared and what is found instead, what it means, and what to do."""

from __future__ import annotations

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
