"""One request, from the client to a target and back."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass

from dataplane import head as heads
from dataplane import upstream
from dataplane.forwarding import HOP_BY_HOP
from dataplane.framing import CHUNKED, LAST_CHUNK, UNTIL_CLOSE, Body, Malformed, chunk
from dataplane.group import Group, Target
from dataplane.head import Fields, Refusal, Request, Response
from dataplane.stickiness import target_cookies
from dataplane.wire import HIGH_WATER, Wire

# A chunked body that comes at once is judged as a whole before a target hears of it.
TOGETHER_SECONDS = 0.05
# linux/tcp.h: the first byte of TCP_INFO is the state, and 7 is TCP_CLOSE.
TCP_CLOSE = 7


class ClientGone(Exception):
    """The client did not wait for the answer: AWS's 460."""


@dataclass(slots=True)
class Sent:
    """What became of an exchange."""

    status: int
    keeps_alive: bool


@dataclass(slots=True)
class Outgoing:
    """What a target is sent, and what is done to its answer."""

    target_line: str
    fields: Fields
    cookies: list[str]
    response_fields: Fields  # set on every response of the listener
    hides_server: bool
    body: Body
    idle: float


class Exchange:
    """A request that is being answered by a target."""

    def __init__(
        self, client: Wire, request: Request, outgoing: Outgoing, group: Group, target: Target
    ) -> None:
        self.client = client
        self.request = request
        self.outgoing = outgoing
        self.group = group
        self.target = target
        self.begun = False  # the client has been sent something
        self._body = outgoing.body
        self._wire: Wire | None = None
        self._refusal: Refusal | None = None
        self._moved = 0.0  # when the client last sent a part of its body

    def cut(self) -> None:
        """The target is gone for good."""
        self._refusal = Refusal(502, "the deregistration delay is over")
        if self._wire is not None:
            self._wire.abort()

    async def run(self) -> Sent:
        """Do it; Refusal and ClientGone are raised as long as nothing was sent back."""
        self.target.open.add(self)
        self.client.on_lost = self._hang_up
        try:
            return await self._run()
        except BaseException:
            self._hang_up()
            raise
        finally:
            self.client.on_lost = None
            self.target.open.discard(self)

    def _hang_up(self) -> None:
        if self._wire is not None:
            self._wire.abort()

    async def _run(self) -> Sent:
        first = await self._first_bytes()
        self._wire = wire = await upstream.connection(self.group, self.target)
        if self.client.lost:
            raise ClientGone
        if self._refusal is not None:
            raise self._refusal
        lines = [f"{self.request.method} {self.outgoing.target_line} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in self.outgoing.fields]
        wire.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + self._encoded(first))
        pump = None
        if not self._body.done:
            pump = asyncio.create_task(self._pump(wire))
        try:
            response = await self._response(wire)
            if response.status == 101:
                return await self._tunnel(wire, response)
            sent = await self._relay(wire, response, whole=pump is None or pump.done())
        finally:
            if pump is not None:
                pump.cancel()
        return sent

    # --- the request's body ---

    async def _first_bytes(self) -> bytes:
        """What of the body is there already; a chunked one is given a moment to be all there."""
        try:
            first = self._body.take(self.client.buffer)
            if self.request.framing != CHUNKED or self.request.all("expect"):
                return first
            while not self._body.done and len(first) < HIGH_WATER:
                patience = TOGETHER_SECONDS if first else self.outgoing.idle
                if not await self.client.more(patience):
                    raise Malformed("the body ends too early")
                first += self._body.take(self.client.buffer)
        except Malformed as error:
            raise Refusal(400, str(error)) from error
        except TimeoutError as late:
            if not first:
                raise Refusal(408, "the body does not come") from late
        return first

    def _encoded(self, data: bytes) -> bytes:
        if self.request.framing != CHUNKED:
            return data
        made = chunk(data) if data else b""
        return made + LAST_CHUNK if self._body.done else made

    async def _pump(self, wire: Wire) -> None:
        """Send the rest of the body on; whatever goes wrong with it ends the exchange."""
        try:
            while not self._body.done:
                data = await self._body.next(self.client, self.outgoing.idle)
                self._moved = asyncio.get_running_loop().time()
                wire.send(self._encoded(data))
                await wire.flush(self.outgoing.idle)
        except Malformed as error:
            self._refusal = Refusal(400, str(error))
            wire.abort()
        except TimeoutError:
            # Whether it is the client or the target that stands still is told by `_wait`.
            return

    # --- the response ---

    async def _response(self, wire: Wire) -> Response:
        """The final response's head; those before it are passed on."""
        while True:
            try:
                end = heads.end_of_head(wire.buffer, heads.LONGEST_RESPONSE_HEAD)
                if end >= 0:
                    raw = bytes(wire.buffer[:end])
                    del wire.buffer[: end + 4]
                    response = heads.read_response(raw, self.request.method)
                    if response.status >= 200 or response.status == 101:
                        return response
                    if self.request.version:
                        self.client.send(raw + b"\r\n\r\n")
                    continue
            except Refusal as refusal:
                raise Refusal(502, refusal.why) from refusal
            await self._wait(wire)

    async def _wait(self, wire: Wire) -> None:
        try:
            if await wire.more(self.outgoing.idle):
                return
        except TimeoutError as late:
            if asyncio.get_running_loop().time() - self._moved < self.outgoing.idle:
                return  # the request is still on its way
            if not self._body.done and not self.client.buffer:
                raise Refusal(408, "the body does not come") from late
            raise Refusal(504, "the target does not answer") from late
        if self.client.lost:
            raise ClientGone
        raise self._refusal or Refusal(502, "the target closed the connection")

    async def _relay(self, wire: Wire, response: Response, *, whole: bool) -> Sent:
        """Send the response on. From here on, a failure can only be shown by closing."""
        body = Body(response.framing)
        chunks = response.framing in (CHUNKED, UNTIL_CLOSE) and self.request.version == 1
        lasts = response.framing not in (CHUNKED, UNTIL_CLOSE) or chunks
        keeps = self.request.keeps_alive and lasts and whole
        out = self._head(response, chunks=chunks, keeps=keeps)
        self.begun = True
        try:
            while True:
                piece = body.take(wire.buffer)
                out += chunk(piece) if chunks and piece else piece
                if body.done:
                    break
                self.client.send(out)
                out = b""
                await self.client.flush(self.outgoing.idle)
                if not wire.buffer and not await wire.more(self.outgoing.idle):
                    if response.framing != UNTIL_CLOSE or self._refusal:
                        raise Malformed("the target stopped in mid-response")
                    body.done = True
                    break
        except (Malformed, TimeoutError):
            wire.abort()
            if self.client.lost:
                raise ClientGone from None
            self.client.abort()
            return Sent(response.status, keeps_alive=False)
        self.client.send(out + LAST_CHUNK if chunks else out)
        await self.client.flush(self.outgoing.idle)
        if response.keeps_alive and whole:
            upstream.keep(self.target, wire)
        else:
            wire.close()
        if self.client.lost or (self.client.ended and await self._nobody_listens()):
            raise ClientGone
        return Sent(response.status, keeps)

    async def _nobody_listens(self) -> bool:
        """Whether a client that sends no more has closed: the kernel knows once we have sent."""
        await asyncio.sleep(0.002)  # a reset on loopback comes in microseconds
        sock = self.client.transport.get_extra_info("socket")
        if sock is None or sock.fileno() < 0:
            return True
        return bool(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == TCP_CLOSE)

    def _head(self, response: Response, *, chunks: bool, keeps: bool) -> bytes:
        set_here = {name.lower() for name, _ in self.outgoing.response_fields}
        if self.outgoing.hides_server:
            set_here.add("server")
        lines = [f"HTTP/1.1 {response.status} {heads.reason(response.status)}".rstrip()]
        for name, value in response.fields:
            key = name.lower()
            if key not in HOP_BY_HOP and key not in set_here:
                lines.append(f"{name}: {value}")
        lines += [f"{name}: {value}" for name, value in self.outgoing.response_fields]
        cookies = [*self.outgoing.cookies, *target_cookies(response, self.group, self.target)]
        lines += [f"Set-Cookie: {cookie}" for cookie in cookies]
        if chunks:
            lines.append("Transfer-Encoding: chunked")
        lines.append("Connection: keep-alive" if keeps else "Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    # --- after an upgrade ---

    async def _tunnel(self, wire: Wire, response: Response) -> Sent:
        """Bytes both ways until one side has no more, or nothing moves for the idle timeout."""
        if not self.request.upgrades:
            raise Refusal(502, "the target upgraded a request that did not ask for it")
        lines = ["HTTP/1.1 101 Switching Protocols"]
        upgrade = ("connection", "upgrade")
        for name, value in response.fields:
            if name.lower() in upgrade or name.lower() not in HOP_BY_HOP:
                lines.append(f"{name}: {value}")
        self.begun = True
        self.client.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        ways = [
            asyncio.create_task(self._copy(self.client, wire)),
            asyncio.create_task(self._copy(wire, self.client)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        wire.close()
        return Sent(101, keeps_alive=False)

    async def _copy(self, source: Wire, sink: Wire) -> None:
        loop = asyncio.get_running_loop()
        idle = self.outgoing.idle
        while True:
            try:
                if source.buffer:
                    sink.send(bytes(source.buffer))
                    source.buffer.clear()
                    self._moved = loop.time()
                    await sink.flush(idle)
                elif not await source.more(idle) and not source.buffer:
                    return
            except TimeoutError:
                # Silence in one direction is fine while the other one moves.
                if loop.time() - self._moved >= idle:
                    return
