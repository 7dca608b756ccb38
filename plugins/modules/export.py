#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# What it does is in plugins/action/export.py: the files, and the vault's password, are on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: export
short_description: Write down an Odoo database as variables of an inventory
version_added: 0.1.0
author:
  - Postroom maintainers (@postroom)
description:
  - Reads the alias domains, mail servers, users, mail templates and parameters of mail of an Odoo database, Odoo 14 to 19,
    and writes them as variables of this collection's roles. C(site.yml) with these variables finds nothing to change.
  - The database itself is only read.
  - What no variable can say stands at the end of the file, with the reason.
options:
  folder:
    description:
      - Folder on the controller for C(mail.yml), with the variables, and C(vault.yml), with the secrets that it names. A
        folder of C(host_vars), as a rule. Both files can be read by their owner only.
    type: path
    required: true
  passwords:
    description:
      - Whether C(vault.yml) has the passwords. It is then encrypted with the vault password that Ansible was given, before it
        reaches the disk; without one, the task fails before it reads any.
      - Otherwise C(vault.yml) is a skeleton to be filled in. One that is there already stays as it is.
    type: bool
    default: false
  vault_id:
    description: Id of the vault password to encrypt with, where Ansible was given several. By default Ansible's own choice.
    type: str
  replace:
    description: Whether a file that is there and says something else is overwritten. Otherwise the task fails, and writes none.
    type: bool
    default: false
extends_documentation_fragment:
  - postroom.odoo.connection
attributes:
  check_mode:
    description: Can run in check mode and say which files it would write, without writing them.
  diff_mode:
    description: Returns how C(mail.yml) changes when in diff mode. Secrets are not in it.
seealso:
  - module: postroom.odoo.outgoing_mail_servers
"""

EXAMPLES = r"""
- name: Write down what the database has
  postroom.odoo.export:
    folder: "{{ inventory_dir }}/host_vars/{{ inventory_hostname }}"
"""

RETURN = r"""
files:
  description: The files that were written, or in check mode would be.
  returned: always
  type: list
  elements: str
left_out:
  description: What no variable can say, a line each, with the reason.
  returned: always
  type: list
  elements: str
"""
