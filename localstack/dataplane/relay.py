"""A listener of a Network Load Balancer: connections go on as they are, to a target or to an ALB.

An Application Load Balancer gets the client's own connection: it sees its address, as it does on
AWS, where the client's address is preserved.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct

from dataplane.balancer import Listener
from dataplane.door import Door
from dataplane.group import Group, Target
from dataplane.tunnel import Tunnel
from dataplane.upstream import CONNECT_SECONDS, trusting
from dataplane.wire import Wire

# How proxy protocol version 2 begins: its signature; version 2, told for a client; TCP over IPv4;
# and that two addresses and two ports come, in twelve bytes.
PROXY = b"\r\n\r\n\0\r\nQUIT\n" + bytes([0x21, 0x11, 0, 12])
# The guide of Network Load Balancers, "Connection idle timeout": that of TLS listeners is fixed.
IDLE_SECONDS = "350"


class Relay(Door):
    """One listener's port, open."""

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._tasks)

    def _wire(self) -> Wire:
        # Nothing is read before it is known who reads it.
        return Wire(self.take, hold=True)

    async def _serve(self, wire: Wire) -> None:
        listener = self.world.listener(self.listener)
        group = self._group(listener) if listener else None
        target = group.choose() if group else None
        if listener is None or group is None or target is None:
            wire.reset()
            return
        if target.balancer:
            inner = self.world.door(target.balancer, target.port)
            if inner is None:
                wire.reset()
            else:
                inner.take(wire)
            return
        try:
            await self._forward(wire, listener, group, target)
        except (OSError, ssl.SSLError):
            wire.reset()
        finally:
            wire.close()

    def _group(self, listener: Listener) -> Group | None:
        arns = [
            one["TargetGroupArn"]
            for action in listener.rules[-1].actions
            for one in action["ForwardConfig"]["TargetGroups"]
        ]
        return self.world.groups.get(arns[0]) if arns else None

    async def _forward(self, wire: Wire, listener: Listener, group: Group, target: Target) -> None:
        if not target.is_open or not target.address or target.port is None:
            raise ConnectionRefusedError("the target does not let the load balancer in")
        client = wire.transport.get_extra_info("peername")
        if listener.is_secure:
            context = await self.services.certificates.context(listener)
            if context is None:
                raise ConnectionRefusedError("there is no certificate yet")
            await wire.start_tls(context)
        preserved = group.attributes.get("preserve_client_ip.enabled") == "true"
        secure = group.settings["Protocol"] == "TLS"
        async with asyncio.timeout(CONNECT_SECONDS):
            _, far = await asyncio.get_running_loop().create_connection(
                Wire,
                target.address,
                target.port,
                local_addr=(client[0] if preserved else self.address, 0),
                ssl=trusting("HTTP1") if secure else None,
            )
        far.secure = secure
        if group.attributes.get("proxy_protocol_v2.enabled") == "true" and not secure:
            far.transport.write(self._introduction(client))
        idle = float(listener.attributes.get("tcp.idle_timeout.seconds", IDLE_SECONDS))
        both = Tunnel(idle)
        try:
            await asyncio.gather(_way(both, wire, far), _way(both, far, wire))
        finally:
            far.close()


    def _introduction(self, client: tuple[str, int]) -> bytes:
        """Who has connected, and to what, for a target that cannot see it."""
        ends = socket.inet_aton(client[0]) + socket.inet_aton(self.address)
        return PROXY + ends + struct.pack("!HH", client[1], self.port)


async def _way(both: Tunnel, source: Wire, sink: Wire) -> None:
    """One direction; its end is passed on, and the other direction goes on without it."""
    await both.copy(source, sink)
    if sink.lost:
        return
    if sink.transport.can_write_eof():
        sink.transport.write_eof()
    else:
        sink.close()
