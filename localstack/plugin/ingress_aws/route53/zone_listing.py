"""The three ways to list hosted zones."""

from typing import Any

from ingress_aws.errors import AwsError
from ingress_aws.route53 import identifiers
from ingress_aws.route53 import name as names
from ingress_aws.route53.errors import invalid_input, no_such_delegation_set
from ingress_aws.route53.paging import page_size
from ingress_aws.route53.store import Store
from ingress_aws.route53.zone import Vpc, Zone

# API reference of the three List operations.
MAX_PAGE = 100


def by_id(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """ListHostedZones: AWS promises no order; by id, a page survives deletions before it."""
    if request.get("DelegationSetId"):
        raise no_such_delegation_set()
    size = page_size(request.get("MaxItems"), MAX_PAGE)
    marker = identifiers.bare(request.get("Marker") or "")
    only_private = request.get("HostedZoneType") == "PrivateHostedZone"
    zones = [
        zone
        for zone_id, zone in sorted(store.zones.items())
        if zone_id >= marker and (zone.private or not only_private)
    ]
    answer = _answer(zones, size) | {"Marker": marker}
    if len(zones) > size:
        answer["NextMarker"] = zones[size].id
    return answer


def by_name(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """ListHostedZonesByName: starts at the name, and goes on behind it whether it exists or not."""
    size = page_size(request.get("MaxItems"), MAX_PAGE)
    first, first_id = request.get("DNSName"), request.get("HostedZoneId")
    if first_id and not first:
        raise invalid_input("HostedZoneId needs DNSName")
    start = (_read(first).order if first else "", identifiers.bare(first_id or ""))
    ordered = sorted(store.zones.values(), key=lambda zone: zone.order)
    zones = [zone for zone in ordered if zone.order >= start]
    answer = _answer(zones, size)
    if first:
        answer["DNSName"] = first
    if first_id:
        answer["HostedZoneId"] = first_id
    if len(zones) > size:
        answer["NextDNSName"] = zones[size].name.text
        answer["NextHostedZoneId"] = zones[size].id
    return answer


def by_vpc(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """ListHostedZonesByVPC: the private zones that a VPC resolves."""
    size = page_size(request.get("MaxItems"), MAX_PAGE)
    vpc = Vpc(request["VPCRegion"], request["VPCId"])
    start = request.get("NextToken") or ""
    zones = [
        zone
        for zone_id, zone in sorted(store.zones.items())
        if vpc in zone.vpcs and zone_id >= start
    ]
    answer: dict[str, Any] = {
        "HostedZoneSummaries": [
            {
                "HostedZoneId": zone.id,
                "Name": zone.name.text,
                "Owner": {"OwningAccount": store.account},
            }
            for zone in zones[:size]
        ],
        "MaxItems": str(size),
    }
    if len(zones) > size:
        answer["NextToken"] = zones[size].id
    return answer


def _answer(zones: list[Zone], size: int) -> dict[str, Any]:
    return {
        "HostedZones": [zone.render() for zone in zones[:size]],
        "IsTruncated": len(zones) > size,
        "MaxItems": str(size),
    }


def _read(text: str) -> names.Name:
    try:
        return names.parse(text)
    except names.BadName as refusal:
        # A declared error of ListHostedZonesByName.
        raise AwsError("InvalidDomainName", str(refusal)) from refusal
