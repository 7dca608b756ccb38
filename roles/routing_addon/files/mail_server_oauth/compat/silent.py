"""SQL that Odoo does not log: with --log-sql, its cursor logs every statement with its values."""


def execute_silently(cr, query, parameters):
    """Run a statement with secrets in it; returns its rows.

    :param cr: Odoo's cursor, whose transaction this is part of
    """
    # psycopg2's own cursor, by the same name in 14 to 20.
    cursor = cr._obj
    cursor.execute(query, parameters)
    return cursor.fetchall() if cursor.description else []
