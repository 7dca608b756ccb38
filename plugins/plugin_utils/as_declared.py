# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the check of the variables found as declared, so that the task of such a list need not read the database again.

It reaches the tasks as the variable C(__postroom_as_declared), which C(playbooks/tasks/database.yml) sets for its roles only:
there, nothing but these roles writes between the check and the task.
"""

from __future__ import annotations

import hmac
import json
import os

from ansible_collections.postroom.odoo.plugins.module_utils.engine.planner import Plan
from ansible_collections.postroom.odoo.plugins.module_utils.engine.result import describe
from ansible_collections.postroom.odoo.plugins.module_utils.resources import BY_MODULE
from ansible_collections.postroom.odoo.plugins.plugin_utils.connection import VARIABLES
from ansible_collections.postroom.odoo.plugins.plugin_utils.given import plain_values

VARIABLE = "__postroom_as_declared"
# Made in Ansible's main process, so that the processes of its tasks share it. It keeps passwords from being guessed by the
# fingerprint of their list, which is part of a result.
_KEY = os.urandom(32)
# Tasks with any other option want more than to know that nothing is to be done.
_OPTIONS = frozenset((*VARIABLES, "uid", "config", "state", "adopt", "pending_addons"))
_FACTS = ("series", "transport", "uid")


def remembered(lists, answer):
    """What the tasks of these lists are to know.

    :param lists: the lists that were checked, C([(module, items)]), as the tasks will have them.
    :param answer: what the module check_records returned.
    :returns: C({fact of the session: value, "unchanged": {fingerprint: number of records}}).
    """
    unchanged = {_fingerprint(module, items): count for (module, items), count in zip(lists, answer.get("as_declared") or ())}
    return dict({fact: answer[fact] for fact in _FACTS}, unchanged=unchanged) if unchanged else {}


def answer_of(module, args, task_vars, template):
    """What the module would return for these options, or None where it has to look.

    :param module: the module's name, without the collection's.
    :param template: function that templates a value.
    """
    if VARIABLE not in task_vars or module not in BY_MODULE or not _OPTIONS.issuperset(args):
        return None
    if args.get("state", "merged") != "merged":
        return None
    found = template(task_vars[VARIABLE]) or {}
    count = found.get("unchanged", {}).get(_fingerprint(module, args.get("config")))
    if count is None:
        return None
    facts = {fact: found[fact] for fact in _FACTS}
    return dict(facts, changed=False, rpc_calls=0, **describe(Plan(unchanged=count)))


def _fingerprint(module, items):
    listed = json.dumps([module, plain_values(items)], sort_keys=True, default=str)
    return hmac.new(_KEY, listed.encode("utf-8", "surrogatepass"), "sha256").hexdigest()
