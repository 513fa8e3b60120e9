"""Where a load balancer stands: its subnets, security groups and address type, checked by EC2."""

import re
from typing import Any

from ingress_aws.elbv2 import errors, kinds, limits, network
from ingress_aws.elbv2.kinds import Kind
from ingress_aws.elbv2.network import Subnet
from ingress_aws.elbv2.store import Store

# AWS refuses subnets with fewer free addresses than this (its error text says the number).
FREE_ADDRESSES = 8
# A security group's id: 8 or 17 hexadecimal digits ("Resource IDs" in EC2's guide).
GROUP_ID = re.compile(r"sg-(?:[0-9a-f]{8}|[0-9a-f]{17})")


def wanted_subnets(request: dict[str, Any], kind: Kind) -> list[str]:
    """The subnets that a request names, in either of the two ways."""
    plain, mappings = request.get("Subnets") or [], request.get("SubnetMappings") or []
    if plain and mappings:
        raise errors.validation("Specify either subnets or subnet mappings, but not both")
    for mapping in mappings:
        # botocore: "[Application Load Balancers] You can't specify Elastic IP addresses".
        fixed = {"AllocationId", "PrivateIPv4Address", "IPv6Address"} & mapping.keys()
        if fixed and kind is not kinds.NETWORK:
            names = ", ".join(sorted(fixed))
            raise errors.configuration(f"{names} is not supported for application load balancers")
        if not mapping.get("SubnetId"):
            raise errors.validation("Every subnet mapping needs a subnet ID")
    return plain or [mapping["SubnetId"] for mapping in mappings]


def check_subnets(store: Store, wanted: list[str], scheme: str, kind: Kind) -> list[Subnet]:
    """The subnets, if a load balancer of this kind can stand in them."""
    found = {subnet: network.subnet(store, subnet) for subnet in wanted}
    missing = [subnet for subnet, there in found.items() if there is None]
    if missing:
        raise errors.subnet_not_found(missing)
    subnets = [there for there in found.values() if there]
    zones = [subnet.zone for subnet in subnets]
    if len(set(zones)) != len(zones) or len(found) != len(wanted):
        raise errors.zone_twice()
    if not zones:
        raise errors.validation("At least one subnet must be specified")
    if len(zones) < kind.least_zones:
        raise errors.too_few_zones()
    if len({subnet.vpc for subnet in subnets}) > 1:
        raise errors.configuration("All subnets must belong to the same VPC")
    for subnet in subnets:
        if subnet.free_addresses < FREE_ADDRESSES:
            raise errors.subnet_too_small(subnet.id, FREE_ADDRESSES)
    vpc = subnets[0].vpc
    if scheme == "internet-facing" and not network.reaches_the_internet(store, vpc):
        raise errors.no_internet_gateway(vpc)
    return subnets


def check_vpc(store: Store, wanted: list[str], vpc: str) -> None:
    """Refuse subnets of another VPC than the load balancer's, before anything else about them."""
    found = [network.subnet(store, subnet) for subnet in wanted]
    if any(subnet is not None and subnet.vpc != vpc for subnet in found):
        raise errors.configuration("The subnets must belong to the VPC of the load balancer")


def check_security_groups(store: Store, wanted: list[str], vpc: str) -> list[str]:
    """The security groups, if they are of this VPC and not too many."""
    for group in wanted:
        if not GROUP_ID.fullmatch(group):
            raise errors.not_a_security_group(group)
    missing = network.missing_security_groups(store, vpc, wanted)
    if missing:
        raise errors.security_groups_not_found(missing)
    most = limits.SECURITY_GROUPS.number(store.account)
    if len(set(wanted)) > most:
        raise errors.configuration(f"A load balancer can have at most {most} security groups")
    return list(dict.fromkeys(wanted))


def check_address_type(kind: Kind, scheme: str, address_type: str, subnets: list[Subnet]) -> str:
    """The address type, if it goes with the scheme and the subnets; internal dualstack does [M]."""
    if address_type not in kind.address_types:
        raise errors.configuration(
            f"IP address type '{address_type}' is not supported for load balancers of type "
            f"'{kind.type}'"
        )
    if scheme == "internal" and address_type == "dualstack-without-public-ipv4":
        raise errors.configuration(
            f"IP address type '{address_type}' is not supported for internal load balancers"
        )
    if address_type != "ipv4" and not all(subnet.has_ipv6 for subnet in subnets):
        raise errors.no_ipv6()
    return address_type
