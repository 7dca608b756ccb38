# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.module_utils.engine import validators
from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import (
    Example,
    Field,
    Invitation,
    Option,
    Relation,
    Rename,
    Resource,
    normal,
)
from ansible_collections.postroom.odoo.plugins.module_utils.resources.shared import COMPANY, GROUP

SECOND_USER = "second_user"


def _user_company_is_allowed(item):
    if item.get("company") and item.get("companies") and item["company"] not in item["companies"]:
        yield "companies", "must contain company (%s)" % item["company"]


def _company_is_named(item):
    if item.get("company") == "":
        yield "company", validators.EMPTY


# Of internal, portal and public users: a user is one of these.
_TYPES = ("base.group_user", "base.group_portal", "base.group_public")


def _is_of_one_type(item):
    found = [group for group in _TYPES if group in (item.get("groups") or ())]
    if len(found) > 1:
        yield "groups", "%s are different user types, and a user has one; keep one of them" % " and ".join(found)


def _is_no_internal_user(item):
    """Portal and public users must not get the groups that Odoo gives a new, internal, user."""
    return not set(_TYPES[1:]).isdisjoint(item["groups"])


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


def _is_set_once(item):
    return item.get("update_password") == "on_create"


USERS = Resource(
    name="users",
    model="res.users",
    noun="user",
    brought_by={14: "base"},
    example=Example(
        "newuser@mydomain.com",
        {"option": "active", "declared": True, "found": False},
        ("groups", "this database has no group 'base.group_nobody'; check the spelling"),
    ),
    identities=(("login",),),
    removal="archive",
    # Odoo itself, and whoever runs this.
    protected=lambda session: {1, session.uid},
    rename=Rename("previous_login", of="login"),
    fields=(
        Field("login", "login", check_new=validators.user_login, notify_on_write=True, doc="Login of the user."),
        Field(
            "name",
            "name",
            required=True,
            check=validators.one_line,
            title=True,
            doc="Name. This option is required to create a user.",
        ),
        Field("email", "email", check=validators.address, doc="E-mail address."),
        # 0.3 s each on 19, which hashes a password in 600,000 rounds.
        Field(
            "password",
            "password",
            secret=True,
            check=validators.password,
            write_only=True,
            on_creation=_is_set_once,
            rows=20,
            doc=(
                "Password with which the user logs in to Odoo. Odoo only stores a hash, so it cannot be compared; see "
                "O(config[].update_password). A user without a password sets one with the invitation or with I(Reset "
                "password)."
            ),
        ),
        Field(
            "groups",
            {14: "groups_id", 19: "group_ids"},
            type="many2many",
            relation=GROUP,
            additive=True,
            starts_empty=_is_no_internal_user,
            check=validators.external_id,
            doc=(
                "External identifiers of groups that the user must have, such as C(base.group_system). Other groups of "
                "the user are not changed. A new user gets them in addition to Odoo's default groups, unless they "
                "include C(base.group_portal) or C(base.group_public)."
            ),
        ),
        Field(
            "company",
            "company_id",
            type="many2one",
            relation=COMPANY,
            doc="Name of the user's main company. Odoo's label is I(Default Company).",
        ),
        Field(
            "companies",
            "company_ids",
            type="many2many",
            relation=COMPANY,
            default=lambda item: [item["company"]] if item.get("company") else None,
            doc="Names of all companies that the user can access. Odoo's label is I(Allowed Companies).",
        ),
        Field("language", "lang", type="selection", doc="Code of an active language, such as V(fr_FR)."),
        Field("timezone", "tz", type="selection", doc="Time zone, such as V(Europe/Vienna)."),
        Field(
            "notification_type",
            "notification_type",
            type="selection",
            choices=("email", "inbox"),
            addon="mail",
            doc="How the user receives notifications.",
        ),
        # Odoo does not create an archived user: their contact would be archived first.
        Field(
            "active",
            "active",
            type="boolean",
            after_creation=True,
            in_use=True,
            doc="Whether the user is active. V(false) archives the user, who then cannot log in.",
        ),
    ),
    extra=(
        Option(
            "previous_login",
            doc=(
                (
                    "The login that the user had before. If a user still has it, the module renames that user instead of "
                    "creating another."
                ),
                (
                    "You can leave it in the list afterwards. The module fails on circular renames, and if both the old and "
                    "the new record exist."
                ),
            ),
        ),
        Option(
            "update_password",
            choices=("on_create", "always"),
            default="on_create",
            doc=(
                "V(on_create) only sets the password of new users. V(always) sets it in every run, which is always "
                "reported as a change."
            ),
        ),
        Option(
            "invite",
            type="bool",
            default=False,
            doc=("Whether Odoo sends an invitation to users that this run creates. Otherwise, Odoo sends them no message."),
        ),
    ),
    checks=(_user_company_is_allowed, _company_is_named, _is_of_one_type),
    companion=Field("partner", "partner_id", type="many2one", relation=Relation("res.partner", "contact")),
    invitation=Invitation(option="invite", method="action_reset_password", context={"create_user": True}),
    everything=(("active", "=", True), ("share", "=", False)),
    conflicts=_conflicts,
    conflict_fields=("email",),
    # 14 ms each.
    rows=200,
)
