"""A target that speaks HTTP/2, and with it gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from dataplane import http2_head
from dataplane.framing import Malformed
from dataplane.head import Fields, Response
from dataplane.http2 import Peer, Stream
from dataplane.leg import Question
from dataplane.wire import Wire

# Targets end connections that they are tired of; this is for those that never are.
IDLE_SECONDS = 3600.0


class StreamLeg:
    """A connection that has one stream at a time."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self._peer = Peer(wire)
        self._running = asyncio.create_task(self._peer.run(lambda: IDLE_SECONDS))
        self._stream: Stream | None = None
        self._method = ""
        self._answered = False

    @property
    def usable(self) -> bool:
        over = self._stream is None or (self.done and not self._stream.lost)
        return over and not self._peer.closes and not self.wire.ended

    @property
    def done(self) -> bool:
        return self._current.ended and not self._current.buffer

    @property
    def trailers(self) -> Fields:
        return self._current.trailers

    @property
    def _current(self) -> Stream:
        assert self._stream is not None, "nothing was asked yet"
        return self._stream

    def watch(self, lost: Callable[[], None] | None) -> None:
        self.wire.on_lost = lost

    def ask(self, question: Question) -> None:
        if self._stream is not None:
            self._stream.release()
        self._method, self._answered = question.method, False
        self._stream = self._peer.open()
        self._stream.head(
            http2_head.request_fields(
                question.method,
                question.target,
                secure=question.secure,
                fields=question.fields,
                trailers=question.trailers,
            )
        )

    def piece(self, data: bytes) -> None:
        self._current.send(data)

    def finish(self, trailers: Fields) -> None:
        self._current.finish(trailers)

    def send(self) -> None:
        self._current.push()

    async def flush(self, patience: float) -> None:
        await self._current.flush(patience)

    def response(self) -> Response | None:
        stream = self._current
        if stream.informed:
            return http2_head.read_response(stream.informed.pop(0), self._method, ended=False)
        if stream.fields is None:
            return None
        ended = stream.ended and not stream.buffer
        return http2_head.read_response(stream.fields, self._method, ended=ended)

    def take(self) -> bytes:
        if self._current.broken:
            raise Malformed("the target stopped in mid-response")
        return self._current.take()

    async def more(self, patience: float) -> bool:
        stream = self._current
        if stream.buffer:
            return True
        if not stream.ended:
            await stream.more(patience)
        if stream.broken:
            raise Malformed("the target stopped in mid-response")
        return True

    def close(self) -> None:
        self._peer.leave()

    def abort(self) -> None:
        self.wire.abort()
