"""All that is served, as it is now; `following` keeps it in step with LocalStack."""

from __future__ import annotations

from typing import Protocol

from dataplane.balancer import Balancer, Listener
from dataplane.counters import Counters
from dataplane.group import Group
from dataplane.wire import Wire
from dataplane.zone import Zone


class Entrance(Protocol):
    """A listener's port, open, as far as others have to do with it."""

    address: str
    port: int  # as the listener says
    bound: int  # as it is
    trouble: str

    @property
    def connections(self) -> int:
        """How many clients are connected."""

    def take(self, wire: Wire) -> None:
        """Serve a connection, if its client may connect."""

    def close(self) -> None:
        """Take no more connections, and end those on which nothing goes on."""


class World:
    """Load balancers, target groups and zones of every account."""

    def __init__(self) -> None:
        self.counters = Counters()
        self.balancers: dict[str, Balancer] = {}
        self.by_dns_name: dict[str, Balancer] = {}
        self.listeners: dict[str, Listener] = {}
        self.groups: dict[str, Group] = {}
        self.zones: dict[str, Zone] = {}
        self.doors: dict[str, Entrance] = {}
        # What cannot be served, by kind and name: the account, and why.
        self.troubles: dict[tuple[str, str], tuple[str, str]] = {}
        self.version = -1  # nothing heard yet

    def listener(self, arn: str) -> Listener | None:
        """A listener, as it is now."""
        return self.listeners.get(arn)

    def door(self, balancer: str, port: int | None) -> Entrance | None:
        """The open port of a load balancer."""
        standing = self.balancers.get(balancer)
        listeners = standing.listeners.values() if standing else ()
        arn = next((one.arn for one in listeners if one.port == port), "")
        return self.doors.get(arn)

    def is_healthy(self, balancer: Balancer) -> bool:
        """What "evaluate target health" means for a load balancer.

        AWS's Route 53 guide: every target group with targets must have a healthy one, and one
        without targets counts as unhealthy only if it is the only one.
        """
        groups = [self.groups[arn] for arn in balancer.groups() if arn in self.groups]
        filled = [group for group in groups if group.targets]
        if not filled:
            return not groups
        return all(group.is_healthy for group in filled)
