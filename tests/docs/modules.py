"""What the declarations of module_utils/resources say of each module: its documentation, its action, and meta/runtime.yml.

In the documentation of a module that manages a resource, the options and RETURN are written; the rest of it is the author's.
"""

import re
import textwrap

import yaml

from ansible_collections.postroom.odoo.plugins.module_utils.resources import BY_MODULE

WIDTH = 124
# Modules and actions that bring their own connection, or need none, are no concern of the group's defaults.
CONNECTED = "postroom.odoo.connection"

STATES = {
    "merged": "V(merged) creates missing records, and sets the given options.",
    "changed": "V(merged) sets the given options.",
    "overridden": "V(overridden) also removes records that Postroom owns and that are not in O(config).",
    "unlink": "V(deleted) removes the records of O(config).",
    "archive": "V(deleted) archives the records of O(config), so that Odoo keeps their history.",
    "reset": "V(deleted) clears the given options of an item, or all options if it has none.",
    "gathered": "V(gathered) changes nothing and returns the records of O(config), or all records without O(config), as "
    "RV(gathered), in the form of O(config) and without secrets.",
}
PENDING = (
    "Addons that an earlier task installs. In check mode, when they are not installed yet, their options are considered "
    "available and not set. This option only has an effect in check mode."
)
INCLUDE_SECRETS = (
    "Whether O(state=gathered) returns all options of every record, for an export. The result is then RV(records). It contains "
    "secrets, so use C(no_log) for the task."
)


def files(root):
    found = {f"plugins/modules/{name}.py": module(root, resource) for name, resource in BY_MODULE.items()}
    actions = {f"plugins/action/{name}.py": action(name) for name in BY_MODULE}
    return {**found, **actions, "meta/runtime.yml": runtime(root)}


def module(root, resource):
    text = (root / "plugins" / "modules" / f"{resource.name}.py").read_text()
    written = options(resource) + "\n"
    text = re.sub(
        r"(?<=\noptions:\n).*?(?=extends_documentation_fragment:\n)", lambda dummy: written, text, count=1, flags=re.DOTALL
    )
    return re.sub(r'(?<=\nRETURN = r""")\n.*?(?="""\n)', lambda dummy: "\n" + returned(resource), text, flags=re.DOTALL)


# -- options -----------------------------------------------------------------------------------------------------------


def options(resource):
    lines = ["  config:", "    suboptions:"]
    spec = resource.argument_spec()
    for declared in (*resource.fields, *resource.extra):
        lines += option(declared.option, declared.doc, spec[declared.option], 6)
    states = ["merged", "overridden", "deleted", "gathered"] if resource.creates else ["merged", "deleted", "gathered"]
    words = [STATES["merged" if resource.creates else "changed"]]
    words += [STATES["overridden"]] * resource.creates + [STATES[resource.removal], STATES["gathered"]]
    lines += option("state", words, {"type": "str", "choices": states, "default": "merged"}, 2)
    if any(field.addon for field in resource.fields):
        lines += option("pending_addons", PENDING, {"type": "list", "elements": "str", "default": []}, 2)
    if not resource.creates:
        lines += option("include_secrets", INCLUDE_SECRETS, {"type": "bool", "default": False}, 2)
    return "\n".join(lines)


def option(name, doc, spec, indent):
    lines = [" " * indent + f"{name}:", " " * indent + "  description:"]
    for paragraph in [doc] if isinstance(doc, str) else doc:
        lines += paragraph_of(paragraph, indent + 4)
    assert doc, f"{name} has no documentation"
    for key in ("type", "elements", "choices", "required", "default"):
        if key in spec:
            lines.append(" " * indent + f"  {key}: {flow(spec[key])}")
    return lines


def paragraph_of(text, indent):
    """An item of a YAML list, folded; quoted only where YAML needs it."""
    plain = text
    if re.search(r": | #|^[\[{&*!|>'\"%@`-]", text):
        plain = "'" + text.replace("'", "''") + "'"
    return textwrap.wrap(
        plain,
        WIDTH,
        initial_indent=" " * indent + "- ",
        subsequent_indent=" " * indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def flow(value):
    if isinstance(value, (list, tuple, dict)):
        return yaml.safe_dump(value, default_flow_style=True, width=10**6, sort_keys=False, allow_unicode=True).strip()
    return yaml.safe_dump(value, width=10**6, allow_unicode=True).strip().removesuffix("\n...").strip()


# -- RETURN ------------------------------------------------------------------------------------------------------------


def returned(resource):
    example = resource.example
    changed = "when O(state) is not V(gathered)"
    counts = {"created": 1, "updated": 0, "adopted": 0, "deleted": 0, "unchanged": 12}
    difference = {"index": 0, "record": example.label, "kind": "differs", **example.difference}
    option, reason = example.problem
    entries = [
        value("series", "The Odoo series of the server.", "always", "str", "19.0"),
        value("transport", "The API that was used, V(JSON-2) or V(JSON-RPC).", "always", "str", "JSON-2"),
        value("uid", "The user's database ID, for O(uid) of the next task.", "always", "int", 2),
        value(
            "counts",
            "Number of records that were created, updated, adopted and deleted, and of items without changes. In check mode, "
            "the numbers that would result. An adopted record existed before, and is now owned by Postroom.",
            changed,
            "dict",
            counts,
        ),
    ]
    if resource.creates:
        words = "The existing records that Postroom now owns, or would own in check mode."
        entries.append(value("adopted", words, changed, "list", [f"{example.label} (id 7)"], "str"))
    entries += [
        value(
            "changes",
            "The changes that were made, or that would be made in check mode. Records with the same action and options share "
            "an entry.",
            changed,
            "list",
            [{"action": "updated", "options": [example.difference["option"]], "items": [example.label]}],
            "dict",
        ),
        *([TO_CONNECT] if resource.verification and resource.verification.connected else []),
        DRIFT % {"difference": flow([difference])},
        value(
            "unpredicted",
            "The changes that check mode cannot predict, because an addon is not installed yet, or computes options of new "
            "records.",
            "in check mode, when some changes cannot be predicted",
            "list",
            elements="str",
        ),
        value(
            "not_managed",
            "The options that differ and are left as they are, because an addon of the database computes them and does not let "
            "them be changed. A line for each set of options, with the records and the reason.",
            "when there are such options",
            "list",
            elements="str",
        ),
        value(
            "problems",
            "The invalid items, each with its index in O(config) (starting at 0), its option and the reason.",
            "when items are invalid",
            "list",
            [{"index": 3, "option": option, "reason": reason}],
            "dict",
        ),
        value("gathered", "The existing records, in the form of O(config).", "when O(state=gathered)", "list", elements="dict"),
        RECORDS,
        value(
            "rpc_calls",
            "Number of requests sent to Odoo. Constant, plus one per batch of up to 1,000 rows.",
            changed,
            "int",
            9,
        ),
    ]
    return "\n".join(entries) + "\n"


def value(name, description, when, kind, sample=None, elements=None):
    lines = [f"{name}:"]
    folded = textwrap.wrap(f"description: {description}", WIDTH - 2, break_long_words=False, break_on_hyphens=False)
    lines += ["  " + folded[0], *("    " + each for each in folded[1:])]
    lines += [f"  returned: {when}", f"  type: {kind}"]
    if elements:
        lines.append(f"  elements: {elements}")
    if sample is not None:
        lines.append(f"  sample: {flow(sample)}")
    return "\n".join(lines)


TO_CONNECT = """\
to_connect:
  description:
    - The servers that a person has to connect. In Odoo, so that Odoo itself can log in by OAuth, or with
      C(playbooks/consent.yml), if they have an OAuth client.
  returned: when there are such servers
  type: list
  elements: dict
  contains:
    record:
      description: The server, as in RV(changes).
      type: str
    url:
      description: Address of the form with the button. Empty in check mode for a server that does not exist yet.
      type: str
    reason:
      description: Why the provider rejected a server that is connected, or empty.
      type: str
    client:
      description: The OAuth client to which the mailbox's owner has to consent, or empty.
      type: str"""

DRIFT = """\
drift:
  description:
    - The result of the comparison, for the callback plugin P(postroom.odoo.drift#callback), which reports it.
  returned: in check mode, when O(state) is not V(gathered)
  type: dict
  contains:
    differences:
      description: Records that are missing or unwanted, and options that differ. Values of secrets are not included.
      type: list
      elements: dict
      sample: %(difference)s
    conflicts:
      description: Manually created records that conflict with a record of O(config), each with the keys that identify it in
        other lists.
      type: list
      elements: dict
    unnamed:
      description: Records that Postroom owns and that are not in O(config), by their database ID.
      type: dict
    records:
      description: The records of O(config), with their names in C(differences).
      type: list
      elements: str
    keys:
      description: The keys that identify each record of O(config).
      type: list
      elements: list
    resource:
      description: The name of this module.
      type: str
    noun:
      description: The term for such a record.
      type: str
    url:
      description: The address of the server.
      type: str
    database:
      description: The name of the database.
      type: str
    series:
      description: The Odoo series of the server.
      type: str"""

RECORDS = """\
records:
  description: The existing records, with secrets and empty options.
  returned: when O(state=gathered) and O(include_secrets=true)
  type: list
  elements: dict
  contains:
    item:
      description: The record in the form of O(config). Given this item, the module finds nothing to change.
      type: dict
    label:
      description: The name of the record.
      type: str
    defaults:
      description: The options that have the default value of a new record.
      type: list
      elements: str
    left_out:
      description: The options that O(config) cannot express, each with C(option) and C(reason).
      type: list
      elements: dict
    reason:
      description: The reason why no item can represent the record, if there is one.
      type: str
    customized:
      description: Whether somebody created or changed the record. Otherwise, it is as one of Odoo's addons installed it.
      type: bool"""


# -- meta/runtime.yml --------------------------------------------------------------------------------------------------


def runtime(root):
    """The group of all modules that take a connection."""
    sources = {path.stem: path.read_text() for path in sorted((root / "plugins" / "modules").glob("*.py"))}
    group = "".join(f"    - {name}\n" for name, source in sources.items() if CONNECTED in source)
    text = (root / "meta" / "runtime.yml").read_text()
    return re.sub(r"(?<=^  odoo:\n)(    - \w+\n)+", lambda dummy: group, text, flags=re.MULTILINE)


# -- plugins/action ----------------------------------------------------------------------------------------------------

ACTION = '''# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the module {name} in Ansible's own process, where it can."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.modules import {name}
from ansible_collections.postroom.odoo.plugins.plugin_utils.in_process import InProcessAction


class ActionModule(InProcessAction):
    module = {name}
'''


def action(name):
    """What runs a resource's module. Ansible finds an action by its module's name, and each has a module that documents it."""
    return ACTION.format(name=name)
