"""A client's HTTP/2 connection: many requests at once, each a task of its own."""

from __future__ import annotations

import asyncio
import sys

from dataplane import http2_head
from dataplane.head import Refusal
from dataplane.http2 import Peer, Stream
from dataplane.http2_caller import StreamCaller
from dataplane.services import Services
from dataplane.serving import Serving
from dataplane.wire import Wire
from dataplane.world import World

# While the listener goes away there is nobody to ask how long a client may be silent.
LAST_SECONDS = 1.0


class StreamClient:
    """A connection of a client to a listener."""

    def __init__(self, wire: Wire, listener: str, world: World, services: Services) -> None:
        self.wire = wire
        self.listener = listener
        self.world = world
        self._serving = Serving(world, services, wire)
        self._tasks: set[asyncio.Task[None]] = set()
        self._peer = Peer(wire, self._accept)

    async def serve(self) -> None:
        """Answer until somebody wants no more."""
        await self._peer.run(self._idle)

    def dismiss(self) -> None:
        """The listener is gone: no more requests, but those that are being answered."""
        self._peer.leave()

    def _idle(self) -> float:
        listener = self.world.listener(self.listener)
        return listener.balancer.idle_timeout if listener else LAST_SECONDS

    def _accept(self, stream: Stream) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(stream))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, stream: Stream) -> None:
        try:
            await self._serve(stream)
        except OSError:
            stream.abort()  # nobody takes the answer
        except Exception as error:
            # A mistake of ours, which must be seen and must not end anything else.
            print(f"{self.listener}: {error!r}", file=sys.stderr, flush=True)
            stream.abort()
        finally:
            stream.release()

    async def _serve(self, stream: Stream) -> None:
        listener = self.world.listener(self.listener)
        if listener is None or stream.fields is None:
            stream.abort()
            return
        method = dict(stream.fields).get(":method", "")
        caller = StreamCaller(stream, method)
        try:
            request = http2_head.read_request(stream.fields, ended=stream.ended)
        except Refusal as refusal:
            await self._serving.refuse(listener, refusal, caller)
            return
        await self._serving.answer(listener, request, caller)
        if self._serving.is_aged(listener):
            self._peer.leave()
