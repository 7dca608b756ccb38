# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the options by which every module reaches an Odoo database."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  url:
    description:
      - URL of the Odoo server, without a path or login, such as C(https://odoo.example.com) or C(http://127.0.0.1:8069).
      - If this option is omitted, the host's variable C(odoo_url) is used, and then the environment variable
        E(ODOO_URL).
    type: str
    required: true
  database:
    description:
      - Name of the database.
      - If this option is omitted, the host's variable C(odoo_database) is used, and then the environment variable
        E(ODOO_DATABASE).
    type: str
    required: true
  login:
    description:
      - Login of an Odoo user with the access right I(Administration / Settings).
      - If this option is omitted, the host's variable C(odoo_login) is used, and then the environment variable
        E(ODOO_LOGIN).
    type: str
    required: true
  password:
    description:
      - The user's password. This option is required unless O(api_key) is set.
      - If this option is omitted, the host's variable C(odoo_password) is used, and then the environment variable
        E(ODOO_PASSWORD).
    type: str
  api_key:
    description:
      - One of the user's API keys. It takes precedence over O(password).
      - On Odoo 19 and later, the module uses it with JSON-2, Odoo's newer API, which does not accept passwords. Before Odoo
        19, or if a proxy blocks C(/json/2), the module uses it with JSON-RPC.
      - With JSON-2, Odoo reads from a replica of its database if it has one (its option C(db_replica_host)), where recent
        changes may still be missing. Only set O(password) for such a server.
      - If this option is omitted, the host's variable C(odoo_api_key) is used, and then the environment variable
        E(ODOO_API_KEY).
    type: str
  uid:
    description:
      - The user's database ID, as returned by an earlier task. With it, the task does not need a new login over JSON-RPC, and
        Odoo does not hash the password again, which takes a third of a second from Odoo 16 on.
      - If it is not the ID of this user, the task logs in.
    type: int
  timeout:
    description:
      - Timeout in seconds for each request.
      - If this option is omitted, the host's variable C(odoo_timeout) is used.
    type: int
    default: 120
  allow_neutralized:
    description:
      - Whether to write to a database that is neutralized, which its system parameter C(database.is_neutralized) states.
        Odoo 16 and later set it when they neutralize a copy of a database (C(odoo-bin neutralize), Odoo.sh). In Odoo 14 and
        15, an active outgoing mail server with the host C(invalid) also states it.
      - Without it, the module fails before anything is written. Otherwise, a test copy would send mail to customers, and
        fetch the mail of the production database.
      - O(ignore:state=gathered) is not affected.
    type: bool
    default: false
  allow_newer_series:
    description:
      - Whether to write to an Odoo of a series that is newer than those that this version of the collection knows, such as the
        one that was released after it. Its fields may be missing or have another meaning.
      - Without it, the module warns and fails before anything is written. Try it on a copy of the database first.
      - O(ignore:state=gathered) and modules that only read do not need it.
      - If this option is omitted, the host's variable C(odoo_allow_newer_series) is used.
    type: bool
    default: false
  validate_certs:
    description:
      - Whether to validate the certificate of an C(https) server.
      - If this option is omitted, the host's variable C(odoo_validate_certs) is used.
    type: bool
    default: true
  ca_path:
    description:
      - File with the CA certificates to trust, in PEM format. Defaults to the certificates of the system.
      - If this option is omitted, the host's variable C(odoo_ca_path) is used.
    type: path
requirements:
  - odoorpc >= 0.10 (not required with O(api_key) for Odoo 19 or later)
notes:
  - The module can run on any host that can connect to Odoo's C(/jsonrpc) or C(/json/2). In this collection's inventories, it
    runs on the controller.
  - Over JSON-RPC, every run without O(uid) logs in. Odoo records this in its table of logins (C(res.users.log)), also in check
    mode.
attributes:
  check_mode:
    description: Can run in check mode and return the changes that it would make, without making them.
    support: full
  diff_mode:
    description: Returns the values before and after a change in diff mode. Secrets are hidden.
    support: full
"""
