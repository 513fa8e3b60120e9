"""The addresses that a Network Load Balancer is given for its subnets, and keeps.

What may be given is in botocore's documentation of SubnetMappings: an Elastic IP address if it
faces the internet, a private address of the subnet if it is internal, an IPv6 address if it is
dualstack and faces the internet.
"""

from typing import Any

from ingress_aws.elbv2 import errors, network
from ingress_aws.elbv2.network import Subnet
from ingress_aws.elbv2.store import LoadBalancer, Store

Json = dict[str, Any]


def checked(
    store: Store, request: Json, subnets: list[Subnet], balancer: LoadBalancer
) -> dict[str, Json]:
    """By subnet, what DescribeLoadBalancers tells of the addresses that a request gives."""
    there = {subnet.id: subnet for subnet in subnets}
    return {
        mapping["SubnetId"]: told
        for mapping in request.get("SubnetMappings") or []
        if (told := _told(store, mapping, there[mapping["SubnetId"]], balancer))
    }


def allocations(balancer: LoadBalancer) -> dict[str, str]:
    """By subnet, the Elastic IP address of a load balancer."""
    return {
        subnet: str(told["AllocationId"])
        for subnet, told in balancer.fixed_addresses.items()
        if "AllocationId" in told
    }


def _told(store: Store, mapping: Json, subnet: Subnet, balancer: LoadBalancer) -> Json:
    internal = balancer.scheme == "internal"
    told: Json = {}
    if allocation := mapping.get("AllocationId"):
        if internal:
            text = "Elastic IP addresses are not supported for internal load balancers"
            raise errors.configuration(text)
        address = network.elastic_address(store, allocation)
        if address is None:
            raise errors.allocation_not_found(allocation)
        if _is_taken(store, allocation, balancer) or address.held:
            raise errors.allocation_in_use(allocation)
        told |= {"IpAddress": address.public, "AllocationId": allocation}
    if private := mapping.get("PrivateIPv4Address"):
        if not internal:
            text = "Private IPv4 addresses are supported only for internal load balancers"
            raise errors.configuration(text)
        _check_within(private, subnet, version=4)
        told["PrivateIPv4Address"] = private
    if six := mapping.get("IPv6Address"):
        if internal or balancer.ip_address_type != "dualstack":
            text = "IPv6 addresses need an internet-facing load balancer of type 'dualstack'"
            raise errors.configuration(text)
        _check_within(six, subnet, version=6)
        told["IPv6Address"] = six
    return told


def _is_taken(store: Store, allocation: str, balancer: LoadBalancer) -> bool:
    others = (one for one in store.load_balancers.values() if one.name != balancer.name)
    return any(allocation in allocations(one).values() for one in others)


def _check_within(text: str, subnet: Subnet, version: int) -> None:
    address = network.parse_address(text)
    if address is None or address.version != version or not subnet.holds(address):
        raise errors.configuration(f"'{text}' is not an address of subnet '{subnet.id}'")
