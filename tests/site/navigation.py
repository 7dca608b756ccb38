"""The pages of the documentation site, in the order of its navigation."""

# A page that is in no part of it is an error. `Title <page>` names one otherwise than its heading does.
NAVIGATION = {
    "Guides": [
        "Quick start <README>",
        *(f"docs/{name}" for name in ("microsoft-365", "google", "zoho", "oauth", "hosted", "many-databases", "export")),
        *(f"docs/{name}" for name in ("people", "drift-in-ci", "no-mail")),
        "Example inventory <inventories/example/README>",
    ],
    "Reference": [
        "docs/playbooks",
        "docs/modules",
        "Modules, roles and plugins in detail <collections/index>",
        *(f"Role {name} <roles/{name}/README>" for name in ("mail_domain", "mail_users", "mail_extras", "mail_templates")),
        "Role routing_addon <roles/routing_addon/README>",
        *(f"docs/{name}" for name in ("drift", "verify", "explain", "routing", "mail-flow")),
        "Addon smtp_server_per_user <roles/routing_addon/files/smtp_server_per_user/README>",
        "Addon mail_server_oauth <roles/routing_addon/files/mail_server_oauth/README>",
    ],
    "Project": [
        *(f"docs/{name}" for name in ("versions", "checklist", "promises", "ansible-core", "bare-machine", "performance")),
        "CONTRIBUTING",
        "CODE_OF_CONDUCT",
        "tests/lab/README",
        "tests/hostile/README",
        "extensions/molecule/README",
    ],
}
# Written by commands, and not always there.
OPTIONAL = ("CHANGELOG", "docs/series")
