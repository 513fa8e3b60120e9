"""The two kinds of load balancers that are here, and what differs between them.

Each has its part of ARNs, its zones in Route 53, its protocols and its quotas. Protocols are those
of botocore's documentation of CreateListener; QUIC is not emulated.
"""

import secrets
from dataclasses import dataclass
from typing import Any

from ingress_aws.elbv2 import (
    errors,
    limits,
    load_balancer_attributes,
    regions,
)
from ingress_aws.elbv2.attributes import Table
from ingress_aws.elbv2.store import APPLICATION_TYPE, NETWORK_TYPE, LoadBalancer
from ingress_aws.errors import AwsError
from ingress_aws.settings import Knob


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of load balancers."""

    type: str  # as requests say it
    path: str  # as ARNs say it
    least_zones: int
    address_types: tuple[str, ...]
    protocols: tuple[str, ...]
    most: Knob  # how many there may be
    most_listeners: Knob
    attributes: Table
    zone_ids: dict[str, str]

    def zone_id(self, region: str) -> str:
        """Route 53's zone of the names; a region newer than the table gets us-east-1's."""
        return self.zone_ids.get(region, self.zone_ids["us-east-1"])


APPLICATION = Kind(
    type=APPLICATION_TYPE,
    path="app",
    least_zones=2,
    address_types=("ipv4", "dualstack", "dualstack-without-public-ipv4"),
    protocols=("HTTPS", "HTTP"),
    most=limits.LOAD_BALANCERS,
    most_listeners=limits.LISTENERS,
    attributes=load_balancer_attributes.APPLICATION,
    zone_ids=regions.ZONE_IDS,
)
NETWORK = Kind(
    type=NETWORK_TYPE,
    path="net",
    least_zones=1,
    address_types=("ipv4", "dualstack"),
    protocols=("TCP", "TLS", "UDP", "TCP_UDP"),
    most=limits.NETWORK_LOAD_BALANCERS,
    most_listeners=limits.NETWORK_LISTENERS,
    attributes=load_balancer_attributes.NETWORK,
    zone_ids=regions.NETWORK_ZONE_IDS,
)
KINDS = {kind.type: kind for kind in (APPLICATION, NETWORK)}
# Listeners that encrypt, and so have certificates and a security policy.
SECURE = ("HTTPS", "TLS")


def of(load_balancer: LoadBalancer) -> Kind:
    """The kind of a load balancer."""
    return KINDS[load_balancer.type]


def dns_name(kind: Kind, region: str, name: str, scheme: str, new_id: str) -> str:
    """A name with AWS's ten digits, or the id of a Network Load Balancer, which has no prefix.

    DNS knows no capitals, but AWS keeps them.
    """
    if kind is NETWORK:
        return f"{name}-{new_id}.{regions.network_dns_suffix(region)}"
    prefix = "internal-" if scheme == "internal" else ""
    number = secrets.randbelow(9 * 10**9) + 10**9
    return f"{prefix}{name}-{number}.{regions.dns_suffix(region)}"


def asked(request: dict[str, Any]) -> Kind:
    """The kind that CreateLoadBalancer asks for.

    Gateway Load Balancers are not emulated; to take them would promise what is not there.
    """
    name = request.get("Type", APPLICATION.type)
    if name not in KINDS:
        raise AwsError("InternalFailure", f"Load balancers of type '{name}' are not emulated", 501)
    return KINDS[name]


def check_protocol(kind: Kind, protocol: str) -> None:
    """Refuse the listener protocols of other kinds."""
    if protocol in ("QUIC", "TCP_QUIC") and kind is NETWORK:
        raise AwsError("InternalFailure", f"Protocol '{protocol}' is not emulated", 501)
    if protocol not in kind.protocols:
        raise errors.unsupported_protocol(protocol, kind.protocols)
