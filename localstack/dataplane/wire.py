"""One end of a TCP connection, with what came in and has not been read yet.

asyncio's streams hide when the other side is gone until somebody reads; a proxy has to know at
once, and has to look at bytes without taking them.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable
from typing import cast

# asyncio's own default for streams: reading stops here and goes on when the buffer is used up.
HIGH_WATER = 64 * 1024
# Long enough for a client on this machine; a hello that stays away must not hold a place for ever.
HANDSHAKE_SECONDS = 10.0
# SO_LINGER for no seconds: what is not sent is dropped, and the other side gets a reset.
NO_LINGERING = struct.pack("ii", 1, 0)


class Wire(asyncio.Protocol):
    """A connection, ours or a client's."""

    __slots__ = (
        "_drained",
        "_full",
        "_opened",
        "_waiter",
        "buffer",
        "ended",
        "lost",
        "on_lost",
        "secure",
        "transport",
    )

    def __init__(self, opened: Callable[[Wire], None] | None = None, *, hold: bool = False) -> None:
        # `hold`: nothing is read before TLS is under way, or the hello would land here.
        self._opened = opened
        self._full = hold
        self._waiter: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self.buffer = bytearray()
        self.ended = False  # the other side sends no more
        self.lost = False  # nothing can be sent either
        self.secure = False
        self.on_lost: Callable[[], None] | None = None
        self.transport: asyncio.Transport

    # --- what asyncio calls ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        if self._full:
            self.transport.pause_reading()
        if self._opened is not None:
            self._opened(self)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if len(self.buffer) > HIGH_WATER and not self._full:
            self._full = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self.ended = True
        self._wake()
        # A half-closed connection still takes the answer; TLS has no such thing.
        return not self.secure

    def connection_lost(self, _error: Exception | None) -> None:
        self.ended = self.lost = True
        self._wake()
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        if self.on_lost is not None:
            self.on_lost()

    def pause_writing(self) -> None:
        self._drained = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None

    # --- what we call ---

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Become the server of a TLS connection; raises OSError or ssl.SSLError for a bad hello."""
        self._full = False
        self.secure = True
        made = await asyncio.get_running_loop().start_tls(
            self.transport,
            self,
            context,
            server_side=True,
            ssl_handshake_timeout=HANDSHAKE_SECONDS,
        )
        if made is None:
            raise ConnectionResetError("closed in the handshake")
        self.transport = made

    @property
    def speaks(self) -> str:
        """The protocol that was agreed upon with TLS, if one was."""
        tls = self.transport.get_extra_info("ssl_object")
        return (tls.selected_alpn_protocol() or "") if tls else ""

    async def more(self, patience: float) -> bool:
        """Wait for more bytes; False if none will come, TimeoutError if none came in time."""
        if self.ended:
            return False
        if self._full:
            self._full = False
            self.transport.resume_reading()
        before = len(self.buffer)
        loop = asyncio.get_running_loop()
        waiter = self._waiter = loop.create_future()
        alarm = loop.call_later(patience, _expire, waiter)
        try:
            await waiter
        finally:
            alarm.cancel()
            self._waiter = None
        return len(self.buffer) > before

    def send(self, data: bytes) -> None:
        """Send as soon as possible; to a lost connection it is as if it were sent."""
        if not self.lost:
            self.transport.write(data)

    async def flush(self, patience: float) -> None:
        """Wait until there is room to send more; TimeoutError if nobody takes it."""
        if self._drained is not None and not self.lost:
            # Several streams may wait here, and one that gives up must not end it for the others.
            done, _ = await asyncio.wait([self._drained], timeout=patience)
            if not done:
                raise TimeoutError

    def close(self) -> None:
        """Close when all that was sent is out."""
        if not self.lost:
            self.transport.close()

    def abort(self) -> None:
        """Close at once."""
        if not self.lost:
            self.transport.abort()

    def reset(self) -> None:
        """Close at once, so that the other side is told of an error and not of an end."""
        sock = self.transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGERING)
        self.abort()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _expire(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())
