"""Keeps the world in step with LocalStack: opens and closes ports, begins and ends checks."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from dataplane.balancer import Balancer, Listener
from dataplane.control_plane import ControlPlane
from dataplane.door import Door
from dataplane.group import Group
from dataplane.health import Checks
from dataplane.relay import Relay
from dataplane.services import Services
from dataplane.world import World
from dataplane.zone import Zone

Json = dict[str, Any]

# LocalStack takes about a second to start; asked so often, the first change is not late.
RETRY_SECONDS = 0.05


class Following:
    """Takes over what is new."""

    def __init__(self, world: World, services: Services, control_plane: ControlPlane) -> None:
        self.world = world
        self._services = services
        self._control_plane = control_plane
        self._checks = Checks(control_plane)

    async def run(self) -> None:
        """Take over every change, for ever."""
        while True:
            try:
                changes = await self._control_plane.changes(self.world.version)
            except (OSError, ValueError):
                # Not up yet, or on its way down; when it is gone, so are we.
                await asyncio.sleep(RETRY_SECONDS)
                continue
            await self.apply(changes)

    async def apply(self, changes: Json) -> None:
        """Take over what is new: target groups before what forwards to them."""
        docs: dict[str, Json | None] = changes["docs"]
        for kind in ("certificate", "trust", "group", "balancer", "zone"):
            for key, doc in docs.items():
                if key.startswith(f"{kind} "):
                    await self._apply_one(kind, key.partition(" ")[2], doc)
        self.world.version = changes["version"]

    async def _apply_one(self, kind: str, name: str, doc: Json | None) -> None:
        apply = {
            "certificate": self._certificate,
            "trust": self._trust,
            "group": self._group,
            "balancer": self._balancer,
            "zone": self._zone,
        }
        self.world.troubles.pop((kind, name), None)
        try:
            await apply[kind](name, doc)
        except Exception as error:
            # One thing that cannot be served must not keep all others from being so.
            text = f"{kind} {name} cannot be served: {error!r}"
            print(text, file=sys.stderr, flush=True)
            self.world.troubles[kind, name] = str((doc or {}).get("account", "")), text

    async def _certificate(self, arn: str, doc: Json | None) -> None:
        self._services.certificates.update(arn, doc)

    async def _trust(self, arn: str, doc: Json | None) -> None:
        self._services.certificates.update_trust(arn, doc)

    async def _group(self, arn: str, doc: Json | None) -> None:
        standing = self.world.groups.get(arn)
        if doc is None:
            if standing is not None:
                standing.leave()
                self._checks.follow(standing)
                del self.world.groups[arn]
            return
        if standing is None:
            standing = self.world.groups[arn] = Group(doc)
        else:
            standing.update(doc)
        self._checks.follow(standing)

    async def _balancer(self, arn: str, doc: Json | None) -> None:
        standing = self.world.balancers.get(arn)
        before = set(standing.listeners) if standing else set()
        if doc is None:
            if standing is None:
                return
            standing.update(standing.doc | {"listeners": []})
        elif standing is None:
            standing = self.world.balancers[arn] = Balancer(doc)
            self.world.by_dns_name[standing.dns_name] = standing
        else:
            standing.update(doc)
        for gone in before - set(standing.listeners):
            self.world.listeners.pop(gone, None)
            if gone in self.world.doors:
                self.world.doors.pop(gone).close()
        for listener in standing.listeners.values():
            await self._open(listener, standing.address)
        if doc is None:
            del self.world.balancers[arn]
            del self.world.by_dns_name[standing.dns_name]
            standing.claim.release()

    async def _open(self, listener: Listener, address: str) -> None:
        standing = self.world.listeners.get(listener.arn)
        self.world.listeners[listener.arn] = listener
        if listener.protocol == "UDP":
            # Nothing here speaks it.
            return
        door = self.world.doors.get(listener.arn)
        moved = standing is not None and standing.is_secure != listener.is_secure
        if door is not None and (moved or door.port != listener.port):
            door.close()
            # A closed server lets go of its port in the loop's next round.
            await asyncio.sleep(0)
            door = None
        if door is None:
            kind = Relay if listener.balancer.is_network else Door
            door = self.world.doors[listener.arn] = kind(
                self.world, self._services, listener.arn, address, listener.port
            )
            await door.open()

    async def _zone(self, key: str, doc: Json | None) -> None:
        self.world.zones.pop(key, None)
        if doc is not None:
            self.world.zones[key] = Zone(doc, self.world.version)
