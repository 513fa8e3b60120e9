"""HTTP/2 over a wire: frames, compression and windows are the library's work, streams are ours.

A stream is used as a wire is: what came is in its buffer, and what is sent waits for room.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    InformationalResponseReceived,
    RemoteSettingsChanged,
    RequestReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings
from hyperframe.exceptions import HyperframeError

from dataplane.head import LONGEST_REQUEST_HEAD, Fields
from dataplane.http2_frames import Frames
from dataplane.wire import Wire

# AWS's guide, "Listeners": up to 128 requests in parallel on one HTTP/2 connection.
MOST_STREAMS = 128
# RFC 9113, section 6.9.2: what a stream may send before it is told to go on.
WINDOW = 65_535
# A stream that nobody reads must not use up what the others may send.
CONNECTION_WINDOW = MOST_STREAMS * WINDOW


class Stream:
    """One request with its response, on a connection that has many."""

    __slots__ = (
        "_drained",
        "_finish",
        "_head",
        "_out",
        "_owed",
        "_peer",
        "_waiter",
        "broken",
        "buffer",
        "ended",
        "fields",
        "informed",
        "lost",
        "number",
        "on_lost",
        "trailers",
    )

    def __init__(self, peer: Peer, number: int) -> None:
        self._peer = peer
        self.number = number
        self.fields: Fields | None = None  # the head that came
        self.informed: list[Fields] = []  # heads of interim responses
        self.trailers: Fields = []
        self.buffer = bytearray()
        self.ended = False  # the other side sends no more
        self.lost = False  # nothing can be sent either
        self.broken = False  # and what came is not all
        self.on_lost: Callable[[], None] | None = None
        self._owed = 0  # bytes of the window that are not given back yet
        self._waiter: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._head: Fields | None = None
        self._out = bytearray()
        self._finish: Fields | None = None

    async def more(self, patience: float) -> bool:
        """Wait for news; False if none will come, TimeoutError if none came in time."""
        if self.ended or self.lost:
            return False
        if not self.buffer:
            self._give_back()
        waiter = self._waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(patience):
                await waiter
        finally:
            self._waiter = None
        return not self.lost

    def take(self) -> bytes:
        """What is there by now."""
        taken = bytes(self.buffer)
        self.buffer.clear()
        return taken

    def head(self, fields: Fields) -> None:
        """Begin to send; it goes out with what follows."""
        self._head = fields

    def send(self, data: bytes) -> None:
        """Send when there is room."""
        self._out += data

    def finish(self, trailers: Fields) -> None:
        """Nothing more comes but these."""
        self._finish = trailers

    def push(self) -> None:
        """Hand over what there is room for."""
        if self.lost:
            return
        connection = self._peer.connection
        try:
            if self._head is not None:
                ends = self._finish == [] and not self._out
                connection.send_headers(self.number, self._head, end_stream=ends)
                self._head, self._finish = None, None if ends else self._finish
            while self._out:
                room = connection.local_flow_control_window(self.number)
                room = min(room, connection.max_outbound_frame_size)
                if room <= 0:
                    break
                part = bytes(self._out[:room])
                del self._out[:room]
                ends = self._finish == [] and not self._out
                connection.send_data(self.number, part, end_stream=ends)
                self._finish = None if ends else self._finish
            if self._finish is not None and not self._out:
                if self._finish:
                    connection.send_headers(self.number, self._finish, end_stream=True)
                else:
                    connection.end_stream(self.number)
                self._finish = None
        except ProtocolError:
            # Closed by the other side in this moment, or a head that cannot be sent.
            self.abort()
        if not self._out and self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._peer.schedule()

    async def flush(self, patience: float) -> None:
        """Send, and wait until there is room for more; TimeoutError if nobody takes it."""
        self.push()
        if self._out and not self.lost:
            self._drained = asyncio.get_running_loop().create_future()
            async with asyncio.timeout(patience):
                await self._drained
        await self._peer.wire.flush(patience)

    def abort(self, code: ErrorCodes = ErrorCodes.INTERNAL_ERROR) -> None:
        """End it at once; the other streams go on."""
        if self.lost:
            return
        self._peer.reset(self.number, code)
        self.lose()

    def lose(self) -> None:
        """It is over."""
        if self.lost:
            return
        self.broken = not self.ended
        self.ended = self.lost = True
        self._out.clear()
        for future in (self._waiter, self._drained):
            if future is not None and not future.done():
                future.set_result(None)
        if self.on_lost is not None:
            self.on_lost()

    def came(self, data: bytes, counted: int) -> None:
        """A part of the body; it takes so much of the window."""
        self.buffer += data
        self._owed += counted
        self.wake()

    def wake(self) -> None:
        """There is news."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _give_back(self) -> None:
        owed, self._owed = self._owed, 0
        if owed:
            self._peer.acknowledge(self.number, owed)

    def release(self) -> None:
        """Nobody uses it any more; a body that nobody wants is not waited for."""
        if not self.ended and not self.lost:
            self._peer.reset(self.number, ErrorCodes.NO_ERROR)
        self._give_back()
        self._peer.streams.pop(self.number, None)
        if self._peer.closes:
            self._peer.leave()


class Peer:
    """The other side of an HTTP/2 connection."""

    def __init__(self, wire: Wire, accept: Callable[[Stream], None] | None = None) -> None:
        # `accept`: what a server does with a stream that was opened; a client has none.
        self.wire = wire
        self.streams: dict[int, Stream] = {}
        self.closes = False  # no more streams on this connection
        self._accept = accept
        self._scheduled = False
        self._frames = Frames(preface=accept is not None)
        config = H2Configuration(client_side=accept is None, header_encoding=None)
        self.connection = H2Connection(config)
        limits = {
            SettingCodes.MAX_CONCURRENT_STREAMS: MOST_STREAMS,
            SettingCodes.MAX_HEADER_LIST_SIZE: LONGEST_REQUEST_HEAD,
        }
        if accept is None:
            limits[SettingCodes.ENABLE_PUSH] = 0
        self.connection.local_settings = Settings(client=accept is None, initial_values=limits)
        self.connection.initiate_connection()
        self.connection.increment_flow_control_window(CONNECTION_WINDOW - WINDOW)
        self.schedule()

    async def run(self, idle: Callable[[], float]) -> None:
        """Take in frames until no more come; `idle` says how long nothing may be asked for."""
        try:
            while not (self.closes and not self.streams):
                if self.wire.buffer:
                    data = bytes(self.wire.buffer)
                    self.wire.buffer.clear()
                    self._receive(data)
                patience = idle()
                await self.wire.flush(patience)
                if not self.wire.buffer and not await self._more(patience):
                    break
        except (ProtocolError, HyperframeError, TimeoutError):
            # The library has a last word ready for the other side.
            self.closes = True
        finally:
            self._flush()
            for stream in list(self.streams.values()):
                stream.lose()
            self.wire.close()

    def open(self) -> Stream:
        """A stream of ours."""
        number = self.connection.get_next_available_stream_id()
        stream = self.streams[number] = Stream(self, number)
        return stream

    def leave(self) -> None:
        """Let the streams that there are end, and then the connection."""
        self.closes = True
        if not self.streams:
            self.connection.close_connection()
            self._flush()
            self.wire.close()

    def schedule(self) -> None:
        """Send what the library has made, all of one round at once."""
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)

    def reset(self, number: int, code: ErrorCodes) -> None:
        """Tell the other side that a stream is over."""
        try:
            self.connection.reset_stream(number, code)
        except ProtocolError:
            return  # it knows
        self.schedule()

    def acknowledge(self, number: int, count: int) -> None:
        """Let the other side send as much again."""
        try:
            self.connection.acknowledge_received_data(count, number)
        except ProtocolError:
            return  # there is nobody to send
        self.schedule()

    def _flush(self) -> None:
        self._scheduled = False
        data = self.connection.data_to_send()
        if data:
            self.wire.send(data)

    async def _more(self, patience: float) -> bool:
        try:
            return await self.wire.more(patience)
        except TimeoutError:
            # A connection with streams is not idle: they have patience of their own.
            return bool(self.streams)

    def _receive(self, data: bytes) -> None:
        whole, farewells = self._frames.take(data)
        for event in self.connection.receive_data(whole):
            self._on(event)
        for last in farewells:
            self.closes = True
            # Those that are its own go on; of ours, it has taken no notice of later ones.
            for stream in [one for one in self.streams.values() if one.number > last]:
                if self._accept is None:
                    stream.lose()

    def _on(self, event: Event) -> None:
        if isinstance(event, ConnectionTerminated):
            self.closes = True
        elif isinstance(event, RequestReceived):
            self._asked(event)
        elif isinstance(event, WindowUpdated) and event.stream_id:
            if event.stream_id in self.streams:
                self.streams[event.stream_id].push()
        elif isinstance(event, WindowUpdated | RemoteSettingsChanged):
            for stream in list(self.streams.values()):
                stream.push()
        else:
            self._on_stream(event)
        self.schedule()

    def _on_stream(self, event: Event) -> None:
        stream = self.streams.get(getattr(event, "stream_id", None) or 0)
        if stream is None:
            if isinstance(event, DataReceived):
                # Nobody reads it, but it has taken its part of the connection's window.
                self.acknowledge(event.stream_id, event.flow_controlled_length)
            return
        if isinstance(event, DataReceived):
            stream.came(event.data, event.flow_controlled_length)
        elif isinstance(event, ResponseReceived):
            stream.fields = _decoded(event.headers)
        elif isinstance(event, InformationalResponseReceived):
            stream.informed.append(_decoded(event.headers))
        elif isinstance(event, TrailersReceived):
            stream.trailers = _decoded(event.headers)
        elif isinstance(event, StreamEnded):
            stream.ended = True
        elif isinstance(event, StreamReset):
            stream.lose()
        stream.wake()

    def _asked(self, event: RequestReceived) -> None:
        assert self._accept is not None, "only a server is asked"
        if self.closes:
            self.reset(event.stream_id, ErrorCodes.REFUSED_STREAM)
            return
        stream = self.streams[event.stream_id] = Stream(self, event.stream_id)
        stream.fields = _decoded(event.headers)
        stream.ended = event.stream_ended is not None
        self._accept(stream)


def _decoded(headers: list[tuple[bytes, bytes]]) -> Fields:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
