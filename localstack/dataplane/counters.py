"""How many requests went where, by listener, rule, target group, target and status."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Way:
    """What one request met. Empty where it did not get so far."""

    account: str
    load_balancer: str
    listener: str
    rule: str
    target_group: str
    target: str
    status: int


class Counters:
    """The counts of one data plane."""

    def __init__(self) -> None:
        self._counts: Counter[Way] = Counter()

    def count(self, way: Way) -> None:
        """One more request went this way."""
        self._counts[way] += 1

    def show(self, account: str | None) -> list[Json]:
        """The counts of an account, or all."""
        return [
            {
                "load_balancer": way.load_balancer,
                "listener": way.listener,
                "rule": way.rule,
                "target_group": way.target_group,
                "target": way.target,
                "status": way.status,
                "requests": count,
            }
            for way, count in self._counts.items()
            if account in (None, way.account)
        ]

    def forget(self, account: str | None) -> None:
        """Start anew."""
        for way in [way for way in self._counts if account in (None, way.account)]:
            del self._counts[way]
