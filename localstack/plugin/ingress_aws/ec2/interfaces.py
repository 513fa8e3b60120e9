"""The network interfaces that load balancers have in their subnets, kept as moto keeps its own."""

from dataclasses import dataclass
from typing import Any

from ingress_aws import clock
from ingress_aws.dataplane.changes import CHANGES, NETWORK
from ingress_aws.ec2.store import STORES, Store
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


def shown(store: Store, interfaces: list[Json]) -> list[Json]:
    """What DescribeNetworkInterfaces tells, with what moto does not know of these."""
    ours = {one for by_subnet in store.load_balancers.values() for one in by_subnet.values()}
    ours |= store.leaving.keys()
    for told in interfaces:
        if told.get("NetworkInterfaceId") in ours:
            # botocore's NetworkInterfaceType has one for Network Load Balancers.
            network = str(told.get("Description")).startswith("ELB net/")
            told |= {
                "InterfaceType": "network_load_balancer" if network else "interface",
                "RequesterId": OWNER,
                "RequesterManaged": True,
                "Status": "in-use",
                "Attachment": {
                    "AttachmentId": f"eni-attach-{told['NetworkInterfaceId'][4:]}",
                    "DeleteOnTermination": False,
                    "DeviceIndex": 1,
                    "InstanceOwnerId": OWNER,
                    "Status": "attached",
                },
            }
    return interfaces


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
