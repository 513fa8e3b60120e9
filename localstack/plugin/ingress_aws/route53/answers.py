"""TestDNSAnswer: what Route 53's own servers say of a name of a public zone.

What is answered, and how aliases are, is in botocore's documentation of RecordData. The addresses
of a load balancer are those of its interfaces: nothing here has a public one.
"""

import random
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

from ingress_aws.dataplane.health_checks import is_unhealthy
from ingress_aws.elbv2 import network
from ingress_aws.elbv2.store import STORES as ELBV2
from ingress_aws.route53 import name as names
from ingress_aws.route53.errors import invalid_input
from ingress_aws.route53.name import BadName, Name
from ingress_aws.route53.record_set import Alias, RecordSet
from ingress_aws.route53.store import Store
from ingress_aws.route53.zone import Zone

Json = dict[str, Any]

# Route 53's guide, "Multivalue answer routing": up to eight records.
MOST_VALUES = 8
# An alias to an alias to an alias; a chain that is longer leads in a circle.
LONGEST_CHAIN = 8


def test(store: Store, request: Json) -> Json:
    """TestDNSAnswer."""
    zone = store.zone(request["HostedZoneId"])
    if zone.private:
        # botocore: "This call only supports querying public hosted zones."
        raise invalid_input(f"{zone.id} is a private hosted zone.")
    kind = request["RecordType"]
    try:
        wanted = names.parse(request["RecordName"])
    except BadName as bad:
        raise invalid_input(str(bad)) from bad
    # No server of this zone has been told of a name that is not in it.
    known = wanted.is_within(zone.name)
    sets = _at(zone, wanted) if known else None
    code = "REFUSED" if not known else "NXDOMAIN" if sets is None else "NOERROR"
    told = {one.type for one in sets or ()}
    # A name that is another one's alias in DNS is answered so whatever is asked.
    answered = "CNAME" if "CNAME" in told and kind not in told else kind
    return {
        "Nameserver": zone.name_servers[0],
        "RecordName": wanted.text,
        "RecordType": answered,
        "RecordData": _data(store, zone, sets or (), answered, LONGEST_CHAIN),
        "ResponseCode": code,
        "Protocol": "UDP",
    }


def _at(zone: Zone, name: Name) -> list[RecordSet] | None:
    """The sets that answer for a name, its wildcard's if it has none; None if it is not there."""
    if found := list(zone.records.at(name).values()):
        return found
    if any(one.name.is_within(name) for one in zone.records):
        # Something is below it: it is there and holds nothing (RFC 4592).
        return []
    for depth in range(1, len(name.labels) - len(zone.name.labels) + 1):
        above = Name(name.labels[depth:])
        if found := list(zone.records.at(Name((b"*", *above.labels))).values()):
            return found
        if any(one.name.is_within(above) for one in zone.records):
            return None
    return None


def _data(store: Store, zone: Zone, sets: Sequence[RecordSet], kind: str, left: int) -> list[str]:
    chosen = _chosen(store, [one for one in sets if one.type == kind])
    return [value for one in chosen for value in _values(store, zone, one, left)]


def _values(store: Store, zone: Zone, one: RecordSet, left: int) -> list[str]:
    if one.alias is None:
        return list(one.values)
    if one.alias.zone_id == zone.id:
        sets = _at(zone, one.alias.target) or ()
        return _data(store, zone, sets, one.type, left - 1) if left else []
    return _addresses(store, one.alias, 6 if one.type == "AAAA" else 4)


def _addresses(store: Store, alias: Alias, version: int) -> list[str]:
    """Those of a load balancer of the account; of AWS's other services nothing is known here."""
    target = alias.target.text.rstrip(".").removeprefix("dualstack.")
    for regional in ELBV2.of_account(store.account):
        for balancer in regional.load_balancers.values():
            if balancer.dns_name.lower() == target:
                found = network.node_addresses(regional, balancer)
                return [one for one in found if ip_address(one).version == version]
    return []


def _chosen(store: Store, sets: list[RecordSet]) -> list[RecordSet]:
    """The sets that the routing policy takes; those with a bad health check only if all have."""
    if not sets or sets[0].routing is None:
        return sets
    healthy = [one for one in sets if not is_unhealthy(store.account, one.health_check)] or sets
    member = sets[0].routing.member
    told = [(one, one.routing.value) for one in healthy if one.routing is not None]
    if member == "Weight":
        weights = [int(weight) for _, weight in told]
        return random.choices(healthy, weights) if any(weights) else [random.choice(healthy)]
    if member == "Failover":
        return [next((one for one, role in told if role == "PRIMARY"), healthy[0])]
    if member == "MultiValueAnswer":
        return random.sample(healthy, min(len(healthy), MOST_VALUES))
    # By place: the set for everywhere, if there is one, as nobody is anywhere here.
    everywhere = [one for one, at in told if isinstance(at, dict) and at.get("CountryCode") == "*"]
    return (everywhere or healthy)[:1]
