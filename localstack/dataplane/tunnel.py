"""What becomes of two connections after an upgrade: bytes both ways."""

from __future__ import annotations

import asyncio

from dataplane.forwarding import HOP_BY_HOP
from dataplane.head import Response
from dataplane.wire import Wire


async def join(client: Wire, target: Wire, response: Response, idle: float) -> None:
    """Until one side has no more, or nothing moves for the idle timeout."""
    lines = ["HTTP/1.1 101 Switching Protocols"]
    for name, value in response.fields:
        if name.lower() in ("connection", "upgrade") or name.lower() not in HOP_BY_HOP:
            lines.append(f"{name}: {value}")
    client.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    both = Tunnel(idle)
    ways = [
        asyncio.create_task(both.copy(client, target)),
        asyncio.create_task(both.copy(target, client)),
    ]
    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in ways:
        way.cancel()
    target.close()


class Tunnel:
    """Two directions that live and die together."""

    def __init__(self, idle: float) -> None:
        self._idle = idle
        self._moved = asyncio.get_running_loop().time()

    async def copy(self, source: Wire, sink: Wire) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                if source.buffer:
                    sink.send(bytes(source.buffer))
                    source.buffer.clear()
                    self._moved = loop.time()
                    await sink.flush(self._idle)
                elif not await source.more(self._idle) and not source.buffer:
                    return
            except TimeoutError:
                # Silence in one direction is fine while the other one moves.
                if loop.time() - self._moved >= self._idle:
                    return
