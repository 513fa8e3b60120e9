"""One client's connection: requests come in, are routed and answered, one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from dataplane import answer, balancing, forwarding, rule, transform
from dataplane import head as heads
from dataplane.answer import Answer
from dataplane.balancer import Listener
from dataplane.condition import Subject
from dataplane.counters import Way
from dataplane.exchange import ClientGone, Exchange, Outgoing
from dataplane.forwarding import Arrival
from dataplane.framing import Body, Malformed
from dataplane.group import Group, Target
from dataplane.head import Refusal, Request
from dataplane.rule import Rule
from dataplane.wire import Wire

if TYPE_CHECKING:
    from dataplane.world import World

SERVER = "awselb/2.0"
# A client that still sends would get a reset instead of the answer: so it is listened to this
# long and this much before we close (RFC 9112, section 9.6).
LINGER_SECONDS = 2.0
LINGER_BYTES = 1024 * 1024


class Client:
    """A connection of a client to a listener."""

    def __init__(self, wire: Wire, listener: str, world: World) -> None:
        self.wire = wire
        self.listener = listener
        self.world = world
        self.busy = False
        self._began = time.monotonic()

    async def serve(self) -> None:
        """Answer until somebody wants no more."""
        goes_on = True
        while goes_on:
            listener = self.world.listener(self.listener)
            if listener is None:
                break
            try:
                request = await self._request(listener)
                if request is None:
                    break
                self.busy = True
                # Asked again: what changed while we waited counts for this request.
                listener = self.world.listener(self.listener) or listener
                goes_on = await self._answer(listener, request)
            except Refusal as refusal:
                await self._refuse(listener, refusal)
                return
            finally:
                self.busy = False
        self.wire.close()

    def dismiss(self) -> None:
        """The listener is gone: close, unless a request is being answered."""
        if not self.busy:
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

    async def _answer(self, listener: Listener, request: Request) -> bool:
        """Answer one request; whether the connection is good for another."""
        arrival = self._arrival(listener)
        taker = _Taker(listener, Body(request.framing))
        try:
            forwarding.check(request, listener.balancer.attributes)
            subject = Subject(request, arrival.client)
            taker.rule = rule.route(listener.rules, subject)
            made = await self._act(listener, taker, subject, arrival)
        except Refusal as refusal:
            if taker.begun:
                raise
            made = answer.page(refusal.status, closes=refusal.status in (400, 408))
        except ClientGone:
            self._count(taker, 460)
            self.wire.abort()
            return False
        if isinstance(made, bool):
            return made
        self._count(taker, made.status)
        return await self._say(taker, made, request)

    async def _act(
        self, listener: Listener, taker: _Taker, subject: Subject, arrival: Arrival
    ) -> Answer | bool:
        """Run the rule's actions in order: an answer of our own, or whether to go on."""
        assert taker.rule is not None, "a listener has a default rule"
        for action in taker.rule.actions:
            kind = action["Type"]
            if kind.startswith("authenticate-"):
                asked = answer.login(action, subject)
                if asked is not None:
                    return asked
            elif kind == "jwt-validation":
                # No key set is fetched, so no token can be proved.
                return answer.page(401)
            elif kind == "fixed-response":
                return answer.fixed(action["FixedResponseConfig"])
            elif kind == "redirect":
                config = action["RedirectConfig"]
                return answer.redirect(config, subject, arrival.protocol, listener.port)
            else:
                return await self._forward(listener, taker, action, subject.request, arrival)
        raise Refusal(500, "the rule has no action that answers")

    async def _forward(
        self,
        listener: Listener,
        taker: _Taker,
        action: balancing.Json,
        request: Request,
        arrival: Arrival,
    ) -> bool:
        assert taker.rule is not None, "a listener has a default rule"
        config = action["ForwardConfig"]
        arn, cookies = balancing.choose_group(config, taker.rule, request)
        taker.group = group = self.world.groups.get(arn)
        if group is None:
            raise Refusal(503, "no target group is chosen")
        if group.settings.get("ProtocolVersion", "HTTP1") != "HTTP1":
            raise Refusal(464, "the target group wants another protocol version")
        taker.target = target = balancing.choose_target(group, request)
        if target is None:
            raise Refusal(503, "the target group has no target to use")
        attributes = listener.balancer.attributes
        host, target_line = transform.transformed(
            taker.rule.transforms, request.host, request.target
        )
        host = forwarding.host_header(host, arrival, attributes)
        outgoing = Outgoing(
            target_line=target_line,
            fields=forwarding.fields(request, host, arrival, attributes, listener.attributes),
            cookies=cookies,
            response_fields=listener.response_fields,
            hides_server=listener.hides_server,
            body=taker.body,
            idle=listener.balancer.idle_timeout,
        )
        exchange = Exchange(self.wire, request, outgoing, group, target)
        try:
            sent = await exchange.run()
        except Refusal:
            taker.begun = exchange.begun
            if exchange.begun:
                self.wire.abort()
            raise
        self._count(taker, sent.status)
        aged = time.monotonic() - self._began > listener.balancer.longest_connection
        return sent.keeps_alive and not aged

    async def _say(self, taker: _Taker, made: Answer, request: Request | None) -> bool:
        """Send an answer of our own."""
        listener = taker.listener
        with contextlib.suppress(Malformed):
            # What came of the body goes; if it is not all there, so does the connection.
            taker.body.take(self.wire.buffer)
        keeps = request is not None and request.keeps_alive
        keeps = keeps and taker.body.done and not made.closes
        lines = [f"HTTP/1.1 {made.status} {_words(made.status)}".rstrip()]
        if not listener.hides_server:
            lines.append(f"Server: {SERVER}")
        lines.append(f"Date: {answer.date()}")
        lines += [f"{name}: {value}" for name, value in [*made.fields, *listener.response_fields]]
        lines.append(f"Content-Length: {len(made.body)}")
        lines.append("Connection: keep-alive" if keeps else "Connection: close")
        text = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        is_head = request is not None and request.method == "HEAD"
        self.wire.send(text if is_head else text + made.body)
        with contextlib.suppress(TimeoutError):
            await self.wire.flush(listener.balancer.idle_timeout)
        if not keeps:
            await self._linger()
        return keeps

    async def _linger(self) -> None:
        """Let the client read the answer before the connection goes."""
        wire, heard = self.wire, 0
        if wire.lost:
            return
        if wire.transport.can_write_eof():
            with contextlib.suppress(OSError):
                wire.transport.write_eof()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while heard < LINGER_BYTES:
                    heard += len(wire.buffer)
                    wire.buffer.clear()
                    if not await wire.more(LINGER_SECONDS):
                        break
        wire.close()

    async def _refuse(self, listener: Listener, refusal: Refusal) -> None:
        """A request that could not even be read."""
        if self.wire.lost or self.wire.transport.is_closing():
            return
        taker = _Taker(listener, Body(0))
        self._count(taker, refusal.status)
        await self._say(taker, answer.page(refusal.status, closes=True), None)
        self.wire.close()

    def _arrival(self, listener: Listener) -> Arrival:
        transport = self.wire.transport
        client, port = transport.get_extra_info("peername") or ("0.0.0.0", 0)
        protocol = "https" if listener.is_secure else "http"
        version = cipher = ""
        if self.wire.secure:
            tls = transport.get_extra_info("ssl_object")
            version, cipher = tls.version() or "", (tls.cipher() or ("",))[0]
        return Arrival(client, port, protocol, listener.port, version, cipher)

    def _count(self, taker: _Taker, status: int) -> None:
        balancer = taker.listener.balancer
        self.world.counters.count(
            Way(
                account=balancer.account,
                load_balancer=balancer.name,
                listener=taker.listener.arn,
                rule=taker.rule.arn if taker.rule else "",
                target_group=taker.group.arn if taker.group else "",
                target=taker.target.label if taker.target else "",
                status=status,
            )
        )


class _Taker:
    """Who had to do with a request, as far as it got."""

    __slots__ = ("begun", "body", "group", "listener", "rule", "target")

    def __init__(self, listener: Listener, body: Body) -> None:
        self.listener = listener
        self.body = body
        self.rule: Rule | None = None
        self.group: Group | None = None
        self.target: Target | None = None
        self.begun = False


def _words(status: int) -> str:
    return answer.TITLES.get(status) or heads.reason(status)
