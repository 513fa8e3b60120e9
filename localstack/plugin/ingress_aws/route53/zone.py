"""A hosted zone."""

from dataclasses import dataclass, field
from typing import Any

from ingress_aws.route53 import delegation
from ingress_aws.route53.name import Name
from ingress_aws.route53.record_book import RecordBook


@dataclass(frozen=True)
class Vpc:
    """A VPC that can resolve the names of a private zone."""

    region: str
    id: str

    def render(self) -> dict[str, str]:
        """The VPC as the API returns it."""
        return {"VPCRegion": self.region, "VPCId": self.id}


@dataclass
class Zone:
    """One hosted zone with everything that belongs to it."""

    id: str
    name: Name
    caller_reference: str
    comment: str | None
    private: bool
    vpcs: list[Vpc] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    changed: float | None = None  # when its records were last changed

    def __post_init__(self) -> None:
        servers = delegation.private_servers() if self.private else delegation.public_servers()
        self.name_servers = servers
        self.records = RecordBook(delegation.first_record_sets(self.name, servers))

    @property
    def order(self) -> tuple[str, str]:
        """The order of ListHostedZonesByName."""
        return self.name.order, self.id

    @property
    def is_empty(self) -> bool:
        """Whether only the NS and SOA sets of the zone itself are left."""
        return all(one.name == self.name and one.type in ("NS", "SOA") for one in self.records)

    def render(self) -> dict[str, Any]:
        """The zone as the API returns it."""
        config: dict[str, Any] = {"PrivateZone": self.private}
        if self.comment is not None:
            config["Comment"] = self.comment
        return {
            "Id": f"/hostedzone/{self.id}",
            "Name": self.name.text,
            "CallerReference": self.caller_reference,
            "Config": config,
            "ResourceRecordSetCount": len(self.records),
        }

    def details(self) -> dict[str, Any]:
        """What GetHostedZone says: a public zone has name servers, a private one VPCs."""
        answer: dict[str, Any] = {"HostedZone": self.render()}
        if self.private:
            answer["VPCs"] = [vpc.render() for vpc in self.vpcs]
        else:
            answer["DelegationSet"] = {"NameServers": list(self.name_servers)}
        return answer
