"""moto's EC2 of one account and region, with a default VPC as AWS makes it.

Whoever reads or writes EC2's state comes by here, so that no account is made without the patch.
"""

import threading
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

from albedo_aws.errors import AwsError

EVERYWHERE = "0.0.0.0/0"
# The group that every VPC has from the beginning; nobody can make one of this name.
DEFAULT_GROUP = "default"
# The state of a CIDR block that is a VPC's or a subnet's.
ASSOCIATED = "associated"

_lock = threading.Lock()
_patched = False


def of(account: str, region: str) -> Any:
    """The state; the account's default VPC is made on the first touch."""
    return models().ec2_backends[account][region]


def models() -> Any:
    """moto's models, once they are right. Imported late: they take a second to load."""
    global _patched  # noqa: PLW0603 - a module is patched once for the whole process
    from moto.ec2 import models
    from moto.ec2.models import elastic_network_interfaces, security_groups, subnets

    with _lock:
        if not _patched:
            make = models.EC2Backend.create_default_vpc
            models.EC2Backend.create_default_vpc = _with_gateway(make)  # type: ignore[assignment]
            interface = elastic_network_interfaces.NetworkInterfaceBackend
            interface.get_all_network_interfaces = _by_any_address(  # type: ignore[method-assign]
                interface.get_all_network_interfaces
            )
            interface.create_network_interface = _with_a_free_address(  # type: ignore[method-assign]
                interface.create_network_interface
            )
            interface.delete_network_interface = _giving_its_address_back(  # type: ignore[method-assign]
                interface.delete_network_interface
            )
            subnets.Subnet.ipv6_cidr_block_association_set = property(  # type: ignore[assignment]
                _ipv6_blocks
            )
            groups = security_groups.SecurityGroupBackend
            groups.create_security_group = _open_to_itself(  # type: ignore[method-assign]
                groups.create_security_group
            )
            _patched = True
    return models


def _with_gateway(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """AWS's default VPCs have an internet gateway and a route to it; moto's have neither."""

    def create_default_vpc(ec2: Any) -> Any:
        vpc = make(ec2)
        gateway = ec2.create_internet_gateway()
        ec2.attach_internet_gateway(gateway.id, vpc.id)
        main = {"vpc-id": [vpc.id], "association.main": ["true"]}
        [table] = ec2.describe_route_tables(filters=main)
        ec2.create_route(table.id, EVERYWHERE, gateway_id=gateway.id)
        return vpc

    return create_default_vpc


def _open_to_itself(make: Callable[..., Any]) -> Callable[..., Any]:
    """The default group of a VPC lets its own members in (VPC's guide, "Default security groups");
    moto's lets nobody in.
    """

    def create_security_group(ec2: Any, *given: Any, **named: Any) -> Any:
        from moto.ec2.models.security_groups import SecurityGroupRule

        group = make(ec2, *given, **named)
        if group.name == DEFAULT_GROUP:
            owner = ec2.account_id
            itself = {"GroupId": group.id, "UserId": owner, "OwnerId": owner}
            rule = SecurityGroupRule(
                ec2, "-1", group.id, from_port="0", to_port="0", ip_range={},
                source_group=itself, is_egress=False,
            )  # fmt: skip
            rule.from_port = rule.to_port = None
            group.ingress_rules.append(rule)
        return group

    return create_security_group


def _ipv6_blocks(subnet: Any) -> list[dict[str, Any]]:
    """A subnet's blocks of IPv6 addresses; moto writes their state as it is kept, as a dict."""
    return [
        {
            "associationId": association["associationId"],
            "ipv6CidrBlock": association["ipv6CidrBlock"],
            "ipv6CidrBlockState": {"state": association["ipv6CidrBlockState"]["State"]},
        }
        for association in subnet.ipv6_cidr_block_associations.values()
        if association["ipv6CidrBlockState"]["State"] == ASSOCIATED
    ]


def _by_any_address(find: Callable[..., Any]) -> Callable[..., Any]:
    """`addresses.private-ip-address` is about every address of an interface, not only its first.

    Controllers find the interface of a pod by it, and a pod's address is never the first.
    """
    name = "addresses.private-ip-address"

    def get_all_network_interfaces(ec2: Any, eni_ids: Any = None, filters: Any = None) -> Any:
        others = {key: values for key, values in (filters or {}).items() if key != name}
        # moto counts what it found, so an interface named twice would be missing once.
        found = find(ec2, list(dict.fromkeys(eni_ids or [])) or None, others)
        if name not in (filters or {}):
            return found
        return [one for one in found if not _addresses(one).isdisjoint(filters[name])]

    return get_all_network_interfaces


def _with_a_free_address(make: Callable[..., Any]) -> Callable[..., Any]:
    """An interface gets an address that nobody has; moto's is random, and may be a pod's."""

    def create_network_interface(
        ec2: Any, subnet: Any, address: Any, addresses: Any = None, *given: Any, **named: Any
    ) -> Any:
        if address or addresses:
            return make(ec2, subnet, address, addresses, *given, **named)
        subnet = ec2.get_subnet(getattr(subnet, "id", subnet))
        address = _free_address(ec2, subnet)
        interface = make(ec2, subnet, address, None, *given, **named)
        # Instances that come later ask the subnet for theirs.
        subnet.request_ip(address, interface)
        return interface

    return create_network_interface


def _giving_its_address_back(delete: Callable[..., Any]) -> Callable[..., Any]:
    """What an interface had of its subnet is free once it is deleted."""

    def delete_network_interface(ec2: Any, eni_id: str) -> None:
        interface = ec2.enis.get(eni_id)
        delete(ec2, eni_id)
        if interface.subnet._subnet_ips.get(interface.private_ip_address) is interface:
            interface.subnet.del_subnet_ip(interface.private_ip_address)

    return delete_network_interface


def _free_address(ec2: Any, subnet: Any) -> str:
    """The lowest one that no interface and no instance has.

    AWS keeps a subnet's first four addresses and its last ("Subnet CIDR blocks").
    """
    held = {
        address
        for interface in ec2.enis.values()
        if interface.subnet.id == subnet.id
        for address in _addresses(interface)
    }
    held.update(subnet._subnet_ips)
    block = ip_network(subnet.cidr_block)
    for host in range(4, block.num_addresses - 1):
        address = str(block[host])
        if address not in held:
            return address
    raise AwsError(
        "InsufficientFreeAddressesInSubnet",
        f"There are not enough free addresses in subnet '{subnet.id}'",
    )


def _addresses(interface: Any) -> set[str]:
    return {address["PrivateIpAddress"] for address in interface.private_ip_addresses}
