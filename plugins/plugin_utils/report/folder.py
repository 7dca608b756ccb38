# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The folder for a report's files."""

from __future__ import annotations

import os
import tempfile

from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.postroom.odoo.plugins.plugin_utils.files import write


class Folder:
    """A folder without the report of an earlier run, which could be taken for one of this.

    :param name: what the files are called, without their endings.
    :param formats: C({ending: function that makes text of a report}).
    :raises OSError: when nothing can be written there.
    """

    def __init__(self, path, name, formats):
        self.path = os.path.abspath(os.path.expanduser(str(path)))
        self._files = {"%s.%s" % (name, ending): form for ending, form in formats.items()}
        os.makedirs(self.path, exist_ok=True)
        for file in self._files:
            path = os.path.join(self.path, file)
            if os.path.lexists(path):
                os.remove(path)
        tempfile.TemporaryFile(dir=self.path).close()

    def write(self, report):
        """Write the files; a line that says so."""
        for file, form in self._files.items():
            write(os.path.join(self.path, file), to_bytes(form(report)), 0o644)
        return "Written to %s: %s" % (self.path, ", ".join(self._files))
