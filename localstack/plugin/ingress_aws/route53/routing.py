"""Routing policies: which one a record set has, and which sets can stand beside each other."""

from dataclasses import dataclass
from typing import Any

# The member that carries each policy, and how AWS's messages call it.
KINDS = {
    "Weight": "weighted",
    "Region": "latency",
    "Failover": "failover",
    "GeoLocation": "geolocation",
    "MultiValueAnswer": "multivalue answer",
    "GeoProximityLocation": "geoproximity",
    "CidrRoutingConfig": "cidr",
}

# Two sets of one group cannot say the same: one set per region, per failover role, per place.
DISTINCT = frozenset({"Region", "Failover", "GeoLocation", "CidrRoutingConfig"})


@dataclass(frozen=True)
class Routing:
    """The one policy of a record set, as the member that the request used and its value."""

    member: str
    value: Any

    @property
    def kind(self) -> str:
        """The policy's name in messages."""
        return KINDS[self.member]


def read(record_set: dict[str, Any]) -> list[Routing]:
    """Every policy that a request gives; a valid record set gives one, or none if simple."""
    return [
        Routing(member, record_set[member])
        for member in KINDS
        # MultiValueAnswer=false says the same as leaving it out; Weight=0 does not.
        if record_set.get(member) is not None and record_set[member] is not False
    ]


def place_problem(routing: Routing) -> str | None:
    """Why the place of a geographic policy is not one place."""
    given = routing.value
    if routing.member == "GeoLocation":
        if bool(given.get("ContinentCode")) == bool(given.get("CountryCode")):
            return "GeoLocation needs exactly one of ContinentCode and CountryCode"
        if given.get("SubdivisionCode") and not given.get("CountryCode"):
            return "GeoLocation with SubdivisionCode needs CountryCode"
    if routing.member == "GeoProximityLocation":
        ways = ("AWSRegion", "LocalZoneGroup", "Coordinates")
        if sum(bool(given.get(way)) for way in ways) != 1:
            return f"GeoProximityLocation needs exactly one of {', '.join(ways)}"
    return None
