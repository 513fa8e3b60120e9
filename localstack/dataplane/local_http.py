"""A small HTTP server for the data plane's own endpoints."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from dataplane import head as heads
from dataplane.framing import Body, Malformed
from dataplane.head import Refusal, Request
from dataplane.wire import Wire

# Long enough for a person's curl; connections are made anew at will.
IDLE_SECONDS = 30.0
# A property test may send thousands of rules at once.
LONGEST_BODY = 64 * 1024 * 1024


@dataclass(slots=True)
class Reply:
    """What an endpoint answers."""

    body: bytes
    kind: str = "application/json"
    status: int = 200


Answer = Callable[[Request, bytes], Awaitable[Reply]]


def as_json(value: Any, status: int = 200) -> Reply:
    """A reply in JSON."""
    return Reply(json.dumps(value, indent=1).encode() + b"\n", status=status)


class LocalHttp:
    """Serves one function on 127.0.0.1."""

    def __init__(self, answer: Answer, tls: Callable[[], ssl.SSLContext] | None = None) -> None:
        self._answer = answer
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, port: int) -> int:
        """Begin to listen; the port, chosen if 0 was given."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Wire(self._opened, hold=self._tls is not None), "127.0.0.1", port
        )
        number: int = server.sockets[0].getsockname()[1]
        return number

    def _opened(self, wire: Wire) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(wire))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, wire: Wire) -> None:
        try:
            if self._tls is not None:
                await wire.start_tls(self._tls())
            while True:
                request = await _head(wire)
                if request is None:
                    break
                body = b""
                reader = Body(request.framing)
                while piece := await reader.next(wire, IDLE_SECONDS):
                    body += piece
                    if len(body) > LONGEST_BODY:
                        raise Refusal(413, "too much")
                _send(wire, await self._answer(request, body))
                await wire.flush(IDLE_SECONDS)
                if not request.keeps_alive:
                    break
        except Refusal as refusal:
            _send(wire, as_json({"error": refusal.why}, refusal.status))
        except (TimeoutError, Malformed, OSError, ssl.SSLError):
            pass
        finally:
            wire.close()


async def _head(wire: Wire) -> Request | None:
    while (end := heads.end_of_head(wire.buffer, heads.LONGEST_REQUEST_HEAD)) < 0:
        if not await wire.more(IDLE_SECONDS):
            return None
    raw = bytes(wire.buffer[:end])
    del wire.buffer[: end + 4]
    return heads.read_request(raw)


def _send(wire: Wire, reply: Reply) -> None:
    lines = [
        f"HTTP/1.1 {reply.status} {heads.reason(reply.status)}",
        f"Content-Type: {reply.kind}",
        f"Content-Length: {len(reply.body)}",
    ]
    wire.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + reply.body)
