"""Which record sets of one name may stand beside each other."""

from collections.abc import Iterable, Mapping
from typing import Any

from ingress_aws.route53.record_set import Key, RecordSet
from ingress_aws.route53.routing import DISTINCT
from ingress_aws.route53.zone import Zone

# DNSLimitations in the developer guide: sets with a routing policy for one name and type.
MAX_GROUP = 100
MAX_GEOPROXIMITY_GROUP = 30


def conflicts(wanted: RecordSet, sets: Mapping[Key, RecordSet], zone: Zone) -> list[str]:
    """Why a set cannot be put among the other sets of its name."""
    others = [one for key, one in sets.items() if key != wanted.key]
    return _cname_conflicts(wanted, others, zone) + _group_conflicts(
        wanted, [one for one in others if one.type == wanted.type]
    )


def unequal_weighted_ttls(sets: Mapping[Key, RecordSet]) -> list[str]:
    """Weighted sets of one group share one TTL; aliases have none and do not count."""
    first: dict[str, int | None] = {}
    return [
        f"{_described(one)} cannot be created as weighted sets must contain the same TTL."
        for one in sets.values()
        if one.routing is not None
        and one.routing.member == "Weight"
        and one.alias is None
        and first.setdefault(one.type, one.ttl) != one.ttl
    ]


def _cname_conflicts(wanted: RecordSet, others: Iterable[RecordSet], zone: Zone) -> list[str]:
    """A name with a CNAME has no other type. CNAMEs with a routing policy share a name."""
    kinds = {one.type for one in others} - {wanted.type}
    described = f"RRSet of type {wanted.type} with DNS name {wanted.name.text}"
    if wanted.type == "CNAME" and kinds:
        return [
            f"{described} is not permitted as it conflicts with other records "
            f"with the same DNS name in zone {zone.name.text}"
        ]
    if "CNAME" in kinds:
        return [
            f"{described} is not permitted because a conflicting RRSet of type CNAME "
            f"with the same DNS name already exists in zone {zone.name.text}"
        ]
    return []


def _group_conflicts(wanted: RecordSet, group: list[RecordSet]) -> list[str]:
    """Sets of one name and type have all the same routing policy, or there is only one."""
    if not group:
        return []
    if wanted.routing is None:
        return [
            f"RRSet with DNS name {wanted.name.text}, type {wanted.type} cannot be created "
            "as other RRSets exist with the same name and type."
        ]
    member, kind = wanted.routing.member, wanted.routing.kind
    if any(one.routing is None or one.routing.member != member for one in group):
        return [
            f"{_described(wanted)} cannot be created as a non-{kind} set exists "
            "with the same name and type."
        ]
    if member in DISTINCT and any(_place(one) == _place(wanted) for one in group):
        return [
            f"{_described(wanted)} cannot be created because a {kind} RRSet with the same "
            f"name, type and {member} already exists."
        ]
    most = MAX_GEOPROXIMITY_GROUP if member == "GeoProximityLocation" else MAX_GROUP
    if len(group) >= most:
        return [f"{_described(wanted)} cannot be created as {most} {kind} sets exist already."]
    return []


def _place(record_set: RecordSet) -> Any:
    return record_set.routing.value if record_set.routing else None


def _described(record_set: RecordSet) -> str:
    return (
        f"RRSet with DNS name {record_set.name.text}, type {record_set.type}, "
        f"SetIdentifier {record_set.set_identifier}"
    )
