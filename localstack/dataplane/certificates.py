"""TLS with ACM's certificates: fetched when a client first comes, chosen by the name it asks for.

The keys are asked of LocalStack with a token that only `up` and its two processes know. They are
kept in memory only: OpenSSL reads them from an anonymous file.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
from typing import Any

from dataplane.balancer import Listener
from dataplane.control_plane import ControlPlane

Json = dict[str, Any]

# ECDSA is preferred to RSA, and longer keys to shorter ones: AWS's guide, "SNI".
_PREFERENCE = ("EC_secp521r1", "EC_secp384r1", "EC_prime256v1", "RSA_4096", "RSA_3072", "RSA_2048")


class Certificates:
    """The certificates that listeners use."""

    def __init__(self, control_plane: ControlPlane) -> None:
        self._control_plane = control_plane
        self._docs: dict[str, Json] = {}
        self._texts: dict[tuple[str, str], bytes] = {}
        self._contexts: dict[tuple[str, ...], ssl.SSLContext] = {}
        self._fetching = asyncio.Lock()

    def update(self, arn: str, doc: Json | None) -> None:
        """Take over what the control plane says of a certificate; None if it is not used."""
        self._docs.pop(arn, None)
        if doc is not None:
            self._docs[arn] = doc
        current = {(arn, one["fingerprint"]) for arn, one in self._docs.items()}
        self._texts = {key: text for key, text in self._texts.items() if key in current}
        self._contexts.clear()

    async def context(self, listener: Listener) -> ssl.SSLContext | None:
        """What a connection to a listener is encrypted with; None if it has no certificate yet."""
        arns = [arn for arn in listener.certificates if arn in self._docs]
        policy = str(listener.doc["ssl_policy"])
        protocols = ("h2", "http/1.1") if listener.balancer.speaks_http2 else ("http/1.1",)
        key = (policy, protocols[0], *(f"{arn} {self._docs[arn]['fingerprint']}" for arn in arns))
        made = self._contexts.get(key)
        if made is None:
            async with self._fetching:
                made = self._contexts.get(key) or await self._make(arns, policy, protocols)
            if made is not None:
                self._contexts[key] = made
        return made

    async def _make(
        self, arns: list[str], policy: str, protocols: tuple[str, ...]
    ) -> ssl.SSLContext | None:
        contexts: list[tuple[Json, ssl.SSLContext]] = []
        for arn in arns:
            doc = self._docs.get(arn)
            if doc is None:
                continue
            try:
                text = await self._text(arn, doc)
                contexts.append((doc, _context(text, policy, protocols)))
            except (OSError, ValueError) as error:
                print(f"certificate {arn} cannot be used: {error}", file=sys.stderr, flush=True)
        if not contexts:
            return None
        default = contexts[0][1]

        def choose(connection: ssl.SSLObject, name: str | None, _first: ssl.SSLContext) -> None:
            if name is not None:
                connection.context = best(contexts, name) or default

        default.sni_callback = choose
        return default

    async def _text(self, arn: str, doc: Json) -> bytes:
        key = (arn, str(doc["fingerprint"]))
        if key not in self._texts:
            told = await self._control_plane.certificate(arn, doc["account"], doc["region"])
            self._texts[key] = told.encode()
        return self._texts[key]


def best(contexts: list[tuple[Json, ssl.SSLContext]], name: str) -> ssl.SSLContext | None:
    """The best certificate for a name; None if none has it."""
    fitting = [
        (_rank(doc), place, context)
        for place, (doc, context) in enumerate(contexts)
        if any(covers(domain, name) for domain in doc["domains"])
    ]
    return min(fitting, key=lambda one: one[:2])[2] if fitting else None


def covers(domain: str, name: str) -> bool:
    """Whether a certificate's name is this one, or has a wildcard for its first label."""
    domain, name = domain.lower(), name.lower().rstrip(".")
    if domain.startswith("*."):
        return name.partition(".")[2] == domain[2:]
    return domain == name


def _rank(doc: Json) -> int:
    algorithm = doc["key_algorithm"]
    return _PREFERENCE.index(algorithm) if algorithm in _PREFERENCE else len(_PREFERENCE)


def _context(text: bytes, policy: str, protocols: tuple[str, ...]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Policies are told by their names: AWS's guide, "Security policies". What OpenSSL no longer
    # speaks (TLS 1.0 and 1.1) is left out.
    only_newest = policy.startswith("ELBSecurityPolicy-TLS13-1-3")
    context.minimum_version = ssl.TLSVersion.TLSv1_3 if only_newest else ssl.TLSVersion.TLSv1_2
    if "TLS13" not in policy:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(list(protocols))
    handle = os.memfd_create("certificate", os.MFD_CLOEXEC)
    try:
        os.write(handle, text)
        context.load_cert_chain(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)
    return context
