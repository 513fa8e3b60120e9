"""Which addresses of a subnet are held, and which the next interface gets.

moto's are random and may be somebody else's; these are the lowest that are free.
"""

from collections.abc import Callable, Iterator
from ipaddress import ip_network
from itertools import islice
from typing import Any

from ingress_aws.errors import AwsError

# VPC's guide, "Subnet CIDR blocks": the first four addresses and the last are AWS's own, of blocks
# of IPv4 and of IPv6.
FIRST = 4


def patch(interfaces: Any) -> None:
    """Let moto's interfaces have addresses of their own."""
    for name, better in (
        ("create_network_interface", _with_free_addresses),
        ("delete_network_interface", _giving_all_back),
        ("assign_private_ip_addresses", _assigning_free_ones),
        ("unassign_private_ip_addresses", _giving_some_back),
        ("assign_ipv6_addresses", _assigning_free_ipv6),
    ):
        setattr(interfaces, name, better(getattr(interfaces, name)))


def of(interface: Any) -> set[str]:
    """All IPv4 addresses of an interface."""
    return {address["PrivateIpAddress"] for address in interface.private_ip_addresses}


def _with_free_addresses(make: Callable[..., Any]) -> Callable[..., Any]:
    """A new interface gets addresses that nobody has, as many as are asked for."""

    def create_network_interface(
        ec2: Any, subnet: Any, address: Any, addresses: Any = None, *given: Any, **named: Any
    ) -> Any:
        subnet = ec2.get_subnet(getattr(subnet, "id", subnet))
        more = int(named.pop("secondary_ips_count", None) or 0)
        six = int(named.pop("ipv6_address_count", None) or 0)
        if not address and not addresses:
            address = _free(ec2, subnet, 1)[0]
        taken = frozenset({address} if address else ())
        secondary = _free(ec2, subnet, more, taken)
        interface = make(ec2, subnet, address, addresses, *given, **named)
        _add(interface, secondary)
        if six and subnet.ipv6_cidr_block_associations:
            interface.ipv6_addresses += _free_ipv6(ec2, subnet, six)
        _hold(interface)
        return interface

    return create_network_interface


def _giving_all_back(delete: Callable[..., Any]) -> Callable[..., Any]:
    """What an interface had of its subnet is free once it is deleted."""

    def delete_network_interface(ec2: Any, eni_id: str) -> None:
        interface = ec2.enis.get(eni_id)
        delete(ec2, eni_id)
        _let_go(interface, of(interface))

    return delete_network_interface


def _giving_some_back(unassign: Callable[..., Any]) -> Callable[..., Any]:
    def unassign_private_ip_addresses(ec2: Any, eni_id: str, *given: Any, **named: Any) -> Any:
        before = of(ec2.get_network_interface(eni_id))
        interface = unassign(ec2, eni_id, *given, **named)
        _let_go(interface, before - of(interface))
        return interface

    return unassign_private_ip_addresses


def _assigning_free_ones(assign: Callable[..., Any]) -> Callable[..., Any]:
    def assign_private_ip_addresses(
        ec2: Any, eni_id: str, private_ip_addresses: Any = None, secondary_ips_count: Any = None
    ) -> Any:
        if private_ip_addresses:
            interface = assign(ec2, eni_id, private_ip_addresses)
        else:
            interface = ec2.get_network_interface(eni_id)
            _add(interface, _free(ec2, interface.subnet, int(secondary_ips_count or 0)))
        _hold(interface)
        return interface

    return assign_private_ip_addresses


def _assigning_free_ipv6(assign: Callable[..., Any]) -> Callable[..., Any]:
    def assign_ipv6_addresses(
        ec2: Any, eni_id: str, ipv6_addresses: Any = None, ipv6_count: Any = None
    ) -> Any:
        interface = ec2.get_network_interface(eni_id)
        if not interface.subnet.ipv6_cidr_block_associations:
            return assign(ec2, eni_id, ipv6_addresses, ipv6_count)
        if ipv6_addresses:
            assign(ec2, eni_id, ipv6_addresses)
        if ipv6_count:
            interface.ipv6_addresses += _free_ipv6(ec2, interface.subnet, int(ipv6_count))
        return interface

    return assign_ipv6_addresses


def _add(interface: Any, addresses: list[str]) -> None:
    interface.private_ip_addresses += [
        {"Primary": False, "PrivateIpAddress": address} for address in addresses
    ]


def _hold(interface: Any) -> None:
    """Instances that come later ask the subnet for their addresses: they get none of these."""
    for address in of(interface) - set(interface.subnet._subnet_ips):
        interface.subnet.request_ip(address, interface)


def _let_go(interface: Any, addresses: set[str]) -> None:
    for address in addresses:
        if interface.subnet._subnet_ips.get(address) is interface:
            interface.subnet.del_subnet_ip(address)


def _free(ec2: Any, subnet: Any, count: int, taken: frozenset[str] = frozenset()) -> list[str]:
    """The lowest ones that no interface and no instance has."""
    if not count:
        return []
    held = {address for one in _interfaces(ec2, subnet) for address in of(one)}
    held |= taken
    held.update(subnet._subnet_ips)
    return _lowest(subnet, subnet.cidr_block, held, count)


def _free_ipv6(ec2: Any, subnet: Any, count: int) -> list[str]:
    held = {address for one in _interfaces(ec2, subnet) for address in one.ipv6_addresses}
    [block, *_] = subnet.ipv6_cidr_block_associations.values()
    return _lowest(subnet, block["ipv6CidrBlock"], held, count)


def _interfaces(ec2: Any, subnet: Any) -> Iterator[Any]:
    return (one for one in ec2.enis.values() if one.subnet.id == subnet.id)


def _lowest(subnet: Any, cidr: str, held: set[str], count: int) -> list[str]:
    block = ip_network(cidr)
    hosts = (str(block[host]) for host in range(FIRST, block.num_addresses - 1))
    found = list(islice((host for host in hosts if host not in held), count))
    if len(found) < count:
        raise none_left(subnet.id)
    return found


def none_left(subnet: str) -> AwsError:
    """EC2's error codes have this code; the text is from memory."""
    text = f"There are not enough free addresses in subnet '{subnet}'"
    return AwsError("InsufficientFreeAddressesInSubnet", text)
