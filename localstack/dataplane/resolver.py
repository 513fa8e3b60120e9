"""The resolver on the wire: UDP and TCP (RFC 1035), and HTTPS (RFC 8484)."""

from __future__ import annotations

import asyncio
import struct
import sys

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rrset

from dataplane.resolution import Resolution, View
from dataplane.wire import Wire
from dataplane.world import World

# RFC 1035: the longest answer over UDP to who does not say more.
SHORTEST_LIMIT = 512
# RFC 7766 wants idle connections closed after some seconds.
IDLE_SECONDS = 30.0


def answer(world: World, view: View, question: bytes, limit: int | None) -> bytes | None:
    """The answer to a message; None if it is not even a question."""
    try:
        query = dns.message.from_wire(question)
    except dns.exception.DNSException:
        return None
    if query.flags & dns.flags.QR:
        return None
    response = dns.message.make_response(query, recursion_available=True)
    if query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
        response.set_rcode(dns.rcode.NOTIMP)
        return response.to_wire()
    try:
        _fill(response, Resolution(world, view), query.question[0])
        if limit is None:
            return response.to_wire()
        try:
            return response.to_wire(max_size=max(limit, query.payload, SHORTEST_LIMIT))
        except dns.exception.TooBig:
            _empty(response)
            response.flags |= dns.flags.TC
    except (dns.exception.DNSException, ValueError) as error:
        # A value that Route 53 takes and nobody can put on the wire.
        print(f"{query.question[0]}: {error!r}", file=sys.stderr, flush=True)
        _empty(response)
        response.set_rcode(dns.rcode.SERVFAIL)
    return response.to_wire()


def _fill(response: dns.message.Message, resolution: Resolution, asked: dns.rrset.RRset) -> None:
    found = resolution.ask(asked.name, asked.rdtype)
    response.flags |= dns.flags.AA
    response.answer = found.records
    response.authority = found.authority
    if not found.ours:
        # Nothing outside is asked, ever.
        response.set_rcode(dns.rcode.REFUSED)
    elif not found.exists:
        response.set_rcode(dns.rcode.NXDOMAIN)


def _empty(response: dns.message.Message) -> None:
    response.answer = []
    response.authority = []


class Resolver:
    """A port that answers for one view, over UDP and TCP."""

    def __init__(self, world: World, view: View) -> None:
        self._world = world
        self._view = view
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, port: int) -> int:
        """Begin to listen on 127.0.0.1; the port, chosen if 0 was given."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._wire, "127.0.0.1", port)
        number: int = server.sockets[0].getsockname()[1]
        await loop.create_datagram_endpoint(
            lambda: _Datagrams(self._world, self._view), ("127.0.0.1", number)
        )
        return number

    def _wire(self) -> Wire:
        return Wire(self._opened)

    def _opened(self, wire: Wire) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(wire))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, wire: Wire) -> None:
        try:
            while True:
                length = int.from_bytes(wire.buffer[:2], "big") if len(wire.buffer) > 1 else -1
                if 0 <= length <= len(wire.buffer) - 2:
                    question = bytes(wire.buffer[2 : length + 2])
                    del wire.buffer[: length + 2]
                    made = answer(self._world, self._view, question, None)
                    if made is None:
                        break
                    wire.send(struct.pack("!H", len(made)) + made)
                elif not await wire.more(IDLE_SECONDS):
                    break
        except TimeoutError:
            pass
        finally:
            wire.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, world: World, view: View) -> None:
        self._world = world
        self._view = view
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        made = answer(self._world, self._view, data, SHORTEST_LIMIT)
        if made is not None:
            self._transport.sendto(made, address)
