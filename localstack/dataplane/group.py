"""Target groups as the data plane runs them: who takes requests, and who is next."""

from __future__ import annotations

import math
import random
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from dataplane import address
from dataplane.leg import Leg

Json = dict[str, Any]
Key = tuple[str, int | None, str | None, float]

# States of botocore's TargetHealth in which a target is there to be used if need be. "unavailable"
# says that nobody checks it.
HEALTHY = ("healthy", "unavailable")
REGISTERED = (*HEALTHY, "initial", "unhealthy")


class Cuttable(Protocol):
    """A request on its way, as much as a target has to know of it."""

    def cut(self) -> None:
        """End it: its target is gone."""


@dataclass(eq=False)
class Target:
    """One target with what is under way to it."""

    id: str
    port: int | None
    address: str  # where it is reached; empty for what has none: a function, a load balancer
    balancer: str = ""  # the load balancer that it is, if it is one
    state: str = "initial"
    is_open: bool = True  # whether the security groups let its load balancer in
    answers_checks: bool = True  # the same of the port on which its health is checked
    taking_since: float = 0.0  # monotonic; when it began to warm up in slow start, or 0
    credit: float = 0.0  # what smooth round robin owes it
    open: set[Cuttable] = field(default_factory=set)
    idle: list[Leg] = field(default_factory=list)

    @property
    def label(self) -> str:
        """How counters and traces name it."""
        return f"{self.id}:{self.port}" if self.port else self.id

    def retire(self) -> None:
        """No new requests; those under way go on."""
        for leg in self.idle:
            leg.close()
        self.idle.clear()

    def remove(self) -> None:
        """The deregistration delay is over: what is still under way is cut off."""
        self.retire()
        for exchange in list(self.open):
            exchange.cut()


class Group:
    """A target group that some load balancer uses."""

    def __init__(self, doc: Json) -> None:
        self.targets: dict[Key, Target] = {}
        self.serving: list[Target] = []
        self.fails_open = False
        self._next = 0
        self.update(doc)

    def update(self, doc: Json) -> None:
        """Take over what the control plane says now."""
        self.doc = doc
        self.arn: str = doc["arn"]
        self.settings: Json = doc["settings"]
        self.attributes: dict[str, str] = doc["attributes"]
        before = self.targets
        self.targets = {}
        for told in doc["targets"]:
            key = (told["id"], told["port"], told["zone"], told["registered"])
            target = before.pop(key, None) or _made(told)
            self.targets[key] = target
            target.is_open, target.answers_checks = told["open"], told["check_open"]
            self._set_state(target, told["state"])
        for gone in before.values():
            gone.remove()
        self._decide_who_serves()

    def leave(self) -> None:
        """No load balancer uses it any more; what is under way is answered all the same."""
        for target in self.targets.values():
            self._set_state(target, "unused")
        self.targets, self.serving = {}, []
        self.doc = self.doc | {"targets": [], "checks": None}

    def _set_state(self, target: Target, state: str) -> None:
        if state == target.state:
            return
        if state in HEALTHY and target.state not in HEALTHY:
            # AWS's guide, "Slow start mode": the first targets of a group do not warm up.
            others = any(t.state in HEALTHY for t in self.targets.values() if t is not target)
            target.taking_since = time.monotonic() if others else 0.0
        target.state = state
        if state not in REGISTERED:
            target.retire()

    def _decide_who_serves(self) -> None:
        """The healthy ones, or all if too few are: AWS's guide, "Target group health"."""
        registered = self._registered
        self.fails_open = not self._has_enough("unhealthy_state_routing", len(registered))
        healthy = [t for t in registered if t.state in HEALTHY]
        self.serving = registered if self.fails_open else healthy

    @property
    def _registered(self) -> list[Target]:
        return [t for t in self.targets.values() if t.state in REGISTERED]

    def _has_enough(self, purpose: str, most: int | None = None) -> bool:
        """Whether so many targets are healthy as the group's attributes want for a purpose."""
        prefix = f"target_group_health.{purpose}.minimum_healthy_targets."
        count, share = (self.attributes.get(prefix + end, "off") for end in ("count", "percentage"))
        registered = self._registered
        needed = 0 if count == "off" else int(count)
        if share != "off":
            needed = max(needed, math.ceil(len(registered) * int(share) / 100))
        needed = needed if most is None else min(needed, most)
        return sum(t.state in HEALTHY for t in registered) >= needed

    @property
    def is_healthy(self) -> bool:
        """Whether Route 53 would think so: AWS's guide, "DNS failover"."""
        return self._has_enough("dns_failover")

    def choose(self) -> Target | None:
        """The target for the next request, by the group's algorithm."""
        if not self.serving:
            return None
        algorithm = self.attributes.get("load_balancing.algorithm.type", "round_robin")
        if algorithm == "least_outstanding_requests":
            fewest = min(len(target.open) for target in self.serving)
            return self._in_turn([t for t in self.serving if len(t.open) == fewest])
        if algorithm == "weighted_random":
            # Anomaly mitigation has no weights to give here, and without it they are equal.
            return random.choice(self.serving)
        warm_up = float(self.attributes.get("slow_start.duration_seconds", "0"))
        if warm_up:
            return self._smoothly([self._warmth(target, warm_up) for target in self.serving])
        return self._in_turn(self.serving)

    def _in_turn(self, targets: list[Target]) -> Target:
        self._next += 1
        return targets[self._next % len(targets)]

    @staticmethod
    def _warmth(target: Target, warm_up: float) -> float:
        """The share of a full target's requests: AWS's guide says that it grows linearly."""
        if not target.taking_since:
            return 1.0
        age = (time.monotonic() - target.taking_since) / warm_up
        # A target that gets nothing at all would never be seen to work.
        return min(1.0, max(0.01, age))

    def _smoothly(self, weights: list[float]) -> Target:
        for target, weight in zip(self.serving, weights, strict=True):
            target.credit += weight
        chosen = max(self.serving, key=lambda target: target.credit)
        chosen.credit -= sum(weights)
        return chosen


def _made(told: Json) -> Target:
    reached = told.get("address")
    place = address.of_target(reached) if reached else ""
    return Target(told["id"], told["port"], place, told["balancer"] or "")
