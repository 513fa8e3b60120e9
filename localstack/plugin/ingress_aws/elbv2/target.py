"""Targets: who is registered in a target group."""

import re
from ipaddress import IPv4Network, IPv6Address
from typing import Any

from ingress_aws import clock
from ingress_aws.elbv2 import (
    arns,
    association,
    errors,
    limits,
    network,
    target_balancer,
    target_group_attributes,
    target_health,
)
from ingress_aws.elbv2.network import Address
from ingress_aws.elbv2.reach import Reach
from ingress_aws.elbv2.store import Store, Target, TargetGroup, TargetKey

Json = dict[str, Any]

# An instance's id: 8 or 17 hexadecimal digits ("Resource IDs" in EC2's guide).
INSTANCE_ID = re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})")
# AWS's quotas page: "Targets per target group (Lambda functions)".
FUNCTIONS = 1

# botocore: beside the VPC's own addresses, those of RFC 1918 and RFC 6598 can be targets.
PRIVATE = [
    IPv4Network(block)
    for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
]


# What is told of anomalies if it is asked for: nothing here is ever one.
ANOMALY: Json = {"AnomalyDetection": {"Result": "normal", "MitigationInEffect": "no"}}


def register(store: Store, request: Json) -> Json:
    """RegisterTargets; one that is registered already stays as it is."""
    group = arns.target_group(store, request["TargetGroupArn"])
    target_health.forget_drained(store, group)
    wanted = [_checked(store, group, description) for description in request["Targets"]]
    new = {target.key: target for target in wanted if target.key not in group.targets}
    _check_quotas(store, group, len(group.targets) + len(new))
    for target in wanted:
        standing = group.targets.get(target.key)
        if standing is None or standing.deregistered is not None:
            group.targets[target.key] = target
    return {}


def deregister(store: Store, request: Json) -> Json:
    """DeregisterTargets.

    "If the specified target does not exist, the action returns successfully" (botocore).
    """
    group = arns.target_group(store, request["TargetGroupArn"])
    now = clock.now(store.account)
    for description in request["Targets"]:
        for target in _registered(group, description):
            if target.deregistered is None:
                target.deregistered = now
    target_health.forget_drained(store, group)
    return {}


def health(store: Store, request: Json) -> Json:
    """DescribeTargetHealth."""
    group = arns.target_group(store, request["TargetGroupArn"])
    reach = Reach(store)
    target_health.forget_drained(store, group, reach)
    more = ANOMALY if request.get("Include") else {}
    asked = request.get("Targets")
    if not asked:
        targets = list(group.targets.values())
        found = [target_health.view(store, group, target, reach) | more for target in targets]
        return {"TargetHealthDescriptions": found}
    found = []
    for description in asked:
        there = _registered(group, description)
        found += [target_health.view(store, group, target, reach) | more for target in there]
        if not there:
            found.append(target_health.not_registered(group, description))
    return {"TargetHealthDescriptions": found}


def canonical(target: str) -> str:
    """A target's id; an IPv6 address may be written in many ways and is one."""
    address = network.parse_address(target)
    return str(address) if isinstance(address, IPv6Address) else target


def _registered(group: TargetGroup, description: Json) -> list[Target]:
    """The targets that a description means; without a zone that counts, those of every zone."""
    port = description.get("Port", group.settings.get("Port"))
    counts = target_group_attributes.keeps_to_zones(group)
    zone = description.get("AvailabilityZone") if counts else None
    return [
        target
        for target in group.targets.values()
        if (target.key.id, target.key.port) == (canonical(description["Id"]), port)
        and zone in (None, target.key.zone)
    ]


def _checked(store: Store, group: TargetGroup, description: Json) -> Target:
    kind = group.settings["TargetType"]
    if kind == "lambda":
        return _lambda(store, description)
    if kind == target_balancer.TARGET_TYPE:
        return target_balancer.checked(store, group, description)
    place = _address if kind == "ip" else _instance
    zone = place(store, group, description)
    key = TargetKey(
        id=canonical(description["Id"]),
        port=description.get("Port", group.settings["Port"]),
        # What counts is where a target is, also when AWS found that out by itself.
        zone=zone if kind == "ip" else None,
    )
    return Target(key=key, zone=zone, registered=clock.now(store.account))


def _lambda(store: Store, description: Json) -> Target:
    arn = description["Id"]
    if not arn.startswith("arn:") or ":lambda:" not in arn or ":function:" not in arn:
        raise errors.validation(f"'{arn}' is not a valid function ARN")
    if description.get("Port") is not None:
        raise errors.validation("A port cannot be specified for a function")
    key = TargetKey(id=arn, port=None, zone=None)
    return Target(key=key, zone=None, registered=clock.now(store.account))


def _instance(store: Store, group: TargetGroup, description: Json) -> str:
    if not INSTANCE_ID.fullmatch(description["Id"]):
        raise errors.validation(f"Instance ID '{description['Id']}' is not valid")
    found = network.instance(store, description["Id"])
    if found is None or found.vpc != group.settings["VpcId"]:
        raise errors.invalid_targets(
            f"The following targets are not in the target group VPC '{group.settings['VpcId']}': "
            f"'{description['Id']}'"
        )
    if found.state != "running":
        raise errors.invalid_targets(
            "The following targets are not in a running state and cannot be registered: "
            f"'{description['Id']}'"
        )
    if description.get("AvailabilityZone"):
        raise errors.validation("An Availability Zone cannot be specified for an instance")
    if group.settings["IpAddressType"] == "ipv6" and not found.has_ipv6:
        # Of an instance's IPv6 addresses none is marked as the primary one here: any will do.
        raise errors.invalid_targets(
            "The following targets cannot be used with this IPv6 target group because of missing "
            f"primary IPv6 addresses: '{description['Id']}'"
        )
    return found.zone


def _address(store: Store, group: TargetGroup, description: Json) -> str | None:
    """The zone of an address: that of its subnet, or outside of the VPC the one given.

    botocore: one that is given counts only while cross-zone load balancing is off; else it is
    ignored and treated as "all".
    """
    ip, zone = description["Id"], description.get("AvailabilityZone")
    counts = target_group_attributes.keeps_to_zones(group)
    address = network.parse_address(ip)
    version = 6 if group.settings["IpAddressType"] == "ipv6" else 4
    if address is None or address.version != version:
        raise errors.validation(f"The IP address '{ip}' is not a valid IPv{version} address")
    if zone not in (None, target_health.ANY_ZONE, *network.zones(store)):
        raise errors.validation(f"The Availability Zone '{zone}' is not valid")
    if counts and zone == target_health.ANY_ZONE:
        text = "An Availability Zone must be specified while cross-zone load balancing is off"
        raise errors.validation(text)
    vpc = group.settings["VpcId"]
    if network.in_vpc(store, vpc, address):
        return (zone if counts else None) or network.zone_of_address(store, vpc, address)
    if not zone:
        raise errors.zone_needed(ip, vpc)
    if not _private(address):
        raise errors.validation(f"The IP address '{ip}' is not in a range that can be a target")
    return str(zone) if counts else target_health.ANY_ZONE


def _private(address: Address) -> bool:
    if isinstance(address, IPv6Address):
        return False
    return any(address in block for block in PRIVATE)


def _check_quotas(store: Store, group: TargetGroup, count: int) -> None:
    alone = {"lambda": FUNCTIONS, target_balancer.TARGET_TYPE: target_balancer.PER_GROUP}
    most = alone.get(group.settings["TargetType"])
    if most is None:
        most = limits.TARGETS_PER_TARGET_GROUP.number(store.account)
    if count > most:
        text = "You have reached the maximum number of targets of a target group"
        raise errors.too_many("TooManyTargets", text, most)
    user = store.user_of(group.arn)
    if user is not None:
        others = store.used_by(user.arn) - {group.arn}
        others_count = sum(len(store.target_groups[arn].targets) for arn in others)
        association.check_targets(store, others_count + count)
