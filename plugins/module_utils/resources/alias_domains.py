# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The alias domain: the addresses that belong to a database as a whole."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.module_utils.engine import validators
from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import Field, Resource
from ansible_collections.postroom.odoo.plugins.module_utils.resources.shared import COMPANY

OTHER_ALIAS_DOMAIN = "other_alias_domain"
UNUSED_ALIAS_DOMAIN = "unused_alias_domain"


def _conflicts(view):
    """Companies that use another alias domain than ours; from 17 on, where each company has its own."""
    # Where the list says whose domain it is, that is compared already.
    if not view.wanted or any("companies" in each.values for each in view.wanted):
        return
    for record in view.strangers():
        if record.get("companies"):
            companies = ", ".join(view.shown("companies", record["companies"]))
            yield OTHER_ALIAS_DOMAIN, view.wanted[0].index, record, "is the alias domain of %s" % companies
    for record in view.records:
        if record["id"] in view.named and "companies" in record and not record["companies"]:
            yield UNUSED_ALIAS_DOMAIN, view.named[record["id"]], record, "is the alias domain of no company"


_ALIAS_DOMAIN_FIELDS = (
    Field("name", "name", check=validators.domain),
    Field("catchall", "catchall_alias", fold=True, check=validators.alias),
    Field("bounce", "bounce_alias", fold=True, check=validators.alias),
    Field("default_from", "default_from", fold=True, check=validators.address_or_alias),
    Field("sequence", "sequence", type="integer", since=17),
    Field("companies", "company_ids", type="many2many", since=17, relation=COMPANY, inverse="alias_domain_id"),
)

ALIAS_DOMAINS = Resource(
    name="alias_domains",
    model="mail.alias.domain",
    noun="alias domain",
    brought_by={14: "mail"},
    identities=(("name",),),
    fields=_ALIAS_DOMAIN_FIELDS,
    conflicts=_conflicts,
    conflict_fields=("companies",),
)

ALIAS_DOMAIN = Resource(
    name="alias_domains",
    model="ir.config_parameter",
    noun="alias domain",
    brought_by={14: "mail"},
    identities=(("name",),),
    fields=_ALIAS_DOMAIN_FIELDS,
    single=True,
)


def alias_domains(major):
    """The alias domains as that series keeps them."""
    return ALIAS_DOMAINS if major >= 17 else ALIAS_DOMAIN
