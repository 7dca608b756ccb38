"""Sphinx's settings for the documentation site; build.py copies the pages next to it."""

project = "Postroom"
html_title = "Postroom"
copyright = "Postroom maintainers"

extensions = ["myst_parser", "sphinx.ext.intersphinx", "sphinx_antsibull_ext"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
root_doc = "README"
# Headings of the pages can be linked to as on a page of a repository.
myst_heading_anchors = 4
highlight_language = "none"
# The performance page has the tables that the benchmark prints.
suppress_warnings = ["myst.header"]
# What antsibull-docs refers to in Ansible's own documentation; build.py writes the file, so that no network is needed.
intersphinx_mapping = {"ansible": ("https://docs.ansible.com/ansible/latest/", "ansible.inv")}
# A module's page refers to options and values by roles that sphinx_antsibull_ext knows; everything else is nitpicked.
nitpicky = True

html_theme = "furo"
html_copy_source = False
html_show_sphinx = False
html_use_index = False
