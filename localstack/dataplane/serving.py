"""Answers requests: which rule takes one, what the rule's actions do with it, and the count."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from dataplane import answer, balancing, bearer, forwarding, rule, transform
from dataplane.answer import LOGIN_ANSWER, Answer
from dataplane.balancer import Listener
from dataplane.caller import Caller
from dataplane.condition import Subject
from dataplane.counters import Way
from dataplane.exchange import ClientGone, Exchange, Outgoing
from dataplane.forwarding import Arrival
from dataplane.group import Group, Target
from dataplane.head import Fields, Refusal, Request
from dataplane.leg import Question
from dataplane.rule import Rule
from dataplane.services import Services
from dataplane.upstream import version_of
from dataplane.wire import Wire
from dataplane.world import World

SERVER = "awselb/2.0"


class Serving:
    """What happens to the requests of one client's connection."""

    def __init__(self, world: World, services: Services, wire: Wire) -> None:
        self._world = world
        self._services = services
        self._wire = wire
        self._began = time.monotonic()
        self._shown: Fields | None = None

    async def answer(self, listener: Listener, request: Request, caller: Caller) -> bool:
        """Answer one request; whether the connection is good for another."""
        arrival = self._arrival(listener)
        taker = _Taker(listener)
        try:
            forwarding.check(request, listener.balancer.attributes)
            subject = Subject(request, arrival.client)
            if request.path == LOGIN_ANSWER:
                back = await self._services.logins.complete(request, listener)
                if back is not None:
                    self._count(taker, back.status)
                    return await self._say(listener, back, caller)
            taker.rule = rule.route(listener.rules, subject)
            made = await self._act(taker, subject, arrival, caller)
        except Refusal as refusal:
            made = answer.page(refusal.status, closes=refusal.status in (400, 408))
        except ClientGone:
            self._count(taker, 460)
            caller.abort()
            return False
        if isinstance(made, bool):
            return made and not self.is_aged(listener)
        self._count(taker, made.status)
        return await self._say(listener, made, caller)

    async def refuse(self, listener: Listener, refusal: Refusal, caller: Caller) -> None:
        """Answer a request that could not even be read."""
        self._count(_Taker(listener), refusal.status)
        await self._say(listener, answer.page(refusal.status, closes=True), caller)

    def is_aged(self, listener: Listener) -> bool:
        """Whether the connection has lasted as long as one may."""
        return time.monotonic() - self._began > listener.balancer.longest_connection

    async def _act(
        self, taker: _Taker, subject: Subject, arrival: Arrival, caller: Caller
    ) -> Answer | bool:
        """Run the rule's actions in order: an answer of our own, or whether to go on."""
        assert taker.rule is not None, "a listener has a default rule"
        for action in taker.rule.actions:
            kind = action["Type"]
            if kind.startswith("authenticate-"):
                verdict = await self._services.logins.check(
                    action, subject, taker.listener, taker.rule
                )
                if verdict.answer is not None:
                    return verdict.answer
                arrival = replace(arrival, identity=verdict.identity)
                taker.cookies += verdict.cookies
            elif kind == "jwt-validation":
                config = action["JwtValidationConfig"]
                account = taker.listener.balancer.account
                await bearer.check(subject.request, config, account, self._services.key_sets)
            elif kind == "fixed-response":
                return answer.fixed(action["FixedResponseConfig"])
            elif kind == "redirect":
                config = action["RedirectConfig"]
                return answer.redirect(config, subject, arrival.protocol, arrival.port)
            else:
                taker.choose(action, subject.request, self._world)
                return await self._forward(taker, subject.request, arrival, caller)
        raise Refusal(500, "the rule has no action that answers")

    async def _forward(
        self, taker: _Taker, request: Request, arrival: Arrival, caller: Caller
    ) -> bool:
        listener, group, target = taker.listener, taker.group, taker.target
        assert taker.rule is not None and group is not None and target is not None, "chosen"
        attributes = listener.balancer.attributes
        host, path = transform.transformed(taker.rule.transforms, request.host, request.target)
        host = forwarding.host_header(host, arrival, attributes)
        question = Question(
            method=request.method,
            target=path,
            fields=forwarding.fields(request, host, arrival, attributes, listener.attributes),
            framing=request.framing,
            secure=group.settings.get("Protocol") == "HTTPS",
            trailers="trailers" in request.tokens("te"),
        )
        outgoing = Outgoing(
            question=question,
            cookies=taker.cookies,
            response_fields=listener.response_fields,
            hides_server=listener.hides_server,
            idle=listener.balancer.idle_timeout,
        )
        sent = await Exchange(caller, request, outgoing, group, target).run()
        self._count(taker, sent.status)
        return sent.keeps_alive

    async def _say(self, listener: Listener, made: Answer, caller: Caller) -> bool:
        """Send an answer of our own."""
        fields = [] if listener.hides_server else [("Server", SERVER)]
        fields += [("Date", answer.date()), *made.fields, *listener.response_fields]
        fields.append(("Content-Length", str(len(made.body))))
        return await caller.say(made, fields, listener.balancer.idle_timeout)

    def _arrival(self, listener: Listener) -> Arrival:
        transport = self._wire.transport
        client, port = transport.get_extra_info("peername") or ("0.0.0.0", 0)
        protocol = "https" if listener.is_secure else "http"
        arrival = Arrival(client, port, protocol, listener.port)
        if not self._wire.secure:
            return arrival
        tls = transport.get_extra_info("ssl_object")
        version, cipher = tls.version() or "", (tls.cipher() or ("",))[0]
        return replace(
            arrival, tls_version=version, tls_cipher=cipher, certificates=self._certificates(tls)
        )

    def _certificates(self, tls: Any) -> Fields | None:
        """What the client's certificates say, read once for a connection."""
        chain = getattr(tls, "chain", None)
        if self._shown is None and chain is not None:
            # Loaded by now, since the connection is one of its own.
            from dataplane.mutual_tls import headers

            self._shown = headers(chain, verified=tls.verifies)
        return self._shown

    def _count(self, taker: _Taker, status: int) -> None:
        balancer = taker.listener.balancer
        self._world.counters.count(
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

    __slots__ = ("cookies", "group", "listener", "rule", "target")

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.rule: Rule | None = None
        self.group: Group | None = None
        self.target: Target | None = None
        self.cookies: list[str] = []

    def choose(self, action: balancing.Json, request: Request, world: World) -> None:
        """Find the target group and the target of a forward action."""
        assert self.rule is not None, "an action is a rule's"
        config = action["ForwardConfig"]
        arn, cookies = balancing.choose_group(config, self.rule, request)
        self.cookies += cookies
        self.group = world.groups.get(arn)
        if self.group is None:
            raise Refusal(503, "no target group is chosen")
        forwarding.check_version(request, version_of(self.group))
        self.target = balancing.choose_target(self.group, request)
        if self.target is None:
            raise Refusal(503, "the target group has no target to use")
