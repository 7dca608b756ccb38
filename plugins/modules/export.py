#!/usr/bin/python
# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# What it does is in plugins/action/export.py: the files, and the vault's password, are on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: export
short_description: Export an Odoo database to variables of an inventory
version_added: 1.0.0
author:
  - Postroom maintainers (@postroom)
description:
  - Reads the alias domains, mail servers, users, mail templates and mail parameters of an Odoo database, Odoo 14 to 20, and
    writes them as variables of this collection's roles. With these variables, C(site.yml) finds nothing to change.
  - The module does not change the database.
  - Anything that no variable can express is listed at the end of the file, with the reason.
options:
  folder:
    description:
      - Folder on the controller for C(mail.yml), which contains the variables, and C(vault.yml), which contains their secrets.
        This is usually a folder in C(host_vars). Only the owner can read the files.
    type: path
    required: true
  passwords:
    description:
      - Whether to export the passwords to C(vault.yml). The file is encrypted with Ansible's vault password before it is
        written to disk. If there is no vault password, the module fails before it reads any password.
      - Otherwise, C(vault.yml) is a skeleton for you to complete. An existing file is not changed.
    type: bool
    default: false
  vault_id:
    description: ID of the vault password to encrypt with, if there are several. Defaults to Ansible's own choice.
    type: str
  replace:
    description: Whether to overwrite existing files with different content. Otherwise, the module fails and writes no file.
    type: bool
    default: false
extends_documentation_fragment:
  - postroom.odoo.connection
attributes:
  check_mode:
    description: Can run in check mode and return the files that it would write, without writing them.
  diff_mode:
    description: Returns the changes of C(mail.yml) in diff mode. Secrets are not included.
seealso:
  - module: postroom.odoo.outgoing_mail_servers
"""

EXAMPLES = r"""
- name: Export the database
  postroom.odoo.export:
    folder: "{{ inventory_dir }}/host_vars/{{ inventory_hostname }}"
"""

RETURN = r"""
files:
  description: The files that were written, or that would be written in check mode.
  returned: always
  type: list
  elements: str
left_out:
  description: Everything that no variable can express, one line each, with the reason.
  returned: always
  type: list
  elements: str
"""
