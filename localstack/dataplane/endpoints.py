"""The data plane's own endpoints, which LocalStack passes on to under `/_albedo/`."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import dns.exception
import dns.name
import dns.rdatatype

from dataplane import resolver, tracing
from dataplane.condition import Subject
from dataplane.head import Refusal, Request
from dataplane.local_http import Reply, as_json
from dataplane.resolution import Resolution, View
from dataplane.resolver import Resolver
from dataplane.services import Services
from dataplane.world import World

Json = dict[str, Any]
Query = dict[str, list[str]]
Endpoint = Callable[[Query, bytes], Awaitable[Any]]

DNS_MESSAGE = "application/dns-message"


class Endpoints:
    """What people and LocalStack can ask the data plane."""

    def __init__(self, world: World, services: Services) -> None:
        self._world = world
        self._signing = services.logins.signing
        self._resolvers: dict[View, str] = {}
        self._table: dict[tuple[str, str], Endpoint] = {
            ("GET", "/balancers"): self._balancers,
            ("GET", "/troubles"): self._troubles,
            ("GET", "/route"): self._route,
            ("POST", "/route"): self._route_many,
            ("GET", "/counters"): self._counters,
            ("DELETE", "/counters"): self._forget_counters,
            ("GET", "/oidc-key"): self._oidc_key,
            ("GET", "/resolve"): self._resolve,
            ("POST", "/resolver"): self._open_resolver,
        }

    async def answer(self, request: Request, body: bytes) -> Reply:
        """Answer one request."""
        run = self._table.get((request.method, request.path))
        if run is None:
            return as_json({"error": f"there is no {request.method} {request.path}"}, 404)
        try:
            return as_json(await run(parse_qs(request.query), body))
        except Refusal as refusal:
            return as_json({"error": refusal.why}, 400)
        except (ValueError, KeyError, TypeError, dns.exception.DNSException) as mistake:
            return as_json({"error": str(mistake) or repr(mistake)}, 400)

    async def answer_dns(self, request: Request, body: bytes) -> Reply:
        """RFC 8484: `/dns-query`, or `/dns-query/ACCOUNT` and `/dns-query/ACCOUNT/VPC`."""
        root, *view = request.path.strip("/").split("/")
        asked = body
        if request.method == "GET":
            text = parse_qs(request.query).get("dns", [""])[0]
            asked = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if root != "dns-query" or len(view) > 2:
            return Reply(b"", DNS_MESSAGE, 404)
        made = resolver.answer(self._world, View(*view), asked, None)
        return Reply(made or b"", DNS_MESSAGE, 200 if made else 400)

    async def _troubles(self, query: Query, _body: bytes) -> Any:
        """What of an account, or of all, cannot be served, and why."""
        account = _one(query, "account")
        told = self._world.troubles.values()
        return [why for owner, why in told if account in (None, "", owner)]

    async def _balancers(self, query: Query, _body: bytes) -> Any:
        account = _one(query, "account")
        world = self._world
        return [
            {
                "name": balancer.name,
                "arn": balancer.arn,
                "account": balancer.account,
                "dns_name": balancer.dns_name,
                "address": balancer.address,
                "healthy": world.is_healthy(balancer),
                "listeners": [
                    {
                        "arn": arn,
                        "protocol": listener.protocol,
                        "port": listener.port,
                        "bound": world.doors[arn].bound,
                        "trouble": world.doors[arn].trouble,
                        "connections": world.doors[arn].connections,
                    }
                    for arn, listener in balancer.listeners.items()
                    if arn in world.doors
                ],
            }
            for balancer in world.balancers.values()
            if account in (None, balancer.account)
        ]

    async def _route(self, query: Query, _body: bytes) -> Any:
        url = _one(query, "url")
        if url is None:
            raise ValueError("which url? GET /_albedo/route?url=https://host/path")
        view = View(_one(query, "account"), _one(query, "vpc"))
        headers = [header.partition(":")[::2] for header in query.get("header", [])]
        request = tracing.request(url, _one(query, "method") or "GET", headers)
        subject = Subject(request, _one(query, "source") or tracing.LOOPBACK)
        named = _one(query, "load_balancer")
        return tracing.trace(self._world, view, named, urlsplit(url), subject)

    async def _route_many(self, _query: Query, body: bytes) -> Any:
        return tracing.route_many(json.loads(body))

    async def _counters(self, query: Query, _body: bytes) -> Any:
        return self._world.counters.show(_one(query, "account"))

    async def _forget_counters(self, query: Query, _body: bytes) -> Any:
        self._world.counters.forget(_one(query, "account"))
        return {}

    async def _oidc_key(self, query: Query, _body: bytes) -> Any:
        """The key that verifies `x-amzn-oidc-data`."""
        signing = self._signing
        if _one(query, "kid") not in (None, signing.key_id):
            raise ValueError("no key has this id")
        return {"kid": signing.key_id, "pem": signing.public()}

    async def _resolve(self, query: Query, _body: bytes) -> Any:
        name = _one(query, "name")
        if name is None:
            raise ValueError("which name? GET /_albedo/resolve?name=www.example.com&type=A")
        kind = dns.rdatatype.from_text(_one(query, "type") or "A")
        view = View(_one(query, "account"), _one(query, "vpc"))
        found = Resolution(self._world, view).ask(dns.name.from_text(name), kind)
        return {
            "exists": found.exists and found.ours,
            "records": [line for one in found.records for line in one.to_text().splitlines()],
        }

    async def _open_resolver(self, query: Query, _body: bytes) -> Any:
        """A port that answers for one account, or one VPC of it; the same one every time."""
        view = View(_one(query, "account"), _one(query, "vpc"))
        if view not in self._resolvers:
            port = await Resolver(self._world, view).open(0)
            self._resolvers[view] = f"127.0.0.1:{port}"
        return {"address": self._resolvers[view]}


def _one(query: Query, name: str) -> str | None:
    return query.get(name, [None])[0]
