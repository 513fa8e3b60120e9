"""The stores as the data plane wants them: a document for each thing that can change."""

import json
from typing import Any

from ingress_aws.acm.store import find_certificate
from ingress_aws.dataplane import checks, health_checks
from ingress_aws.elbv2 import network, target_balancer, target_health
from ingress_aws.elbv2.reach import Reach
from ingress_aws.elbv2.store import STORES as ELBV2
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
from ingress_aws.route53.store import store_of
from ingress_aws.route53.zone import Zone

Json = dict[str, Any]
# By key; the kind of the thing comes first in it.
Documents = dict[str, str]

# States that time alone will change.
PASSING = ("initial", "draining")


def of_elbv2(account: str, region: str) -> tuple[Documents, bool]:
    """Load balancers, target groups and certificates; and whether time will change some of it."""
    store = ELBV2.get(account, region)
    found: Documents = {}
    passing = False
    reach = Reach(store)
    with store.lock:
        for balancer in store.load_balancers.values():
            found[f"balancer {balancer.arn}"] = json.dumps(_balancer(store, balancer, reach))
            for listener in balancer.listeners.values():
                for arn in _certificates(listener):
                    document = _certificate(store, arn)
                    if document is not None:
                        found[f"certificate {arn}"] = json.dumps(document)
                trust = (listener.mutual_authentication or {}).get("TrustStoreArn")
                if trust is not None:
                    found[f"trust {trust}"] = json.dumps(_trust(store.trust_stores[trust]))
        for group in store.target_groups.values():
            if store.user_of(group.arn) is None:
                continue
            target_health.forget_drained(store, group)
            document = _group(store, group, reach)
            passing |= any(target["state"] in PASSING for target in document["targets"])
            found[f"group {group.arn}"] = json.dumps(document)
    return found, passing


def of_route53(account: str) -> Documents:
    """The zones of an account."""
    store = store_of(account)
    with store.lock:
        return {f"zone {zone.id}": json.dumps(_zone(store, zone)) for zone in store.zones.values()}


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
    return [[one.first, one.last, one.block] for one in reach.openings(balancer)]


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
    kind = group.settings["TargetType"]
    address = target.key.id if kind == "ip" else None
    if kind == "instance":
        found = network.instance(store, target.key.id)
        address = found.address if found else None
    return {
        "id": target.key.id,
        "port": target.key.port,
        "zone": target.key.zone,
        "registered": target.registered,
        "address": address,
        "state": target_health.view(store, group, target, reach)["TargetHealth"]["State"],
        "balancer": target.key.id if kind == target_balancer.TARGET_TYPE else None,
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
