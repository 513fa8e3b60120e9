"""The client of one request: how its body is read, and how it is answered."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Protocol

from dataplane import answer
from dataplane import head as heads
from dataplane.answer import Answer
from dataplane.forwarding import HOP_BY_HOP
from dataplane.framing import CHUNKED, LAST_CHUNK, UNTIL_CLOSE, Body, Malformed, chunk
from dataplane.head import Fields, Refusal, Request, Response
from dataplane.wire import HIGH_WATER, Wire

# A chunked body that comes at once is judged as a whole before a target hears of it.
TOGETHER_SECONDS = 0.05
# A client that still sends would get a reset instead of the answer: so it is listened to this
# long and this much before we close (RFC 9112, section 9.6).
LINGER_SECONDS = 2.0
LINGER_BYTES = 1024 * 1024
# linux/tcp.h: the first byte of TCP_INFO is the state, and 7 is TCP_CLOSE.
TCP_CLOSE = 7


class Caller(Protocol):
    """What a request's client can do, whichever protocol it speaks."""

    @property
    def trailers(self) -> Fields:
        """What came after the request's body."""

    @property
    def lost(self) -> bool:
        """Whether nobody is there to be answered."""

    @property
    def done(self) -> bool:
        """Whether all of the body was taken."""

    @property
    def owes(self) -> bool:
        """Whether it is silent though its body is not complete."""

    def watch(self, lost: Callable[[], None] | None) -> None:
        """Call this when it goes."""

    async def first(self, patience: float) -> bytes:
        """The beginning of the body, before a target hears of the request."""

    async def next(self, patience: float) -> bytes:
        """More of the body, or none when it is over."""

    def inform(self, response: Response) -> None:
        """Pass on an interim response."""

    def begin(self, response: Response, fields: Fields, *, whole: bool) -> None:
        """Begin to answer; `whole` says that the target has got all of the request."""

    def piece(self, data: bytes) -> None:
        """A part of the response's body."""

    async def flush(self, patience: float) -> None:
        """Send, and wait until there is room for more."""

    async def finish(self, trailers: Fields, patience: float) -> bool:
        """End the response; whether the connection is good for another request."""

    async def is_gone(self) -> bool:
        """Whether the client has turned out not to be there any more."""

    async def say(self, made: Answer, fields: Fields, patience: float) -> bool:
        """Give an answer of our own; whether the connection is good for another request."""

    def abort(self) -> None:
        """End it at once: the only way left to show that something went wrong."""


class PlainCaller:
    """A client that speaks HTTP/1.1; without a request if that could not be read."""

    def __init__(self, wire: Wire, request: Request | None) -> None:
        self.wire = wire
        self.request = request
        self._body = Body(request.framing if request else 0)
        self._out = b""
        self._chunks = False
        self._keeps = False

    @property
    def trailers(self) -> Fields:
        return []  # those of a chunked body are not passed on

    @property
    def lost(self) -> bool:
        return self.wire.lost

    @property
    def done(self) -> bool:
        return self._body.done

    @property
    def owes(self) -> bool:
        return not self._body.done and not self.wire.buffer

    def watch(self, lost: Callable[[], None] | None) -> None:
        self.wire.on_lost = lost

    # --- the request's body ---

    async def first(self, patience: float) -> bytes:
        """What of it is there; a chunked one is given a moment to be all there."""
        assert self.request is not None, "a body has a head"
        try:
            first = self._body.take(self.wire.buffer)
            if self.request.framing != CHUNKED or self.request.all("expect"):
                return first
            while not self._body.done and len(first) < HIGH_WATER:
                if not await self.wire.more(TOGETHER_SECONDS if first else patience):
                    raise Malformed("the body ends too early")
                first += self._body.take(self.wire.buffer)
        except Malformed as error:
            raise Refusal(400, str(error)) from error
        except TimeoutError as late:
            if not first:
                raise Refusal(408, "the body does not come") from late
        return first

    async def next(self, patience: float) -> bytes:
        return await self._body.next(self.wire, patience)

    # --- the response ---

    def inform(self, response: Response) -> None:
        # HTTP/1.0 knows of none.
        if self.request is not None and self.request.version:
            lines = [f"HTTP/1.1 {response.status} {heads.reason(response.status)}".rstrip()]
            lines += [f"{name}: {value}" for name, value in response.fields]
            self.wire.send(_text(lines))

    def begin(self, response: Response, fields: Fields, *, whole: bool) -> None:
        assert self.request is not None, "a response has a request"
        unknown = response.framing in (CHUNKED, UNTIL_CLOSE)
        self._chunks = unknown and self.request.version == 1
        self._keeps = self.request.keeps_alive and whole and (self._chunks or not unknown)
        lines = [f"HTTP/1.1 {response.status} {heads.reason(response.status)}".rstrip()]
        lines += [f"{name}: {value}" for name, value in fields]
        if self._chunks:
            lines.append("Transfer-Encoding: chunked")
        lines.append("Connection: keep-alive" if self._keeps else "Connection: close")
        self._out = _text(lines)

    def piece(self, data: bytes) -> None:
        if data:
            self._out += chunk(data) if self._chunks else data

    async def flush(self, patience: float) -> None:
        if self._out:
            self.wire.send(self._out)
            self._out = b""
        await self.wire.flush(patience)

    async def finish(self, trailers: Fields, patience: float) -> bool:
        if self._chunks:
            self._out += LAST_CHUNK
        await self.flush(patience)
        return self._keeps

    async def is_gone(self) -> bool:
        """A client that sends no more may have closed: the kernel knows once we have sent."""
        if self.wire.lost:
            return True
        if not self.wire.ended:
            return False
        await asyncio.sleep(0.002)  # a reset on loopback comes in microseconds
        sock = self.wire.transport.get_extra_info("socket")
        if sock is None or sock.fileno() < 0:
            return True
        return bool(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == TCP_CLOSE)

    def abort(self) -> None:
        self.wire.abort()

    # --- answers of our own ---

    async def say(self, made: Answer, fields: Fields, patience: float) -> bool:
        with contextlib.suppress(Malformed):
            # What came of the body goes; if it is not all there, so does the connection.
            self._body.take(self.wire.buffer)
        keeps = self.request is not None and self.request.keeps_alive
        keeps = keeps and self._body.done and not made.closes
        words = answer.TITLES.get(made.status) or heads.reason(made.status)
        lines = [f"HTTP/1.1 {made.status} {words}".rstrip()]
        lines += [f"{name}: {value}" for name, value in fields]
        lines.append("Connection: keep-alive" if keeps else "Connection: close")
        is_head = self.request is not None and self.request.method == "HEAD"
        self.wire.send(_text(lines) if is_head else _text(lines) + made.body)
        with contextlib.suppress(TimeoutError):
            await self.wire.flush(patience)
        if not keeps:
            await self._linger()
        return keeps

    async def _linger(self) -> None:
        """Let the client read the answer before the connection goes."""
        wire, heard = self.wire, 0
        if wire.lost:
            return
        if wire.transport.can_write_eof():
            with contextlib.suppress(OSError):
                wire.transport.write_eof()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while heard < LINGER_BYTES:
                    heard += len(wire.buffer)
                    wire.buffer.clear()
                    if not await wire.more(LINGER_SECONDS):
                        break
        wire.close()


def end_to_end(fields: Fields) -> Fields:
    """Header lines without those that belong to one connection."""
    return [(name, value) for name, value in fields if name.lower() not in HOP_BY_HOP]


def _text(lines: list[str]) -> bytes:
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
