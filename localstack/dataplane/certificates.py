"""TLS with ACM's certificates: fetched when a client first comes, chosen by the name it asks for.

The keys are asked of LocalStack with a token that only `up` and its two processes know. They are
kept in memory only: OpenSSL reads them from an anonymous file.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from typing import Any, TypeVar

from dataplane.balancer import Listener
from dataplane.control_plane import ControlPlane
from dataplane.memory_file import memory_file

Json = dict[str, Any]
T = TypeVar("T")

# ECDSA is preferred to RSA, and longer keys to shorter ones: AWS's guide, "SNI".
_PREFERENCE = ("EC_secp521r1", "EC_secp384r1", "EC_prime256v1", "RSA_4096", "RSA_3072", "RSA_2048")


class Certificates:
    """The certificates that listeners use, and the trust stores they check clients by."""

    def __init__(self, control_plane: ControlPlane) -> None:
        self._control_plane = control_plane
        self._docs: dict[str, Json] = {}
        self._trust: dict[str, Json] = {}
        self._texts: dict[tuple[str, str], bytes] = {}
        self._contexts: dict[tuple[str, ...], ssl.SSLContext] = {}
        self._fetching = asyncio.Lock()

    def update(self, arn: str, doc: Json | None) -> None:
        """Take over what the control plane says of a certificate; None if it is not used."""
        _replace(self._docs, arn, doc)
        current = {(arn, one["fingerprint"]) for arn, one in self._docs.items()}
        self._texts = {key: text for key, text in self._texts.items() if key in current}
        self._contexts.clear()

    def update_trust(self, arn: str, doc: Json | None) -> None:
        """Take over what the control plane says of a trust store; None if it is not used."""
        _replace(self._trust, arn, doc)
        self._contexts.clear()

    async def context(self, listener: Listener) -> ssl.SSLContext | None:
        """What a connection to a listener is encrypted with; None if it has no certificate yet."""
        arns = [arn for arn in listener.certificates if arn in self._docs]
        key = (
            str(listener.doc["ssl_policy"]),
            " ".join(listener.tls_protocols),
            json.dumps(listener.mutual),
            *(f"{arn} {self._docs[arn]['fingerprint']}" for arn in arns),
        )
        made = self._contexts.get(key)
        if made is None:
            async with self._fetching:
                made = self._contexts.get(key) or await self._make(listener, arns)
            if made is not None:
                self._contexts[key] = made
        return made

    async def _make(self, listener: Listener, arns: list[str]) -> ssl.SSLContext | None:
        texts: list[tuple[Json, bytes]] = []
        for arn in arns:
            doc = self._docs.get(arn)
            if doc is None:
                continue
            try:
                texts.append((doc, await self._text(arn, doc)))
            except (OSError, ValueError) as error:
                print(f"certificate {arn} cannot be used: {error}", file=sys.stderr, flush=True)
        if not texts:
            return None
        if listener.mutual["Mode"] != "off":
            return self._mutual(listener, texts)
        contexts = [(doc, _context(text, listener)) for doc, text in texts]
        default = contexts[0][1]

        def choose(connection: ssl.SSLObject, name: str | None, _first: ssl.SSLContext) -> None:
            if name is not None:
                connection.context = best(contexts, name) or default

        default.sni_callback = choose
        return default

    def _mutual(self, listener: Listener, texts: list[tuple[Json, bytes]]) -> ssl.SSLContext:
        # Imported here because most runs never need it and it takes a while.
        from dataplane.mutual_tls import Demand, MutualContext, prepared

        settings = listener.mutual
        demand = Demand.of(settings, self._trust.get(settings.get("TrustStoreArn", "")))
        terms = (*_versions(listener), listener.tls_protocols)
        contexts = [(doc, prepared(text, demand, *terms)) for doc, text in texts]
        return MutualContext.of(contexts[0][1], lambda name: best(contexts, name))

    async def _text(self, arn: str, doc: Json) -> bytes:
        key = (arn, str(doc["fingerprint"]))
        if key not in self._texts:
            told = await self._control_plane.certificate(arn, doc["account"], doc["region"])
            self._texts[key] = told.encode()
        return self._texts[key]


def _replace(docs: dict[str, Json], arn: str, doc: Json | None) -> None:
    docs.pop(arn, None)
    if doc is not None:
        docs[arn] = doc


def best(contexts: list[tuple[Json, T]], name: str) -> T | None:
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


def _versions(listener: Listener) -> tuple[ssl.TLSVersion, ssl.TLSVersion | None]:
    """The oldest and, if there is one, the newest version of TLS that is spoken.

    Policies are told by their names: AWS's guide, "Security policies". What OpenSSL no longer
    speaks (TLS 1.0 and 1.1) is left out.
    """
    policy = str(listener.doc["ssl_policy"])
    only_newest = policy.startswith("ELBSecurityPolicy-TLS13-1-3")
    least = ssl.TLSVersion.TLSv1_3 if only_newest else ssl.TLSVersion.TLSv1_2
    return least, None if "TLS13" in policy else ssl.TLSVersion.TLSv1_2


def _context(text: bytes, listener: Listener) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, most = _versions(listener)
    context.maximum_version = most or ssl.TLSVersion.MAXIMUM_SUPPORTED
    if listener.tls_protocols:
        context.set_alpn_protocols(listener.tls_protocols)
    with memory_file(text) as path:
        context.load_cert_chain(path)
    return context
