"""The sockets of a listener, and the connections that came in through them."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys

from dataplane.client import PlainClient
from dataplane.http2_client import StreamClient
from dataplane.services import Services
from dataplane.wire import Wire
from dataplane.world import World

# As many as can wait to be accepted when a test opens a thousand at once.
BACKLOG = 2048
# Where ports below 1024 are not for everybody, they are found this much higher.
LOW_PORTS = 1024
OFFSET = 20_000


class Door:
    """One listener's port, open."""

    def __init__(
        self, world: World, services: Services, listener: str, address: str, port: int
    ) -> None:
        self.world = world
        self.services = services
        self.listener = listener
        self.address = address
        self.port = port  # as the listener says
        self.bound = port  # as it is
        self.trouble = ""
        self._clients: set[PlainClient | StreamClient] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Begin to listen; if that cannot be, `trouble` says why."""
        try:
            sock = self._bind()
        except OSError as error:
            self.trouble = f"port {self.port} of {self.address}: {error.strerror}"
            print(f"not listening on {self.trouble}", file=sys.stderr, flush=True)
            return
        self._server = await asyncio.get_running_loop().create_server(
            self._wire, sock=sock, backlog=BACKLOG
        )

    def close(self) -> None:
        """Take no more connections, and end those on which nothing goes on."""
        if self._server is not None:
            self._server.close()
        for client in list(self._clients):
            client.dismiss()

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._clients)

    def _bind(self) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((self.address, self.port))
        except PermissionError:
            if self.port >= LOW_PORTS:
                raise
            self.bound = self.port + OFFSET
            sock.bind((self.address, self.bound))
        return sock

    def _wire(self) -> Wire:
        listener = self.world.listener(self.listener)
        return Wire(self.take, hold=listener is not None and listener.is_secure)

    def take(self, wire: Wire) -> None:
        """Serve a connection, if its client may connect."""
        if not self._admits(wire):
            wire.reset()
            return
        task = asyncio.get_running_loop().create_task(self._serve(wire))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _admits(self, wire: Wire) -> bool:
        """Whether the security groups let this client in; on AWS it would hear nothing at all."""
        listener = self.world.listener(self.listener)
        peer = wire.transport.get_extra_info("peername")
        return listener is None or not peer or listener.balancer.admits(peer[0], self.port)

    async def _serve(self, wire: Wire) -> None:
        client: PlainClient | StreamClient = PlainClient(
            wire, self.listener, self.world, self.services
        )
        self._clients.add(client)
        try:
            listener = self.world.listener(self.listener)
            if listener is None:
                return
            if listener.is_secure:
                context = await self.services.certificates.context(listener)
                if context is None:
                    return
                await wire.start_tls(context)
                if wire.speaks == "h2":
                    self._clients.discard(client)
                    client = StreamClient(wire, self.listener, self.world, self.services)
                    self._clients.add(client)
            await client.serve()
        except (OSError, ssl.SSLError):
            # A bad hello, or a client that went away in the middle of it.
            wire.abort()
        except Exception as error:
            # A mistake of ours, which must be seen and must not end anything else.
            print(f"{self.listener}: {error!r}", file=sys.stderr, flush=True)
            wire.abort()
        finally:
            self._clients.discard(client)
            wire.close()
