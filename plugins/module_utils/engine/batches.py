# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A long list in requests that Odoo answers in time.

By default Odoo ends a request after 120 s, or after 60 s of computing (limit_time_real, limit_time_cpu), and takes bodies of
up to 128 MiB. 1,000 mail servers are 0.3 s and half a megabyte, but 1,000 users with a password each are minutes: Odoo 19
hashes it in 600,000 rounds. How fast a server is nobody tells beforehand; how long its last request took does.
"""

from __future__ import annotations

import time

# Rows that one request has at most.
MOST = 1000
# How long a request is meant to take, in seconds.
SPAN = 15


# A request that breaks after so many seconds has met a time limit, rather than a server that is not there.
PATIENCE = 10


class Batches:
    """The rows in parts, a request each: the first of a given size, each further one as large as the last one's speed allows.

    :param rows: a list.
    :param first: how many rows the first part has at most.
    :param clock: tells the time, in seconds; between two parts, what the caller does with the former is timed.
    """

    def __init__(self, rows, first, clock=time.monotonic):
        self._rows, self._size, self._most, self._clock = rows, first, MOST, clock
        self._again = False
        self._begun = None

    def __iter__(self):
        start = 0
        while start < len(self._rows):
            self._begun = self._clock()
            part = self._rows[start : start + self._size]
            yield part
            if self._again:
                self._again = False
                self._size = self._most = len(part) // 2
                continue
            start += len(part)
            speed = len(part) / max(self._clock() - self._begun, 0.001)
            self._size = max(1, min(int(speed * SPAN), self._most))

    def seconds(self):
        """How long the present part takes so far."""
        return self._clock() - self._begun

    def repeat_smaller(self, part):
        """Have the present part come again in smaller ones; False when it has one row."""
        self._again = len(part) > 1
        return self._again
