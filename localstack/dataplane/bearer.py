"""The jwt-validation action: who has no good token is refused (AWS's guide, "Verify JWTs").

`iss` and `exp` must be there; `nbf` and `iat` count if they are. AWS does not say whether a claim
must have all of the values that an action lists or one of them; here it must have all.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from dataplane.head import Refusal, Request
from dataplane.key_set import KeySets, decoded

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

Json = dict[str, Any]


async def check(request: Request, config: Json, account: str, sets: KeySets) -> None:
    """Refuse a request whose token is missing or not good: 401, or 562 for want of keys."""
    scheme, _, token = request.first("authorization").partition(" ")
    if scheme.lower() != "bearer" or len(request.all("authorization")) != 1:
        raise Refusal(401, "no bearer token")
    try:
        first, second, third = token.strip().split(".")
        head, claims = json.loads(decoded(first)), json.loads(decoded(second))
        signature = decoded(third)
    except ValueError as broken:
        raise Refusal(401, "not a token") from broken
    if not isinstance(head, dict) or not isinstance(claims, dict):
        raise Refusal(401, "not a token")
    # RFC 7515, section 4.1.11: what "crit" names must be understood, and nothing is here.
    if head.get("alg") != "RS256" or "crit" in head:
        raise Refusal(401, "not signed with RS256")
    named = head.get("kid")
    keys = await sets.keys(account, config["JwksEndpoint"], named if named is None else str(named))
    signed = f"{first}.{second}".encode()
    if not any(_signs(key, signature, signed) for key in keys):
        raise Refusal(401, "not signed by the issuer")
    _check_claims(claims, config)


def _signs(key: RSAPublicKey, signature: bytes, signed: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        key.verify(signature, signed, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def _check_claims(claims: Json, config: Json) -> None:
    now = time.time()
    if claims.get("iss") != config["Issuer"]:
        raise Refusal(401, "another issuer")
    if not _is_time(claims.get("exp")) or claims["exp"] <= now:
        raise Refusal(401, "expired")
    for name in ("nbf", "iat"):
        if name in claims and (not _is_time(claims[name]) or claims[name] > now):
            raise Refusal(401, "not valid yet")
    for wanted in config.get("AdditionalClaims") or []:
        if not _has(claims.get(wanted["Name"]), wanted["Format"], wanted["Values"]):
            raise Refusal(401, f"the claim {wanted['Name']} is not as it should be")


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _has(claim: Any, form: str, values: list[str]) -> bool:
    if form == "string-array":
        return isinstance(claim, list) and all(value in claim for value in values)
    if not isinstance(claim, str):
        return False
    if form == "space-separated-values":
        return set(values) <= set(claim.split(" "))
    return claim == values[0]
