# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The mail blacklist: addresses to which Odoo sends no mass mailings."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.module_utils.engine import validators
from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import Example, Field, Resource

MAIL_BLACKLIST = Resource(
    name="mail_blacklist",
    model="mail.blacklist",
    noun="blacklisted address",
    brought_by={14: "mail"},
    exported=False,
    example=Example(
        "newuser@mydomain.com",
        {"option": "active", "declared": True, "found": False},
        ("email", "'nobody' is not an e-mail address; give one like name@mydomain.com"),
    ),
    identities=(("email",),),
    # As Odoo does: the history of an address stays.
    removal="archive",
    fields=(
        Field("email", "email", fold=True, title=True, check=validators.address, doc="The address."),
        Field(
            "active",
            "active",
            type="boolean",
            in_use=True,
            after_creation=True,
            doc="Whether the address is blacklisted. V(false) archives it, so that Odoo sends mailings to it again.",
        ),
    ),
)
