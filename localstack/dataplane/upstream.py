"""Connections to targets: opened in time, kept for the next request, thrown away when used up."""

from __future__ import annotations

import asyncio
import ssl
from functools import cache

from dataplane.group import Group, Target
from dataplane.head import Refusal
from dataplane.wire import Wire

# AWS's guide, 504: "failed to establish a connection to the target before the connection timeout
# expired (10 seconds)".
CONNECT_SECONDS = 10.0
# As many as one target's answers can be waited for at once without opening new ones; a guess.
MOST_IDLE = 64


async def connection(group: Group, target: Target) -> Wire:
    """A connection to a target that nobody else uses; Refusal says how AWS answers if none is."""
    while target.idle:
        wire = target.idle.pop()
        wire.on_lost = None
        # Bytes that nobody asked for would be taken for the next answer.
        if not wire.ended and not wire.buffer:
            return wire
        wire.close()
    return await fresh(target.address, target.port, group.settings.get("Protocol") == "HTTPS")


async def fresh(
    address: str, port: int | None, secure: bool, patience: float = CONNECT_SECONDS
) -> Wire:
    """A new connection."""
    if not address or port is None:
        raise Refusal(502, "a target of this kind cannot be reached here")
    try:
        async with asyncio.timeout(patience):
            loop = asyncio.get_running_loop()
            _, wire = await loop.create_connection(
                Wire, address, port, ssl=_trusting() if secure else None
            )
            wire.secure = secure
            return wire
    except TimeoutError as late:
        raise Refusal(504, "the target could not be connected to in time") from late
    except OSError as error:
        raise Refusal(502, f"the target could not be connected to: {error}") from error


def keep(target: Target, wire: Wire) -> None:
    """Keep a connection for another request to the same target."""
    serves = target.state in ("healthy", "unavailable", "unhealthy", "initial")
    if wire.ended or wire.buffer or not serves or len(target.idle) >= MOST_IDLE:
        wire.close()
        return

    def forget() -> None:
        if wire in target.idle:
            target.idle.remove(wire)

    wire.on_lost = forget
    target.idle.append(wire)


@cache
def _trusting() -> ssl.SSLContext:
    """AWS's guide: a load balancer does not validate its targets' certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
