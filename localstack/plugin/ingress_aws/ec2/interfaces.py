"""The network interfaces that load balancers have in their subnets, kept as moto keeps its own."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ingress_aws import clock
from ingress_aws.dataplane.changes import CHANGES, NETWORK
from ingress_aws.ec2.store import STORES, Store, tags_of
from ingress_aws.errors import AwsError
from ingress_aws.settings import knob

Json = dict[str, Any]

LINGERING = knob(
    "ec2.load-balancer-interface-seconds",
    0,
    "how long the interfaces of a deleted load balancer stay; on AWS some minutes",
)
# As AWS's own interfaces of Application Load Balancers say [M].
OWNER = "amazon-elb"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a load balancer stands, and how it is guarded and reached."""

    load_balancer: str  # the last part of its ARN: `app/web/50dc6c495c0c9188`
    subnets: list[str]
    groups: list[str]
    has_ipv6: bool
    private: dict[str, str]  # by subnet, the address that it must be


def place(account: str, region: str, wanted: Placement) -> None:
    """Let a load balancer have one interface in each of its subnets, and no others."""
    store = STORES.get(account, region)
    load_balancer, subnets, groups = wanted.load_balancer, wanted.subnets, wanted.groups
    with store.lock:
        standing = store.load_balancers.setdefault(load_balancer, {})
        for subnet in set(standing) - set(subnets):
            _leave(store, standing.pop(subnet))
        for subnet in subnets:
            if subnet not in standing:
                private = wanted.private.get(subnet)
                standing[subnet] = _made(store, load_balancer, subnet, private)
            interface = store.moto.enis[standing[subnet]]
            members = [store.moto.get_security_group_from_id(group) for group in groups]
            interface._group_set = members
            if not wanted.has_ipv6:
                interface.ipv6_addresses.clear()
            elif not interface.ipv6_addresses:
                store.moto.assign_ipv6_addresses(interface.id, ipv6_count=1)


def addresses(account: str, region: str, load_balancer: str) -> list[str]:
    """The addresses of a load balancer's interfaces."""
    store = STORES.get(account, region)
    with store.lock:
        standing = store.load_balancers.get(load_balancer, {}).values()
        enis = [store.moto.enis[one] for one in standing]
        return [
            str(one)
            for eni in enis
            for one in (eni.private_ip_address, *eni.ipv6_addresses)
            if one
        ]


def release(account: str, region: str, load_balancer: str) -> None:
    """Let a load balancer's interfaces go, when their time has come."""
    store = STORES.get(account, region)
    with store.lock:
        for interface in store.load_balancers.pop(load_balancer, {}).values():
            _leave(store, interface)


def sweep(store: Store) -> None:
    """Take away the interfaces whose time is over."""
    now = clock.now(store.account)
    over = [one for one, until in store.leaving.items() if now >= until]
    for interface in over:
        del store.leaving[interface]
        _remove(store, interface)
    if over:
        CHANGES.note(("elbv2", store.account, store.region), {NETWORK})


def told(store: Store, wanted: Iterable[str] | None) -> list[Json]:
    """What DescribeNetworkInterfaces tells of all interfaces, or of those that are wanted.

    moto would look through all tags for each of them and write XML that is read here again: 10 s
    for 1,000 interfaces with 15 addresses each.
    """
    held = store.moto.enis
    for one in wanted or ():
        if one not in held:
            # As moto says it.
            text = f"The networkInterface ID '{one}' does not exist"
            raise AwsError("InvalidNetworkInterfaceID.NotFound", text)
    ours = {one for by_subnet in store.load_balancers.values() for one in by_subnet.values()}
    ours |= store.leaving.keys()
    among = held.values() if not wanted else [held[one] for one in dict.fromkeys(wanted)]
    return [_told(one) | (_of_load_balancer(one) if one.id in ours else {}) for one in among]


def _told(interface: Any) -> Json:
    """An interface with what moto knows of it."""
    found = {
        "AvailabilityZone": interface.availability_zone,
        "Description": interface.description,
        "Groups": [{"GroupId": one.id, "GroupName": one.name} for one in interface.group_set],
        "InterfaceType": interface.interface_type,
        "Ipv6Addresses": [{"Ipv6Address": one} for one in interface.ipv6_addresses if one],
        "MacAddress": interface.mac_address,
        "NetworkInterfaceId": interface.id,
        "OwnerId": interface.owner_id,
        "PrivateDnsName": getattr(interface, "private_dns_name", None),
        "PrivateIpAddress": interface.private_ip_address,
        "PrivateIpAddresses": list(interface.private_ip_addresses),
        "RequesterId": interface.requester_id,
        "RequesterManaged": interface.requester_managed,
        "SourceDestCheck": interface.source_dest_check,
        "Status": interface.status,
        "SubnetId": interface.subnet_id,
        "TagSet": [{"Key": key, "Value": value} for key, value in tags_of(interface).items()],
        "VpcId": interface.vpc_id,
    }
    if held := interface.association:
        found["Association"] = {key[0].upper() + key[1:]: value for key, value in held.items()}
    if attached := interface.attachment:
        found["Attachment"] = {
            "AttachTime": attached.attach_time,
            "AttachmentId": attached.attachment_id,
            "DeleteOnTermination": attached.delete_on_termination,
            "DeviceIndex": attached.device_index,
            "InstanceId": attached.instance_id,
            "InstanceOwnerId": attached.instance_owner_id,
            "NetworkCardIndex": attached.network_card_index,
            "Status": attached.status,
        }
    return found


def _of_load_balancer(interface: Any) -> Json:
    """What moto does not know of the interface of a load balancer."""
    # botocore's NetworkInterfaceType has one for Network Load Balancers.
    network = str(interface.description).startswith("ELB net/")
    return {
        "InterfaceType": "network_load_balancer" if network else "interface",
        "RequesterId": OWNER,
        "RequesterManaged": True,
        "Status": "in-use",
        "Attachment": {
            "AttachmentId": f"eni-attach-{interface.id[4:]}",
            "DeleteOnTermination": False,
            "DeviceIndex": 1,
            "InstanceOwnerId": OWNER,
            "Status": "attached",
        },
    }


def belongs_to_load_balancer(store: Store, interface: str) -> bool:
    """Whether an interface is one of these, which their owner alone may delete."""
    held = (one for by_subnet in store.load_balancers.values() for one in by_subnet.values())
    return interface in store.leaving or interface in held


def _made(store: Store, load_balancer: str, subnet: str, private: str | None) -> str:
    made = store.moto.create_network_interface(
        store.moto.get_subnet(subnet), private, description=f"ELB {load_balancer}"
    )
    return str(made.id)


def _leave(store: Store, interface: str) -> None:
    seconds = LINGERING.of(store.account)
    if seconds:
        store.leaving[interface] = clock.now(store.account) + seconds
    else:
        _remove(store, interface)


def _remove(store: Store, interface: str) -> None:
    if interface in store.moto.enis:
        store.moto.delete_network_interface(interface)
