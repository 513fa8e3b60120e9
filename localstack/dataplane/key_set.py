"""Key sets of identity providers: fetched from where a listener's action says, kept for a while.

AWS's guide, "Verify JWTs": an answer has at most 150 KB and 10 keys and comes within 5 seconds
with a 2xx status; anything else is the client's 562. Here only this machine is asked: a name is
looked up in the account's zones, and a private address stands for a loopback address as a target's
does. As nobody else can be there, the provider's certificate is not checked.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import dns.name
from dns.exception import DNSException
from dns.rdatatype import RdataType

from dataplane import address, upstream
from dataplane.framing import Malformed
from dataplane.head import Refusal
from dataplane.leg import Question, answer
from dataplane.resolution import Resolution, View

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from dataplane.world import World

Json = dict[str, Any]

FAILED = 562  # AWS's guide: "JWKS request failed"
PATIENCE = 5.0
LARGEST = 150 * 1024
MOST_KEYS = 10
# Not documented. A key that is not in the set is looked for again, but not at every request.
KEEP_SECONDS = 300.0
LOOK_AGAIN_SECONDS = 1.0


@dataclass
class KeySet:
    """The keys of one endpoint, by their ids."""

    keys: dict[str, RSAPublicKey] = field(default_factory=dict)
    fetched: float = float("-inf")
    fetching: asyncio.Lock = field(default_factory=asyncio.Lock)


class KeySets:
    """Those of all endpoints that were asked for."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sets: dict[tuple[str, str], KeySet] = {}

    async def keys(self, account: str, endpoint: str, wanted: str | None) -> list[RSAPublicKey]:
        """The keys that can have signed a token: the one of this id, or all if it names none."""
        found = self._sets.setdefault((account, endpoint), KeySet())
        patience = KEEP_SECONDS if wanted is None or wanted in found.keys else LOOK_AGAIN_SECONDS
        async with found.fetching:
            if time.monotonic() - found.fetched > patience:
                found.keys = await self._fetch(account, endpoint)
                found.fetched = time.monotonic()
        if wanted is None:
            return list(found.keys.values())
        return [found.keys[wanted]] if wanted in found.keys else []

    async def _fetch(self, account: str, endpoint: str) -> dict[str, RSAPublicKey]:
        place = urlsplit(endpoint)
        host = place.hostname or ""
        target = (place.path or "/") + (f"?{place.query}" if place.query else "")
        fields = [("Host", place.netloc), ("Accept", "application/json")]
        question = Question("GET", target, [*fields, ("Connection", "close")], 0, secure=True)
        where, port = self._locate(account, host, place.port or 443)
        try:
            async with asyncio.timeout(PATIENCE):
                leg = await upstream.fresh(where, port, "HTTP1", secure=True)
                try:
                    leg.ask(question)
                    leg.finish([])
                    leg.send()
                    response, body = await answer(leg, PATIENCE, LARGEST + 1)
                finally:
                    leg.abort()
        except (TimeoutError, Refusal, Malformed) as error:
            raise Refusal(FAILED, f"{endpoint} does not answer: {error}") from error
        if not 200 <= response.status <= 299 or len(body) > LARGEST:
            raise Refusal(FAILED, f"{endpoint} answers with {response.status}")
        return _read(body, endpoint)

    def _locate(self, account: str, host: str, port: int) -> tuple[str, int]:
        """Where on this machine an endpoint is."""
        try:
            found = IPv4Address("127.0.0.1" if host == "localhost" else host)
        except ValueError:
            found = self._resolve(account, host)
        if not found.is_private:
            raise Refusal(FAILED, f"{host} is not on this machine")
        place = str(found) if found.is_loopback else address.of_target(str(found))
        for door in self._world.doors.values():
            if (door.address, door.port) == (place, port):
                return place, door.bound
        return place, port

    def _resolve(self, account: str, host: str) -> IPv4Address:
        try:
            name = dns.name.from_text(host)
        except DNSException as wrong:
            raise Refusal(FAILED, f"{host} is not a name") from wrong
        found = Resolution(self._world, View(account)).ask(name, RdataType.A)
        for records in found.records:
            if records.rdtype == RdataType.A:
                return IPv4Address(records[0].to_text())
        raise Refusal(FAILED, f"{host} has no address")


def _read(body: bytes, endpoint: str) -> dict[str, RSAPublicKey]:
    """The RSA keys of a key set; others cannot have signed with RS256."""
    # Imported here because most runs never need it and it takes a while.
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    try:
        listed: list[Json] = json.loads(body)["keys"]
        if len(listed) > MOST_KEYS:
            raise ValueError(f"more than {MOST_KEYS} keys")
        found = {}
        for place, one in enumerate(listed):
            if one.get("kty") == "RSA" and one.get("use", "sig") == "sig":
                numbers = RSAPublicNumbers(e=_number(one["e"]), n=_number(one["n"]))
                found[str(one.get("kid", place))] = numbers.public_key()
    except (ValueError, KeyError, TypeError, AttributeError) as broken:
        raise Refusal(FAILED, f"{endpoint} has no key set: {broken!r}") from broken
    return found


def _number(text: str) -> int:
    return int.from_bytes(decoded(text), "big")


def decoded(text: str) -> bytes:
    """Base64url as RFC 7515 has it, without padding; ValueError for anything else."""
    if not text.isascii() or set(text) & set("+/="):
        raise ValueError("not base64url")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
