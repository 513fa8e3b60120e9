"""ChangeResourceRecordSets: all changes of a batch, or none, with every reason why not.

Changes count in the order of the request: a CNAME created before the A record of its name is
deleted is refused, and the other way round it is not (winebarrel/roadworker#89, octodns#531).
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

from ingress_aws.route53.alias_zones import DOMAINS
from ingress_aws.route53.change_batch import Change
from ingress_aws.route53.errors import invalid_change_batch
from ingress_aws.route53.name import Name
from ingress_aws.route53.neighbours import conflicts, unequal_weighted_ttls
from ingress_aws.route53.record_book import Draft
from ingress_aws.route53.record_set import Alias, Key, RecordSet
from ingress_aws.route53.zone import Zone

# The types that AWS's own services answer with, HTTPS for CloudFront only ("Values specific for
# simple alias records" in the developer guide).
SERVICE_TYPES = frozenset({"A", "AAAA", "HTTPS"})

# What one set may see in a batch: one action, or to be deleted and made anew.
ALLOWED = frozenset(
    {("CREATE",), ("DELETE",), ("UPSERT",), ("DELETE", "CREATE"), ("DELETE", "UPSERT")}
)


# Whether there is what an alias into a zone of AWS's own points to.
Exists = Callable[[Alias], bool]


def draft(zone: Zone, changes: Sequence[Change], most_records: int, exists: Exists) -> Draft:
    """What the zone would hold after the changes; raises instead if any of them is refused."""
    if problems := _repeated(changes):
        raise invalid_change_batch(problems)
    result = zone.records.draft()
    for change in changes:
        problems += _apply(zone, result, change, exists)
    problems += _of_the_whole(zone, result, most_records)
    if problems:
        raise invalid_change_batch(problems)
    return result


def _repeated(changes: Sequence[Change]) -> list[str]:
    actions: dict[tuple[Name, Key], list[str]] = defaultdict(list)
    for change in changes:
        actions[change.record_set.name, change.record_set.key].append(change.action)
    return [
        "The request contains an invalid set of changes for a resource record set "
        f"'{key[0]} {name.text}'"
        for (name, key), seen in actions.items()
        if tuple(seen) not in ALLOWED
    ]


def _apply(zone: Zone, result: Draft, change: Change, exists: Exists) -> list[str]:
    """Do one change on the draft, or say why not and leave the draft as it is."""
    wanted = change.record_set
    if not wanted.name.is_within(zone.name):
        return [f"RRSet with DNS name {wanted.name.text} is not permitted in zone {zone.name.text}"]
    current = result.at(wanted.name).get(wanted.key)
    if change.action == "DELETE":
        problems = _delete_problems(wanted, current)
        if not problems:
            result.remove(wanted)
        return problems
    if change.action == "CREATE" and current is not None:
        return [f"Tried to create resource record set {wanted.label} but it already exists"]
    problems = _place_problems(zone, wanted) + _alias_problems(zone, result, wanted, exists)
    problems += conflicts(wanted, result.at(wanted.name), zone)
    if not problems:
        result.put(wanted)
    return problems


def _delete_problems(wanted: RecordSet, current: RecordSet | None) -> list[str]:
    if current is None:
        return [f"Tried to delete resource record set {wanted.label} but it was not found"]
    if not current.same_as(wanted):
        return [
            f"Tried to delete resource record set {wanted.label} "
            "but the values provided do not match the current values"
        ]
    return []


def _place_problems(zone: Zone, wanted: RecordSet) -> list[str]:
    """Types that are bound to the apex of a zone, or barred from it."""
    at_apex = wanted.name == zone.name
    described = f"RRSet of type {wanted.type} with DNS name {wanted.name.text}"
    if wanted.type == "CNAME" and at_apex:
        return [f"{described} is not permitted at apex in zone {zone.name.text}"]
    if wanted.type == "SOA" and not at_apex:
        return [f"{described} is only permitted at apex in zone {zone.name.text}"]
    if wanted.alias is not None and wanted.type in ("NS", "SOA"):
        return [f"{described} is not permitted to be an alias"]
    return []


def _alias_problems(
    zone: Zone, result: Draft, wanted: RecordSet, exists: Exists
) -> list[str]:
    """An alias points into its own zone, to a set of its type, or to a name of an AWS service."""
    alias = wanted.alias
    if alias is None:
        return []
    tried = (
        f"Tried to create an alias that targets {alias.target.text}, type {wanted.type} "
        f"in zone {alias.zone_id}, but "
    )
    domain = zone.name if alias.zone_id == zone.id else DOMAINS.get(alias.zone_id)
    if domain is None or not alias.target.is_within(domain):
        return [
            tried + "the alias target name does not lie within the target zone",
            tried + "that target was not found",
        ]
    if not (_target_exists(zone, result, wanted, alias) and exists(alias)):
        return [tried + "that target was not found"]
    return []


def _target_exists(zone: Zone, result: Draft, wanted: RecordSet, alias: Alias) -> bool:
    if alias.zone_id != zone.id:
        return wanted.type in SERVICE_TYPES
    if alias.target == wanted.name:
        return False
    return any(record_type == wanted.type for record_type, _ in result.at(alias.target))


def _of_the_whole(zone: Zone, result: Draft, most_records: int) -> list[str]:
    """What can only be judged once every change is in."""
    problems = []
    if ("SOA", None) not in result.at(zone.name):
        problems.append("A HostedZone must contain exactly one SOA record.")
    if ("NS", None) not in result.at(zone.name):
        problems.append("A HostedZone must contain at least one NS record for the zone itself.")
    if len(result) > most_records:
        problems.append(f"Exceeded limit MAX_RRSETS_BY_ZONE for zone: {zone.id}")
    for sets in result.touched.values():
        problems += unequal_weighted_ttls(sets)
    return problems
