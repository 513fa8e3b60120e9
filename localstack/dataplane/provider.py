"""Identity providers, asked over HTTPS: but on this machine only.

A name is looked up in the account's zones, and a private address stands for a loopback address as
a target's does. As nobody else can be there, the provider's certificate is not checked.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from ipaddress import IPv4Address
from urllib.parse import urlsplit

import dns.name
from dns.exception import DNSException
from dns.rdatatype import RdataType

from dataplane import address, upstream
from dataplane.framing import Malformed
from dataplane.head import Fields, Refusal
from dataplane.leg import Question, answer
from dataplane.resolution import Resolution, View
from dataplane.world import World

# AWS's guide: key sets, tokens and claims are waited for so long.
PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to a provider."""

    url: str
    method: str = "GET"
    fields: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Unanswered(Exception):
    """A provider could not be asked, or said nothing that is HTTP."""


class Providers:
    """The providers that an account's load balancers can reach."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def ask(self, account: str, asked: Asked, most: int) -> tuple[int, bytes]:
        """The status and the first bytes of an answer; Unanswered if there is none."""
        place = urlsplit(asked.url)
        target = (place.path or "/") + (f"?{place.query}" if place.query else "")
        fields: Fields = [("Host", place.netloc), ("Accept", "application/json"), *asked.fields]
        if asked.body:
            fields.append(("Content-Length", str(len(asked.body))))
        fields.append(("Connection", "close"))
        question = Question(asked.method, target, fields, len(asked.body), secure=True)
        where, port = self._locate(account, place.hostname or "", place.port or 443)
        try:
            async with asyncio.timeout(PATIENCE):
                leg = await upstream.fresh(where, port, "HTTP1", secure=True)
                try:
                    leg.ask(question)
                    leg.piece(asked.body)
                    leg.finish([])
                    leg.send()
                    response, body = await answer(leg, PATIENCE, most)
                finally:
                    leg.abort()
        except (TimeoutError, Refusal, Malformed) as error:
            raise Unanswered(f"{asked.url} does not answer: {error}") from error
        return response.status, body

    def _locate(self, account: str, host: str, port: int) -> tuple[str, int]:
        """Where on this machine an endpoint is."""
        try:
            found = IPv4Address("127.0.0.1" if host == "localhost" else host)
        except ValueError:
            found = self._resolve(account, host)
        if not found.is_private:
            raise Unanswered(f"{host} is not on this machine")
        place = str(found) if found.is_loopback else address.of_target(str(found))
        for door in self._world.doors.values():
            if (door.address, door.port) == (place, port):
                return place, door.bound
        return place, port

    def _resolve(self, account: str, host: str) -> IPv4Address:
        try:
            name = dns.name.from_text(host)
        except DNSException as wrong:
            raise Unanswered(f"{host} is not a name") from wrong
        found = Resolution(self._world, View(account)).ask(name, RdataType.A)
        for records in found.records:
            if records.rdtype == RdataType.A:
                return IPv4Address(records[0].to_text())
        raise Unanswered(f"{host} has no address")
