#!/usr/bin/env python3
"""Make a template database: an Odoo database with some modules, which tests copy and nobody connects to.

usage: template.py SERIES TEMPLATE [--on TEMPLATE] MODULE... [-- ODOO-OPTION...]

Prints what it made, nothing when the template is there. It is built under another name and becomes a template once it
is complete, so that an interrupted build leaves none.
"""

import argparse
import subprocess
import sys

from database import databases, filestore, link_filestore, owner, psql, remove_filestore, template_name
from folder import lab_dir


def create_role(series):
    role = owner(series)
    if not psql(f"SELECT 1 FROM pg_roles WHERE rolname = '{role}'"):
        psql(f"CREATE ROLE {role} LOGIN CREATEDB")


def build(series, template, on, modules, options):
    name, building = template_name(series, template), f"build_{series}_{template}"
    # A database that Odoo makes itself has C as its collation too.
    source = template_name(series, on) if on else "template0 ENCODING 'UTF8' LOCALE 'C'"
    psql(
        f"DROP DATABASE IF EXISTS {building} WITH (FORCE);\nCREATE DATABASE {building} OWNER {owner(series)} TEMPLATE {source};"
    )
    remove_filestore(series, building)
    if on:
        link_filestore(series, template_name(series, on), building)

    install(series, building, modules, options, lab_dir() / "log" / f"{name}.log")

    remove_filestore(series, name)
    if filestore(series, building).is_dir():
        filestore(series, building).rename(filestore(series, name))
    psql(f"ALTER DATABASE {building} RENAME TO {name};\nALTER DATABASE {name} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false;")


def install(series, database, modules, options, log):
    """Have Odoo install modules, and see that it did: its exit status is 0 after some failures too."""
    home = lab_dir() / "odoo" / series
    command = [home / "bin" / "odoo", f"--config={home}/odoo.conf", f"--database={database}", "--no-http"]
    command += [f"--init={','.join(modules)}", "--stop-after-init", *options]
    with log.open("w") as output:
        status = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
    done = [] if status else psql("SELECT name FROM ir_module_module WHERE state = 'installed'", database).split()
    if not set(modules) <= set(done):
        sys.exit(f"Odoo {series} did not install {', '.join(modules)}: read {log}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("series")
    parser.add_argument("template")
    parser.add_argument("modules", nargs="+")
    parser.add_argument("--on", help="start from this template instead of an empty database")
    arguments, options = sys.argv[1:], []
    if "--" in arguments:
        cut = arguments.index("--")
        arguments, options = arguments[:cut], arguments[cut + 1 :]
    asked = parser.parse_args(arguments)

    create_role(asked.series)
    if template_name(asked.series, asked.template) not in [name for _, name, _ in databases()]:
        build(asked.series, asked.template, asked.on, asked.modules, options)
        print(template_name(asked.series, asked.template))


if __name__ == "__main__":
    main()
