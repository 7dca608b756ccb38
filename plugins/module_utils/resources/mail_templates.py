# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Mail templates: their From, Reply-To and outgoing mail server."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.module_utils.engine import validators
from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import Field, Resource
from ansible_collections.postroom.odoo.plugins.module_utils.resources.shared import MAIL_SERVER


def _template_is_named_one_way(item):
    if item.get("template") and (item.get("name") or item.get("model")):
        yield "template", "names the template already; leave out name and model"


MAIL_TEMPLATES = Resource(
    name="mail_templates",
    model="mail.template",
    noun="mail template",
    brought_by={14: "mail"},
    identities=(("template",), ("model", "name")),
    creates=False,
    removal="reset",
    checks=(_template_is_named_one_way,),
    fields=(
        Field("template", type="external_id", check=validators.external_id),
        Field("name", "name"),
        Field("model", "model", check=validators.technical_name),
        Field("email_from", "email_from", type="expression", check=validators.header_addresses),
        Field("reply_to", "reply_to", type="expression", check=validators.header_addresses),
        Field("mail_server", "mail_server_id", type="many2one", relation=MAIL_SERVER),
    ),
)
