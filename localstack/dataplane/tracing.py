"""Which rule a request would take, and why, without sending it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import SplitResult, urlsplit

import dns.name
from dns.rdatatype import RdataType

from dataplane import head as heads
from dataplane import rule as rules
from dataplane import transform
from dataplane.balancer import Balancer
from dataplane.condition import Subject
from dataplane.head import Refusal, Request
from dataplane.resolution import Resolution, View
from dataplane.rule import SECRET, Rule
from dataplane.world import World

Json = dict[str, Any]

PORTS = {"http": 80, "https": 443}
LOOPBACK = "127.0.0.1"


def request(url: str, method: str, headers: Iterable[tuple[str, str]]) -> Request:
    """The request that a client would make for a URL, read as one that came in."""
    whole = urlsplit(url)
    if whole.scheme not in PORTS or not whole.netloc:
        raise ValueError(f"'{url}' is no http:// or https:// URL")
    target = (whole.path or "/") + (f"?{whole.query}" if whole.query else "")
    lines = [f"{method} {target} HTTP/1.1"]
    given = [(name, value.strip()) for name, value in headers]
    if not any(name.lower() == "host" for name, _ in given):
        lines.append(f"Host: {whole.netloc}")
    lines += [f"{name}: {value}" for name, value in given]
    return heads.read_request("\r\n".join(lines).encode("latin-1"))


def trace(world: World, view: View, named: str | None, url: SplitResult, subject: Subject) -> Json:
    """Name, load balancer, listener, every rule that was tried, and what would be done."""
    balancer = _balancer(world, view, named, url.hostname or "")
    port = url.port or PORTS[url.scheme]
    listener = next((one for one in balancer.listeners.values() if one.port == port), None)
    found: Json = {"load_balancer": balancer.arn, "address": balancer.address}
    if listener is None:
        return found | {"listener": None, "why": f"no listener on port {port}"}
    taken = rules.route(listener.rules, subject)
    return found | {
        "listener": listener.arn,
        "rule": taken.arn if taken else None,
        "priority": (taken.priority or "default") if taken else None,
        "tried": rules.trace(listener.rules, subject),
        "actions": [_shown(action) for action in taken.actions] if taken else [],
        **_forwarded(world, taken, subject.request),
    }


def _shown(action: Json) -> Json:
    """An action as AWS tells it, without the client secret."""
    config = action.get("AuthenticateOidcConfig")
    if config is None:
        return action
    told = {key: value for key, value in config.items() if key != SECRET}
    return action | {"AuthenticateOidcConfig": told}


def route_many(wish: Json) -> Json:
    """Rules as DescribeRules tells them and requests: which rule takes which, by its index.

    Nothing has to exist for it, so thousands of rule sets can be tried against another router.
    """
    given = [rules.from_json(one) for one in wish["Rules"]]
    places = {id(one): place for place, one in enumerate(given)}
    ordered = rules.in_order(given)
    routes: list[int | str | None] = []
    for one in wish["Requests"]:
        try:
            asked = request(one["Url"], one.get("Method", "GET"), one.get("Headers", []))
        except Refusal as refusal:
            routes.append(f"{refusal.status} {refusal.why}")
            continue
        taken = rules.route(ordered, Subject(asked, one.get("Source", LOOPBACK)))
        routes.append(None if taken is None else places[id(taken)])
    return {"Routes": routes}


def _balancer(world: World, view: View, named: str | None, host: str) -> Balancer:
    if named is not None:
        for one in world.balancers.values():
            if named in (one.arn, one.dns_name) or (named, view.account) == (one.name, one.account):
                return one
        raise ValueError(f"there is no load balancer '{named}'")
    found = Resolution(world, view).ask(dns.name.from_text(host), RdataType.A)
    addresses = [record.to_text() for records in found.records for record in records]
    for one in world.balancers.values():
        if one.address in (host, *addresses):
            return one
    raise ValueError(f"'{host}' leads to no load balancer, but to {addresses or 'nothing'}")


def _forwarded(world: World, taken: Rule | None, asked: Request) -> Json:
    """Where the request could go, and as what."""
    if taken is None or taken.actions[-1]["Type"] != "forward":
        return {}
    groups = []
    for one in taken.actions[-1]["ForwardConfig"]["TargetGroups"]:
        group = world.groups.get(one["TargetGroupArn"])
        targets = [target.label for target in group.serving] if group else []
        opens = group is not None and group.fails_open
        groups.append({**one, "serving": targets, "fails_open": opens})
    host, target = transform.transformed(taken.transforms, asked.host, asked.target)
    return {"target_groups": groups, "sent": {"host": host, "target": target}}
