# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What several resources are declared with."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import Relation

COMPANY = Relation("res.company", "company", ("name",))
GROUP = Relation("res.groups", "group", implies="implied_ids")
MAIL_SERVER = Relation("ir.mail_server", "outgoing mail server", ("smtp_user", "name"), managed=True)
MODEL = Relation("ir.model", "model", ("model",))
OAUTH_CLIENT = Relation("mail.oauth.client", "OAuth client", ("name",), managed=True)
USER = Relation("res.users", "user", ("login",), managed=True)

# The addon of the role routing_addon that it always installs.
ROUTING_ADDON = "smtp_server_per_user"
# Its other addon, and how the role comes to install it.
OAUTH_ADDON = "mail_server_oauth"
OAUTH_REMEDY = (
    "site.yml installs it on machines of the group odoo_servers, with routing_addon_oauth: true, or where the inventory "
    "has an OAuth client"
)

# Up to 16 the one alias domain of a database is these system parameters; it is the model mail.alias.domain from 17 on.
ALIAS_DOMAIN_PARAMETERS = {
    "name": "mail.catchall.domain",
    "catchall": "mail.catchall.alias",
    "bounce": "mail.bounce.alias",
    "default_from": "mail.default.from",
}
