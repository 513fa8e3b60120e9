"""How many of something one call may ask for; moto would go on making them for hours."""

from typing import Any

from ingress_aws.ec2 import interface_groups
from ingress_aws.ec2.errors import invalid
from ingress_aws.ec2.store import Store
from ingress_aws.errors import AwsError
from ingress_aws.settings import knob

Json = dict[str, Any]

# "IP addresses per network interface per instance type": 50 is what the largest types have.
MOST_ADDRESSES = 50
COUNTS = (
    "SecondaryPrivateIpAddressCount",
    "Ipv6AddressCount",
    "Ipv4PrefixCount",
    "Ipv6PrefixCount",
)
# AWS counts processors of running instances; a number for one call is as much as matters here.
INSTANCES = knob("ec2.quota.instances-per-call", 1000, "quota: instances that one call starts")


def check_interface(store: Store, request: Json) -> None:
    """Refuse an interface with more groups or addresses than it can have."""
    interface_groups.check(store, request)
    _check_addresses(request)


def check_instances(store: Store, request: Json) -> None:
    """Refuse RunInstances for none, for too many, or with such interfaces."""
    interface_groups.check_instances(store, request)
    least, most = request.get("MinCount") or 0, request.get("MaxCount") or 0
    if not 1 <= least <= most:
        raise invalid(f"MinCount is 1 or more and MaxCount not less, not {least} and {most}")
    if most > INSTANCES.number(store.account):
        text = f"You have requested more instances ({most}) than your current limit allows."
        raise AwsError("InstanceLimitExceeded", text)
    for interface in [request, *(request.get("NetworkInterfaces") or [])]:
        _check_addresses(interface)


def _check_addresses(request: Json) -> None:
    for name in COUNTS:
        count = request.get(name) or 0
        if count < 0:
            raise invalid(f"Invalid value '{count}' for {name}")
        if count > MOST_ADDRESSES:
            text = f"Number of addresses exceeds the limit of {MOST_ADDRESSES} on an interface"
            raise AwsError("PrivateIpAddressLimitExceeded", text)
