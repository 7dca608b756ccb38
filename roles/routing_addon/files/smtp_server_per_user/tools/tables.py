"""The addon's tables and indexes that belong to no model."""


def exists(cr, name):
    """Whether the database has a table or an index of this name."""
    cr.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
    return cr.fetchone()[0]


def create(cr, name, statement):
    """Create a table or an index, unless the database has it.

    `CREATE INDEX IF NOT EXISTS` waits for whoever writes to the table, even if there is nothing to create, and then keeps
    others from writing until the upgrade is over.
    """
    if not exists(cr, name):
        cr.execute(statement)
