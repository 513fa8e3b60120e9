"""A client's HTTP/1.1 connection: requests come in and are answered, one after the other."""

from __future__ import annotations

from dataplane import head as heads
from dataplane.balancer import Listener
from dataplane.caller import PlainCaller
from dataplane.head import Refusal, Request
from dataplane.services import Services
from dataplane.serving import Serving
from dataplane.wire import Wire
from dataplane.world import World


class PlainClient:
    """A connection of a client to a listener."""

    def __init__(self, wire: Wire, listener: str, world: World, services: Services) -> None:
        self.wire = wire
        self.listener = listener
        self.world = world
        self._busy = False
        self._serving = Serving(world, services, wire)

    async def serve(self) -> None:
        """Answer until somebody wants no more."""
        goes_on = True
        while goes_on:
            listener = self.world.listener(self.listener)
            if listener is None:
                break
            try:
                request = await self._request(listener)
            except Refusal as refusal:
                await self._serving.refuse(listener, refusal, PlainCaller(self.wire, None))
                break
            if request is None:
                break
            self._busy = True
            # Asked again: what changed while we waited counts for this request.
            listener = self.world.listener(self.listener) or listener
            caller = PlainCaller(self.wire, request)
            goes_on = await self._serving.answer(listener, request, caller)
            self._busy = False
        self.wire.close()

    def dismiss(self) -> None:
        """The listener is gone: close, unless a request is being answered."""
        if not self._busy:
            self.wire.close()

    async def _request(self, listener: Listener) -> Request | None:
        """The next request's head; None if the client has no more."""
        wire, idle = self.wire, listener.balancer.idle_timeout
        while True:
            # RFC 9112, section 2.2: an empty line before a request line is to be ignored.
            while wire.buffer.startswith(b"\r\n"):
                del wire.buffer[:2]
            end = heads.end_of_head(wire.buffer, heads.LONGEST_REQUEST_HEAD)
            if end >= 0:
                raw = bytes(wire.buffer[:end])
                del wire.buffer[: end + 4]
                return heads.read_request(raw)
            try:
                if await wire.more(idle):
                    continue
            except TimeoutError:
                if wire.buffer:
                    raise Refusal(408, "the head does not come") from None
                return None
            if wire.buffer and not wire.lost:
                raise Refusal(400, "the head ends too early")
            return None
