#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: check_records
short_description: Check lists of records against an Odoo database before the first of them is written
version_added: 1.0.0
author:
  - Postroom maintainers (@postroom)
description:
  - Reports everything that the modules of the lists would report about them by reading the database, such as groups, languages
    or templates that it does not have. Nothing is written.
  - The module M(postroom.odoo.check_variables) runs it with the lists of this collection's roles.
options:
  lists:
    description: The lists, in the order in which they are written.
    type: list
    elements: dict
    required: true
    suboptions:
      module:
        description: The module, without C(postroom.odoo.).
        type: str
        required: true
      config:
        description: Its list of items.
        type: list
        elements: dict
        required: true
  pending_addons:
    description: Addons that are installed before the first list is written. What they bring is not looked up.
    type: list
    elements: str
    default: []
  compare:
    description: Whether to compare the lists with the database, for RV(as_declared). This reads more.
    type: bool
    default: false
extends_documentation_fragment:
  - postroom.odoo.connection
attributes:
  check_mode:
    description: Does the same in check mode, as it changes nothing.
  diff_mode:
    description: There is no difference to show, as it changes nothing.
    support: none
"""

EXAMPLES = r"""
- name: Check users before a server is written
  postroom.odoo.check_records:
    lists:
      - module: users
        config: "{{ my_users }}"
"""

RETURN = r"""
series:
  description: The Odoo series of the server.
  returned: always
  type: str
  sample: "19.0"
transport:
  description: The API of Odoo that was used, V(JSON-2) or V(JSON-RPC).
  returned: always
  type: str
  sample: JSON-2
url:
  description: The server that was read.
  returned: on success
  type: str
database:
  description: The database that was read.
  returned: on success
  type: str
uid:
  description: The user's database id, for O(uid) of the next task.
  returned: always
  type: int
  sample: 2
as_declared:
  description:
    - The number of records of each list that the database already has as declared, up to the first list that needs a change.
      The lists after that are not included, as they may depend on what is written for it.
  returned: if O(compare=true)
  type: list
  elements: int
  sample: [12]
problems:
  description: What is wrong, a line each.
  returned: when something is
  type: list
  elements: str
  sample:
    - "user newuser@mydomain.com: groups: this database has no group 'base.group_usr', and the inventory makes none; check the
      spelling"
"""

from ansible_collections.postroom.odoo.plugins.module_utils import resources
from ansible_collections.postroom.odoo.plugins.module_utils.module import CONNECTION, Module, connect
from ansible_collections.postroom.odoo.plugins.module_utils.operations.check_records import Check
from ansible_collections.postroom.odoo.plugins.module_utils.transport import errors

MOST = 50


def main(new=Module):
    suboptions = {
        "module": {"type": "str", "required": True},
        "config": {"type": "list", "elements": "dict", "required": True},
    }
    module = new(
        argument_spec=dict(
            CONNECTION,
            lists={"type": "list", "elements": "dict", "required": True, "options": suboptions},
            pending_addons={"type": "list", "elements": "str", "default": []},
            compare={"type": "bool", "default": False},
        ),
        required_one_of=[("password", "api_key")],
        supports_check_mode=True,
    )
    lists = [
        (resources.BY_MODULE[each["module"]], [_given(item) for item in each["config"]]) for each in module.params["lists"]
    ]
    # Some options of the items are secret; which ones, only their resource knows.
    module.argument_spec["lists"]["no_log"] = True
    for resource, items in lists:
        module.no_log_values.update(_secrets(resource, items))
    session = connect(module)
    lines = []
    try:
        check = Check(session, lists, module.params["pending_addons"], module.params["compare"])
        for resource, items, problems in check.problems():
            for index, option, reason in problems:
                what = "%s %s" % (resource.noun, "list" if index is None else resource.label(items[index]))
                lines.append(": ".join(part for part in (what, option, reason) if part))
    except errors.OdooError as exc:
        module.fail_json(msg=str(exc))
    # A server of several lists would be named by each.
    lines = list(dict.fromkeys(lines))
    if lines:
        more = ["… and %d more" % (len(lines) - MOST)] if len(lines) > MOST else []
        module.fail_json(msg="\n".join(lines[:MOST] + more), problems=lines[:MOST], **session.facts)
    answer = dict(session.facts, changed=False, url=module.params["url"], database=session.database)
    if module.params["compare"]:
        answer["as_declared"] = check.as_declared
    module.exit_json(**answer)


def _given(item):
    return {option: value for option, value in item.items() if value is not None}


def _secrets(resource, items):
    for item in items:
        for field in resource.fields:
            if item.get(field.option) and field.is_secret(item):
                yield item[field.option]


if __name__ == "__main__":
    main()
