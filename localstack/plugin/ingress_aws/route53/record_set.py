"""A resource record set, as a value that is compared and echoed but never changed."""

from dataclasses import dataclass, replace
from typing import Any

from ingress_aws.route53.name import Name
from ingress_aws.route53.routing import Routing

# Within one name, a set is known by its type and, if it has a routing policy, its identifier.
Key = tuple[str, str | None]


@dataclass(frozen=True)
class Alias:
    """Where an alias points to."""

    zone_id: str
    target: Name
    evaluate_target_health: bool


@dataclass(frozen=True)
class RecordSet:
    """Either values with a TTL, or an alias."""

    name: Name
    type: str
    set_identifier: str | None = None
    routing: Routing | None = None
    ttl: int | None = None
    values: tuple[str, ...] = ()
    alias: Alias | None = None
    health_check: str | None = None

    @property
    def key(self) -> Key:
        """What tells sets of one name apart."""
        return self.type, self.set_identifier

    @property
    def order(self) -> tuple[str, str, str]:
        """Route 53's listing order: reversed labels, then type, then set identifier."""
        return self.name.order, self.type, self.set_identifier or ""

    @property
    def label(self) -> str:
        """How AWS's messages point to a set."""
        identifier = f", set-identifier='{self.set_identifier}'" if self.set_identifier else ""
        return f"[name='{self.name.text}', type='{self.type}'{identifier}]"

    def same_as(self, other: "RecordSet") -> bool:
        """Whether a DELETE that names the one means the other: all of it, in any value order."""
        return _sorted(self) == _sorted(other)

    def render(self) -> dict[str, Any]:
        """The set as the API returns it."""
        shown: dict[str, Any] = {"Name": self.name.text, "Type": self.type}
        if self.set_identifier is not None:
            shown["SetIdentifier"] = self.set_identifier
        if self.routing is not None:
            shown[self.routing.member] = self.routing.value
        if self.alias is not None:
            shown["AliasTarget"] = {
                "HostedZoneId": self.alias.zone_id,
                "DNSName": self.alias.target.text,
                "EvaluateTargetHealth": self.alias.evaluate_target_health,
            }
        else:
            shown["TTL"] = self.ttl
            shown["ResourceRecords"] = [{"Value": value} for value in self.values]
        if self.health_check is not None:
            shown["HealthCheckId"] = self.health_check
        return shown


def _sorted(record_set: RecordSet) -> RecordSet:
    return replace(record_set, values=tuple(sorted(record_set.values)))
