# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check lists of records against a database before the first of them is written.

All that the modules would find out by reading is found here at once: names that the database does not have, options that its
series lacks, records that cannot be told apart. On demand also which lists need no change, so that nobody reads them again.
"""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.module_utils.engine.computed import Computed, read_computed
from ansible_collections.postroom.odoo.plugins.module_utils.engine.desired import BadItems, Unforeseen, check_items, want_items
from ansible_collections.postroom.odoo.plugins.module_utils.engine.lock import is_at_work
from ansible_collections.postroom.odoo.plugins.module_utils.engine.planner import PlanError, make_plan
from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import normal
from ansible_collections.postroom.odoo.plugins.module_utils.engine.snapshot import Names, Ownership
from ansible_collections.postroom.odoo.plugins.module_utils.engine.storage import storage_of
from ansible_collections.postroom.odoo.plugins.module_utils.transport import errors


class Check:
    """The lists of one run, in the order in which they are written.

    :param session: a session with the database.
    :param lists: C([(resource, items)]), the resources as declared in resources/, the items with the options that are given and
        no others.
    :param pending_addons: the addons that the run installs before it writes.
    :param compare: whether to find out which lists need no change. Otherwise only what identifies a record is read.
    """

    def __init__(self, session, lists, pending_addons=(), compare=False):
        self.session = session
        self.lists = [(declared.in_series(session.major), items) for declared, items in lists]
        self.pending = frozenset(pending_addons)
        self.names = Names(session)
        self._as_declared = []
        self._turns = []
        self._is_comparing = compare
        self._missing_addons = set()
        self._found = {}

    @property
    def as_declared(self):
        """The number of records of each list that needs no change, up to the first list that needs one: what is written of that
        one may be what the later ones depend on. Empty when another run wrote meanwhile, as it may put that back.
        """
        if any(turns != self._turns[0] or is_at_work(turns) for turns in self._turns):
            return []
        return self._as_declared

    def problems(self):
        """What keeps the lists from being written, C([(resource, items, [(index, option, reason)])]).

        There is no index for a reason that is no item's.
        """
        return [(*each, self._problems(position, *each)) for position, each in enumerate(self.lists)]

    def _problems(self, position, resource, items):
        announced = _Announced(self.pending)
        try:
            offer, records, ownership, computed = self._read(resource)
            resource = resource.as_offered(offer)
            check_items(resource, items)
            wanted = want_items(resource, items, self.session.major, offer, self.names, announced)
            # Of what comes with an addon, nothing is there yet, and everything is new that can be made.
            if offer is not None or resource.creates:
                plan = make_plan(
                    resource,
                    wanted,
                    records,
                    ownership.names,
                    "merged",
                    protected=resource.protected_in(self.session),
                    unmarked=ownership.unmarked,
                    unproven=ownership.unproven,
                    computed=computed,
                )
                self._note(position, plan, announced)
            found = [each for field, name in announced.names() for each in self._missing(position, field, name, items)]
        except (BadItems, PlanError) as exc:
            found = exc.problems
        except errors.MissingModel as exc:
            found = [(None, None, "%s; %s" % (exc, resource.how_to_install(self.session.major)))]
            self._missing_addons.add(resource.addon(self.session.major))
        # What is missing with an addon of an earlier list has been said.
        return [each for each in found if not self._comes_with_a_missing_addon(resource, each[1])]

    def _comes_with_a_missing_addon(self, resource, option):
        return any(field.option == option and field.addon in self._missing_addons for field in resource.fields)

    def _note(self, position, plan, announced):
        """Note that a list needs no change, if nothing before it does."""
        needs = plan.changes or plan.unproven or plan.to_connect or plan.left_alone or any(announced.lines())
        if self._is_comparing and not needs and len(self._as_declared) == position:
            self._as_declared.append(plan.unchanged)

    def _read(self, resource):
        """The records that are there: C((fields, records, ownership, computed fields)), once for each resource."""
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
            return None, [], Ownership(), Computed()
        resource = resource.as_offered(offer)
        options = resource.identifying.union({resource.title_option, resource.in_use_option})
        computed = Computed()
        if self._is_comparing:
            given = [item for other, items in self.lists if other.name == resource.name for item in items]
            options = options.union(resource.also_read(given), *given)
            computed = read_computed(self.session, resource, offer)
        offered = resource.options_among(offer, self.session.major)
        ownership = Ownership()
        if resource.creates:
            ownership = storage.owned(self.session, resource)
            self._turns.append(ownership.turns)
        return offer, storage.read(self.session, resource, options & offered), ownership, computed

    def _missing(self, position, field, name, items):
        """The items with a name that no record has, and that no earlier list gives to one."""
        relation = field.relation
        for resource, others in self.lists[:position]:
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
        super().name(field, name)
        self._missing.append((field, name))

    def names(self):
        """The names that no record has yet, C([(field, name)])."""
        return self._missing
