"""Who may have a session of a role: what its trust policy says."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ingress_aws.iam import policy
from ingress_aws.iam.caller import Caller
from ingress_aws.iam.condition import Facts
from ingress_aws.iam.policy import ALLOW, DENY

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who wants a session: what trust policies may call it, by kind of principal."""

    names: dict[str, tuple[str, ...]]
    facts: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trust:
    """What a trust policy says about an applicant."""

    allowed: bool
    denied: bool = False
    # Whether the applicant itself is meant, and not only all whom its account lets.
    by_name: bool = False


def of_caller(who: Caller) -> Applicant:
    """An identity of AWS: by its own ARN, its role's, or its account."""
    root = f"{':'.join(who.arn.split(':')[:2])}:iam::{who.account}:root"
    return Applicant({"AWS": (who.arn, who.role or who.arn, root, who.account, "*")}, who.facts)


def judge(document: Any, action: str, applicant: Applicant, facts: Facts) -> Trust:
    """What a trust policy says; ValueError if it is not understood."""
    about = [
        (statement.effect, name)
        for statement in policy.read_trust(document).statements
        if statement.is_about(action, "*", {**facts, **applicant.facts})
        for name in _meant(statement.principals, applicant)
    ]
    allowing = [name for effect, name in about if effect == ALLOW]
    return Trust(
        allowed=bool(allowing),
        denied=any(effect == DENY for effect, _ in about),
        by_name=any(not name.endswith(":root") and ":" in name for name in allowing),
    )


def _meant(principals: tuple[tuple[str, str], ...], applicant: Applicant) -> Iterator[str]:
    for kind, name in principals:
        if name in applicant.names.get(kind, ()):
            yield name


def of_token(token: str, provider: str) -> Applicant:
    """A workload with a token of an identity provider; ValueError if it cannot be read.

    Signatures are not looked at: whoever uses this ground could as well make any token.
    """
    claims = claims_of(token)
    issuer = issuer_of(claims)
    facts = {
        f"{issuer.lower()}:{claim}": texts(claims[claim])
        for claim in ("aud", "sub")
        if claim in claims
    }
    return Applicant({"Federated": (provider, issuer)}, facts)


def claims_of(token: str) -> Json:
    """What a token says; ValueError if it is none."""
    parts = token.split(".")
    if len(parts) != 3:
        raise ValueError("a token has three parts")
    padded = parts[1] + "=" * (-len(parts[1]) % 4)
    claims = json.loads(base64.urlsafe_b64decode(padded))
    if not isinstance(claims, dict) or not isinstance(claims.get("iss"), str):
        raise ValueError("a token names its issuer")
    return claims


def issuer_of(claims: Json) -> str:
    """An issuer as IAM calls it: its address without the scheme."""
    return str(claims["iss"]).removeprefix("https://")


def texts(claim: Any) -> list[str]:
    """A claim that may be one text or several."""
    return [str(each) for each in claim] if isinstance(claim, list) else [str(claim)]
