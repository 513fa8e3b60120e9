"""ModifySecurityGroupRules: rules get other ports, sources or descriptions and keep their ids."""

from typing import Any

from ingress_aws.ec2 import group_lookup, permission, security_group_rule
from ingress_aws.ec2.errors import invalid, missing
from ingress_aws.ec2.store import Store
from ingress_aws.errors import AwsError

Json = dict[str, Any]


def run(store: Store, request: Json) -> Json:
    """Put each rule given in the place of the one with its id, all of them or none.

    A rule is replaced as a whole: what is not given, its description too, it has no longer [M].
    """
    group = group_lookup.meant(store, request)
    wanted = _wanted(request)
    standing = [*group.ingress_rules, *group.egress_rules]
    security_group_rule.require({rule.id for rule in standing}, list(wanted))
    made: dict[str, Any] = {}
    for rule in standing:
        if rule.id in wanted:
            wish = permission.read_one(store, wanted[rule.id])
            security_group_rule.require_one_network(store, group, [wish.permission])
            made[rule.id] = security_group_rule.new_rule(store, group, wish, rule.is_egress)
            made[rule.id].id = rule.id
    ingress = [made.get(rule.id, rule) for rule in group.ingress_rules]
    egress = [made.get(rule.id, rule) for rule in group.egress_rules]
    for rules in (ingress, egress):
        _check(store, rules)
    group.ingress_rules, group.egress_rules = ingress, egress
    return {"Return": True}


def _wanted(request: Json) -> dict[Any, Json]:
    """What each rule shall be, by its id."""
    updates = request.get("SecurityGroupRules") or []
    if not updates:
        raise missing("SecurityGroupRule")
    wanted = {one.get("SecurityGroupRuleId"): one.get("SecurityGroupRule") for one in updates}
    if len(wanted) < len(updates):
        raise invalid("The same security group rule must not appear multiple times")
    if not all(wanted.values()):
        raise missing("SecurityGroupRule")
    return {rule_id: wish or {} for rule_id, wish in wanted.items()}


def _check(store: Store, rules: list[Any]) -> None:
    """What holds of a direction as it would be: no rule twice, and not too many."""
    seen: set[permission.Permission] = set()
    for rule in rules:
        key = security_group_rule.key(rule)
        if key in seen:
            text = f'the specified rule "{key.words}" already exists'
            raise AwsError("InvalidPermission.Duplicate", text)
        seen.add(key)
    security_group_rule.check_quota(store, seen)
