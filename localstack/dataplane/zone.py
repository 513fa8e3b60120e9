"""A hosted zone as the resolver reads it."""

from __future__ import annotations

import re
from typing import Any

import dns.name

Json = dict[str, Any]
Sets = list[Json]

# Route 53 writes odd bytes as three octal digits; DNS software reads three digits as decimal.
_ESCAPE = re.compile(r"\\([0-3][0-7]{2})")


def name_of(text: str) -> dns.name.Name:
    """A name as Route 53 writes it, in lower case."""
    plain = text if text.endswith(".") else text + "."
    decimal = _ESCAPE.sub(lambda octal: f"\\{int(octal[1], 8):03d}", plain)
    return dns.name.from_text(decimal.lower())


class Zone:
    """One zone with its record sets by name."""

    def __init__(self, doc: Json, changed: int) -> None:
        self.account: str = doc["account"]
        self.name = name_of(doc["name"])
        self.private: bool = doc["private"]
        self.vpcs: list[str] = doc["vpcs"]
        self.unhealthy: set[str] = set(doc["unhealthy"])  # ids of health checks
        self.changed = changed  # the version at which it last did
        self._sets: dict[dns.name.Name, Sets] = {}
        # Names that have something below them exist, though they hold nothing (RFC 4592).
        self._inner: set[dns.name.Name] = set()
        for record_set in doc["records"]:
            name = name_of(record_set["Name"])
            self._sets.setdefault(name, []).append(record_set)
            while name != self.name and name.is_subdomain(self.name):
                name = name.parent()
                self._inner.add(name)

    def exists(self, name: dns.name.Name) -> bool:
        """Whether there is such a name in the zone, with or without records."""
        return name in self._sets or name in self._inner or name == self.name

    def at(self, name: dns.name.Name) -> Sets:
        """The record sets for a name: its own, or those of the wildcard that covers it."""
        if self.exists(name):
            return self._sets.get(name, [])
        while name != self.name:
            name = name.parent()
            wildcard = self._sets.get(dns.name.Name((b"*", *name.labels)))
            if wildcard is not None:
                return wildcard
            if self.exists(name):
                break
        return []
