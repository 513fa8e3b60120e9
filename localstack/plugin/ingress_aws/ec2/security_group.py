"""Security groups: create, describe, delete; none goes while something needs it."""

import re
from collections.abc import Callable
from typing import Any

from ingress_aws import clock
from ingress_aws.ec2 import filters, group_lookup, paging, permission, security_group_rule
from ingress_aws.ec2.errors import dependent, group_not_found, invalid, missing
from ingress_aws.ec2.permission import GROUP, IPV4, IPV6, PREFIX_LIST, Permission
from ingress_aws.ec2.store import Store, forget_tags, tags_of
from ingress_aws.errors import AwsError
from ingress_aws.settings import knob

Json = dict[str, Any]

# CreateSecurityGroup in botocore's documentation: up to 255 characters of this set.
TEXT = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}")
ID = re.compile(r"sg-[0-9a-f]{8,17}")

# "Amazon VPC quotas" in the user guide.
GROUPS = knob("ec2.quota.security-groups", 2500, "quota: security groups in a region")


def check_new(store: Store, request: Json) -> None:
    """Refuse what moto would let CreateSecurityGroup do."""
    name, about = (request.get("GroupName") or "").rstrip(), request.get("Description")
    if not name or not about:
        raise missing("GroupName" if not name else "GroupDescription")
    if not TEXT.fullmatch(name) or name.lower().startswith("sg-"):
        raise invalid(f"Value ({name}) for parameter GroupName is invalid.")
    if name == "default":
        raise invalid("Cannot use reserved security group name: default")
    if not TEXT.fullmatch(about):
        raise invalid(f"Value ({about}) for parameter GroupDescription is invalid.")
    vpc = request.get("VpcId")
    if vpc and vpc not in store.moto.vpcs:
        raise AwsError("InvalidVpcID.NotFound", f"The vpc ID '{vpc}' does not exist")
    vpcs = [vpc] if vpc else [one.id for one in store.moto.vpcs.values() if one.is_default]
    for one in vpcs:
        if any(group.name == name for group in store.moto.groups.get(one, {}).values()):
            text = f"The security group '{name}' already exists for VPC '{one}'"
            raise AwsError("InvalidGroup.Duplicate", text)
    if sum(len(by_id) for by_id in store.moto.groups.values()) >= GROUPS.number(store.account):
        text = "The maximum number of security groups has been reached."
        raise AwsError("SecurityGroupLimitExceeded", text)


def note_new(store: Store, answer: Json) -> None:
    """Keep when a group was made, and its name without the blanks at its end (botocore)."""
    group = store.moto.get_security_group_from_id(answer["GroupId"])
    group.name = group.name.rstrip()
    store.made[group.id] = clock.now(store.account)


def describe(store: Store, request: Json) -> Json:
    """DescribeSecurityGroups; one that is missing fails the whole call."""
    ids, names = request.get("GroupIds") or [], request.get("GroupNames") or []
    if request.get("MaxResults") and ids:
        raise AwsError(
            "InvalidParameterCombination",
            "The parameter GroupIds cannot be used with the parameter MaxResults",
        )
    groups = [group for by_id in store.moto.groups.values() for group in by_id.values()]
    groups = [group for group in groups if not group_lookup.too_young(store, group.id)]
    for wanted in ids:
        if not ID.fullmatch(wanted):
            raise AwsError("InvalidGroupId.Malformed", f'Invalid id: "{wanted}"')
    _require(ids, {group.id for group in groups})
    _require(names, {group.name for group in groups})
    if ids:
        groups = [group for group in groups if group.id in ids]
    if names:
        groups = [group for group in groups if group.name in names]
    found = filters.select(groups, request.get("Filters"), READERS, tags_of)
    return paging.answer("SecurityGroups", [view(group) for group in found], request)


def delete(store: Store, request: Json) -> Json:
    """DeleteSecurityGroup."""
    group = group_lookup.meant(store, request)
    if group.name == "default":
        text = f'the specified group: "{group.id}" name: "default" cannot be deleted by a user'
        raise AwsError("CannotDelete", text)
    others = [
        other for by_id in store.moto.groups.values() for other in by_id.values() if other != group
    ]
    referenced = any(
        rule.source_group.get("GroupId") == group.id
        for other in others
        for rule in [*other.ingress_rules, *other.egress_rules]
    )
    used = any(
        member.id == group.id for eni in store.moto.enis.values() for member in eni.group_set
    )
    if referenced or used:
        raise dependent("resource", group.id)
    del store.moto.groups[group.vpc_id][group.id]
    store.made.pop(group.id, None)
    rules = [*group.ingress_rules, *group.egress_rules]
    forget_tags(store, [group.id, *(rule.id for rule in rules)])
    return {"Return": True, "GroupId": group.id}


def view(group: Any) -> Json:
    """A group as DescribeSecurityGroups tells it."""
    return {
        "GroupId": group.id,
        "GroupName": group.name,
        "Description": group.description,
        "OwnerId": group.owner_id,
        "VpcId": group.vpc_id,
        "SecurityGroupArn": group_lookup.arn(group.ec2_backend, "security-group", group.id),
        "IpPermissions": permission.permissions(_pairs(group.ingress_rules)),
        "IpPermissionsEgress": permission.permissions(_pairs(group.egress_rules)),
        "Tags": [{"Key": key, "Value": value} for key, value in tags_of(group).items()],
    }


def _pairs(rules: list[Any]) -> list[tuple[Permission, str | None]]:
    return [
        (security_group_rule.key(rule), security_group_rule.description(rule)) for rule in rules
    ]


def _require(wanted: list[str], there: set[str]) -> None:
    for one in wanted:
        if one not in there:
            raise group_not_found(one)


def _rule_readers() -> dict[str, filters.Reader[Any]]:
    """The filters on rules, for both directions."""
    parts: dict[str, Callable[[Permission], Any]] = {
        "cidr": lambda rule: rule.source if rule.kind == IPV4 else None,
        "ipv6-cidr": lambda rule: rule.source if rule.kind == IPV6 else None,
        "prefix-list-id": lambda rule: rule.source if rule.kind == PREFIX_LIST else None,
        "group-id": lambda rule: rule.source if rule.kind == GROUP else None,
        "user-id": lambda rule: rule.owner,
        "protocol": lambda rule: rule.protocol,
        "from-port": lambda rule: rule.from_port,
        "to-port": lambda rule: rule.to_port,
    }
    return {
        f"{prefix}ip-permission.{name}": _reading(direction, part)
        for prefix, direction in (("", "ingress_rules"), ("egress.", "egress_rules"))
        for name, part in parts.items()
    }


def _reading(direction: str, part: Callable[[Permission], Any]) -> filters.Reader[Any]:
    return lambda group: [part(rule) for rule, _ in _pairs(getattr(group, direction))]


READERS: dict[str, filters.Reader[Any]] = {
    "description": lambda group: [group.description],
    "group-id": lambda group: [group.id],
    "group-name": lambda group: [group.name],
    "owner-id": lambda group: [group.owner_id],
    "vpc-id": lambda group: [group.vpc_id],
    **_rule_readers(),
}
