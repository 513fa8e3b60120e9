"""Rules of listeners: create, describe, change, reorder, delete."""

from typing import Any

from ingress_aws.elbv2 import (
    action,
    arns,
    association,
    condition,
    errors,
    limits,
    paging,
    tag,
    transform,
    visibility,
)
from ingress_aws.elbv2.store import APPLICATION_TYPE, Listener, Rule, Store, new_id


def create(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """CreateRule."""
    listener = arns.listener(store, request["ListenerArn"])
    if listener.load_balancer.type != APPLICATION_TYPE:
        # botocore: "The listener must be associated with an Application Load Balancer."
        raise errors.configuration("Rules are supported only for application load balancers")
    priority = request["Priority"]
    rule = Rule(
        arn=f"{listener.arn.replace(':listener/', ':listener-rule/')}/{new_id()}",
        listener=listener,
        priority=priority,
        actions=action.canonical(
            store, request["Actions"], listener.protocol, listener.port, standing=[]
        ),
        conditions=condition.canonical(store, request["Conditions"]),
        transforms=transform.canonical(request.get("Transforms") or []),
        tags=tag.checked(request.get("Tags")),
    )
    if priority in listener.rules:
        raise errors.priority_in_use(priority)
    _check_quota(store, listener)
    association.check(store, listener.load_balancer, listener.protocol, rule.actions)
    store.add_rule(rule)
    return {"Rules": [view(rule)]}


def describe(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeRules: by priority, the default rule last."""
    wanted, listener_arn = request.get("RuleArns"), request.get("ListenerArn")
    if bool(wanted) == bool(listener_arn):
        raise errors.validation("Specify either a listener ARN or rule ARNs")
    if listener_arn:
        listener = arns.listener(store, listener_arn)
        ordered = [*(listener.rules[p] for p in sorted(listener.rules)), listener.default_rule]
        found = visibility.of_rules(store, ordered)
    else:
        found = [arns.rule(store, arn) for arn in dict.fromkeys(wanted or [])]
    return paging.answer("Rules", found, request, view)


def modify(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """ModifyRule: replaces what is given, keeps the rest."""
    rule = arns.rule(store, request["RuleArn"])
    _refuse_default(rule, "modified")
    listener = rule.listener
    if request.get("Transforms") and request.get("ResetTransforms"):
        raise errors.validation("Transforms and ResetTransforms cannot be specified together")
    conditions, actions, transforms = rule.conditions, rule.actions, rule.transforms
    if request.get("Conditions"):
        conditions = condition.canonical(store, request["Conditions"])
    if request.get("Actions"):
        actions = action.canonical(
            store, request["Actions"], listener.protocol, listener.port, standing=rule.actions
        )
        association.check(store, listener.load_balancer, listener.protocol, actions, rule)
    if request.get("Transforms") or request.get("ResetTransforms"):
        transforms = transform.canonical(request.get("Transforms") or [])
    rule.conditions, rule.transforms = conditions, transforms
    store.set_actions(rule, actions)
    return {"Rules": [view(rule)]}


def set_priorities(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """SetRulePriorities: what counts is whether the new order has a conflict, not the old one."""
    wanted: dict[str, int] = {}
    for pair in request["RulePriorities"]:
        arn, priority = pair.get("RuleArn"), pair.get("Priority")
        if not arn or priority is None or arn in wanted:
            raise errors.validation("Every rule must be given once, with its priority")
        wanted[arn] = priority
    rules = [arns.rule(store, arn) for arn in wanted]
    for rule in rules:
        _refuse_default(rule, "given a priority")
    listener = rules[0].listener if rules else None
    if listener is None or any(rule.listener is not listener for rule in rules):
        raise errors.validation("All rules must belong to the same listener")
    order: dict[int, Rule] = {}
    for rule in listener.rules.values():
        priority = wanted.get(rule.arn, rule.priority or 0)
        if priority in order:
            raise errors.priority_in_use(priority)
        order[priority] = rule
    for priority, rule in order.items():
        rule.priority = priority
    listener.rules = order
    return {"Rules": [view(rule) for rule in rules]}


def delete(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteRule."""
    rule = arns.rule(store, request["RuleArn"])
    _refuse_default(rule, "deleted")
    store.remove_rule(rule)
    return {}


def view(rule: Rule) -> dict[str, Any]:
    """A rule as AWS gives it back."""
    default = rule.priority is None
    return {
        "RuleArn": rule.arn,
        "Priority": "default" if default else str(rule.priority),
        "Conditions": rule.conditions,
        "Actions": rule.actions,
        "IsDefault": default,
        "Transforms": rule.transforms,
    }


def _refuse_default(rule: Rule, what: str) -> None:
    if rule.priority is None:
        raise errors.not_permitted(f"Default rule '{rule.arn}' cannot be {what}")


def _check_quota(store: Store, listener: Listener) -> None:
    """The quota is on the load balancer, over all its listeners, default rules not counted."""
    most = limits.RULES.number(store.account)
    if sum(len(each.rules) for each in listener.load_balancer.listeners.values()) >= most:
        text = "You have reached the maximum number of rules for this load balancer"
        raise errors.too_many("TooManyRules", text, most)
