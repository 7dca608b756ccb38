# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The declarations, one file for each kind of record: which Odoo field an option has in which series.

Seen on real 14.0 and 19.0 servers; what is said of 15 to 18 was read in their source. Nothing outside this folder names an
option or a series.
"""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.module_utils.resources.alias_domains import ALIAS_DOMAINS
from ansible_collections.postroom.odoo.plugins.module_utils.resources.config_parameters import (
    CONFIG_PARAMETERS,
    is_confidential,
)
from ansible_collections.postroom.odoo.plugins.module_utils.resources.incoming_mail_servers import INCOMING_MAIL_SERVERS
from ansible_collections.postroom.odoo.plugins.module_utils.resources.mail_blacklist import MAIL_BLACKLIST
from ansible_collections.postroom.odoo.plugins.module_utils.resources.mail_templates import MAIL_TEMPLATES
from ansible_collections.postroom.odoo.plugins.module_utils.resources.oauth_clients import OAUTH_CLIENTS
from ansible_collections.postroom.odoo.plugins.module_utils.resources.outgoing_mail_servers import OUTGOING_MAIL_SERVERS
from ansible_collections.postroom.odoo.plugins.module_utils.resources.shared import (
    ALIAS_DOMAIN_PARAMETERS,
    OAUTH_ADDON,
    ROUTING_ADDON,
)
from ansible_collections.postroom.odoo.plugins.module_utils.resources.users import USERS

__all__ = (
    "ALIAS_DOMAINS",
    "ALIAS_DOMAIN_PARAMETERS",
    "BY_MODULE",
    "CONFIG_PARAMETERS",
    "INCOMING_MAIL_SERVERS",
    "MAIL_BLACKLIST",
    "MAIL_TEMPLATES",
    "OAUTH_ADDON",
    "OAUTH_CLIENTS",
    "OUTGOING_MAIL_SERVERS",
    "ROUTING_ADDON",
    "USERS",
    "is_confidential",
)

# Each resource under the name of the module that manages it.
BY_MODULE = {
    each.name: each
    for each in (
        ALIAS_DOMAINS,
        CONFIG_PARAMETERS,
        OAUTH_CLIENTS,
        INCOMING_MAIL_SERVERS,
        OUTGOING_MAIL_SERVERS,
        MAIL_BLACKLIST,
        MAIL_TEMPLATES,
        USERS,
    )
}
