# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module export, on the controller: it runs the other modules, and writes files that only their owner can read."""

from __future__ import annotations

import json
import os

from ansible import constants
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.text.converters import to_bytes, to_text
from ansible.parsing.vault import is_encrypted, match_encrypt_secret
from ansible.plugins.action import ActionBase

from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import normal
from ansible_collections.postroom.odoo.plugins.module_utils.module import CONNECTION
from ansible_collections.postroom.odoo.plugins.module_utils.resources import BY_MODULE, ROUTING_ADDON
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.backward import Variables
from ansible_collections.postroom.odoo.plugins.plugin_utils.ansible_compat import vault_of
from ansible_collections.postroom.odoo.plugins.plugin_utils.connection import with_connection
from ansible_collections.postroom.odoo.plugins.plugin_utils.files import write
from ansible_collections.postroom.odoo.plugins.plugin_utils.given import run_together
from ansible_collections.postroom.odoo.plugins.plugin_utils.yaml_writer import inventory_text, vault_text

OPTIONS = {
    "folder": {"type": "path", "required": True},
    "passwords": {"type": "bool", "default": False},
    "vault_id": {"type": "str"},
    "replace": {"type": "bool", "default": False},
}
VARIABLES = "mail.yml"
VAULT = "vault.yml"


class ActionModule(ActionBase):
    """Odoo is reached as everywhere else, by the modules; the files are where the inventory is, on the controller."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        self.task_vars, self.warnings = task_vars, []
        self._task.args = with_connection(self._task.args, task_vars, self._templar.template)
        wrong = list(run_together(self._task.args))
        if wrong:
            return dict(result, failed=True, msg="\n".join(wrong))
        self.options = self.validate_argument_spec(dict(CONNECTION, **OPTIONS), required_one_of=[("password", "api_key")])[1]
        # Before Odoo is asked for a single password.
        secret = self._vault_secret() if self.options["passwords"] else None
        self._check_folder()
        found, addons = self._read()
        variables = Variables(found, ROUTING_ADDON in addons)
        files = self._files(variables, secret)
        result["diff"] = [self._difference(path, content) for path, content in files.items() if path.endswith(VARIABLES)]
        if not self._task.check_mode:
            for path, content in files.items():
                os.makedirs(os.path.dirname(path), exist_ok=True)
                write(path, content)
        result.update(changed=bool(files), files=sorted(files), left_out=variables.remarks)
        if self.warnings:
            result["warnings"] = self.warnings
        return result

    # -- reading ------------------------------------------------------------------------------------------------------

    def _read(self):
        """The records by kind, and those addons of the ones that matter that the database has."""
        found = {resource.noun: self._records(module) for module, resource in BY_MODULE.items() if resource.exported}
        known = {normal(each["item"]["login"]) for each in found["user"]}
        # Whose servers there are, though they are archived or no internal users.
        others = {
            normal(each["item"].get(option) or "")
            for kind in ("incoming mail server", "outgoing mail server")
            for each in found[kind]
            for option in ("login", "owner")
        }
        others = sorted(others - known - {""})
        if others:
            found["user"] += self._records("users", config=[{"login": login} for login in others])
        addons = self._ask("addons", state="gathered", config=[{"name": ROUTING_ADDON}])["gathered"]
        return found, [each["name"] for each in addons]

    def _records(self, module, **options):
        # In memory only: Ansible neither prints nor keeps the results of modules that an action runs.
        return self._ask(module, state="gathered", include_secrets=True, **options)["records"]

    def _ask(self, module, **options):
        connection = {name: self.options[name] for name in CONNECTION if self.options.get(name) is not None}
        answer = self._execute_module(
            module_name="postroom.odoo." + module, module_args=dict(connection, **options), task_vars=self.task_vars
        )
        if answer.get("failed") or answer.get("unreachable"):
            # An addon that is not there has no records; the roles would install it.
            if answer.get("missing_addon"):
                return {"records": []}
            raise AnsibleActionFail(answer.get("msg") or "the module %s returned no message" % module)
        # Not always text.
        self.warnings += [each for each in answer.pop("warnings", None) or () if each not in self.warnings]
        # Without Ansible's marks on every text.
        return json.loads(json.dumps(answer))

    # -- files --------------------------------------------------------------------------------------------------------

    def _check_folder(self):
        """A folder of host_vars hides the file of the same host, whose variables would be lost."""
        folder = self.options["folder"].rstrip("/")
        for ending in ("", *constants.YAML_FILENAME_EXTENSIONS):
            if os.path.isfile(folder + ending):
                raise AnsibleActionFail(
                    "%s exists, and Ansible would ignore it if there was a folder %s. Move it into the folder first: "
                    "mkdir %s.d && mv %s %s.d/connection.yml && mv %s.d %s"
                    % (folder + ending, folder, folder, folder + ending, folder, folder, folder)
                )

    def _files(self, variables, secret):
        """The files to write, by path; files with the same content are left out."""
        folder = self.options["folder"].rstrip("/")
        database = "the database %s at %s" % (self.options["database"], self.options["url"])
        head = [
            "Exported from %s for site.yml." % database,
            "Postroom updates these records where they differ, but does not adopt them. Remove the next line to adopt",
            "them, so that state: overridden may remove those that are no longer in the inventory.",
        ]
        text = inventory_text(head, [(None, {"mail_adopt": False}), *variables.groups], variables.remarks)
        files = {}
        if variables.vault:
            files.update(self._vault_file(os.path.join(folder, VAULT), database, variables.vault, secret))
        path = os.path.join(folder, VARIABLES)
        present = self._present(path)
        if present != text:
            self._may_replace(path, present)
            files[path] = to_bytes(text)
        return files

    def _vault_file(self, path, database, vault, secret):
        present = self._present(path)
        skeleton = vault_text(
            [
                "The secrets of %s. Complete the empty values, then encrypt this file:" % database,
                "ansible-vault encrypt %s" % os.path.basename(path),
                "Empty values are neither compared with Odoo nor written.",
            ],
            vault,
            False,
        )
        if secret is None:
            if present is None:
                return {path: to_bytes(skeleton)}
            self._check_names(path, present, vault)
            return {}
        text = vault_text(["The secrets of %s." % database], vault, True)
        if present == text and is_encrypted(_content(path)):
            return {}
        if present != skeleton:
            self._may_replace(path, present)
        vault_id, key = secret
        # A vault with the ID default does not contain its ID, as everywhere in Ansible.
        vault_id = None if vault_id == constants.DEFAULT_VAULT_IDENTITY else vault_id
        return {path: vault_of(self._loader).encrypt(text, secret=key, vault_id=vault_id)}

    def _may_replace(self, path, present):
        if present is not None and not self.options["replace"]:
            raise AnsibleActionFail(
                "%s exists with different content. Nothing was written. To overwrite it, use -e export_replace=true; "
                "--check --diff shows the difference." % path
            )

    def _check_names(self, path, present, vault):
        """A vault that is there may have been filled in, so it stays; but then it has to have every name."""
        try:
            held = self._loader.load(present, file_name=path, show_content=False) or {}
            missing = ["%s[%s]" % (name, key) for name in vault for key in vault[name] if key not in (held.get(name) or {})]
        except (AnsibleError, AttributeError, TypeError):
            missing = ["(it cannot be read without its password)"]
        if missing:
            self._display.warning("%s is not changed, but may lack: %s" % (path, ", ".join(missing)))

    def _present(self, path):
        """The text of a file, decrypted if possible; None if the file does not exist."""
        if not os.path.exists(path):
            return None
        content = _content(path)
        if is_encrypted(content):
            try:
                content = vault_of(self._loader).decrypt(content)
            except AnsibleError:
                return to_text(content)
        return to_text(content)

    def _difference(self, path, content):
        return {
            "before_header": path,
            "after_header": path,
            "before": self._present(path) or "",
            "after": to_text(content),
        }

    def _vault_secret(self):
        """The password to encrypt with, and its id: the one that is asked for, else Ansible's choice among those given."""
        secrets = vault_of(self._loader).secrets or []
        try:
            found = match_encrypt_secret(secrets, self.options["vault_id"] or constants.DEFAULT_VAULT_ENCRYPT_IDENTITY)
        except AnsibleError as exc:
            raise AnsibleActionFail("export_passwords requires a vault password: %s" % exc) from exc
        if not found or not found[1]:
            raise AnsibleActionFail(
                "export_passwords requires a vault password, but there is none. "
                "Use --ask-vault-pass, --vault-password-file or --vault-id. Nothing was read."
            )
        return found


def _content(path):
    with open(path, "rb") as file:
        return file.read()
