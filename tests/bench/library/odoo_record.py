#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a playbook without bulk modules would loop over: one record, found by a field, created or written where it differs."""

import odoorpc
from ansible.module_utils.basic import AnsibleModule


def main():
    module = AnsibleModule(
        {
            "port": {"type": "int"},
            "database": {"type": "str"},
            "login": {"type": "str"},
            "password": {"type": "str", "no_log": True},
            "model": {"type": "str"},
            "key": {"type": "str", "no_log": False},
            "values": {"type": "dict"},
        },
        supports_check_mode=True,
    )
    given, values = module.params, module.params["values"]
    odoo = odoorpc.ODOO("127.0.0.1", port=given["port"], timeout=600)
    odoo.login(given["database"], given["login"], given["password"])
    records = odoo.env[given["model"]].with_context(no_reset_password=True, tracking_disable=True, active_test=False)
    found = records.search_read([[given["key"], "=", values[given["key"]]]], list(values))
    changed = not found or any(found[0][field] != value for field, value in values.items())
    if changed and not module.check_mode:
        if found:
            records.write([found[0]["id"]], values)
        else:
            records.create(values)
    module.exit_json(changed=changed)


if __name__ == "__main__":
    main()
