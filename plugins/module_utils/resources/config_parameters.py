# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""System parameters."""

from __future__ import annotations

import re

from ansible_collections.postroom.odoo.plugins.module_utils.engine import validators
from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import Example, Field, Option, Resource, Secrecy
from ansible_collections.postroom.odoo.plugins.module_utils.resources.shared import ALIAS_DOMAIN_PARAMETERS

# Parameters whose value must not appear in a log.
_CONFIDENTIAL = re.compile(r"secret|passw|token|private|api_?key|uuid", re.IGNORECASE)


def is_confidential(item):
    """Whether a system parameter's value must not be shown."""
    return bool(item.get("secret")) or bool(_CONFIDENTIAL.search(item["key"]))


def _part_of_alias_domain(parameter):
    option = next((option for option, key in ALIAS_DOMAIN_PARAMETERS.items() if key == parameter.get("key")), None)
    return option and "option %s of the module alias_domains" % option


CONFIG_PARAMETERS = Resource(
    name="config_parameters",
    model="ir.config_parameter",
    noun="system parameter",
    brought_by={14: "base"},
    example=Example(
        "mail.session.batch.size",
        {"option": "value", "declared": "50", "found": "500"},
        ("value", "is required to create this system parameter"),
    ),
    identities=(("key",),),
    fields=(
        Field("key", "key", check=validators.one_line, doc="Key of the parameter."),
        Field(
            "value",
            "value",
            required=True,
            secret=Secrecy(is_confidential, given_as={"secret": True}),
            doc="Value of the parameter. This option is required to create it.",
        ),
    ),
    extra=(
        Option(
            "secret",
            type="bool",
            default=False,
            doc=(
                "Whether to hide the value in diffs and errors. Parameters whose key contains a word such as secret, "
                "password, token, private, API key or UUID are always hidden, and V(gathered) omits their values."
            ),
        ),
    ),
    # Up to 16 the alias domain is some of them.
    variants={14: {"elsewhere": _part_of_alias_domain}, 17: {}},
)
