"""A connection to a target, used by one request at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from dataplane import head as heads
from dataplane.framing import CHUNKED, LAST_CHUNK, UNTIL_CLOSE, Body, Malformed, chunk
from dataplane.head import Fields, Refusal, Response
from dataplane.wire import Wire


@dataclass(frozen=True, slots=True)
class Question:
    """The head of a request as a target gets it."""

    method: str
    target: str
    fields: Fields
    framing: int
    secure: bool = False
    trailers: bool = False  # whether they are wanted, which HTTP/2 has to be told


class Leg(Protocol):
    """What can be done with a connection to a target, whichever protocol it speaks."""

    @property
    def usable(self) -> bool:
        """Whether it can take another request."""

    @property
    def done(self) -> bool:
        """Whether the response was taken to its end."""

    @property
    def trailers(self) -> Fields:
        """What came after the response's body."""

    def watch(self, lost: Callable[[], None] | None) -> None:
        """Call this when it goes."""

    def ask(self, question: Question) -> None:
        """Begin a request; it goes out with what follows."""

    def piece(self, data: bytes) -> None:
        """A part of the request's body."""

    def finish(self, trailers: Fields) -> None:
        """The request's body is over."""

    def send(self) -> None:
        """Send what there is."""

    async def flush(self, patience: float) -> None:
        """Send, and wait until there is room for more."""

    def response(self) -> Response | None:
        """The next head if it is there; Refusal if it is none."""

    def take(self) -> bytes:
        """What is there of the response's body; Malformed if it is none."""

    async def more(self, patience: float) -> bool:
        """Wait for more than was there when it was last asked; whether there is some."""

    def close(self) -> None:
        """Close when all that was sent is out."""

    def abort(self) -> None:
        """Close at once."""


class PlainLeg:
    """A target that speaks HTTP/1.1."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self._out = b""
        self._chunks = False
        self._method = ""
        self._body = Body(0)
        self._keeps = True

    @property
    def usable(self) -> bool:
        # Bytes that nobody asked for would be taken for the next answer.
        return self._keeps and self.done and not self.wire.ended and not self.wire.buffer

    @property
    def done(self) -> bool:
        return self._body.done

    @property
    def trailers(self) -> Fields:
        return []  # those of a chunked body are not passed on

    def watch(self, lost: Callable[[], None] | None) -> None:
        self.wire.on_lost = lost

    def ask(self, question: Question) -> None:
        self._method = question.method
        self._chunks = question.framing == CHUNKED
        lines = [f"{question.method} {question.target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in question.fields]
        if self._chunks:
            lines.append("Transfer-Encoding: chunked")
        self._out = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def piece(self, data: bytes) -> None:
        if data:
            self._out += chunk(data) if self._chunks else data

    def finish(self, trailers: Fields) -> None:
        if self._chunks:
            self._out += LAST_CHUNK

    def send(self) -> None:
        if self._out:
            self.wire.send(self._out)
            self._out = b""

    async def flush(self, patience: float) -> None:
        self.send()
        await self.wire.flush(patience)

    def response(self) -> Response | None:
        try:
            end = heads.end_of_head(self.wire.buffer, heads.LONGEST_RESPONSE_HEAD)
            if end < 0:
                return None
            raw = bytes(self.wire.buffer[:end])
            del self.wire.buffer[: end + 4]
            found = heads.read_response(raw, self._method)
        except Refusal as refusal:
            raise Refusal(502, refusal.why) from refusal
        self._body, self._keeps = Body(found.framing), found.keeps_alive
        return found

    def take(self) -> bytes:
        return self._body.take(self.wire.buffer)

    async def more(self, patience: float) -> bool:
        # What is in the buffer was looked at: a part of a line says nothing yet.
        if await self.wire.more(patience):
            return True
        if self._body.framing == UNTIL_CLOSE:
            self._body.done = True
        elif not self._body.done:
            raise Malformed("the target stopped in mid-response")
        return False

    def close(self) -> None:
        self.wire.close()

    def abort(self) -> None:
        self.wire.abort()


async def answer(leg: Leg, patience: float, most: int) -> tuple[Response, bytes]:
    """The final response with so much of its body; what is beyond that is read and thrown away."""
    while (response := leg.response()) is None or response.status < 200:
        if response is None and not await leg.more(patience):
            raise Malformed("the target closed the connection")
    body = bytearray()
    while True:
        body += leg.take()[: most - len(body)]
        if leg.done:
            return response, bytes(body)
        await leg.more(patience)
