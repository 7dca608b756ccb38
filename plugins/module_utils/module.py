# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From Ansible to the engine and back: options, check mode, diff, secrets, result."""

from __future__ import annotations

import random
import time

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib

from ansible_collections.postroom.odoo.plugins.module_utils.engine import computed
from ansible_collections.postroom.odoo.plugins.module_utils.engine.conflicts import View
from ansible_collections.postroom.odoo.plugins.module_utils.engine.desired import BadItems, Unforeseen, check_items, want_items
from ansible_collections.postroom.odoo.plugins.module_utils.engine.executor import WriteRejected
from ansible_collections.postroom.odoo.plugins.module_utils.engine.export_items import export_items
from ansible_collections.postroom.odoo.plugins.module_utils.engine.lock import Lock, Taken, is_at_work, wait
from ansible_collections.postroom.odoo.plugins.module_utils.engine.masking import concealed, invocation
from ansible_collections.postroom.odoo.plugins.module_utils.engine.planner import CREATE, Plan, PlanError, make_plan
from ansible_collections.postroom.odoo.plugins.module_utils.engine.refusals import fixed_fields
from ansible_collections.postroom.odoo.plugins.module_utils.engine.result import (
    MISSING,
    describe,
    diff,
    differences,
    drift,
    gathered,
    not_managed,
    problems_message,
    to_connect,
)
from ansible_collections.postroom.odoo.plugins.module_utils.engine.snapshot import Names, Ownership, shown
from ansible_collections.postroom.odoo.plugins.module_utils.engine.storage import storage_of
from ansible_collections.postroom.odoo.plugins.module_utils.transport import errors
from ansible_collections.postroom.odoo.plugins.module_utils.transport.session import Session

# How often a list is planned again that collides with what something else than a run writes, for about ten seconds.
ATTEMPTS = 5

CONNECTION = {
    "url": {"type": "str", "required": True, "fallback": (env_fallback, ["ODOO_URL"])},
    "database": {"type": "str", "required": True, "fallback": (env_fallback, ["ODOO_DATABASE"])},
    "login": {"type": "str", "required": True, "fallback": (env_fallback, ["ODOO_LOGIN"])},
    "password": {"type": "str", "no_log": True, "fallback": (env_fallback, ["ODOO_PASSWORD"])},
    "api_key": {"type": "str", "no_log": True, "fallback": (env_fallback, ["ODOO_API_KEY"])},
    "uid": {"type": "int"},
    "timeout": {"type": "int", "default": 120},
    "allow_neutralized": {"type": "bool", "default": False},
    "allow_newer_series": {"type": "bool", "default": False},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
}


class Module(AnsibleModule):
    """An AnsibleModule for lists of thousands.

    Ansible looks for each secret in each string of the answer, the options given back included. With 10,000 items that is
    minutes. So those options are masked by their declaration, and of the secrets only those that occur elsewhere are left.
    """

    def __init__(self, argument_spec, **more):
        # Nor is the list written to the system log, for which all of it would be searched once more.
        super().__init__(argument_spec, no_log=True, **more)

    def report_progress(self, progress):
        """Report progress: not possible here, as Ansible only reads the result of a finished process."""

    def exit_json(self, **answer):
        super().exit_json(**self._prepared(answer))

    def fail_json(self, msg, **answer):
        super().fail_json(**self._prepared(dict(answer, msg=str(msg))))

    def _prepared(self, answer):
        answer["invocation"] = invocation(self.argument_spec, self.params)
        self.no_log_values = concealed(self.no_log_values, self.argument_spec, self.params, answer)
        return answer


def connect(module, only_reads=False, writes=False):
    """The session for the module's connection options; fails the module if it cannot be opened.

    :param only_reads: whether a neutralized database will do, or one of a series that this collection does not know.
    :param writes: whether a module without a state writes.
    """
    options = module.params
    state = options.get("state")
    try:
        session = Session(
            options["url"],
            options["database"],
            options["login"],
            password=options["password"],
            api_key=options["api_key"],
            timeout=options["timeout"],
            validate_certs=options["validate_certs"],
            ca_path=options["ca_path"],
            uid=options["uid"],
            # A module without a state only reads.
            read_only=module.check_mode or (not writes and state in (None, "gathered")),
            allow_neutralized=options["allow_neutralized"],
            allow_newer_series=options["allow_newer_series"],
        )
        if session.is_newer:
            module.warn(session.newer_series)
        if not only_reads and state != "gathered":
            session.refuse_newer_series()
            # With a uid, an earlier task of the run has checked this. The session still checks it before the first write.
            if options["uid"] is None:
                session.refuse_neutralized()
        return session
    except errors.MissingLibrary as exc:
        module.fail_json(msg=missing_required_lib(str(exc)))
    except errors.OdooError as exc:
        module.fail_json(msg=str(exc))


def new_module(item_options, states, new=Module, **extra):
    """A module with the connection options, C(config) and C(state)."""
    return new(
        argument_spec=dict(
            CONNECTION,
            config={"type": "list", "elements": "dict", "options": item_options},
            state={"type": "str", "choices": list(states), "default": "merged"},
            **extra,
        ),
        required_one_of=[("password", "api_key")],
        required_if=[("state", state, ("config",)) for state in states if state != "gathered"],
        supports_check_mode=True,
    )


def run(resource, new=Module):
    """The whole of a module that manages a resource.

    :param resource: a declaration (engine/schema.py).
    :param new: what makes the module: Module in a process of its own, InProcess in Ansible's.
    """
    states = ("merged", "overridden", "deleted", "gathered") if resource.creates else ("merged", "deleted", "gathered")
    extra = {"include_secrets": {"type": "bool", "default": False}}
    if resource.creates:
        extra.update(max_deletions={"type": "int", "default": 10}, adopt={"type": "bool", "default": True})
    if any(field.addon for field in resource.fields):
        extra["pending_addons"] = {"type": "list", "elements": "str", "default": []}
    module = new_module(resource.argument_spec(), states, new, **extra)
    items = [_given(item) for item in module.params["config"] or ()]
    module.no_log_values.update(
        item[field.option]
        for field in resource.fields
        if field.secret and field.secret is not True
        for item in items
        if item.get(field.option) and field.is_secret(item)
    )
    try:
        check_items(resource, items)
        session = connect(module)
        resource, declared = resource.in_series(session.major), resource
        if resource is not declared:
            check_items(resource, items)
        _Run(module, session, resource, items).finish()
    except (BadItems, PlanError) as exc:
        module.fail_json(**_problems(resource, items, exc.problems))
    except WriteRejected as exc:
        problems = [(change.index if change else None, option, reason) for change, option, reason in exc.problems]
        module.fail_json(**_problems(resource, items, problems))
    except errors.MissingModel as exc:
        addon = resource.addon(session.major)
        module.fail_json(msg="%s; %s." % (exc, resource.how_to_install(session.major)), missing_addon=addon)
    except errors.OdooError as exc:
        module.fail_json(msg=str(exc))


def _problems(resource, items, problems):
    return problems_message(resource.noun, [resource.label(item) for item in items], problems)


def _given(item):
    return {option: value for option, value in item.items() if value is not None}


class _Run:
    """One run against one database."""

    def __init__(self, module, session, resource, items):
        self.module = module
        self.session = session
        self.resource = resource
        self.storage = storage_of(resource)
        self.items = items
        self.state = module.params["state"]
        self.names = Names(session)
        self.unpredicted = []
        self.view = None
        self.ownership = Ownership()
        # The fields that Odoo has refused to change (refusals.py), by record and by option, with its words.
        self.refused = {}
        self.refusals = {}
        self.offer = self._offer()
        self.resource = resource.as_offered(self.offer)

    def finish(self):
        result = dict(self.session.facts, changed=False)
        if self.state == "gathered" and self.module.params["include_secrets"]:
            # What was asked for must come whole: Ansible would blot the login's password out of every name that has it.
            self.module.no_log_values.clear()
            self.module.exit_json(records=self._export_items(), **result)
        if self.state == "gathered":
            records = self._actual(self._all_options())
            self.module.exit_json(
                gathered=gathered(self.resource, self.names, self.session.major, records, self.items), **result
            )
        plan = self._plan()
        refused = []
        if not self.module.check_mode:
            plan, refused = self._write(plan)
        put_back = [change for change, reason in refused]
        plan.changes = [change for change in plan.changes if change not in put_back]
        result.update(self._described(plan))
        for line in [*result.get("unpredicted", ()), *result.get("not_managed", ())]:
            self.module.warn(line)
        result["rpc_calls"] = self.session.calls
        if refused:
            problems = [(change.index, self.resource.verification.option, reason) for change, reason in refused]
            result.update(_problems(self.resource, self.items, problems))
            self.module.fail_json(**result)
        self.module.exit_json(**result)

    def _described(self, plan):
        """What the run comes to."""
        result = dict(describe(plan), changed=bool(plan.changes))
        if self.module._diff:
            result["diff"] = diff(self.resource, self.names, self.session.major, plan)
        if self.module.check_mode:
            result["drift"] = self._drift(plan)
        if self.unpredicted:
            result["unpredicted"] = self.unpredicted
        if plan.to_connect:
            result["to_connect"] = to_connect(self.resource, self.session, plan)
        if plan.left_alone:
            result["not_managed"] = not_managed(self.resource, plan, self._why_left_alone())
        return result

    def _why_left_alone(self):
        why = computed.reason(self.session, self.resource.model)
        return lambda label, option: self.refusals.get((label, option), why)

    # -- reading ------------------------------------------------------------------------------------------------------

    def _export_items(self):
        records = self._actual(self._all_options())
        return export_items(self.resource, self.names, self.session, self.offer, records, self.items)

    def _offer(self):
        try:
            return self.storage.available_fields(self.session, self.resource)
        except errors.MissingModel:
            if not self.module.check_mode or self.module.params["include_secrets"]:
                raise
            self.unpredicted.append(
                "The addon %s is not installed in database %s yet, so check mode cannot read its records: %s."
                % (
                    self.resource.addon(self.session.major),
                    self.session.database,
                    "all items are predicted as new" if self.resource.creates else "no change is predicted",
                )
            )
            return None

    def _all_options(self):
        if self.offer is None:
            return set()
        return self.resource.options_among(self.offer, self.session.major) - {each.option for each in self.resource.observed}

    def _actual(self, options):
        if self.offer is None:
            return []
        domain = self.resource.everything if self.state == "gathered" and not self.items else ()
        return self.storage.read(self.session, self.resource, options, domain, self.ownership.external_ids)

    def _plan(self):
        if self.offer is None and not self.resource.creates:
            return Plan()
        # In this order: another run may create a record in between. As one that is there and not owned it is taken over, and
        # that collides with its owner; as one that is owned and not there it would be created again, under another name. And
        # whatever is read after the turns, names included, is read again when it is found that another run wrote since.
        self.ownership = self._owned()
        unforeseen = Unforeseen(self.module.params.get("pending_addons") or ()) if self.module.check_mode else None
        wanted = want_items(self.resource, self.items, self.session.major, self.offer, self.names, unforeseen)
        if unforeseen:
            self.unpredicted.extend(unforeseen.lines())
        fields = computed.read_computed(self.session, self.resource, self.offer or {}).with_fixed(self.refused)
        options = self._all_options()
        if self.state == "merged":
            options &= {option for each in wanted for option in each.values}.union(
                self.resource.identifying,
                {self.resource.title_option, self.resource.in_use_option},
                self.resource.conflict_fields if self.module.check_mode else (),
            )
        if self.offer:
            observed = [each.option for each in self.resource.observed] if self.module.check_mode else ()
            further = self.resource.also_read(self.items).union(observed)
            options |= further & self.resource.options_among(self.offer, self.session.major)
        owners = self.ownership.names
        records = self._actual(options)
        plan = make_plan(
            self.resource,
            wanted,
            records,
            owners,
            self.state,
            self.module.params.get("max_deletions", 0),
            self.resource.protected_in(self.session),
            self.module.params.get("adopt", True),
            self.ownership.unmarked,
            self.ownership.unproven,
            fields,
        )
        if self.module.check_mode and fields.options and plan.of(CREATE):
            self.unpredicted.append(
                "%s of new %ss: an addon of this database computes these, and may not take the declared values"
                % (", ".join(sorted(fields.options)), self.resource.noun)
            )
        self.view = View(self.resource, wanted, records, frozenset(owners), plan.named, self._shown)
        return plan

    def _shown(self, option, value):
        return shown(self.names, self.resource.field(option), value)

    def _drift(self, plan):
        """What differs between the list and the database, and what interferes with it; engine/result.py describes it."""
        if self.view is None:
            # Where the model is missing, so is every record.
            rows = [
                {"index": index, "record": self.resource.label(item), "kind": MISSING} for index, item in enumerate(self.items)
            ]
            return drift(self.session, self.resource, self.items, rows)
        rows = differences(self.resource, self.names, self.session.major, plan)
        finder = self.resource.conflicts if self.state != "deleted" else None
        conflicts = [
            {
                "index": index,
                "record": self.resource.label(self.items[index]),
                "kind": kind,
                "id": record["id"],
                "name": self.resource.title(record),
                # By these, another list may name it after all.
                "keys": [] if record["id"] in plan.named else [list(key[1]) for key in self.resource.keys(record)],
                "found": reason,
            }
            for kind, index, record, reason in (finder(self.view) if finder else ())
        ]
        unnamed = {record["id"]: self.resource.label(record) for record in self.view.unnamed()}
        return drift(self.session, self.resource, self.items, rows, conflicts, unnamed)

    def _owned(self):
        if self.offer is None:
            return Ownership()
        return self.storage.owned(self.session, self.resource)

    # -- writing ------------------------------------------------------------------------------------------------------

    def _write(self, plan):
        """Write the plan, or what is left of it when something else has written since it was made.

        :returns: the plan that was carried out, and what the storage returned.
        """
        attempts = 0
        # What needs no change may need one yet when a run that is at work puts back what it wrote.
        while plan.changes or plan.unproven or plan.to_note or (plan.unchanged and is_at_work(self.ownership.turns)):
            try:
                with Lock(self.session, self.ownership.turns) as lock:
                    report_progress = self.module.report_progress
                    refused = self.storage.write(self.session, self.resource, plan, self.ownership, report_progress)
                    lock.left_nothing = len(refused) == len(plan.changes) + len(plan.unproven)
                    return plan, refused
            except Taken:
                wait(self.session, self.module.report_progress)
                plan = self._plan_again()
            except (WriteRejected, errors.OdooError) as exc:
                # A second plan would not report what the first one left.
                if not exc.left_nothing:
                    raise
                # Something else than a run of ours writes, too: a person, or Odoo itself.
                collided = errors.is_collision(exc)
                if isinstance(exc, WriteRejected) and not collided and self._leave_refused(exc):
                    plan = self._plan_again()
                    continue
                if collided and attempts == ATTEMPTS:
                    raise errors.OdooError(
                        "Something else, such as a scheduled action, writes the same %ss of database %s at the same time, and "
                        "Odoo gave up %d times. Nothing was written. Run again when it is done."
                        % (self.resource.noun, self.session.database, ATTEMPTS + 1)
                    ) from exc
                again = self._plan_again()
                if attempts == ATTEMPTS or (describe(again) == describe(plan) and not collided):
                    raise
                attempts += 1
                plan = again
                if collided:
                    # Two that collide are not to collide again.
                    time.sleep(random.uniform(0.1, 0.5) * 2**attempts)  # noqa: S311 - chance, not cryptography
        return plan, []

    def _leave_refused(self, exc):
        """Whether Odoo has refused fields that cannot be changed, which the next plan leaves alone."""
        changes = {id(change): change for change, dummy, dummy in exc.problems}
        fixed = fixed_fields(self.session, self.resource, list(changes.values()))
        for change in changes.values() if fixed else ():
            for option, words in fixed[change.record].items():
                self.refused.setdefault(change.record, set()).add(option)
                self.refusals[change.label, option] = computed.refusal(self.session, self.resource.model, words)
        return bool(fixed)

    def _plan_again(self):
        self.names = Names(self.session)
        return self._plan()
