"""The stores as the data plane wants them: a document for each thing that can change."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ingress_aws.acm.store import find_certificate
from ingress_aws.dataplane import checks, health_checks
from ingress_aws.elbv2 import target_balancer, target_health
from ingress_aws.elbv2.reach import Question, Reach
from ingress_aws.elbv2.store import (
    Listener,
    LoadBalancer,
    Rule,
    Store,
    Target,
    TargetGroup,
    TrustStore,
)
from ingress_aws.route53.store import Store as Route53
from ingress_aws.route53.zone import Zone

Json = dict[str, Any]
# The kind of a thing, and its ARN or id.
Name = tuple[str, str]

# States that time alone will change.
PASSING = ("initial", "draining")


@dataclass(frozen=True, slots=True)
class Made:
    """A document, None if there is nothing to tell yet, and what else it depends on."""

    document: Json | None
    leans_on: frozenset[str] = frozenset()  # other load balancers, by ARN
    heard: dict[Question, Any] = field(default_factory=dict)  # what `Reach` said
    passes: bool = False  # whether time alone will change it


class Balancing:
    """How the documents of an account's load balancers in one region are made, each by its name."""

    def __init__(self, store: Store, reach: Reach) -> None:
        self._store = store
        self._reach = reach

    def names(self) -> Iterator[Name]:
        """All that can be made; what is referred to comes with what refers to it."""
        store = self._store
        for balancer in store.load_balancers.values():
            yield "balancer", balancer.arn
            for listener in balancer.listeners.values():
                for arn in _certificates(listener):
                    yield "certificate", arn
                trust = (listener.mutual_authentication or {}).get("TrustStoreArn")
                if trust is not None:
                    yield "trust", trust
        for group in store.target_groups:
            if store.user_of(group) is not None:
                yield "group", group

    def make(self, name: Name) -> Made:
        """One document."""
        kind, arn = name
        self._reach.heard()
        match kind:
            case "balancer":
                made = Made(_balancer(self._store, self._store.load_balancers[arn], self._reach))
            case "certificate":
                made = Made(_certificate(self._store, arn))
            case "trust":
                made = Made(_trust(self._store.trust_stores[arn]))
            case _:
                made = self._group(self._store.target_groups[arn])
        return replace(made, heard=self._reach.heard())

    def _group(self, group: TargetGroup) -> Made:
        target_health.forget_drained(self._store, group, self._reach)
        document = _group(self._store, group, self._reach)
        targets = document["targets"]
        return Made(
            document,
            leans_on=frozenset(one["balancer"] for one in targets if one["balancer"]),
            passes=any(one["state"] in PASSING for one in targets),
        )


class Zones:
    """How those of an account's zones are made."""

    def __init__(self, store: Route53) -> None:
        self._store = store

    def names(self) -> Iterator[Name]:
        """All that can be made."""
        return (("zone", one) for one in self._store.zones)

    def make(self, name: Name) -> Made:
        """One document."""
        return Made(_zone(self._store, self._store.zones[name[1]]))


def _balancer(store: Store, balancer: LoadBalancer, reach: Reach) -> Json:
    return {
        "arn": balancer.arn,
        "account": store.account,
        "name": balancer.name,
        "dns_name": balancer.dns_name,
        "attributes": balancer.attributes,
        "type": balancer.type,
        "openings": _openings(balancer, reach),
        "listeners": [_listener(one) for one in balancer.listeners.values()],
    }


def _openings(balancer: LoadBalancer, reach: Reach) -> list[Any] | None:
    """Who may connect; None for everybody: a Network Load Balancer may have no groups."""
    if not balancer.security_groups:
        return None
    return list(reach.openings(balancer))


def _listener(listener: Listener) -> Json:
    rules = [*listener.rules.values(), listener.default_rule]
    return {
        "arn": listener.arn,
        "port": listener.port,
        "protocol": listener.protocol,
        "ssl_policy": listener.ssl_policy,
        "certificates": _certificates(listener),
        "mutual": listener.mutual_authentication,
        "alpn": listener.alpn_policy,
        "attributes": listener.attributes,
        "rules": [_rule(one) for one in rules],
    }


def _certificates(listener: Listener) -> list[str]:
    return [arn for arn in (listener.certificate, *listener.extra_certificates) if arn]


def _rule(rule: Rule) -> Json:
    return {
        "RuleArn": rule.arn,
        "Priority": rule.priority,
        "Conditions": rule.conditions,
        "Actions": rule.actions,
        "Transforms": rule.transforms,
    }


def _group(store: Store, group: TargetGroup, reach: Reach) -> Json:
    return {
        "arn": group.arn,
        "account": store.account,
        "region": store.region,
        "settings": group.settings,
        "attributes": group.attributes,
        "checks": checks.settings(store.account),
        "targets": [_target(store, group, one, reach) for one in group.targets.values()],
    }


def _target(store: Store, group: TargetGroup, target: Target, reach: Reach) -> Json:
    is_balancer = group.settings["TargetType"] == target_balancer.TARGET_TYPE
    return {
        "id": target.key.id,
        "port": target.key.port,
        "zone": target.key.zone,
        "registered": target.registered,
        "address": reach.address(group, target),
        "state": target_health.view(store, group, target, reach)["TargetHealth"]["State"],
        "balancer": target.key.id if is_balancer else None,
        "open": reach.target_is_open(group, target),
        "check_open": reach.check_is_open(group, target),
    }


def _certificate(store: Store, arn: str) -> Json | None:
    found = find_certificate(store.account, store.region, arn)
    if found is None or found.facts is None:
        return None
    return {
        "account": store.account,
        "region": store.region,
        "domains": found.domains,
        "key_algorithm": found.facts.key_algorithm,
        "fingerprint": f"{found.facts.serial} {found.imported_at or found.issued_at}",
    }


def _trust(found: TrustStore) -> Json:
    return {
        "bundle": found.text,
        "revocations": [one.text for one in found.revocations.values()],
    }


def _zone(store: Route53, zone: Zone) -> Json:
    used = {one.health_check for one in zone.records}
    return {
        "account": store.account,
        "name": zone.name.text,
        "private": zone.private,
        "vpcs": [vpc.id for vpc in zone.vpcs],
        "records": [record_set.render() for record_set in zone.records],
        "unhealthy": [one for one in used if health_checks.is_unhealthy(store.account, one)],
    }
