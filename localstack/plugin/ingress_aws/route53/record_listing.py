"""ListResourceRecordSets: pages in Route 53's order, from a name, type and identifier on."""

from typing import Any

from ingress_aws.route53 import name as names
from ingress_aws.route53.errors import invalid_input
from ingress_aws.route53.paging import page_size
from ingress_aws.route53.store import Store

# API reference of ListResourceRecordSets: "returns only the first 300".
MAX_PAGE = 300


def page(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """One page; the start need not exist, the first set that sorts from there on comes first."""
    zone = store.zone(request["HostedZoneId"])
    size = page_size(request.get("MaxItems"), MAX_PAGE)
    found = zone.records.starting_at(_start(request), size + 1)
    answer: dict[str, Any] = {
        "ResourceRecordSets": [record_set.render() for record_set in found[:size]],
        "IsTruncated": len(found) > size,
        "MaxItems": str(size),
    }
    if len(found) > size:
        following = found[size]
        answer["NextRecordName"] = following.name.text
        answer["NextRecordType"] = following.type
        if following.set_identifier is not None:
            answer["NextRecordIdentifier"] = following.set_identifier
    return answer


def _start(request: dict[str, Any]) -> tuple[str, str, str]:
    name = request.get("StartRecordName")
    record_type = request.get("StartRecordType")
    identifier = request.get("StartRecordIdentifier")
    if record_type and not name:
        raise invalid_input("StartRecordType needs StartRecordName")
    if identifier and not record_type:
        raise invalid_input("StartRecordIdentifier needs StartRecordType")
    try:
        order = names.parse(name).order if name else ""
    except names.BadName as refusal:
        raise invalid_input(str(refusal)) from refusal
    return order, record_type or "", identifier or ""
