"""Addresses that are assigned to a network interface: they must be its subnet's, and free."""

from ipaddress import ip_address, ip_network
from typing import Any

from ingress_aws.ec2 import subnet_addresses
from ingress_aws.ec2.errors import invalid
from ingress_aws.ec2.store import Store
from ingress_aws.errors import AwsError

Json = dict[str, Any]


def check(store: Store, request: Json) -> None:
    """Refuse what moto would let AssignPrivateIpAddresses do."""
    interface = store.moto.enis.get(request.get("NetworkInterfaceId"))
    if interface is None:
        return
    wanted = request.get("PrivateIpAddresses") or []
    block = ip_network(interface.subnet.cidr_block)
    for one in wanted:
        if not _is_in(one, block):
            text = f"Address {one} does not fall within the subnet's address range"
            raise invalid(text)
    if not request.get("AllowReassignment"):
        _check_free(store, interface, wanted)
    count = len(wanted) or request.get("SecondaryPrivateIpAddressCount") or 0
    if count > interface.subnet.available_ip_address_count:
        raise subnet_addresses.none_left(interface.subnet.id)


def _check_free(store: Store, interface: Any, wanted: list[str]) -> None:
    """Addresses of other interfaces, unless they are to be taken from there [M]."""
    for other in store.moto.enis.values():
        if other is interface or other.subnet.id != interface.subnet.id:
            continue
        held = {one.get("PrivateIpAddress") for one in other.private_ip_addresses}
        if taken := held & set(wanted):
            text = f"{min(taken)} is already assigned"
            raise AwsError("InvalidParameterValue", text)


def _is_in(text: str, block: Any) -> bool:
    try:
        return ip_address(text) in block
    except ValueError:
        return False
