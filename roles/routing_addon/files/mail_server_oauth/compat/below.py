"""A method put where core's own is, below what any addon overrides.

Core logs in in the middle of some methods, and has no method for it there. What an addon inherits comes above or below
another addon's, as they happen to be loaded, and an override that opens connections must be below all: what comes above it
(the routing addon, say) opens them again, or puts an object of its own around them.
"""

import functools


def put_below(cls, name, function):
    """Have core's method call a function instead, which decides whether core's own code runs.

    All databases of the process share core's class, also those without this addon.

    :param cls: core's class
    :param function: called with core's code, the records and the arguments
    """
    core = vars(cls)[name]

    @functools.wraps(core)
    def method(self, *args, **kwargs):
        if "oauth_client_id" not in self._fields:
            return core(self, *args, **kwargs)
        return function(core, self, *args, **kwargs)

    setattr(cls, name, method)
