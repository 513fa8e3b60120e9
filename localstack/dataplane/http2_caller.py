"""A client whose request came on an HTTP/2 stream."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from dataplane import http2_head
from dataplane.answer import Answer
from dataplane.framing import Malformed
from dataplane.head import Fields, Response
from dataplane.http2 import Stream


class StreamCaller:
    """The client of one stream."""

    def __init__(self, stream: Stream, method: str) -> None:
        self._stream = stream
        self._is_head = method == "HEAD"

    @property
    def trailers(self) -> Fields:
        return self._stream.trailers

    @property
    def lost(self) -> bool:
        return self._stream.lost

    @property
    def done(self) -> bool:
        return self._stream.ended and not self._stream.buffer

    @property
    def owes(self) -> bool:
        return not self._stream.ended and not self._stream.buffer

    def watch(self, lost: Callable[[], None] | None) -> None:
        self._stream.on_lost = lost

    async def first(self, patience: float) -> bytes:
        # Frames say where a body ends, so there is nothing to be judged first.
        return self._stream.take()

    async def next(self, patience: float) -> bytes:
        while not self._stream.buffer and not self._stream.ended:
            await self._stream.more(patience)
        if self._stream.broken:
            raise Malformed("the body ends too early")
        return self._stream.take()

    def inform(self, response: Response) -> None:
        self._stream.head(http2_head.response_fields(response.status, response.fields))
        self._stream.push()

    def begin(self, response: Response, fields: Fields, *, whole: bool) -> None:
        self._stream.head(http2_head.response_fields(response.status, fields))

    def piece(self, data: bytes) -> None:
        self._stream.send(data)

    async def flush(self, patience: float) -> None:
        await self._stream.flush(patience)

    async def finish(self, trailers: Fields, patience: float) -> bool:
        self._stream.finish(trailers)
        await self._stream.flush(patience)
        return True

    async def is_gone(self) -> bool:
        return False  # a stream that is over as it should be has had its answer

    async def say(self, made: Answer, fields: Fields, patience: float) -> bool:
        self._stream.head(http2_head.response_fields(made.status, fields))
        self._stream.send(b"" if self._is_head else made.body)
        self._stream.finish([])
        with contextlib.suppress(TimeoutError):
            await self._stream.flush(patience)
        return True

    def abort(self) -> None:
        self._stream.abort()
