"""Names to records, from the Route 53 store, as AWS's Route 53 guide has it."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import Any

import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdatatype import RdataType

from dataplane.world import World
from dataplane.zone import Zone, name_of

Json = dict[str, Any]

# AWS's Route 53 guide: an alias to a load balancer has a TTL of 60 seconds.
ALIAS_TTL = 60
# The names of Application and of Network Load Balancers.
OF_BALANCERS = re.compile(r"\.elb\.(?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?$")
# More CNAMEs than this in a row are a loop.
LONGEST_CHAIN = 8
# AWS's Route 53 guide, "Multivalue answer routing": up to eight records.
MOST_VALUES = 8


@dataclass(frozen=True, slots=True)
class View:
    """Who asks: one account's zones or everybody's; and from which VPC, if from one."""

    account: str | None = None
    vpc: str | None = None


@dataclass(slots=True)
class Found:
    """An answer: records, and whether the name exists at all."""

    records: list[dns.rrset.RRset] = field(default_factory=list)
    exists: bool = True
    ours: bool = True  # whether any zone here knows of the name
    authority: list[dns.rrset.RRset] = field(default_factory=list)


class Resolution:
    """Answers questions from one view of the world."""

    def __init__(self, world: World, view: View) -> None:
        self._world = world
        self._view = view

    def ask(self, name: dns.name.Name, kind: RdataType) -> Found:
        """The records of a name and type, CNAMEs followed."""
        found = Found()
        current = dns.name.from_text(name.to_text().lower())
        for _ in range(LONGEST_CHAIN):
            following = self._step(current, kind, found)
            if following is None:
                return found
            current = following
        return found

    def _step(self, name: dns.name.Name, kind: RdataType, found: Found) -> dns.name.Name | None:
        """Add what one name has; the CNAME's target if it is to be followed."""
        balancer = self._address_of_balancer(name)
        if balancer is not None:
            if kind == RdataType.A and balancer:
                found.records.append(_rrset(name, ALIAS_TTL, "A", [balancer]))
            return None
        zone = self._zone_for(name)
        if zone is None:
            found.ours = bool(found.records)
            return None
        sets = zone.at(name)
        found.exists = bool(sets) or zone.exists(name) or bool(found.records)
        kinds = {one["Type"] for one in sets}
        if "CNAME" in kinds and kind != RdataType.CNAME:
            record = self._choose(zone, [one for one in sets if one["Type"] == "CNAME"])
            for one in record[:1]:
                made = self._render(zone, name, one, RdataType.CNAME)
                found.records += made
                if made:
                    return dns.name.from_text(made[0][0].to_text())
            return None
        wanted = [one for one in sets if one["Type"] == dns.rdatatype.to_text(kind)]
        for one in self._choose(zone, wanted):
            found.records += self._render(zone, name, one, kind)
        if not found.records:
            soa = [one for one in zone.at(zone.name) if one["Type"] == "SOA"]
            found.authority = [
                r for s in soa for r in self._render(zone, zone.name, s, RdataType.SOA)
            ]
        return None

    def _address_of_balancer(self, name: dns.name.Name) -> str | None:
        """The address if the name is a load balancer's; empty if there is none of this name."""
        text = name.to_text(omit_final_dot=True).removeprefix("dualstack.")
        balancer = self._world.by_dns_name.get(text)
        if balancer is not None:
            return balancer.address
        return "" if OF_BALANCERS.search(text) else None

    def _zone_for(self, name: dns.name.Name) -> Zone | None:
        """The longest zone that covers a name; of equal ones the private, then the newest."""
        covering = [
            zone
            for zone in self._world.zones.values()
            if name.is_subdomain(zone.name) and self._sees(zone)
        ]
        return max(covering, key=lambda z: (len(z.name.labels), z.private, z.changed), default=None)

    def _sees(self, zone: Zone) -> bool:
        if self._view.account not in (None, zone.account):
            return False
        return not zone.private or self._view.vpc in zone.vpcs

    def _choose(self, zone: Zone, sets: list[Json]) -> list[Json]:
        """The sets that the routing policy takes for this answer."""
        if len(sets) < 2:
            return sets
        healthy = [one for one in sets if self._is_healthy(zone, one)] or sets
        first = sets[0]
        if "Weight" in first:
            weights = [int(one["Weight"]) for one in healthy]
            if not any(weights):
                return [random.choice(healthy)]
            return random.choices(healthy, weights)
        if "Failover" in first:
            roles = {one["Failover"]: one for one in healthy}
            return [roles.get("PRIMARY") or roles["SECONDARY"]]
        if first.get("MultiValueAnswer"):
            return random.sample(healthy, min(len(healthy), MOST_VALUES))
        # Policies by place: the one for everywhere, if there is one, since nobody is anywhere here.
        everywhere = [o for o in healthy if o.get("GeoLocation", {}).get("CountryCode") == "*"]
        return (everywhere or healthy)[:1]

    def _is_healthy(self, zone: Zone, record_set: Json, depth: int = 0) -> bool:
        """By its health check, which a test sets, and by its target if it is to be evaluated."""
        if record_set.get("HealthCheckId") in zone.unhealthy:
            return False
        alias = record_set.get("AliasTarget")
        if alias is None or not alias["EvaluateTargetHealth"]:
            return True
        text = alias["DNSName"].rstrip(".").lower().removeprefix("dualstack.")
        balancer = self._world.by_dns_name.get(text)
        if balancer is not None:
            return self._world.is_healthy(balancer)
        if ".elb." in text or depth > LONGEST_CHAIN:
            return False
        # Route 53's guide, "Complex configurations": one healthy record of the target is enough.
        same = [o for o in zone.at(name_of(alias["DNSName"])) if o["Type"] == record_set["Type"]]
        return any(self._is_healthy(zone, one, depth + 1) for one in same)

    def _render(
        self, zone: Zone, name: dns.name.Name, record_set: Json, kind: RdataType
    ) -> list[dns.rrset.RRset]:
        alias = record_set.get("AliasTarget")
        text = dns.rdatatype.to_text(kind)
        if alias is None:
            values = [one["Value"] for one in record_set["ResourceRecords"]]
            return [_rrset(name, record_set["TTL"], text, values)]
        target = name_of(alias["DNSName"])
        address = self._address_of_balancer(target)
        if address is not None:
            wanted = bool(address) and kind == RdataType.A
            return [_rrset(name, ALIAS_TTL, "A", [address])] if wanted else []
        # An alias within the zone answers with the other name's records under its own.
        same = [one for one in zone.at(target) if one["Type"] == text]
        if any(one is record_set for one in same):
            return []
        return [
            rrset
            for one in self._choose(zone, same)
            for rrset in self._render(zone, name, one, kind)
        ]


def _rrset(name: dns.name.Name, ttl: int, kind: str, values: list[str]) -> dns.rrset.RRset:
    # Route 53 takes every name for a whole one, with or without the last dot.
    return dns.rrset.from_text_list(
        name, ttl, dns.rdataclass.IN, kind, values, origin=dns.name.root, relativize=False
    )
