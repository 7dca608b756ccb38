# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check lists of records against a database before the first of them is written.

All that the modules would find out by reading is found here at once: names that the database does not have, options that its
series lacks, records that cannot be told apart. Only what identifies a record is read, so that it takes little time.
"""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.module_utils.engine.desired import BadItems, Unforeseen, check_items, want_items
from ansible_collections.postroom.odoo.plugins.module_utils.engine.planner import PlanError, make_plan
from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import normal
from ansible_collections.postroom.odoo.plugins.module_utils.engine.snapshot import Names, Ownership
from ansible_collections.postroom.odoo.plugins.module_utils.engine.storage import storage_of
from ansible_collections.postroom.odoo.plugins.module_utils.transport import errors


class Check:
    """The lists of one run, in the order in which they are written.

    :param session: a session with the database.
    :param pending_addons: the addons that the run installs before it writes.
    """

    def __init__(self, session, pending_addons=()):
        self.session = session
        self.pending = frozenset(pending_addons)
        self.names = Names(session)
        self.earlier = []
        self._found = {}

    def problems(self, declared, items):
        """What keeps a list from being written, C([(index, option, reason)]); no index where it is no item's.

        :param declared: the resource (resources/).
        :param items: the items, with the options that are given and no others.
        """
        resource = declared.in_series(self.session.major)
        announced = _Announced(self.pending)
        try:
            offer, records, ownership = self._read(resource)
            check_items(resource, items)
            wanted = want_items(resource, items, self.session.major, offer, self.names, announced)
            if offer is not None:
                make_plan(resource, wanted, records, ownership.names, "merged")
            found = [each for field, name in announced.names() for each in self._missing(field, name, items)]
        except (BadItems, PlanError) as exc:
            found = exc.problems
        except errors.MissingModel as exc:
            found = [(None, None, "%s; install the addon %s first" % (exc, resource.addon(self.session.major)))]
        self.earlier.append((resource, items))
        return found

    def _read(self, resource):
        """What identifies the records that are there: C((fields, records, ownership)), once for each resource."""
        if resource.name not in self._found:
            self._found[resource.name] = self._read_anew(resource)
        return self._found[resource.name]

    def _read_anew(self, resource):
        storage = storage_of(resource)
        try:
            offer = storage.available_fields(self.session, resource)
        except errors.MissingModel:
            if resource.addon(self.session.major) not in self.pending:
                raise
            # It comes with an addon that the run installs: nothing is there yet.
            return None, [], Ownership()
        options = resource.identifying.union({resource.title_option, resource.in_use_option})
        offered = {each.option for each in resource.fields if not each.column or each.column_in(self.session.major) in offer}
        ownership = storage.owned(self.session, resource) if resource.creates else Ownership()
        return offer, storage.read(self.session, resource, options & offered), ownership

    def _missing(self, field, name, items):
        """The items with a name that no record has, and that no earlier list gives to one."""
        relation = field.relation
        for resource, others in self.earlier:
            if resource.model == relation.model:
                options = [each.option for each in resource.fields if each.column in relation.keys]
                if any(normal(other.get(option) or "") == normal(name) for other in others for option in options):
                    return
        for index, item in enumerate(items):
            if item.get(field.option) == name:
                yield (
                    index,
                    field.option,
                    "this database has no %s %r, and the inventory makes none; check the spelling" % (relation.noun, name),
                )


class _Announced(Unforeseen):
    """What the run will have brought by then; anything else that is not there is an error, as in the run itself."""

    strict = True

    def __init__(self, addons):
        super().__init__(addons)
        self._missing = []

    def name(self, field, name):
        self._missing.append((field, name))

    def names(self):
        """The names that no record has yet, C([(field, name)])."""
        return self._missing
