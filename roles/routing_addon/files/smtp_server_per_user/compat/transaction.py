"""Transactions: what is pending in them is written in another way in another series."""

from contextlib import closing, contextmanager


def flush(env):
    """Write what is pending to the database. 14, 15: a method of models; later: of the environment."""
    (getattr(env, "flush_all", None) or env["base"].flush)()


@contextmanager
def never_committed(env):
    """An environment in a transaction of its own, which is rolled back, and which nobody can commit."""
    # On 14, all transactions of a thread share what is pending, and the rollback drops it.
    flush(env)
    with closing(env.registry.cursor()) as cr:
        inside = env(cr=cr)
        # Core commits where it prints a report, for one. What follows a commit may read the database, and nothing else.
        cr.commit = lambda: flush(inside)
        try:
            yield inside
        finally:
            cr.rollback()
