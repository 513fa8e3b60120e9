"""Making, changing and deleting hosted zones."""

from typing import Any

from ingress_aws.errors import AwsError
from ingress_aws.route53 import identifiers, limits, vpcs
from ingress_aws.route53 import name as names
from ingress_aws.route53.errors import invalid_input, no_such_delegation_set
from ingress_aws.route53.store import Store
from ingress_aws.route53.zone import Zone


def create(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """CreateHostedZone: a zone with its NS and SOA sets; one with a VPC is private."""
    if request.get("DelegationSetId"):
        raise no_such_delegation_set()
    name = _zone_name(request["Name"])
    config = request.get("HostedZoneConfig") or {}
    vpc = vpcs.existing(store, request["VPC"]) if request.get("VPC") else None
    if config.get("PrivateZone") and vpc is None:
        raise invalid_input("a private hosted zone needs a VPC")
    _check_new(store, request["CallerReference"])
    if vpc is not None:
        vpcs.check_free(store, name, vpc)
    zone = Zone(
        id=identifiers.new("Z"),
        name=name,
        caller_reference=request["CallerReference"],
        comment=config.get("Comment"),
        private=vpc is not None,
        vpcs=[vpc] if vpc is not None else [],
    )
    store.zones[zone.id] = zone
    store.caller_references.add(zone.caller_reference)
    return _created(store, zone)


def get(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """GetHostedZone."""
    return store.zone(request["Id"]).details()


def count(store: Store, _request: dict[str, Any]) -> dict[str, Any]:
    """GetHostedZoneCount."""
    return {"HostedZoneCount": len(store.zones)}


def set_comment(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """UpdateHostedZoneComment; without a comment the old one goes."""
    zone = store.zone(request["Id"])
    zone.comment = request.get("Comment")
    return {"HostedZone": zone.render()}


def delete(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteHostedZone: only a zone that holds nothing but its own NS and SOA sets."""
    zone = store.zone(request["Id"])
    if not zone.is_empty:
        raise AwsError(
            "HostedZoneNotEmpty",
            "The specified hosted zone contains non-required resource record sets "
            "and so cannot be deleted.",
        )
    del store.zones[zone.id]
    return {"ChangeInfo": store.changes.record()}


def _check_new(store: Store, caller_reference: str) -> None:
    if caller_reference in store.caller_references:
        # 409: botocore's service model.
        raise AwsError(
            "HostedZoneAlreadyExists",
            "A hosted zone has already been created with the specified caller reference.",
            409,
        )
    if len(store.zones) >= limits.ZONES.number(store.account):
        raise AwsError("TooManyHostedZones", "Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER")


def _zone_name(text: str) -> names.Name:
    try:
        name = names.parse(text)
    except names.BadName as refusal:
        raise AwsError("InvalidDomainName", str(refusal)) from refusal
    if not name.labels:
        raise AwsError("InvalidDomainName", "The root zone cannot be hosted")
    return name


def _created(store: Store, zone: Zone) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "HostedZone": zone.render(),
        "ChangeInfo": store.changes.record(),
        "Location": f"https://route53.amazonaws.com/2013-04-01/hostedzone/{zone.id}",
    }
    if zone.private:
        answer["VPC"] = zone.vpcs[0].render()
    else:
        answer["DelegationSet"] = {"NameServers": list(zone.name_servers)}
    return answer
