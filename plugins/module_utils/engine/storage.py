# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the records of a resource are kept: in a model of their own, unless the resource declares another storage."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.module_utils.engine import snapshot
from ansible_collections.postroom.odoo.plugins.module_utils.engine.executor import apply_plan


class Records:
    """Each record is a record of the resource's model. Other storages have the same methods."""

    def available_fields(self, session, resource):
        """The resource's Odoo fields that this server has: C({column: {type, selection}}).

        :raises MissingModel: when the addon that has the model is not installed.
        """
        return snapshot.available_fields(session, resource)

    def read(self, session, resource, options, domain=(), names=None):
        """The records, each as C({"id": …, option: value}), values in the form in which they are compared.

        :param names: their external identifiers, if they are known.
        """
        return snapshot.read(session, resource, options, domain, names)

    def owned(self, session, resource):
        """Which records Postroom owns, a snapshot.Ownership."""
        named = any(each.type == "external_id" for each in resource.fields)
        return snapshot.ownership(session, resource.model, with_external_ids=named)

    def write(self, session, resource, plan, ownership, report_progress):
        """Carry out a plan; C([(change, reason)]) of the records whose connection was refused (executor.apply_plan).

        :param ownership: what C(owned) returned.
        """
        return apply_plan(session, resource, plan, report_progress, ownership.marks)

    def default_values(self, session, resource, offer):
        """The values that Odoo gives a new record, by option, in the form in which values are compared."""
        fields = [each for each in resource.fields if each.column and each.is_among(offer, session.major)]
        return snapshot.defaults(session, resource, fields)

    def untouched(self, session, resource):
        """The ids of records that are as an addon brought them: its installation, like all that Odoo does, writes as user 1."""
        rows = session.call(resource.model, "search_read", [["write_uid", "=", 1], ["create_uid", "=", 1]], fields=["id"])
        return {row["id"] for row in rows}


RECORDS = Records()


def storage_of(resource):
    return resource.storage or RECORDS
