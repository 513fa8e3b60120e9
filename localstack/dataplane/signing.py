"""The key with which claims are signed for targets, and where its public half is.

AWS's guide, "User claims encoding and signature verification": ECDSA with P-256 and SHA-256, and
base64 with its padding. On AWS the key is at `public-keys.auth.elb.REGION.amazonaws.com/KID`.
"""

from __future__ import annotations

import base64
import json
import uuid
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

# The bytes of each of the two numbers of a signature (RFC 7518, section 3.4).
HALF = 32


class Signing:
    """One key for as long as the process lives."""

    def __init__(self) -> None:
        self.key_id = str(uuid.uuid4())

    @cached_property
    def _key(self) -> EllipticCurvePrivateKey:
        # Imported here because most runs never need it and it takes a while.
        from cryptography.hazmat.primitives.asymmetric import ec

        return ec.generate_private_key(ec.SECP256R1())

    def token(self, head: dict[str, Any], claims: dict[str, Any]) -> str:
        """Claims, signed."""
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
        from cryptography.hazmat.primitives.hashes import SHA256

        whole = {"typ": "JWT", "kid": self.key_id, "alg": "ES256", **head}
        signed = f"{_encoded(whole)}.{_encoded(claims)}"
        first, second = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(SHA256())))
        raw = first.to_bytes(HALF, "big") + second.to_bytes(HALF, "big")
        return f"{signed}.{base64.urlsafe_b64encode(raw).decode()}"

    def public(self) -> str:
        """The public half, as PEM."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        public = self._key.public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()
