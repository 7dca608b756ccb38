#!/usr/bin/env python3
"""What changed in a database between two moments, as PostgreSQL tells it, whoever wrote it.

usage: changes.py note DATABASE FILE        write down a fingerprint of every row
       changes.py since DATABASE FILE       print what is created, updated and deleted since, as JSON:
                                            {"TABLE": {"created": [ID, …], "updated": […], "deleted": […]}, …}

Left out is what Odoo writes by itself when somebody logs in or a server answers, and the rows by which Postroom's runs take
turns. Rows of tables without ids (those of many-to-many fields) are created and deleted, never updated.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "lab"))
from database import psql

# Log of logins; the cache in which a registry tells others to load anew; scheduled actions.
BY_ITSELF = r"res_users_log|res_device.*|orm_signaling_.*|bus_.*|ir_cron.*"

# psql runs what a query returns as queries (\gexec). A row's fingerprint covers all columns, write_date too.
FINGERPRINTS = rf"""
SELECT format(
    'SELECT %L, %s, md5(r::text) FROM %I r WHERE %s', table_name,
    CASE WHEN EXISTS (
        SELECT FROM information_schema.columns c WHERE c.table_name = t.table_name AND c.column_name = 'id'
    ) THEN 'id::text' ELSE 'r::text' END, table_name,
    CASE table_name WHEN 'ir_model_data' THEN 'model <> ''ir.model.data''' ELSE 'true' END)
FROM information_schema.tables t
WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name !~ '^({BY_ITSELF})$'
\gexec
"""


def fingerprints(database):
    """Of every row: {table: {id: fingerprint}}."""
    tables = {}
    for line in psql(FINGERPRINTS, database).splitlines():
        table, _, rest = line.partition("|")
        row, _, fingerprint = rest.rpartition("|")
        tables.setdefault(table, {})[row] = fingerprint
    return tables


def compare(before, after):
    changes = {}
    for table in sorted(before.keys() | after.keys()):
        old, new = before.get(table, {}), after.get(table, {})
        change = {
            "created": [row for row in new if row not in old],
            "updated": [row for row in new if row in old and new[row] != old[row]],
            "deleted": [row for row in old if row not in new],
        }
        if any(change.values()):
            changes[table] = {kind: rows for kind, rows in change.items() if rows}
    return changes


def main():
    match sys.argv[1:]:
        case ["note", database, file]:
            Path(file).write_text(json.dumps(fingerprints(database)))
        case ["since", database, file]:
            print(json.dumps(compare(json.loads(Path(file).read_text()), fingerprints(database))))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
