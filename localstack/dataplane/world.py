"""All that is served, kept in step with LocalStack."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from dataplane.balancer import Balancer, Listener
from dataplane.certificates import Certificates
from dataplane.control_plane import ControlPlane
from dataplane.counters import Counters
from dataplane.door import Door
from dataplane.group import Group
from dataplane.health import Checks
from dataplane.key_set import KeySets
from dataplane.login import Logins
from dataplane.provider import Providers
from dataplane.relay import Relay
from dataplane.zone import Zone

Json = dict[str, Any]


class World:
    """Load balancers, target groups, certificates and zones of every account."""

    def __init__(self, control_plane: ControlPlane) -> None:
        self.control_plane = control_plane
        self.certificates = Certificates(control_plane)
        self.counters = Counters()
        providers = Providers(self)
        self.key_sets = KeySets(providers)
        self.logins = Logins(providers)
        self.balancers: dict[str, Balancer] = {}
        self.by_dns_name: dict[str, Balancer] = {}
        self.groups: dict[str, Group] = {}
        self.zones: dict[str, Zone] = {}
        self.doors: dict[str, Door] = {}
        # What cannot be served, by kind and name: the account, and why.
        self.troubles: dict[tuple[str, str], tuple[str, str]] = {}
        self.version = -1  # nothing heard yet
        self._listeners: dict[str, Listener] = {}
        self._checks = Checks(control_plane)

    def listener(self, arn: str) -> Listener | None:
        """A listener, as it is now."""
        return self._listeners.get(arn)

    def door(self, balancer: str, port: int | None) -> Door | None:
        """The open port of a load balancer."""
        standing = self.balancers.get(balancer)
        listeners = standing.listeners.values() if standing else ()
        arn = next((one.arn for one in listeners if one.port == port), "")
        return self.doors.get(arn)

    async def apply(self, changes: Json) -> None:
        """Take over what is new: target groups before what forwards to them."""
        docs: dict[str, Json | None] = changes["docs"]
        for kind in ("certificate", "trust", "group", "balancer", "zone"):
            for key, doc in docs.items():
                if key.startswith(f"{kind} "):
                    await self._apply_one(kind, key.partition(" ")[2], doc)
        self.version = changes["version"]

    async def _apply_one(self, kind: str, name: str, doc: Json | None) -> None:
        apply = {
            "certificate": self._certificate,
            "trust": self._trust,
            "group": self._group,
            "balancer": self._balancer,
            "zone": self._zone,
        }
        self.troubles.pop((kind, name), None)
        try:
            await apply[kind](name, doc)
        except Exception as error:
            # One thing that cannot be served must not keep all others from being so.
            text = f"{kind} {name} cannot be served: {error!r}"
            print(text, file=sys.stderr, flush=True)
            self.troubles[kind, name] = str((doc or {}).get("account", "")), text

    async def _certificate(self, arn: str, doc: Json | None) -> None:
        self.certificates.update(arn, doc)

    async def _trust(self, arn: str, doc: Json | None) -> None:
        self.certificates.update_trust(arn, doc)

    async def _group(self, arn: str, doc: Json | None) -> None:
        standing = self.groups.get(arn)
        if doc is None:
            if standing is not None:
                standing.leave()
                self._checks.follow(standing)
                del self.groups[arn]
            return
        if standing is None:
            standing = self.groups[arn] = Group(doc)
        else:
            standing.update(doc)
        self._checks.follow(standing)

    async def _balancer(self, arn: str, doc: Json | None) -> None:
        standing = self.balancers.get(arn)
        before = set(standing.listeners) if standing else set()
        if doc is None:
            if standing is None:
                return
            standing.update(standing.doc | {"listeners": []})
        elif standing is None:
            standing = self.balancers[arn] = Balancer(doc)
            self.by_dns_name[standing.dns_name] = standing
        else:
            standing.update(doc)
        for gone in before - set(standing.listeners):
            self._listeners.pop(gone, None)
            if gone in self.doors:
                self.doors.pop(gone).close()
        for listener in standing.listeners.values():
            await self._open(listener, standing.address)
        if doc is None:
            del self.balancers[arn]
            del self.by_dns_name[standing.dns_name]
            standing.claim.release()

    async def _open(self, listener: Listener, address: str) -> None:
        standing = self._listeners.get(listener.arn)
        self._listeners[listener.arn] = listener
        if listener.protocol == "UDP":
            # Nothing here speaks it.
            return
        door = self.doors.get(listener.arn)
        moved = standing is not None and standing.is_secure != listener.is_secure
        if door is not None and (moved or door.port != listener.port):
            door.close()
            # A closed server lets go of its port in the loop's next round.
            await asyncio.sleep(0)
            door = None
        if door is None:
            kind = Relay if listener.balancer.is_network else Door
            door = self.doors[listener.arn] = kind(self, listener.arn, address, listener.port)
            await door.open()

    async def _zone(self, key: str, doc: Json | None) -> None:
        self.zones.pop(key, None)
        if doc is not None:
            self.zones[key] = Zone(doc, self.version)

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
