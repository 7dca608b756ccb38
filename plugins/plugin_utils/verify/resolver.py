# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Questions to the DNS, each asked once. A name that does not exist is an answer; silence is not."""

from __future__ import annotations

import threading

try:
    import dns.exception
    import dns.flags
    import dns.nameserver
    import dns.resolver
except ImportError:
    dns = None


class NoSuchName(Exception):
    """The name does not exist."""


class Unavailable(Exception):
    """The DNS gave no answer; its text says why."""


class Resolver:
    """A resolver that remembers.

    :param servers: addresses of name servers, each perhaps with C(:port); those of the system without any.
    :param timeout: seconds to wait for an answer.
    """

    def __init__(self, servers=(), timeout=5.0):
        # What checkdmarc takes.
        self.library = dns.resolver.Resolver(configure=not servers)
        if servers:
            self.library.nameservers = [_nameserver(each) for each in servers]
        self.library.lifetime = self.timeout = timeout
        # To be told whether an answer is signed, and verified by the resolver.
        self.library.use_edns(0, dns.flags.DO, 1232)
        self.library.flags = dns.flags.RD | dns.flags.AD
        self._answers, self._lock = {}, threading.Lock()

    def ask(self, name, kind):
        """The records of a name, as dnspython has them; none if it has none of this kind.

        :raises NoSuchName: when the name does not exist.
        :raises Unavailable: when there is no answer.
        """
        answer = self._answer(name, kind)
        return list(answer or ())

    def texts(self, name):
        """The TXT records of a name; none if it does not exist."""
        try:
            return [b"".join(each.strings).decode("utf-8", "replace") for each in self.ask(name, "TXT")]
        except NoSuchName:
            return []

    def addresses(self, name):
        """The addresses of a name, IPv4 and IPv6; none if it does not exist."""
        found = []
        for kind in ("A", "AAAA"):
            try:
                found += [each.address for each in self.ask(name, kind)]
            except NoSuchName:
                return []
        return found

    def is_verified(self, name, kind):
        """Whether the resolver has verified the signatures of the records (DNSSEC)."""
        answer = self._answer(name, kind)
        return bool(answer) and bool(answer.response.flags & dns.flags.AD)

    def _answer(self, name, kind):
        key = name.lower(), kind
        with self._lock:
            known = self._answers.get(key)
        if known is None:
            known = self._ask_anew(name, kind)
            with self._lock:
                self._answers[key] = known
        if isinstance(known, Exception):
            raise known
        return known

    def _ask_anew(self, name, kind):
        try:
            return self.library.resolve(name, kind, search=False, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return NoSuchName(name)
        except dns.resolver.YXDOMAIN as exc:
            return Unavailable("%s %s: %s" % (name, kind, exc))
        except (dns.exception.DNSException, OSError, ValueError) as exc:
            return Unavailable("%s %s: %s" % (name, kind, " ".join(str(exc).split()).rstrip(".")))


def _nameserver(given):
    address, port = given, 53
    # An IPv6 address has several colons, and brackets where a port follows.
    if given.startswith("["):
        address, _bracket, rest = given[1:].partition("]")
        port = int(rest.lstrip(":") or 53)
    elif given.count(":") == 1:
        address, _colon, port = given.partition(":")
    return dns.nameserver.Do53Nameserver(address, int(port))
