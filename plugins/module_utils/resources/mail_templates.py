# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Mail templates: their From, Reply-To and outgoing mail server."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.module_utils.engine import template_expressions, validators
from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import Example, Field, Resource
from ansible_collections.postroom.odoo.plugins.module_utils.resources.shared import MAIL_SERVER

_SPELLING = {
    14: template_expressions.DOLLAR,
    15: template_expressions.BRACES,
    16: template_expressions.BRACES_WITH_DEFAULT,
}


def _template_is_named_one_way(item):
    if item.get("template") and (item.get("name") or item.get("model")):
        yield "template", "already identifies the template; remove name and model"


MAIL_TEMPLATES = Resource(
    name="mail_templates",
    model="mail.template",
    noun="mail template",
    brought_by={14: "mail"},
    example=Example(
        "auth_signup.set_password_email",
        {"option": "reply_to", "declared": "", "found": "a@b.c"},
        ("email_from", "'nobody' is not an e-mail address; give one like name@mydomain.com"),
    ),
    identities=(("template",), ("model", "name")),
    exclusive=True,
    creates=False,
    removal="reset",
    checks=(_template_is_named_one_way,),
    fields=(
        Field(
            "template",
            type="external_id",
            check=validators.external_id,
            doc="External identifier, such as C(auth_signup.set_password_email).",
        ),
        Field("name", "name", title=True, doc="English name of the template. Requires O(config[].model)."),
        Field(
            "model",
            "model",
            check=validators.technical_name,
            doc="Technical name of the template's model, such as C(res.users).",
        ),
        Field(
            "email_from",
            "email_from",
            type="expression",
            spelling=_SPELLING,
            check=validators.header_addresses,
            doc=(
                "The From address, as text, or as a dictionary with the single key C(expression).",
                (
                    "The module writes an expression in the syntax of the series, C(${…}) on Odoo 14 and C({{ … }}) from 15 "
                    "on, so that the same inventory works for all series."
                ),
            ),
        ),
        Field(
            "reply_to",
            "reply_to",
            type="expression",
            spelling=_SPELLING,
            check=validators.header_addresses,
            doc="The Reply-To address, in the same form as O(config[].email_from).",
        ),
        Field(
            "mail_server",
            "mail_server_id",
            type="many2one",
            relation=MAIL_SERVER,
            doc=(
                "Login or name of the outgoing mail server for the template's messages. With an empty string, Odoo "
                "chooses the server."
            ),
        ),
        Field(
            "auto_delete",
            "auto_delete",
            type="boolean",
            default=True,
            doc=(
                "Whether Odoo deletes the template's messages once they are sent. Odoo's label is I(Auto Delete).",
                (
                    "A deleted message is not found when it is answered: with V(true), answers to messages that Odoo sends by "
                    "C(template.send_mail), such as invitations, belong to no record."
                ),
            ),
        ),
    ),
)
