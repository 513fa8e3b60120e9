"""Reads a ChangeBatch into changes, refusing what is wrong whatever the zone holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ingress_aws.route53 import name as names
from ingress_aws.route53 import routing, values
from ingress_aws.route53.errors import invalid_change_batch, invalid_input
from ingress_aws.route53.record_set import Alias, RecordSet

# DNSLimitations in the developer guide, for one ChangeResourceRecordSets request.
MAX_ELEMENTS = 1000
MAX_CHARACTERS = 32_000

# The same page: what an UPSERT names counts twice, since it stands for a delete and a create.
COST = {"CREATE": 1, "DELETE": 1, "UPSERT": 2}


@dataclass(frozen=True)
class Change:
    """One action on one record set."""

    action: str
    record_set: RecordSet


def read(requested: list[dict[str, Any]]) -> list[Change]:
    """The changes of a request: its form first, then its size, then names and values."""
    for change in requested:
        _check_form(change)
    _check_size(requested)
    changes: list[Change] = []
    problems: list[str] = []
    for change in requested:
        try:
            record_set = _record_set(change["ResourceRecordSet"])
        except names.BadName as refusal:
            problems.append(str(refusal))
            continue
        changes.append(Change(change["Action"], record_set))
        problems += values.problems(record_set.type, record_set.values)
    if problems:
        raise invalid_change_batch(problems)
    return changes


def _check_form(change: dict[str, Any]) -> None:
    """A set is values with a TTL or an alias, and has an identifier iff it has one policy."""
    given = change["ResourceRecordSet"]
    where = (
        f"Change with [Action={change['Action']}, Name={given['Name']}, Type={given['Type']}, "
        f"SetIdentifier={given.get('SetIdentifier') or 'null'}]"
    )
    count = _count_of_contents(given)
    if count != 1:
        raise invalid_input(
            "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or "
            f"TrafficPolicyInstanceId], but found {_found(count)} in {where}"
        )
    policies = routing.read(given)
    if policies and not given.get("SetIdentifier"):
        raise invalid_input(f"Missing field 'SetIdentifier' in {where}")
    if given.get("SetIdentifier") and len(policies) != 1:
        raise invalid_input(
            f"Expected exactly one of [{', '.join(routing.KINDS)}], "
            f"but found {_found(len(policies))} in {where}"
        )
    if policies and (problem := routing.place_problem(policies[0])):
        raise invalid_input(f"{problem} in {where}")
    if given.get("AliasTarget") and given.get("MultiValueAnswer"):
        raise invalid_input(f"MultiValueAnswer cannot be used with AliasTarget in {where}")


def _count_of_contents(given: dict[str, Any]) -> int:
    """How many kinds of content a set has: 0, 1, or 2 for "more than one"."""
    has_ttl, has_values = given.get("TTL") is not None, bool(given.get("ResourceRecords"))
    if given.get("AliasTarget"):
        return 2 if has_ttl or has_values else 1
    # Half of a pair counts as nothing. Traffic policies are not simulated, so no id exists.
    return 1 if has_ttl and has_values else 0


def _found(count: int) -> str:
    return "more than one" if count > 1 else "none"


def _check_size(requested: Iterable[dict[str, Any]]) -> None:
    elements = characters = 0
    for change in requested:
        records = change["ResourceRecordSet"].get("ResourceRecords") or []
        cost = COST[change["Action"]]
        # An alias counts as one element although it names no value.
        elements += cost * max(1, len(records))
        characters += cost * sum(len(record["Value"]) for record in records)
    if elements > MAX_ELEMENTS:
        raise invalid_change_batch([f"Number of records limit of {MAX_ELEMENTS} exceeded."])
    if characters > MAX_CHARACTERS:
        raise invalid_change_batch([f"RDATA character limit of {MAX_CHARACTERS} exceeded."])


def _record_set(given: dict[str, Any]) -> RecordSet:
    policies = routing.read(given)
    return RecordSet(
        name=names.parse(given["Name"]),
        type=given["Type"],
        set_identifier=given.get("SetIdentifier"),
        routing=policies[0] if policies else None,
        ttl=given.get("TTL"),
        values=tuple(record["Value"] for record in given.get("ResourceRecords") or []),
        alias=_alias(given.get("AliasTarget")),
        health_check=given.get("HealthCheckId"),
    )


def _alias(given: dict[str, Any] | None) -> Alias | None:
    if given is None:
        return None
    return Alias(
        zone_id=given["HostedZoneId"],
        target=names.parse(given["DNSName"]),
        evaluate_target_health=given["EvaluateTargetHealth"],
    )
