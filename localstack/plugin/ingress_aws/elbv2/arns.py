"""Finds things by ARN, and tells an ARN that means nothing from one whose thing is gone."""

import re
from collections.abc import Iterable

from ingress_aws.elbv2 import errors, visibility
from ingress_aws.elbv2.store import Listener, LoadBalancer, Rule, Store, TargetGroup, TrustStore
from ingress_aws.errors import AwsError

LOAD_BALANCER = "load balancer"
TARGET_GROUP = "target group"
LISTENER = "listener"
RULE = "rule"
TRUST_STORE = "trust store"

# How the resource part of each kind of ARN reads (AWS: "Actions, resources, and condition keys
# for Elastic Load Balancing V2").
_RESOURCES = {
    LOAD_BALANCER: re.compile(r"loadbalancer/(app|net|gwy)/[^/]+/[0-9a-f]+"),
    TARGET_GROUP: re.compile(r"targetgroup/[^/]+/[0-9a-f]+"),
    LISTENER: re.compile(r"listener/(app|net|gwy)/[^/]+/[0-9a-f]+/[0-9a-f]+"),
    RULE: re.compile(r"listener-rule/(app|net)/[^/]+/[0-9a-f]+/[0-9a-f]+/[0-9a-f]+"),
    TRUST_STORE: re.compile(r"truststore/[^/]+/[0-9a-f]+"),
}


def kind_of(store: Store, arn: str) -> str | None:
    """What an ARN of this account and region names, whether or not it exists."""
    prefix = store.arn("")
    if not arn.startswith(prefix):
        return None
    resource = arn.removeprefix(prefix)
    return next((kind for kind, form in _RESOURCES.items() if form.fullmatch(resource)), None)


def require(store: Store, arn: str, kind: str) -> None:
    """Refuse what is not an ARN of the given kind."""
    if kind_of(store, arn) != kind:
        raise errors.not_an_arn(arn, kind)


def load_balancer(store: Store, arn: str) -> LoadBalancer:
    """The load balancer with this ARN."""
    require(store, arn, LOAD_BALANCER)
    found = store.load_balancers.get(arn)
    if found is None:
        raise errors.load_balancers_not_found([arn])
    return found


def listener(store: Store, arn: str) -> Listener:
    """The listener with this ARN."""
    require(store, arn, LISTENER)
    found = store.listeners.get(arn)
    if found is None or not visibility.of_listeners(store, [found]):
        raise errors.listeners_not_found()
    return found


def rule(store: Store, arn: str) -> Rule:
    """The rule with this ARN."""
    require(store, arn, RULE)
    found = store.rules.get(arn)
    listeners = [found.listener] if found else []
    if found is None or not (
        visibility.of_listeners(store, listeners) and visibility.of_rules(store, [found])
    ):
        raise errors.rules_not_found()
    return found


def target_group(store: Store, arn: str) -> TargetGroup:
    """The target group with this ARN."""
    return target_groups(store, [arn])[0]


def target_groups(store: Store, wanted: Iterable[str]) -> list[TargetGroup]:
    """The target groups with these ARNs, or one error that names all that are missing."""
    wanted = list(wanted)
    for arn in wanted:
        require(store, arn, TARGET_GROUP)
    missing = [arn for arn in wanted if arn not in store.target_groups]
    if missing:
        raise errors.target_groups_not_found(missing)
    return [store.target_groups[arn] for arn in wanted]


def trust_store(store: Store, arn: str) -> TrustStore:
    """The trust store with this ARN."""
    require(store, arn, TRUST_STORE)
    found = store.trust_stores.get(arn)
    if found is None:
        raise no_trust_stores([arn])
    return found


def no_trust_stores(names: list[str]) -> AwsError:
    """[B] code, [M] text."""
    return AwsError("TrustStoreNotFound", f"One or more trust stores not found: {', '.join(names)}")
