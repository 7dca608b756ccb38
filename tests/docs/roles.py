"""The argument specifications of the roles, and the tables of their variables in the READMEs.

What a role takes is in roles/<role>.yml of this folder. There, `made of` stands for the options that the account model has
at a place, such as `smtp at account`; `declared by` for those of a module's items, such as `mail_templates for
mail_templates_settings`; what several roles have alike is in roles/shared.yml.
"""

import re
from pathlib import Path

import yaml

from ansible_collections.postroom.odoo.plugins.module_utils.resources import BY_MODULE
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.options import ENTRY, OAUTH, SERVERS, USER

SOURCES = Path(__file__).with_suffix("")
ROLES = ("mail_domain", "mail_extras", "mail_templates", "mail_users", "routing_addon")
HEAD = "---\n# Written by `make docs` from {source} and plugins/plugin_utils/accounts/options.py.\n"
MARK = re.compile(r"(<!-- make docs: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
# The order of an account's options, as people write them.
ENTRY_ORDER = (
    *(
        "name",
        "email",
        "previous_email",
        "password",
        "kind",
        "oauth",
        "odoo_login",
        "odoo_password",
        "update_password",
        "groups",
        "company",
    ),
    *("companies", "language", "timezone", "notification_type", "active", "invite", "incoming", "outgoing"),
)


class Dumper(yaml.SafeDumper):
    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)

    def ignore_aliases(self, data):
        return True


def files(root):
    shared, made = source("shared"), {}
    for role in ROLES:
        specs = {"argument_specs": completed(source(role), shared)}
        head = HEAD.format(source=(SOURCES / f"{role}.yml").relative_to(root))
        text = yaml.dump(specs, Dumper=Dumper, sort_keys=False, width=80, allow_unicode=True)
        made[f"roles/{role}/meta/argument_specs.yml"] = head + text
        readme = f"roles/{role}/README.md"
        made[readme] = MARK.sub(
            lambda mark, specs=specs: mark[1] + table(specs, mark[2], shared) + mark[3], (root / readme).read_text()
        )
    return made


def source(name):
    return yaml.safe_load((SOURCES / f"{name}.yml").read_text())


def completed(declared, shared):
    """The same with what is shared, and with the options of the account model, in the places that stand for them."""
    if not isinstance(declared, dict):
        return declared
    made = {}
    for name, value in declared.items():
        if name == "made of":
            made.update(options_of(*value.split(" at ")))
        elif name == "declared by":
            made.update(declared_by(*value.split(" for ")))
        elif name.startswith("shared "):
            for part in value:
                made.update(completed(shared[part], shared))
        else:
            made[name] = completed(value, shared)
    return made


def options_of(what, place=None):
    if what == "oauth":
        return {option.name: specification(option, place) for option in OAUTH}
    if what == "account":
        declared = {option.name: option for option in (*USER, *ENTRY)}
        options = [declared[name] for name in ENTRY_ORDER]
        assert len(options) == len(declared)
    else:
        options = [option for option in SERVERS[what] if what != "pop" or option.in_pop]
    return {option.name: specification(option, place) for option in options if place in option.places}


def declared_by(module, variable):
    """The options of a module's items, for a variable that is a list of them."""
    resource = BY_MODULE[module]
    spec, made = resource.argument_spec(), {}
    for each in (*resource.fields, *resource.extra):
        doc = [each.doc] if isinstance(each.doc, str) else list(each.doc)
        kept = {key: value for key, value in spec[each.option].items() if key != "no_log" or value}
        made[each.option] = {**kept, "description": [text.replace("O(config[]", f"O({variable}[]") for text in doc]}
    return made


def specification(option, place):
    """One option of the account model as an argument specification."""
    spec = {"type": option.type}
    if option.elements:
        spec["elements"] = option.elements
    if option.secret:
        spec["no_log"] = True
    if option.required:
        spec["required"] = True
    if option.choices:
        spec["choices"] = list(option.choices)
    if option.default_at(place) is not None:
        spec["default"] = option.default_at(place)
    return {**spec, "description": option.described_at(place)}


def table(specs, place, shared):
    """The table of the options to which a mark leads, such as main.mail_users_accounts."""
    entry_point, *path = place.split(".")
    options = specs["argument_specs"][entry_point]["options"]
    for name in path:
        options = options[name]["options"]
    lines = [f"| {'option' if path else 'variable'} | default | description |", "|---|---|---|"]
    for name, option in options.items():
        # How to reach Odoo is in a sentence.
        if path or name not in shared["connection"]:
            lines.append(f"| `{name}` | {default(option)} | {plain(option['description'][0])} |")
    return "\n".join(lines) + "\n"


def default(option):
    if option.get("required"):
        return "required"
    if option.get("default", "") == "":
        return ""
    # Behind a value that is no list or dictionary, YAML has the end of the document.
    text = yaml.safe_dump(option["default"], default_flow_style=True, width=10**6).splitlines()[0]
    return f"`{text}`"


def plain(text):
    """Ansible's markup as Markdown."""
    text = re.sub(r"P\(postroom\.odoo\.(\w+)#role\)", r"[`\1`](../\1/README.md)", text)
    text = re.sub(r"M\(postroom\.odoo\.(\w+)\)", r"the module `\1`", text)
    text = re.sub(r"\bI\(([^()]*)\)", r"*\1*", text)
    return re.sub(r"\b[OVCE]\(([^()]*)\)", r"`\1`", text)
