"""Key sets of identity providers: fetched from where a listener's action says, kept for a while.

AWS's guide, "Verify JWTs": an answer has at most 150 KB and 10 keys and comes within 5 seconds
with a 2xx status; anything else is the client's 562.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dataplane.head import Refusal
from dataplane.provider import Asked, Providers, Unanswered

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

Json = dict[str, Any]

FAILED = 562  # AWS's guide: "JWKS request failed"
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

    def __init__(self, providers: Providers) -> None:
        self._providers = providers
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
        try:
            status, body = await self._providers.ask(account, Asked(endpoint), LARGEST + 1)
        except Unanswered as error:
            raise Refusal(FAILED, str(error)) from error
        if not 200 <= status <= 299 or len(body) > LARGEST:
            raise Refusal(FAILED, f"{endpoint} answers with {status}")
        return _read(body, endpoint)


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
