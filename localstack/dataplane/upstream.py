"""Connections to targets: opened in time, kept for the next request, thrown away when used up."""

from __future__ import annotations

import asyncio
import ssl
from functools import cache

from dataplane.group import Group, Target
from dataplane.head import Refusal
from dataplane.http2_leg import StreamLeg
from dataplane.leg import Leg, PlainLeg
from dataplane.wire import Wire

# AWS's guide, 504: "failed to establish a connection to the target before the connection timeout
# expired (10 seconds)".
CONNECT_SECONDS = 10.0
# As many as one target's answers can be waited for at once without opening new ones; a guess.
MOST_IDLE = 64


async def connection(group: Group, target: Target) -> Leg:
    """A connection to a target that nobody else uses; Refusal says how AWS answers if none is."""
    while target.idle:
        leg = target.idle.pop()
        leg.watch(None)
        if leg.usable:
            return leg
        leg.close()
    if not target.is_open:
        # On AWS this takes as long as a connection may take to be made.
        raise Refusal(504, "the target's security groups do not let the load balancer in")
    secure = group.settings.get("Protocol") == "HTTPS"
    return await fresh(target.address, target.port, version_of(group), secure=secure)


def version_of(group: Group) -> str:
    """What a group's targets speak: HTTP1, HTTP2 or GRPC."""
    return str(group.settings.get("ProtocolVersion", "HTTP1"))


async def fresh(
    address: str,
    port: int | None,
    version: str,
    *,
    secure: bool,
    patience: float = CONNECT_SECONDS,
) -> Leg:
    """A new connection."""
    if not address or port is None:
        raise Refusal(502, "a target of this kind cannot be reached here")
    try:
        async with asyncio.timeout(patience):
            loop = asyncio.get_running_loop()
            context = trusting(version) if secure else None
            _, wire = await loop.create_connection(Wire, address, port, ssl=context)
            wire.secure = secure
    except TimeoutError as late:
        raise Refusal(504, "the target could not be connected to in time") from late
    except OSError as error:
        raise Refusal(502, f"the target could not be connected to: {error}") from error
    return PlainLeg(wire) if version == "HTTP1" else StreamLeg(wire)


def keep(target: Target, leg: Leg) -> None:
    """Keep a connection for another request to the same target."""
    serves = target.state in ("healthy", "unavailable", "unhealthy", "initial")
    if not serves or len(target.idle) >= MOST_IDLE:
        leg.close()
        return

    def forget() -> None:
        if leg in target.idle:
            target.idle.remove(leg)

    leg.watch(forget)
    target.idle.append(leg)


@cache
def trusting(version: str) -> ssl.SSLContext:
    """AWS's guide: a load balancer does not validate its targets' certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1" if version == "HTTP1" else "h2"])
    return context
