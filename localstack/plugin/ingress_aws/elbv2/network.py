"""What ELBv2 asks EC2: subnets, security groups, addresses and instances.

LocalStack's EC2 keeps its state in moto's backends. They are only read here, and only in this
file, so that another EC2 can take their place.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from ingress_aws.ec2 import backend, interfaces
from ingress_aws.ec2.store import STORES as EC2
from ingress_aws.elbv2.store import LoadBalancer, Store

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Subnet:
    """As much of a subnet as a load balancer cares for."""

    id: str
    vpc: str
    zone: str
    free_addresses: int
    has_ipv6: bool  # whether a block of IPv6 addresses is associated with it
    blocks: tuple[str, ...] = ()

    def holds(self, address: Address) -> bool:
        """Whether an address is the subnet's."""
        return any(address in ip_network(block) for block in self.blocks)


def _ec2(store: Store) -> Any:
    return backend.of(store.account, store.region)


def subnet(store: Store, subnet_id: str) -> Subnet | None:
    """A subnet of the account."""
    for by_id in _ec2(store).subnets.values():
        if found := by_id.get(subnet_id):
            return Subnet(
                found.id, found.vpc_id, found.availability_zone, found.available_ip_address_count,
                bool(found.ipv6_cidr_block_association_set), tuple(_subnet_blocks(found)),
            )  # fmt: skip
    return None


def vpc_exists(store: Store, vpc: str) -> bool:
    """Whether the account has this VPC."""
    return vpc in _ec2(store).vpcs


def has_ipv6(store: Store, vpc: str) -> bool:
    """Whether a block of IPv6 addresses is associated with a VPC."""
    return any(":" in block for block in _cidr_blocks(_ec2(store).vpcs.get(vpc)))


def reaches_the_internet(store: Store, vpc: str) -> bool:
    """Whether a VPC has an internet gateway."""
    gateways = _ec2(store).internet_gateways.values()
    return any(gateway.vpc and gateway.vpc.id == vpc for gateway in gateways)


def missing_security_groups(store: Store, vpc: str, groups: list[str]) -> list[str]:
    """Those of the given security groups that the VPC does not have."""
    known = _ec2(store).groups.get(vpc, {})
    return [group for group in groups if group not in known]


def default_security_group(store: Store, vpc: str) -> list[str]:
    """The VPC's group called "default", which is what a load balancer gets when none is asked."""
    groups = _ec2(store).groups.get(vpc, {})
    return [group.id for group in groups.values() if group.name == "default"]


def in_vpc(store: Store, vpc: str, address: Address) -> bool:
    """Whether an address is within the VPC's CIDR blocks."""
    return any(address in ip_network(block) for block in _cidr_blocks(_ec2(store).vpcs.get(vpc)))


def zone_of_address(store: Store, vpc: str, address: Address) -> str | None:
    """The Availability Zone of the subnet that an address belongs to."""
    for by_id in _ec2(store).subnets.values():
        for candidate in by_id.values():
            if candidate.vpc_id == vpc and any(
                address in ip_network(block) for block in _subnet_blocks(candidate)
            ):
                return str(candidate.availability_zone)
    return None


@dataclass(frozen=True, slots=True)
class ElasticAddress:
    """As much of an Elastic IP address as a load balancer cares for."""

    public: str
    held: bool  # by an instance or an interface


def elastic_address(store: Store, allocation: str) -> ElasticAddress | None:
    """An Elastic IP address of the account."""
    for found in _ec2(store).addresses:
        if found.allocation_id == allocation:
            return ElasticAddress(str(found.public_ip), bool(found.instance or found.eni))
    return None


def zones(store: Store) -> list[str]:
    """The Availability Zones of the region."""
    return [zone.name for zone in _ec2(store).describe_availability_zones()]


@dataclass(frozen=True, slots=True)
class Instance:
    """As much of an EC2 instance as a target group cares for."""

    id: str
    vpc: str | None
    zone: str
    state: str
    address: str
    has_ipv6: bool  # whether its first interface has an IPv6 address


def instance(store: Store, instance_id: str) -> Instance | None:
    """An instance of the account, also a terminated one as long as EC2 shows it."""
    return next((one for one in instances(store) if one.id == instance_id), None)


def instances(store: Store) -> Iterator[Instance]:
    """All of them."""
    for reservation in list(_ec2(store).reservations.values()):
        for found in reservation.instances:
            first = found.nics.get(0)
            yield Instance(
                found.id, found.vpc_id, found.placement.zone, found.state, found.private_ip,
                bool(first and first.ipv6_addresses),
            )  # fmt: skip


def has_ipam_pool(store: Store, pool: str) -> bool:
    """Whether the account has this pool of IPAM."""
    return pool in EC2.get(store.account, store.region).ipam_pools


def place_interfaces(store: Store, load_balancer: LoadBalancer) -> None:
    """Let a load balancer's network interfaces be where, and guarded as, it now is."""
    wanted = interfaces.Placement(
        load_balancer=load_balancer.arn.partition("loadbalancer/")[2],
        subnets=list(load_balancer.zones),
        groups=load_balancer.security_groups,
        has_ipv6=load_balancer.ip_address_type != "ipv4",
        private={
            subnet: str(told["PrivateIPv4Address"])
            for subnet, told in load_balancer.fixed_addresses.items()
            if "PrivateIPv4Address" in told
        },
    )
    interfaces.place(store.account, store.region, wanted)


def node_addresses(store: Store, load_balancer: LoadBalancer) -> list[str]:
    """The addresses that a load balancer has in its subnets."""
    name = load_balancer.arn.partition("loadbalancer/")[2]
    return interfaces.addresses(store.account, store.region, name)


def release_interfaces(store: Store, load_balancer: LoadBalancer) -> None:
    """Give a deleted load balancer's network interfaces back."""
    name = load_balancer.arn.partition("loadbalancer/")[2]
    interfaces.release(store.account, store.region, name)


def parse_address(text: str) -> Address | None:
    """An IP address, or None for anything else."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def _cidr_blocks(vpc: Any) -> list[str]:
    if vpc is None:
        return []
    return [
        association["cidr_block"]
        for association in [*vpc.cidr_block_association_set, *vpc.ipv6_cidr_block_association_set]
        if association["cidr_block_state"]["state"] == "associated"
    ]


def _subnet_blocks(subnet: Any) -> list[str]:
    ipv6 = [block["ipv6CidrBlock"] for block in subnet.ipv6_cidr_block_association_set]
    return [subnet.cidr_block, *ipv6]
