# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""System parameters."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import Field, Resource
from ansible_collections.postroom.odoo.plugins.module_utils.resources.shared import ALIAS_DOMAIN_PARAMETERS

CONFIG_PARAMETERS = Resource(
    name="config_parameters",
    model="ir.config_parameter",
    noun="system parameter",
    brought_by={14: "base"},
    identities=(("key",),),
    fields=(
        Field("key", "key"),
        Field("value", "value", required=True),
    ),
    extra={"secret": {"type": "bool", "default": False}},
)


def _part_of_alias_domain(parameter):
    option = next((option for option, key in ALIAS_DOMAIN_PARAMETERS.items() if key == parameter.get("key")), None)
    return option and "option %s of the module alias_domains" % option


def config_parameters(major):
    """The system parameters; up to 16 some of them are the alias domain's."""
    return CONFIG_PARAMETERS if major >= 17 else replace(CONFIG_PARAMETERS, elsewhere=_part_of_alias_domain)
