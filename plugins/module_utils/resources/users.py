# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.module_utils.engine import validators
from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import Field, Invitation, Relation, Resource, normal
from ansible_collections.postroom.odoo.plugins.module_utils.resources.shared import COMPANY, GROUP, PREVIOUS_LOGIN

SECOND_USER = "second_user"


def _user_company_is_allowed(item):
    if item.get("company") and item.get("companies") and item["company"] not in item["companies"]:
        yield "companies", "must contain company (%s)" % item["company"]


def _is_no_internal_user(item):
    """Portal and public users must not get the groups that Odoo gives a new, internal, user."""
    return not {"base.group_portal", "base.group_public"}.isdisjoint(item["groups"])


def _conflicts(view):
    """Users with the address of one of ours: Odoo takes either for the sender of what comes in."""
    ours = {}
    for each in view.in_use():
        for option in ("email", "login"):
            if "@" in each.values.get(option, ""):
                ours.setdefault(normal(each.values[option]), each.index)
    for record in view.strangers():
        address = normal(record.get("email") or "")
        if address in ours:
            yield SECOND_USER, ours[address], record, "has the address %s" % address


USERS = Resource(
    name="users",
    model="res.users",
    noun="user",
    brought_by={14: "base"},
    identities=(("login",),),
    removal="archive",
    fields=(
        Field("login", "login", notify_on_write=True),
        Field("name", "name", required=True, check=validators.one_line),
        Field("email", "email", check=validators.address),
        # 0.3 s each on 19, which hashes a password in 600,000 rounds.
        Field("password", "password", secret=True, check=validators.password, write_only=True, rows=20),
        Field(
            "groups",
            {14: "groups_id", 19: "group_ids"},
            type="many2many",
            relation=GROUP,
            additive=True,
            starts_empty=_is_no_internal_user,
            check=validators.external_id,
        ),
        Field("company", "company_id", type="many2one", relation=COMPANY),
        Field(
            "companies",
            "company_ids",
            type="many2many",
            relation=COMPANY,
            default=lambda item: [item["company"]] if item.get("company") else None,
        ),
        Field("language", "lang", type="selection"),
        Field("timezone", "tz", type="selection"),
        Field("notification_type", "notification_type", type="selection", choices=("email", "inbox"), addon="mail"),
        # Odoo does not create an archived user: their contact would be archived first.
        Field("active", "active", type="boolean", after_creation=True),
    ),
    extra={
        **PREVIOUS_LOGIN,
        "update_password": {"type": "str", "choices": ["on_create", "always"], "default": "on_create", "no_log": False},
        "invite": {"type": "bool", "default": False},
    },
    checks=(_user_company_is_allowed,),
    companion=Field("partner", "partner_id", type="many2one", relation=Relation("res.partner", "contact")),
    invitation=Invitation(option="invite", method="action_reset_password", context={"create_user": True}),
    everything=(("active", "=", True), ("share", "=", False)),
    conflicts=_conflicts,
    conflict_fields=("email",),
    # 14 ms each.
    rows=200,
)
