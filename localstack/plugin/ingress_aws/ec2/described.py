"""DescribeNetworkInterfaces and DescribeInstances: moto's things, found by all of EC2's filters.

moto knows some filters of each and compares whole values. So everything is told, of instances what
moto tells, and what is told is what is compared.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from localstack.aws.api import RequestContext

from ingress_aws.ec2 import filters, interfaces, paging
from ingress_aws.ec2.store import Store
from ingress_aws.errors import AwsError

Json = dict[str, Any]

INSTANCE_ID = re.compile(r"i-[0-9a-f]{8,17}")

# By filter of botocore's documentation, where its value stands in what is told.
OF_INTERFACES = {
    "addresses.association.owner-id": "PrivateIpAddresses.Association.IpOwnerId",
    "addresses.association.public-ip": "PrivateIpAddresses.Association.PublicIp",
    "addresses.primary": "PrivateIpAddresses.Primary",
    "addresses.private-ip-address": "PrivateIpAddresses.PrivateIpAddress",
    "association.allocation-id": "Association.AllocationId",
    "association.association-id": "Association.AssociationId",
    "association.ip-owner-id": "Association.IpOwnerId",
    "association.public-dns-name": "Association.PublicDnsName",
    "association.public-ip": "Association.PublicIp",
    "attachment.attachment-id": "Attachment.AttachmentId",
    "attachment.delete-on-termination": "Attachment.DeleteOnTermination",
    "attachment.device-index": "Attachment.DeviceIndex",
    "attachment.instance-id": "Attachment.InstanceId",
    "attachment.instance-owner-id": "Attachment.InstanceOwnerId",
    "attachment.status": "Attachment.Status",
    "availability-zone": "AvailabilityZone",
    "availability-zone-id": "AvailabilityZoneId",
    "description": "Description",
    "group-id": "Groups.GroupId",
    "interface-type": "InterfaceType",
    "ipv6-addresses.ipv6-address": "Ipv6Addresses.Ipv6Address",
    "mac-address": "MacAddress",
    "network-interface-id": "NetworkInterfaceId",
    "owner-id": "OwnerId",
    "private-dns-name": "PrivateDnsName",
    "private-ip-address": "PrivateIpAddress",
    "requester-id": "RequesterId",
    "requester-managed": "RequesterManaged",
    "source-dest-check": "SourceDestCheck",
    "status": "Status",
    "subnet-id": "SubnetId",
    "vpc-id": "VpcId",
}
OF_INSTANCES = {
    "architecture": "Architecture",
    "availability-zone": "Placement.AvailabilityZone",
    "availability-zone-id": "Placement.AvailabilityZoneId",
    "client-token": "ClientToken",
    "dns-name": "PublicDnsName",
    "group-id": "SecurityGroups.GroupId",
    "group-name": "SecurityGroups.GroupName",
    "hypervisor": "Hypervisor",
    "iam-instance-profile.arn": "IamInstanceProfile.Arn",
    "image-id": "ImageId",
    "instance-id": "InstanceId",
    "instance-lifecycle": "InstanceLifecycle",
    "instance-state-code": "State.Code",
    "instance-state-name": "State.Name",
    "instance-type": "InstanceType",
    "instance.group-id": "SecurityGroups.GroupId",
    "instance.group-name": "SecurityGroups.GroupName",
    "ip-address": "PublicIpAddress",
    "ipv6-address": "NetworkInterfaces.Ipv6Addresses.Ipv6Address",
    "key-name": "KeyName",
    "monitoring-state": "Monitoring.State",
    "network-interface.addresses.primary": "NetworkInterfaces.PrivateIpAddresses.Primary",
    "network-interface.addresses.private-ip-address":
        "NetworkInterfaces.PrivateIpAddresses.PrivateIpAddress",
    "network-interface.attachment.status": "NetworkInterfaces.Attachment.Status",
    "network-interface.description": "NetworkInterfaces.Description",
    "network-interface.group-id": "NetworkInterfaces.Groups.GroupId",
    "network-interface.group-name": "NetworkInterfaces.Groups.GroupName",
    "network-interface.ipv6-addresses.ipv6-address":
        "NetworkInterfaces.Ipv6Addresses.Ipv6Address",
    "network-interface.mac-address": "NetworkInterfaces.MacAddress",
    "network-interface.network-interface-id": "NetworkInterfaces.NetworkInterfaceId",
    "network-interface.owner-id": "NetworkInterfaces.OwnerId",
    "network-interface.private-dns-name": "NetworkInterfaces.PrivateDnsName",
    "network-interface.status": "NetworkInterfaces.Status",
    "network-interface.subnet-id": "NetworkInterfaces.SubnetId",
    "network-interface.vpc-id": "NetworkInterfaces.VpcId",
    "owner-id": "OwnerId",
    "platform": "Platform",
    "private-dns-name": "PrivateDnsName",
    "private-ip-address": "PrivateIpAddress",
    "reservation-id": "ReservationId",
    "root-device-name": "RootDeviceName",
    "root-device-type": "RootDeviceType",
    "source-dest-check": "SourceDestCheck",
    "state-reason-code": "StateReason.Code",
    "subnet-id": "SubnetId",
    "tenancy": "Placement.Tenancy",
    "virtualization-type": "VirtualizationType",
    "vpc-id": "VpcId",
}  # fmt: skip


def network_interfaces(store: Store, request: Json) -> Json:
    """DescribeNetworkInterfaces."""
    told = interfaces.told(store, request.get("NetworkInterfaceIds"))
    found = _select(told, request, OF_INTERFACES, "TagSet")
    return paging.answer("NetworkInterfaces", found, request)


def instances(context: RequestContext, store: Store, request: Json) -> Json:
    """DescribeInstances; a page has so many reservations, since here each is of one call."""
    ids = request.get("InstanceIds") or []
    for one in ids:
        if not INSTANCE_ID.fullmatch(one):
            raise AwsError("InvalidInstanceID.Malformed", f'Invalid id: "{one}"')
    if ids and request.get("MaxResults"):
        text = "The parameter instancesSet cannot be used with the parameter maxResults"
        raise AwsError("InvalidParameterCombination", text)
    found = []
    for reservation in _all(context, {"InstanceIds": ids or None}).get("Reservations") or []:
        of_all = {key: reservation.get(key) for key in ("OwnerId", "ReservationId")}
        every = [_complete(one) for one in reservation.get("Instances") or []]
        compared = {one["InstanceId"]: one | of_all for one in every}
        passing = {
            one["InstanceId"]
            for one in _select(list(compared.values()), request, OF_INSTANCES, "Tags")
        }
        left = [one for one in every if one["InstanceId"] in passing]
        if left:
            found.append(reservation | {"Instances": left})
    return paging.answer("Reservations", found, request)


def _all(context: RequestContext, request: Json) -> Json:
    """What moto tells if it is asked for everything, in as many pages as it likes."""
    from localstack.services.moto import call_moto_with_request

    asked: Any = {key: value for key, value in request.items() if value is not None}
    answer: Json = dict(call_moto_with_request(context, asked))
    while token := answer.pop("NextToken", None):
        more = dict(call_moto_with_request(context, {**asked, "NextToken": token}))
        for key, items in more.items():
            answer[key] = [*answer.get(key, []), *items] if isinstance(items, list) else items
    return answer


def _complete(instance: Json) -> Json:
    """An instance with the security groups of its first interface, which moto leaves out."""
    attached = instance.get("NetworkInterfaces") or []
    if attached and not instance.get("SecurityGroups"):
        return instance | {"SecurityGroups": attached[0].get("Groups") or []}
    return instance


def _select(things: list[Json], request: Json, places: dict[str, str], tags: str) -> list[Json]:
    wanted = request.get("Filters") or []
    for given in wanted:
        name = given.get("Name") or ""
        if name not in places and not name.startswith("tag"):
            # AWS documents it, or it would have been refused before.
            raise AwsError("InternalFailure", f"The filter '{name}' is not emulated here", 501)
    readers: dict[str, filters.Reader[Json]] = {
        name: _reader(place.split(".")) for name, place in places.items()
    }
    return filters.select(things, wanted, readers, lambda thing: _tags(thing, tags))


def _tags(thing: Json, name: str) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value") or "" for tag in thing.get(name) or []}


def _reader(place: list[str]) -> Callable[[Json], list[str]]:
    return lambda thing: list(_values(thing, place))


def _values(thing: Any, place: list[str]) -> Iterator[str]:
    if isinstance(thing, list):
        for one in thing:
            yield from _values(one, place)
    elif not place:
        if thing is not None:
            yield str(thing).lower() if isinstance(thing, bool) else str(thing)
    elif isinstance(thing, dict):
        yield from _values(thing.get(place[0]), place[1:])
