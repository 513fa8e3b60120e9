"""Load balancers and listeners as the data plane runs them."""

from __future__ import annotations

from typing import Any

from dataplane import rule
from dataplane.address import Claim, Opening
from dataplane.head import Fields
from dataplane.rule import Rule

Json = dict[str, Any]
# The guide of Network Load Balancers, "ALPN policies".
ALPN = {
    "HTTP1Only": ["http/1.1", "http/1.0"],
    "HTTP2Only": ["h2"],
    "HTTP2Optional": ["http/1.1", "http/1.0", "h2"],
    "HTTP2Preferred": ["h2", "http/1.1", "http/1.0"],
    "None": [],
}


class Listener:
    """A listener; what it is made of is replaced as a whole when it changes."""

    def __init__(self, doc: Json, balancer: Balancer) -> None:
        self.doc = doc
        self.balancer = balancer
        self.arn: str = doc["arn"]
        self.port: int = doc["port"]
        self.protocol: str = doc["protocol"]
        self.mutual: Json = doc["mutual"] or {"Mode": "off"}
        self.attributes: dict[str, str] = doc["attributes"]
        self.rules: list[Rule] = rule.in_order([rule.from_json(given) for given in doc["rules"]])

        prefix = "routing.http.response."
        self.hides_server = self.attributes.get(f"{prefix}server.enabled") == "false"
        # `strict_transport_security.header_value` sets Strict-Transport-Security, and so on.
        self.response_fields: Fields = [
            (key.removeprefix(prefix).partition(".")[0].replace("_", "-").title(), value)
            for key, value in self.attributes.items()
            if key.startswith(prefix) and key.endswith(".header_value") and value
        ]

    @property
    def is_secure(self) -> bool:
        """Whether it speaks TLS."""
        return self.protocol in ("HTTPS", "TLS")

    @property
    def tls_protocols(self) -> list[str]:
        """What may be agreed upon with TLS, the dearest first."""
        if self.protocol == "TLS":
            return ALPN[self.doc["alpn"]]
        return ["h2", "http/1.1"] if self.balancer.speaks_http2 else ["http/1.1"]

    @property
    def certificates(self) -> list[str]:
        """The default certificate, then the others."""
        return list(dict.fromkeys(self.doc["certificates"]))


class Balancer:
    """A load balancer with an address of its own."""

    def __init__(self, doc: Json) -> None:
        self.claim = Claim(doc["dns_name"])
        self.listeners: dict[str, Listener] = {}
        self.update(doc)

    def update(self, doc: Json) -> None:
        """Take over what the control plane says now."""
        self.doc = doc
        self.arn: str = doc["arn"]
        self.account: str = doc["account"]
        self.name: str = doc["name"]
        self.dns_name: str = doc["dns_name"].lower()
        self.attributes: dict[str, str] = doc["attributes"]
        self.is_network: bool = doc["type"] == "network"
        told = doc["openings"]
        # None lets everybody in.
        self._openings = None if told is None else [Opening(*one) for one in told]
        before = self.listeners
        self.listeners = {}
        for given in doc["listeners"]:
            standing = before.get(given["arn"])
            # A listener that did not change keeps its compiled rules.
            same = standing is not None and standing.doc == given
            kept = standing if standing is not None and same else Listener(given, self)
            self.listeners[kept.arn] = kept

    def admits(self, peer: str, port: int) -> bool:
        """Whether its security groups let a client connect to a port."""
        openings = self._openings
        return openings is None or any(one.admits(peer, port) for one in openings)

    @property
    def address(self) -> str:
        """Its loopback address."""
        return self.claim.address

    @property
    def idle_timeout(self) -> float:
        """Seconds after which a connection on which nothing moves is given up."""
        return float(self.attributes["idle_timeout.timeout_seconds"])

    @property
    def longest_connection(self) -> float:
        """Seconds after which a client's connection is not kept for another request."""
        return float(self.attributes["client_keep_alive.seconds"])

    @property
    def speaks_http2(self) -> bool:
        """Whether clients may choose HTTP/2."""
        return self.attributes.get("routing.http2.enabled") != "false"

    def groups(self) -> set[str]:
        """The target groups that its rules refer to."""
        found = set()
        for listener in self.listeners.values():
            for one in listener.rules:
                for action in one.actions:
                    for group in action.get("ForwardConfig", {}).get("TargetGroups", []):
                        found.add(group["TargetGroupArn"])
        return found
