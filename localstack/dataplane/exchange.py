"""One request, from the client to a target and back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from dataplane import tunnel, upstream
from dataplane.caller import Caller, PlainCaller, end_to_end
from dataplane.framing import Malformed
from dataplane.group import Group, Target
from dataplane.head import Fields, Refusal, Request, Response
from dataplane.leg import Leg, PlainLeg, Question
from dataplane.stickiness import target_cookies


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

    question: Question
    cookies: list[str]
    response_fields: Fields  # set on every response of the listener
    hides_server: bool
    idle: float


class Exchange:
    """A request that is being answered by a target."""

    def __init__(
        self, caller: Caller, request: Request, outgoing: Outgoing, group: Group, target: Target
    ) -> None:
        self.caller = caller
        self.request = request
        self.outgoing = outgoing
        self.group = group
        self.target = target
        self._leg: Leg | None = None
        self._refusal: Refusal | None = None
        self._moved = 0.0  # when something last came, from whichever side

    def cut(self) -> None:
        """The target is gone for good."""
        self._refusal = Refusal(502, "the deregistration delay is over")
        self._hang_up()

    async def run(self) -> Sent:
        """Do it; Refusal and ClientGone are raised as long as nothing was sent back."""
        self.target.open.add(self)
        self.caller.watch(self._hang_up)
        try:
            return await self._run()
        except BaseException:
            self._hang_up()
            raise
        finally:
            self.caller.watch(None)
            self.target.open.discard(self)

    def _hang_up(self) -> None:
        if self._leg is not None:
            self._leg.abort()

    async def _run(self) -> Sent:
        caller = self.caller
        first = await caller.first(self.outgoing.idle)
        self._leg = leg = await upstream.connection(self.group, self.target)
        if caller.lost:
            raise ClientGone
        if self._refusal is not None:
            raise self._refusal
        leg.ask(self.outgoing.question)
        leg.piece(first)
        pump = None
        if caller.done:
            leg.finish(caller.trailers)
        leg.send()
        if not caller.done:
            pump = asyncio.create_task(self._pump(leg))
        try:
            response = await self._response(leg)
            if response.status == 101:
                return await self._upgrade(leg, response)
            return await self._relay(leg, response, pump)
        finally:
            if pump is not None:
                pump.cancel()

    # --- the request's body ---

    async def _pump(self, leg: Leg) -> None:
        """Send the rest of the body on; whatever goes wrong with it ends the exchange."""
        idle = self.outgoing.idle
        while True:
            try:
                data = await self.caller.next(idle)
                self._touch()
                leg.piece(data)
                if self.caller.done:
                    leg.finish(self.caller.trailers)
                await leg.flush(idle)
                if self.caller.done:
                    return
            except Malformed as error:
                self._refusal = Refusal(400, str(error))
                leg.abort()
                return
            except TimeoutError:
                # A client may listen for long before it goes on. Whether it is the client or the
                # target that stands still is told by whoever waits for the response.
                if self.caller.done or self._stands_still():
                    return

    def _touch(self) -> None:
        self._moved = asyncio.get_running_loop().time()

    def _stands_still(self) -> bool:
        return asyncio.get_running_loop().time() - self._moved >= self.outgoing.idle

    # --- the response ---

    async def _response(self, leg: Leg) -> Response:
        """The final response's head; those before it are passed on."""
        while True:
            response = leg.response()
            if response is None:
                await self._wait(leg)
            elif response.status >= 200 or response.status == 101:
                return response
            else:
                self.caller.inform(response)

    async def _wait(self, leg: Leg) -> None:
        why = "the target closed the connection"
        try:
            if await leg.more(self.outgoing.idle):
                return
        except Malformed as broken:
            why = str(broken)
        except TimeoutError as late:
            if not self._stands_still():
                return  # the request is still on its way
            if self.caller.owes:
                raise Refusal(408, "the body does not come") from late
            raise Refusal(504, "the target does not answer") from late
        if self.caller.lost:
            raise ClientGone
        raise self._refusal or Refusal(502, why)

    async def _relay(self, leg: Leg, response: Response, pump: asyncio.Task[None] | None) -> Sent:
        """Send the response on. From here on, a failure can only be shown by closing."""
        caller, idle = self.caller, self.outgoing.idle
        caller.begin(response, self._fields(response), whole=pump is None or pump.done())
        try:
            while True:
                caller.piece(leg.take())
                if leg.done:
                    break
                await caller.flush(idle)
                # What came while we sent would be waited for in vain.
                came = leg.take()
                caller.piece(came)
                if not came and not leg.done:
                    await self._more(leg)
        except (Malformed, TimeoutError):
            leg.abort()
            if caller.lost:
                raise ClientGone from None
            caller.abort()
            return Sent(response.status, keeps_alive=False)
        keeps = await caller.finish(leg.trailers, idle)
        if leg.usable and (pump is None or pump.done()):
            upstream.keep(self.target, leg)
        else:
            leg.close()
        if await caller.is_gone():
            raise ClientGone
        return Sent(response.status, keeps)

    async def _more(self, leg: Leg) -> None:
        """Wait for more of the response; Malformed if it was cut off."""
        while True:
            try:
                goes_on = await leg.more(self.outgoing.idle)
                break
            except TimeoutError:
                if self._stands_still():
                    raise
        self._touch()
        if not goes_on and self._refusal is not None:
            raise Malformed(self._refusal.why)

    def _fields(self, response: Response) -> Fields:
        set_here = {name.lower() for name, _ in self.outgoing.response_fields}
        if self.outgoing.hides_server:
            set_here.add("server")
        made = [one for one in end_to_end(response.fields) if one[0].lower() not in set_here]
        cookies = [*self.outgoing.cookies, *target_cookies(response, self.group, self.target)]
        made += self.outgoing.response_fields
        made += [("Set-Cookie", cookie) for cookie in cookies]
        return made

    async def _upgrade(self, leg: Leg, response: Response) -> Sent:
        caller = self.caller
        if not self.request.upgrades or not isinstance(caller, PlainCaller):
            raise Refusal(502, "the target upgraded a request that did not ask for it")
        assert isinstance(leg, PlainLeg), "HTTP/2 has no status 101"
        await tunnel.join(caller.wire, leg.wire, response, self.outgoing.idle)
        return Sent(101, keeps_alive=False)
