# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the options by which every module reaches an Odoo database."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  url:
    description:
      - Scheme, host and port of the Odoo server, such as C(https://odoo.example.com) or C(http://127.0.0.1:8069).
      - If the option is not given, the environment variable E(ODOO_URL) is used.
    type: str
    required: true
  database:
    description:
      - Name of the database.
      - If the option is not given, the environment variable E(ODOO_DATABASE) is used.
    type: str
    required: true
  login:
    description:
      - Login of an Odoo user with the access right I(Administration / Settings).
      - If the option is not given, the environment variable E(ODOO_LOGIN) is used.
    type: str
    required: true
  password:
    description:
      - The user's password. Needed unless O(api_key) is given.
      - If the option is not given, the environment variable E(ODOO_PASSWORD) is used.
    type: str
  api_key:
    description:
      - One of the user's API keys. It is used in the password's place, also when both are given.
      - On Odoo 19 and later it is used over JSON-2, Odoo's newer API, which takes no passwords. Where a proxy does not let
        C(/json/2) pass, and before Odoo 19, it is used over JSON-RPC.
      - Over JSON-2, Odoo reads from a replica of its database if it has one (its option C(db_replica_host)), where what was
        just written may not have arrived. Give O(password) alone for such a server.
      - If the option is not given, the environment variable E(ODOO_API_KEY) is used.
    type: str
  uid:
    description:
      - The user's database id, as an earlier task returned it. With it, the task does not log in over JSON-RPC. Odoo knows
        who logged in before, and does not hash the password again, which takes a third of a second from Odoo 16 on.
      - When it is not the user's, the task logs in.
    type: int
  timeout:
    description: Seconds to wait for one answer of the server.
    type: int
    default: 120
  validate_certs:
    description: Whether the certificate of an C(https) server must be valid.
    type: bool
    default: true
  ca_path:
    description: File with the CA certificates to trust, in PEM format. By default those of the system are.
    type: path
requirements:
  - odoorpc >= 0.10 (not where O(api_key) is given for Odoo 19 or later)
notes:
  - The module runs wherever Odoo's C(/jsonrpc), or C(/json/2), can be reached, on the controller by default in this
    collection's inventories.
  - Over JSON-RPC every run without O(uid) logs in, which Odoo records in its own table of logins (C(res.users.log)), in
    check mode too.
attributes:
  check_mode:
    description: Can run in check mode and return the changes that it would make, without making them.
    support: full
  diff_mode:
    description: Returns what changes, before and after, when in diff mode. Secrets are hidden.
    support: full
"""
