# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The alias domain: the addresses that belong to a database as a whole."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.module_utils.engine import validators
from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import Example, Field, Resource
from ansible_collections.postroom.odoo.plugins.module_utils.resources.alias_domain_parameters import Parameters
from ansible_collections.postroom.odoo.plugins.module_utils.resources.shared import ALIAS_DOMAIN_PARAMETERS, COMPANY

OTHER_ALIAS_DOMAIN = "other_alias_domain"
UNUSED_ALIAS_DOMAIN = "unused_alias_domain"


def _conflicts(view):
    """Companies that use another alias domain than ours; from 17 on, where each company has its own."""
    # If the list declares the companies, they are compared anyway.
    if not view.wanted or any("companies" in each.values for each in view.wanted):
        return
    for record in view.strangers():
        if record.get("companies"):
            companies = ", ".join(view.shown("companies", record["companies"]))
            yield OTHER_ALIAS_DOMAIN, view.wanted[0].index, record, "is the alias domain of %s" % companies
    for record in view.records:
        if record["id"] in view.named and "companies" in record and not record["companies"]:
            yield UNUSED_ALIAS_DOMAIN, view.named[record["id"]], record, "is the alias domain of no company"


ALIAS_DOMAINS = Resource(
    name="alias_domains",
    model="mail.alias.domain",
    noun="alias domain",
    brought_by={14: "mail"},
    example=Example(
        "mydomain.com",
        {"option": "catchall", "declared": "catchall", "found": "nobody"},
        ("companies", "this database has no company 'Acme'; check the spelling"),
    ),
    identities=(("name",),),
    fields=(
        Field(
            "name",
            "name",
            check=validators.domain,
            title=True,
            doc=(
                "The domain, such as C(mydomain.com).",
                "Up to Odoo 16, a different name renames the only domain.",
            ),
        ),
        Field(
            "catchall",
            "catchall_alias",
            fold=True,
            check=validators.alias,
            doc=(
                "Local part of the address that receives replies that belong to no other alias. Odoo's label is "
                "I(Catchall Alias)."
            ),
        ),
        Field(
            "bounce",
            "bounce_alias",
            fold=True,
            check=validators.alias,
            doc=(
                "Local part of the address that receives bounces. Odoo's label is I(Bounce Alias).",
                "It may be the same as the catchall, also on Odoo 14 to 16, whose user interface rejects this.",
            ),
        ),
        Field(
            "default_from",
            "default_from",
            fold=True,
            check=validators.address_or_alias,
            doc=(
                "The address, or its local part, from which Odoo sends mail that it may not send from its author's "
                "address. Odoo's label is I(Default From Alias)."
            ),
        ),
        Field(
            "sequence",
            "sequence",
            type="integer",
            since=17,
            check=validators.integer,
            doc="Order of the domains (Odoo 17 and later).",
        ),
        Field(
            "companies",
            "company_ids",
            type="many2many",
            since=17,
            relation=COMPANY,
            inverse="alias_domain_id",
            doc=(
                "Names of all companies that use the domain (Odoo 17 and later).",
                "Odoo itself assigns the first domain to all companies.",
            ),
        ),
    ),
    conflicts=_conflicts,
    conflict_fields=("companies",),
    # Up to 16 the only one of a database is system parameters.
    variants={
        14: {
            "storage": Parameters(ALIAS_DOMAIN_PARAMETERS),
            # A manually created domain is owned once one of its parameters is written.
            "adopts": False,
            "identities": ((),),
            "called": (("name",),),
            "repeated": "this Odoo has a single alias domain (several from 17.0 on); remove all others from the list",
            "conflicts": None,
            "conflict_fields": (),
        },
        17: {},
    },
)
