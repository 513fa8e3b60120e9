"""What a call touches, as far as the data plane is told of it.

A thing is named by its ARN, a rule or a listener by that of its load balancer; a zone by its id.
What is new or gone need not be named: it is there, or not, when somebody looks.
"""

import re
from collections.abc import Iterator
from typing import Any

from ingress_aws.route53 import identifiers

Json = dict[str, Any]

# In place of names: anything may have changed.
EVERYTHING = "everything"
# In place of names: instances, interfaces or security groups have changed. Whom that concerns is
# found out by looking.
NETWORK = "network"

# What EC2 has that changes nobody's reach.
BESIDE_NETWORK = ("CreateTags", "DeleteTags")
# What places, guards or takes away a load balancer's interfaces.
PLACING = (
    "CreateLoadBalancer", "DeleteLoadBalancer", "SetIpAddressType", "SetSecurityGroups",
    "SetSubnets",
)  # fmt: skip
# What makes something that nothing refers to yet.
MAKING = (
    "CreateLoadBalancer", "CreateTargetGroup", "CreateTrustStore", "ImportCertificate",
    "RequestCertificate",
)  # fmt: skip
# What changes no zone, or makes one.
BESIDE_ZONES = ("CreateHostedZone", "CreateHealthCheck", "ChangeTagsForResource")

# A part of a load balancer: its own ARN, or that of a listener or a rule.
OF_BALANCER = re.compile(
    r"(arn:[^:]+:elasticloadbalancing:[^:]*:[^:]*:)(?:loadbalancer|listener|listener-rule)"
    r"(/(?:app|net)/[^/]+/[^/]+)"
)
# Everything else that can be named in full.
OTHERS = re.compile(
    r"arn:[^:]+:(?:elasticloadbalancing:[^:]*:[^:]*:(?:targetgroup|truststore)/.+|acm:.+)"
)


def by(service: str, operation: str, request: Json) -> set[str] | None:
    """What a call that is no read has touched; None if it cannot have touched anything."""
    match service:
        case "route53":
            return _zones(operation, request)
        case "elbv2" | "acm":
            return _named(operation, request)
        case "ec2" if operation not in BESIDE_NETWORK:
            return {NETWORK}
    return None


def _zones(operation: str, request: Json) -> set[str]:
    given = request.get("HostedZoneId", request.get("Id") if "Zone" in operation else None)
    if isinstance(given, str):
        return {identifiers.bare(given)}
    return set() if operation in BESIDE_ZONES else {EVERYTHING}


def _named(operation: str, request: Json) -> set[str]:
    found = {name for text in _texts(request) for name in _name(text)}
    if not found and operation not in MAKING:
        return {EVERYTHING}
    return found | {NETWORK} if operation in PLACING else found


def _name(text: str) -> Iterator[str]:
    if part := OF_BALANCER.match(text):
        yield f"{part[1]}loadbalancer{part[2]}"
    elif OTHERS.fullmatch(text):
        yield text


def _texts(value: Any) -> Iterator[str]:
    """Every text in a request."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
