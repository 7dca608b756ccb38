#!/usr/bin/env python3
"""Copy a template database for a test, and drop it again. To import, or from the command line.

usage: database.py copy SERIES TEMPLATE NAME [--replace] | drop SERIES NAME | list | remove-lost

TEMPLATE is `base` (no mail), `mail`, or a test's database to which nobody connects. A copy has admin/admin, no demo data,
and an identity (database.uuid) of its own. Odoo may run: nobody can connect to the templates, so nothing keeps PostgreSQL
from copying them.

Odoo keeps the registry of a database in memory under its name, and loading it takes a second. Each copy carries signals of its
own, so that a web request bound to the database sees that this is another one and loads the registry anew; but 19's RPC login
does not look at them, and fails on columns that the new database lacks. So take a name once, or for the same template again.
"""

import argparse
import collections
import fcntl
import functools
import hashlib
import os
import random
import re
import shutil
import subprocess
from pathlib import Path

from folder import lab_dir

PSQL = "/usr/lib/postgresql/15/bin/psql"
# The machine's memory, as a folder, and the bytes that must be free there: ten times what the tests' databases take at a time,
# and what they may take besides what they have.
MEMORY = Path("/dev/shm")
ENOUGH = 4 * 2**30
ENOUGH_STILL = 2**30
NAME = re.compile(r"(postroom|test|lab)[a-z0-9_]*", re.ASCII)

# By signals, Odoo's processes tell each other that their registry, or a cache, is outdated. From 19 on, they are rows of
# tables; before, sequences. What an earlier database of this name has left in the caches is never this one's, and its
# registry is only if both have the same signal.
NEW_IDENTITY = """
UPDATE ir_config_parameter SET value = gen_random_uuid()::text, write_date = now() AT TIME ZONE 'UTC'
WHERE key = 'database.uuid';
DO $$
DECLARE
    each record;
    signal bigint;
BEGIN
    FOR each IN
        SELECT relname AS name, relkind AS kind FROM pg_class WHERE relnamespace = 'public'::regnamespace
        AND (relkind = 'r' AND relname LIKE 'orm\\_signaling\\_%' OR relkind = 'S' AND relname LIKE 'base\\_%\\_signaling%')
    LOOP
        signal := CASE WHEN each.name IN ('orm_signaling_registry', 'base_registry_signaling') THEN {signal} ELSE {caches} END;
        IF each.kind = 'r' THEN
            -- The greatest number counts, and the template may have a greater one.
            EXECUTE format('DELETE FROM %I', each.name);
            PERFORM setval(pg_get_serial_sequence(each.name::text, 'id'), signal, false);
            EXECUTE format('INSERT INTO %I DEFAULT VALUES', each.name);
        ELSE
            PERFORM setval(each.name::text::regclass, signal);
        END IF;
    END LOOP;
END $$;
"""


def owner(series):
    """The PostgreSQL role of a series' server: it sees, lists and serves its own databases only."""
    return f"odoo{series}"


def template_name(series, template):
    return f"template_{series}_{template}"


def filestore(series, name):
    return lab_dir() / "odoo" / str(series) / "data" / "filestore" / name


def _command(database):
    sockets = lab_dir() / "postgresql" / "socket"
    # The socket's name has the port.
    port = next((path.suffix[1:] for path in sockets.glob(".s.PGSQL.*") if path.suffix != ".lock"), None)
    if port is None:
        raise RuntimeError(f"PostgreSQL does not run: no socket in {sockets}. Run make lab-up.")
    return [PSQL, "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", sockets, "-p", port, "-U", "postgres", "-d", database]


def session(database):
    """A process of psql that stays connected, as superuser, until its input is closed."""
    return subprocess.Popen(_command(database), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def psql(script, database="postgres"):
    """Run a script as PostgreSQL's superuser; returns what it prints. `\\connect NAME` in it changes the database."""
    done = subprocess.run(_command(database), input=script, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return done.stdout


def new_signal():
    return random.randrange(1, 10**9)


def memory_folder():
    """Where the databases of tests are, if the machine has memory for them."""
    return MEMORY / f"postroom-lab-{hashlib.sha256(str(lab_dir()).encode()).hexdigest()[:10]}"


@functools.cache
def tablespace():
    """The tablespace for databases that nobody misses when the machine restarts; made when it is not there.

    It is in memory, where a copy takes a twentieth of the CPU time that it takes on a disk; or PostgreSQL's own, if the machine
    has too little memory.
    """
    folder, data = memory_folder(), lab_dir() / "postgresql" / "data"
    with (data.parent / "memory.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = psql("SELECT oid FROM pg_tablespace WHERE spcname = 'memory'").strip()
        if known:
            lost = not any(folder.glob("PG_*"))
            rows = psql(f"""
                SELECT replace(rolname, 'odoo', ''), datname FROM pg_database JOIN pg_roles ON pg_roles.oid = datdba
                WHERE dattablespace = {known}
            """)
            for series, name in (row.split("|") for row in rows.splitlines()):
                # The machine was restarted: of these databases, there is no more than their names. Or their tests were killed.
                if lost or _is_orphaned(name):
                    drop(series, name)
            if not lost:
                return "memory" if _has_memory(ENOUGH_STILL) else "pg_default"
            psql("DROP TABLESPACE memory")
        if not _has_memory(ENOUGH):
            return "pg_default"
        try:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            os.chown(folder, data.stat().st_uid, data.stat().st_gid)
        except OSError:
            return "pg_default"
        psql(f"CREATE TABLESPACE memory LOCATION '{folder}'")
        return "memory"


def _has_memory(enough):
    return MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= enough


def _is_orphaned(name):
    """Whether the process that made a test's database, whose number is in the name, has ended."""
    made_by = re.fullmatch(r"test_[a-z0-9]+_\d+_(\d+)_\d+", name)
    return bool(made_by) and not Path("/proc", made_by[1]).exists()


def remove_lost():
    """Remove PostgreSQL's data if it cannot start any more; returns whether it was so.

    After an unclean end, PostgreSQL repeats what it wrote last, the tests' databases included. If the memory that those were in
    is gone, it ends there.
    """
    data = lab_dir() / "postgresql" / "data"
    lock = data / "postmaster.pid"
    lost = any(not link.exists() for link in (data / "pg_tblspc").glob("*"))
    if not (lost and lock.exists()):
        return False
    process = Path("/proc", lock.read_text().split()[0], "comm")
    if process.exists() and process.read_text().strip() == "postgres":
        return False
    shutil.rmtree(data)
    for files in (lab_dir() / "odoo").glob("*/data/filestore"):
        shutil.rmtree(files)
    return True


def copy(series, template, name, replace=False, signal=None, place="pg_default"):
    """Make the database NAME, a copy of a template, with its filestore.

    :param place: its tablespace
    :param signal: that of an earlier copy of this template by this name, to which nothing was installed: Odoo keeps the
        registry that it has of it
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r}: a test's database is named like {NAME.pattern}")
    source = template if NAME.fullmatch(template) else template_name(series, template)
    drop_first = f"DROP DATABASE IF EXISTS {name} WITH (FORCE);\n" if replace else ""
    psql(
        f"{drop_first}"
        f"CREATE DATABASE {name} OWNER {owner(series)} TEMPLATE {source} STRATEGY FILE_COPY TABLESPACE {place};\n"
        f"\\connect {name}\n" + NEW_IDENTITY.format(signal=signal or new_signal(), caches=new_signal())
    )
    remove_filestore(series, name)
    link_filestore(series, source, name)


def close(name):
    """Let nobody connect any more, so that databases can be copied from this one."""
    psql(
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS false;\n"
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    )


# Names of dropped databases, with the signals that those had, by series and template: Odoo has a registry for the next one.
_known_to_odoo = collections.defaultdict(list)


def take(series, template, new_name):
    """Copy a template for a test, by a name for which Odoo has a registry if there is one; returns the name, and its signal."""
    known = _known_to_odoo[series, template]
    name, signal = known.pop() if known else (new_name, new_signal())
    copy(series, template, name, replace=True, signal=signal, place=tablespace())
    return name, signal


def give_back(series, template, name, signal):
    """Drop what take() made. Its name is taken again, unless something was installed."""
    if signal_of(name) == signal and not modules_changed(name):
        _known_to_odoo[series, template].append((name, signal))
    drop(series, name)


def modules_changed(name):
    """Whether anything was installed or uninstalled in a copy. Odoo signals it no earlier than with the next request."""
    copied = "(SELECT write_date FROM ir_config_parameter WHERE key = 'database.uuid')"
    return psql(f"SELECT count(*) FROM ir_module_module WHERE write_date > {copied}", name).strip() != "0"


def signal_of(name):
    """The signal of a database's registry. It is another one once something was installed."""
    return int(
        psql(
            """
            SELECT CASE WHEN to_regclass('orm_signaling_registry') IS NULL THEN 'SELECT last_value FROM base_registry_signaling'
                ELSE 'SELECT max(id) FROM orm_signaling_registry' END \\gexec
            """,
            name,
        )
    )


def drop(series, name):
    """Remove a database, whoever is connected to it, and its filestore."""
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a test's database")
    psql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE);")
    remove_filestore(series, name)


def databases():
    """Series, name and whether it is a template, of every database."""
    rows = psql("""
        SELECT replace(rolname, 'odoo', ''), datname, datistemplate FROM pg_database
        JOIN pg_roles ON pg_roles.oid = datdba WHERE rolname LIKE 'odoo%' ORDER BY 1, 3 DESC, 2
    """)
    return [(series, name, kind == "t") for series, name, kind in (row.split("|") for row in rows.splitlines())]


def link_filestore(series, source, name):
    """Give a copy its files. Odoo writes a file once and never changes it: links are as good as copies."""
    if filestore(series, source).is_dir():
        subprocess.run(["cp", "-al", filestore(series, source), filestore(series, name)], check=True)


def remove_filestore(series, name):
    if filestore(series, name).is_dir():
        shutil.rmtree(filestore(series, name))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(dest="action", required=True)
    copying = actions.add_parser("copy")
    copying.add_argument("series")
    copying.add_argument("template", choices=("base", "mail"))
    copying.add_argument("name")
    copying.add_argument("--replace", action="store_true")
    dropping = actions.add_parser("drop")
    dropping.add_argument("series")
    dropping.add_argument("name")
    actions.add_parser("list")
    actions.add_parser("remove-lost")
    asked = parser.parse_args()

    try:
        if asked.action == "copy":
            copy(asked.series, asked.template, asked.name, asked.replace)
        elif asked.action == "drop":
            drop(asked.series, asked.name)
        elif asked.action == "remove-lost":
            if remove_lost():
                print("PostgreSQL's data was lost with the machine's memory. The lab's databases are made anew.")
        else:
            for series, name, template in databases():
                print(series, name, "template" if template else "", sep="\t")
    except (RuntimeError, ValueError) as problem:
        parser.exit(1, f"{problem}\n")


if __name__ == "__main__":
    main()
