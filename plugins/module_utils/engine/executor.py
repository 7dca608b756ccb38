# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carry a plan out with C(Model.load), which writes a list in one transaction, all or nothing.

Ownership of adopted records goes first, then new records, then changed ones, then removals, each in as few requests as Odoo
has time for (batches.py). When Odoo refuses a later request, what the earlier ones did is put back. When it does not answer,
or something cannot be put back, what they did stays, and the error says so: the next run sees it, and goes on from there. No
other run writes meanwhile (lock.py).
"""

from __future__ import annotations

import re
from functools import partial

from ansible_collections.postroom.odoo.plugins.module_utils.engine import computed, snapshot
from ansible_collections.postroom.odoo.plugins.module_utils.engine.batches import PATIENCE, Batches
from ansible_collections.postroom.odoo.plugins.module_utils.engine.desired import listed
from ansible_collections.postroom.odoo.plugins.module_utils.engine.lock import TurnLost
from ansible_collections.postroom.odoo.plugins.module_utils.engine.planner import CREATE, DELETE, UPDATE
from ansible_collections.postroom.odoo.plugins.module_utils.engine.snapshot import IDENTIFIERS, NAMESPACE
from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import (
    BrokenConnection,
    OdooError,
    TooLarge,
    is_collision,
    own_words,
)

# Connections tried in one request: a provider may take a second each.
TRIALS = 20

# Nobody is written to because of a configuration run: no invitation, no tracking, no log messages, no subscriptions.
QUIET = {
    "no_reset_password": True,
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_notrack": True,
}

# 14 to 16 wrap the words of a constraint in these.
_WRAPPING = re.compile(r"Unknown error during import: <class '[\w.]+'>: ")


class WriteRejected(Exception):
    """Odoo refused rows.

    :param problems: C([(change or None, option or None, reason)]).
    :param left_nothing: as in OdooError.
    """

    def __init__(self, problems, left_nothing=False):
        super().__init__("; ".join(reason for dummy, dummy, reason in problems))
        self.problems = problems
        self.left_nothing = left_nothing


# What apply_plan raises.
FAILURES = (WriteRejected, OdooError)


def apply_plan(session, resource, plan, report_progress=lambda progress: None, marks=None):
    """Write the plan.

    :param report_progress: function that receives a line after each request of a list that takes several.
    :param marks: C({record id: id of its external identifier}) of owned records.
    :returns: C([(change, reason)]) of the records whose connection the other side refused; those are put back.
    :raises WriteRejected: when Odoo takes rows for invalid.
    :raises BrokenConnection: when it does not answer; what was written before stays.
    :raises OdooError: for anything else that it refuses. This and WriteRejected have C(left_nothing) if all is put back.
    """
    writer = _Writer(session, resource, report_progress, marks or {})
    try:
        # A record that was changed and is not owned could look as if nothing were left to do, when the run breaks off here.
        writer.adopt([change for change in plan.of(UPDATE) if change.adopt])
        writer.create(plan.of(CREATE))
        writer.mark_as_unproven(plan.of(UPDATE) + plan.to_note)
        writer.update(plan.of(UPDATE))
        writer.set_inverses(plan.of(CREATE) + plan.of(UPDATE))
        writer.read_back(plan)
        writer.unlink(plan.of(DELETE))
        writer.invite(plan.of(CREATE))
        writer.leave_state(plan.of(UPDATE))
    except BrokenConnection as exc:
        raise with_words(exc, writer.kept(plan)) from exc
    except FAILURES as exc:
        try:
            writer.put_all_back()
        except FAILURES as failure:
            left = listed([change.label for change in writer.done.values()]) or "some of it"
            words = "Not all that was written before could be put back (%s): %s. Run again." % (failure, left)
            raise with_words(exc, words) from failure
        if writer.removed:
            raise with_words(exc, writer.kept(plan)) from exc
        exc.left_nothing = not session.unanswered
        raise
    try:
        return writer.verify(plan)
    except FAILURES as exc:
        raise with_words(exc, writer.kept(plan)) from exc


def with_words(exc, words):
    """The same error, and what it leaves behind, if anything."""
    if isinstance(exc, WriteRejected):
        return WriteRejected([*exc.problems, *([(None, None, words)] if words else ())])
    return type(exc)("%s. %s" % (str(exc).rstrip("."), words) if words else str(exc))


class _Writer:
    def __init__(self, session, resource, report_progress, marks):
        self.session = session
        self.resource = resource
        self.report_progress = report_progress
        self.marks = marks
        self.marked = False
        # The changes that are written and not put back, by their identity.
        self.done = {}
        self.removed = 0
        self.adopted = {}
        self.pointed = []

    def kept(self, plan):
        """What is left of a run that breaks off here, in words."""
        wanted, removed = len(plan.of(CREATE) + plan.of(UPDATE)), len(plan.of(DELETE))
        words = []
        if self.done:
            words.append("Of %d %ss, %d have been written and are kept." % (wanted, self.resource.noun, len(self.done)))
        if self.removed:
            words.append("Of %d %ss to remove, %d have been removed." % (removed, self.resource.noun, self.removed))
        return " ".join([*words, "Run again to write the rest."] if words else ())

    # -- records ------------------------------------------------------------------------------------------------------

    def create(self, changes):
        for group in self._alike(changes):
            fields = self._loaded({option for change in group for option in change.after})
            later = [field for field in fields if field.after_creation]
            fields = [field for field in fields if not field.after_creation]
            defaults = self._defaults(fields, group)
            rows = [
                [
                    "%s.%s" % (NAMESPACE, change.name),
                    *self._cells((each, _first_value(each, change, defaults)) for each in fields),
                ]
                for change in group
            ]
            self._load(["id"], fields, group, rows, noupdate=self._are_to_be_proven(group))
            for field in later:
                # A new record is active, so only inactive ones are written.
                changes = [change for change in group if change.after.get(field.option) is False]
                rows = [[str(change.record), *self._cells([(field, False)])] for change in changes]
                self._load([".id"], [field], changes, rows)

    def update(self, changes):
        for group in self._alike([change for change in changes if change.after]):
            fields = self._loaded({option for change in group for option in change.after})
            if fields:
                rows = [
                    [
                        str(change.record),
                        *self._cells((each, change.after.get(each.option, change.current.get(each.option))) for each in fields),
                    ]
                    for change in group
                ]
                self._load([".id"], fields, group, rows)

    def adopt(self, changes):
        rows = [
            {
                "module": NAMESPACE,
                "name": change.name,
                "model": self.resource.model,
                "res_id": change.record,
                "noupdate": self._are_to_be_proven([change]),
            }
            for change in changes
        ]

        def send(part):
            identifiers = self.session.call(IDENTIFIERS, "create", part)
            self.adopted.update(zip((row["res_id"] for row in part), identifiers))

        _in_parts(rows, self.resource.rows, send)

    def _are_to_be_proven(self, changes):
        """Whether only a mark shows that the connection of these records has not been tested yet."""
        verification = self.resource.verification
        found = [
            change
            for change in changes
            if (change.verify or change.waits) and not (verification.undo and self._is_unconfirmed(change))
        ]
        self.marked = self.marked or bool(found)
        return bool(found)

    def _is_unconfirmed(self, change):
        return not change.current.get(self.resource.verification.option)

    def mark_as_unproven(self, changes):
        """Note which connections are written and not tried yet, so that the next run tries them if this one is interrupted."""
        marks = [self.marks[each.record] for each in changes if each.record in self.marks and self._are_to_be_proven([each])]
        if marks:
            self.session.call(IDENTIFIERS, "write", marks, {"noupdate": True})

    def mark_as_proven(self, changes):
        """Take the note back."""
        records = {change.record for change in changes}
        domain = [["module", "=", NAMESPACE], ["model", "=", self.resource.model], ["noupdate", "=", True]]
        found = self.session.call(IDENTIFIERS, "search_read", domain, fields=["res_id"])
        marks = [row["id"] for row in found if row["res_id"] in records]
        if marks:
            self.session.call(IDENTIFIERS, "write", marks, {"noupdate": False})

    def read_back(self, plan):
        """Take out of the plan what Odoo dropped without a word, as it does with a computed field.

        :raises WriteRejected: when a record lost what identifies it: the next run would not find it, and create another.
        """
        lost = self._lost(self.done.values(), plan.computed)
        again = [(change, options) for change, options in lost if change.action == CREATE]
        if again:
            # Where the addon lets a record be changed, the default of its own field won over the value of a new record.
            self._write_again(again)
            lost = self._lost([change for change, dummy in lost], plan.computed)
        keys = [(change, option) for change, options in lost for option in options if option in self._key(change)]
        if keys:
            why = computed.reason(self.session, self.resource.model)
            raise WriteRejected([(change, option, "Odoo did not keep it: values are %s" % why) for change, option in keys])
        for change, options in lost:
            plan.leave_alone(change, options)

    def _lost(self, changes, computed_options):
        """The computed options that do not have the value that was written to them: C([(change, options)])."""
        changes = [change for change in changes if not computed_options.isdisjoint(change.after)]
        if not changes:
            return []
        options = computed_options.intersection(option for change in changes for option in change.after)
        domain = [["id", "in", [change.record for change in changes]]]
        found = {record["id"]: record for record in snapshot.read(self.session, self.resource, options, domain)}
        lost = [
            (
                change,
                sorted(
                    option
                    for option in options.intersection(change.after)
                    if not self.resource.field(option).same(change.after[option], found[change.record][option])
                ),
            )
            for change in changes
        ]
        return [(change, lost_options) for change, lost_options in lost if lost_options]

    def _write_again(self, lost):
        groups = {}
        for change, options in lost:
            groups.setdefault(tuple(options), []).append(change)
        for options, changes in groups.items():
            fields = self._loaded(options)
            rows = [
                [str(change.record), *self._cells((each, change.after[each.option]) for each in fields)] for change in changes
            ]
            self._load([".id"], fields, changes, rows)

    def _key(self, change):
        key = self.resource.key(change.item)
        return key[0] if key else ()

    def unlink(self, changes):
        def send(part):
            try:
                self.session.call(self.resource.model, "unlink", [change.record for change in part])
            except (BrokenConnection, TooLarge):
                raise
            except OdooError as exc:
                if is_collision(exc):
                    raise
                # Of several, Odoo does not tell which.
                what = "it" if len(part) == 1 else "one of " + listed([change.label for change in part])
                why = "Odoo does not remove %s: %s" % (what, exc)
                raise self._explained([(part[0] if len(part) == 1 else None, None, why)], "remove it in Odoo") from exc
            self.removed += len(part)

        _in_parts(changes, self.resource.rows, send)

    def _explained(self, problems, cure):
        """What Odoo refuses, with the addons that may be the ones that do, and what can be done about them."""
        addons = computed.addons_of(self.session, self.resource.model)
        if addons:
            hint = "Unless it is Odoo itself, an addon that extends %s refuses this (%s): %s" % (
                self.resource.model,
                listed(addons),
                cure,
            )
            problems = [(change, option, "%s. %s" % (why, hint)) for change, option, why in problems]
        return WriteRejected(problems)

    def invite(self, changes):
        """Invite new users, last, as messages cannot be rolled back; in one request, which sends all messages or fails."""
        invitation = self.resource.invitation
        invited = [change.record for change in changes if invitation and change.item.get(invitation.option)]
        if invited:
            self.session.call(self.resource.model, invitation.method, invited, context=invitation.context)

    def set_inverses(self, changes):
        """Relations that live in the other model: a company's alias domain."""
        for field in self.resource.fields:
            targets = _targets(field, changes, self._given_by_odoo(field, changes)) if field.inverse else {}
            if targets:
                found = self.session.call(field.relation.model, "read", sorted(targets), [field.inverse])
                new = {change.record for change in changes if change.action == CREATE}
                pointing = {row["id"]: row[field.inverse][0] if row[field.inverse] else None for row in found}
                before = {record: "" if target in (None, *new) else str(target) for record, target in pointing.items()}
                self._point(field, targets)
                self.pointed.append((field, before))

    def _given_by_odoo(self, field, changes):
        """What already points to new records: C({record: ids}). Odoo gives the very first alias domain to all companies."""
        new = [change.record for change in changes if change.action == CREATE and field.option in change.after]
        if not new:
            return {}
        found = self.session.call(field.relation.model, "search_read", [[field.inverse, "in", new]], fields=[field.inverse])
        given = {}
        for row in found:
            given.setdefault(row[field.inverse][0], set()).add(row["id"])
        return given

    def _point(self, field, targets):
        rows = [[str(record), target] for record, target in sorted(targets.items())]
        load(self.session, field.relation.model, [".id", field.inverse + "/.id"], rows, partial(_blame_option, field.option))

    # -- what Odoo tries out ------------------------------------------------------------------------------------------

    def leave_state(self, changes):
        """Take a verified state back from records that are wanted without it."""
        verification = self.resource.verification
        if verification and verification.undo:
            left = [change.record for change in changes if change.after.get(verification.option) is False]
            if left:
                self.session.call(self.resource.model, verification.undo, left)

    def verify(self, plan):
        """Have Odoo try the connections out.

        :returns: C([(change, reason)]) of those that were refused and put back.
        """
        changes = [change for change in plan.changes + plan.unproven if change.verify]
        verification, refused = self.resource.verification, []
        waiting = self._still_waiting(changes)
        for change in waiting:
            change.waits = True
            plan.leave_to_connect(change, verification.option, "")
        changes = [change for change in changes if not change.waits]
        for start in range(0, len(changes), TRIALS):
            chunk = changes[start : start + TRIALS]
            first = self._refusal(chunk)
            if first is None:
                continue
            # Odoo does not report which of several records failed, so test them one by one.
            for change in chunk:
                reason = self._refusal([change]) if len(chunk) > 1 else first
                if reason is None:
                    continue
                if self._lost_its_consent(change):
                    # The record stays, or there would be nothing to connect.
                    plan.leave_to_connect(change, verification.option, reason)
                else:
                    self._put_back(change)
                    refused.append((change, reason))
        failed = [change for change, dummy in refused if not change.after]
        if self.marked or any(not change.after for change in changes):
            tried = [*changes, *waiting]
            proven = [*self.done.values(), *(change for change in tried if change not in failed)]
            self.mark_as_proven([change for change in proven if not (change.waits or change.refusal)])
        return refused

    def _lost_its_consent(self, change):
        """Whether a refusal can be about what a person did to connect the record, and not about what this run wrote to it."""
        verification = self.resource.verification
        if self._still_waiting([change]):
            # The trial was what told that the consent is no good any more.
            return True
        return (
            verification.may_wait(change.item)
            and verification.connected({**change.current, **change.after}, change.current)
            and change.after.keys().isdisjoint(verification.connection)
        )

    def _still_waiting(self, changes):
        """Those changes whose record, as it is written, a person has to connect. Of a new one, the plan cannot know."""
        verification = self.resource.verification
        late = verification.known_late if verification else None
        asked = [each for each in changes if late and verification.may_wait(each.item)]
        asked = [each for each in asked if late in verification.connected_by(each.item)]
        if not asked:
            return []
        (column,) = [each.column for each in self.resource.observed if each.option == late]
        rows = self.session.call(self.resource.model, "read", [change.record for change in asked], [column])
        now = {row["id"]: row[column] for row in rows}
        found = []
        for change in asked:
            record = {**change.current, **change.after, late: now.get(change.record)}
            if verification.connected(record, record) is False:
                found.append(change)
        return found

    def _refusal(self, changes):
        verification = self.resource.verification
        try:
            self.session.call(self.resource.model, verification.method, [change.record for change in changes])
        except BrokenConnection as exc:
            # Of several, one may have taken too long. One by one, it is the connection.
            if len(changes) == 1 or isinstance(exc, TurnLost):
                raise
            return str(exc)
        except OdooError as exc:
            tolerated = verification.tolerated.get(self.session.major)
            if len(changes) == 1 and tolerated and re.search(tolerated, str(exc)):
                return None
            return str(exc)
        return None

    # -- undoing ------------------------------------------------------------------------------------------------------

    def put_all_back(self):
        done = list(self.done.values())
        for field, targets in reversed(self.pointed):
            self._point(field, targets)
        for change in reversed([change for change in done if change.action != CREATE]):
            self._put_back(change)
        self._remove([change.record for change in self.done.values()])
        self.done.clear()
        # Records that were taken over without a change are in no row that was loaded.
        if self.adopted:
            self.session.call(IDENTIFIERS, "unlink", list(self.adopted.values()))
        if self.marked:
            self.mark_as_proven(done)

    def _put_back(self, change):
        if change.action == CREATE:
            self._remove([change.record])
        else:
            self._put_values_back(change)
        self.done.pop(id(change), None)

    def _put_values_back(self, change):
        if change.record in self.adopted:
            self.session.call(IDENTIFIERS, "unlink", [self.adopted.pop(change.record)])
        fields = [field for field in self._loaded(change.after) if not field.write_only]
        if fields:
            row = [str(change.record), *self._cells((each, change.current[each.option]) for each in fields)]
            load(self.session, self.resource.model, [".id", *self._headers(fields)], [row], lambda dummy: (change, None))

    def _remove(self, records):
        """Remove new records, and what Odoo created with them."""
        companion = self.resource.companion

        def send(part):
            left = []
            if companion:
                column = companion.column_in(self.session.major)
                left = [row[column][0] for row in self.session.call(self.resource.model, "read", part, [column])]
            self.session.call(self.resource.model, "unlink", part)
            if left:
                self.session.call(companion.relation.model, "unlink", left)

        _in_parts(records, self.resource.rows, send)

    # -- Model.load ---------------------------------------------------------------------------------------------------

    def _alike(self, changes):
        """Groups that fit one request each.

        A field that cannot be read cannot fill another record's cell either, and one that is notify_on_write must not.
        """
        apart = [each.option for each in self.resource.fields if each.write_only or each.notify_on_write]
        groups = {}
        for change in changes:
            groups.setdefault(frozenset(option for option in apart if option in change.after), []).append(change)
        return [groups[options] for options in sorted(groups, key=len)]

    def _loaded(self, options):
        return [
            field
            for field in self.resource.fields
            if field.option in options and field.column and not field.inverse and not field.state
        ]

    def _headers(self, fields):
        return [header for field in fields for header in field.headers(self.session.major)]

    def _cells(self, values):
        """The cells of C([(field, value)])."""
        return [cell for field, value in values for cell in field.cells(value, self.session.major)]

    def _defaults(self, fields, changes):
        """Odoo's defaults for the options that some of the new records leave to it: an empty cell would clear them."""
        left_open = [field for field in fields if field.additive or any(field.option not in change.after for change in changes)]
        if not left_open:
            return {}
        return snapshot.defaults(self.session, self.resource, left_open)

    def _load(self, identifier, fields, changes, rows, **more):
        headers = identifier + self._headers(fields)
        options = {column: field.option for field in fields for column in field.columns_in(self.session.major)}
        context = dict(more, **self._spared(identifier == ["id"], set(options.values())))
        first = min([self.resource.rows, *(field.rows for field in fields)])
        written = []

        def send(part):
            chunk = [change for change, dummy in part]

            def blame(message):
                row = message.get("record")
                change = chunk[row] if isinstance(row, int) and 0 <= row < len(chunk) else None
                return change, options.get(message.get("field"))

            try:
                loaded = load(self.session, self.resource.model, headers, [row for dummy, row in part], blame, **context)
            except WriteRejected as exc:
                if is_collision(exc):
                    raise
                cure = "give a value that it accepts, or remove the option"
                raise self._explained([_with_options(*problem) for problem in exc.problems], cure) from exc
            for change, record in zip(chunk, loaded):
                change.record = record
            self.done.update((id(change), change) for change in chunk)
            written.extend(chunk)
            if len(written) < len(rows):
                self.report_progress("%d of %d %ss written" % (len(written), len(rows), self.resource.noun))

        # A row that was written by a request whose answer did not come is written to once more.
        _in_parts(list(zip(changes, rows)), first, send, repeatable=True)

    def _spared(self, new, options):
        """The context in which Odoo leaves out what such a write cannot change."""
        bulk_side_effect = self.resource.bulk_side_effect
        return bulk_side_effect.context if bulk_side_effect and (new or not bulk_side_effect.options & options) else {}


def _in_parts(rows, first, send, repeatable=False):
    """Send rows in as many requests as they need, and in smaller ones where something limits their size or time.

    :param send: function of some of the rows.
    :param repeatable: whether rows may be sent again whose request ran into a time limit.
    """
    parts = Batches(rows, first)
    for part in parts:
        try:
            send(part)
        except TooLarge:
            if not parts.repeat_smaller(part):
                raise
        except BrokenConnection:
            if not (repeatable and parts.seconds() >= PATIENCE and parts.repeat_smaller(part)):
                raise


def load(session, model, headers, rows, blame, **context):
    """One request of C(Model.load).

    :param blame: function of one of Odoo's messages that returns the change and the option it is about.
    :returns: the database ids of the rows.
    :raises WriteRejected: with Odoo's reasons.
    """
    answer = session.call(model, "load", headers, rows, context={**QUIET, **context})
    errors = [message for message in answer["messages"] if message.get("type") != "warning"]
    if answer["ids"] and not errors:
        return answer["ids"]
    # 17 and later repeat the first error of a batch at the top and blame its first row for it.
    if len(errors) > 1 and any(errors[0]["message"] == other["message"] for other in errors[1:]):
        errors = errors[1:]
    problems = [(*blame(message), own_words(_WRAPPING.sub("", str(message["message"])))) for message in errors]
    raise WriteRejected(problems or [(None, None, "Odoo rejected the list without a reason; see the server's log")])


def _with_options(change, option, why):
    """A problem with the options that it can be about, where Odoo does not tell: those of a record that change."""
    changed = sorted(change.after) if change and change.action == UPDATE and not option else []
    if len(changed) == 1:
        return change, changed[0], why
    return change, option, "Odoo refuses to change %s: %s" % (", ".join(changed), why) if changed else why


def _targets(field, changes, given):
    """Where the records of the other model are to point: C({record: id, or an empty string for nowhere}).

    :param given: C({record: ids}) of what points to new records already.
    """
    targets = {}
    for change in changes:
        if field.option in change.after:
            left = (change.current.get(field.option) or given.get(change.record, frozenset())) - change.after[field.option]
            targets.update((record, targets.get(record, "")) for record in left)
            targets.update((record, str(change.record)) for record in change.after[field.option])
    return targets


def _blame_option(option, message):
    return None, option


def _first_value(field, change, defaults):
    if field.option not in change.after:
        return defaults[field.option]
    value = change.after[field.option]
    if field.additive and not (field.starts_empty and field.starts_empty(change.item)):
        value = value | defaults[field.option]
    return value
