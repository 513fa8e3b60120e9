"""TLS in which clients show certificates too: AWS's guide, "Mutual authentication with TLS".

Python's own TLS cannot take a certificate without checking it, which `passthrough` is; pyOpenSSL
can. Its connections are dressed up as Python's, so that asyncio runs them like all others.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from OpenSSL import SSL, crypto

from dataplane.memory_file import memory_file

Json = dict[str, Any]
T = TypeVar("T")

# AWS's quotas page: "Maximum depth of a certificate chain" is 4.
DEEPEST_CHAIN = 4
# openssl/x509_vfy.h
CERTIFICATE_HAS_EXPIRED = 10
# What is asked for at once; TLS records are no longer than this.
RECORD = 16 * 1024

VERSIONS = {
    ssl.TLSVersion.TLSv1_2: SSL.TLS1_2_VERSION,
    ssl.TLSVersion.TLSv1_3: SSL.TLS1_3_VERSION,
}


@dataclass(frozen=True)
class Demand:
    """What a listener wants of its clients."""

    verifies: bool
    ignores_expiry: bool = False
    advertises: bool = False
    authorities: list[x509.Certificate] = field(default_factory=list)
    revoked: frozenset[tuple[bytes, int]] = frozenset()  # issuer and serial number

    @classmethod
    def of(cls, settings: Json, trust: Json | None) -> Demand:
        """From the listener's settings and its trust store."""
        if settings["Mode"] != "verify" or trust is None:
            return cls(verifies=settings["Mode"] == "verify")
        return cls(
            verifies=True,
            ignores_expiry=bool(settings["IgnoreClientCertificateExpiry"]),
            advertises=settings["AdvertiseTrustStoreCaNames"] == "on",
            authorities=x509.load_pem_x509_certificates(trust["bundle"].encode("latin-1")),
            revoked=frozenset(one for text in trust["revocations"] for one in _revoked(text)),
        )

    def accepts(self, certificate: x509.Certificate, trouble: int) -> bool:
        """Whether a certificate of a client's chain is good; `trouble` is what OpenSSL found."""
        if not self.verifies:
            return True
        if trouble and not (trouble == CERTIFICATE_HAS_EXPIRED and self.ignores_expiry):
            return False
        # AWS's guide: "X.509v1 client certificates are not supported".
        if certificate.version is not x509.Version.v3:
            return False
        return (certificate.issuer.public_bytes(), certificate.serial_number) not in self.revoked


def _revoked(text: str) -> list[tuple[bytes, int]]:
    found = x509.load_pem_x509_crl(text.encode("latin-1"))
    issuer = found.issuer.public_bytes()
    return [(issuer, one.serial_number) for one in found]


def prepared(
    pem: bytes, demand: Demand, least: ssl.TLSVersion, most: ssl.TLSVersion | None, alpn: list[str]
) -> SSL.Context:
    """What a connection with one of the listener's certificates is encrypted with."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(VERSIONS[least])
    context.set_max_proto_version(VERSIONS[most] if most else 0)
    with memory_file(pem) as path:
        context.use_certificate_chain_file(path)
        context.use_privatekey_file(path)

    def check(
        _connection: SSL.Connection, shown: crypto.X509, trouble: int, _depth: int, _ok: int
    ) -> bool:
        return demand.accepts(shown.to_cryptography(), trouble)

    wanted = SSL.VERIFY_PEER | (SSL.VERIFY_FAIL_IF_NO_PEER_CERT if demand.verifies else 0)
    context.set_verify(wanted, check)
    context.set_verify_depth(DEEPEST_CHAIN)
    store = context.get_cert_store()
    assert store is not None, "a context has a store"
    # A bundle may hold nothing but the CA that signed the clients' certificates.
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    for one in demand.authorities:
        store.add_cert(crypto.X509.from_cryptography(one))
    if demand.advertises:
        names = [crypto.X509.from_cryptography(one).get_subject() for one in demand.authorities]
        context.set_client_ca_list(names)
    # A resumed session would show no certificate again, and its trust store may have changed.
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_options(SSL.OP_NO_TICKET)
    context.set_session_id(b"albedo")

    def select(_connection: SSL.Connection, offered: list[bytes]) -> bytes | Any:
        common = (one.encode() for one in alpn if one.encode() in offered)
        return next(common, SSL.NO_OVERLAPPING_PROTOCOLS)

    context.set_alpn_select_callback(select)  # type: ignore[arg-type]
    return context


class MutualContext(ssl.SSLContext):
    """Makes connections on which clients are asked for certificates."""

    default: SSL.Context
    choose: Callable[[str], SSL.Context | None]

    @classmethod
    def of(cls, default: SSL.Context, choose: Callable[[str], SSL.Context | None]) -> MutualContext:
        """With a default, and what is used instead of it for a name."""
        made = cls(ssl.PROTOCOL_TLS_SERVER)
        made.default, made.choose = default, choose

        def named(connection: SSL.Connection) -> None:
            name = (connection.get_servername() or b"").decode("latin-1")
            connection.set_context((made.choose(name) if name else None) or made.default)

        default.set_tlsext_servername_callback(named)
        return made

    def wrap_bio(  # type: ignore[override]
        self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, **_more: Any
    ) -> MutualObject:
        return MutualObject(SSL.Connection(self.default, None), incoming, outgoing)


class MutualObject:
    """A connection that asyncio takes for an `ssl.SSLObject`."""

    def __init__(
        self, connection: SSL.Connection, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO
    ) -> None:
        self._connection = connection
        self._incoming = incoming
        self._outgoing = outgoing
        connection.set_accept_state()

    def do_handshake(self) -> None:
        self._run(self._connection.do_handshake)

    def read(self, most: int) -> bytes:
        return self._run(lambda: self._connection.recv(most))

    def write(self, data: bytes) -> int:
        return self._run(lambda: self._connection.send(bytes(data)))

    def unwrap(self) -> None:
        if not self._run(self._connection.shutdown):
            raise ssl.SSLWantReadError

    def getpeercert(self) -> None:
        """asyncio asks for it; who wants to know the client's certificates looks at `chain`."""

    def compression(self) -> None:
        """There is none."""

    def cipher(self) -> tuple[str, str, int]:
        connection = self._connection
        bits = connection.get_cipher_bits() or 0
        return connection.get_cipher_name() or "", connection.get_cipher_version() or "", bits

    def version(self) -> str:
        return self._connection.get_protocol_version_name()

    def selected_alpn_protocol(self) -> str:
        return self._connection.get_alpn_proto_negotiated().decode()

    @property
    def verifies(self) -> bool:
        """Whether a client without a good certificate would not have come so far."""
        return bool(self._connection.get_verify_mode() & SSL.VERIFY_FAIL_IF_NO_PEER_CERT)

    @property
    def chain(self) -> list[x509.Certificate]:
        """What the client has shown, its own certificate first."""
        leaf = self._connection.get_peer_certificate(as_cryptography=True)
        if leaf is None:
            return []
        rest = self._connection.get_peer_cert_chain(as_cryptography=True) or []
        return [leaf, *(one for one in rest if one != leaf)]

    def _run(self, act: Callable[[], T]) -> T:
        """Let OpenSSL have what came, do something, and hand over what it wants to send."""
        while self._incoming.pending:
            self._connection.bio_write(self._incoming.read(RECORD))
        try:
            return act()
        except SSL.WantReadError:
            raise ssl.SSLWantReadError from None
        except SSL.ZeroReturnError:
            raise ssl.SSLZeroReturnError("closed") from None
        except SSL.Error as error:
            raise ssl.SSLError(f"{error}") from error
        finally:
            self._hand_over()

    def _hand_over(self) -> None:
        while True:
            try:
                self._outgoing.write(self._connection.bio_read(RECORD))
            except SSL.Error:
                return  # there is no more


def headers(chain: list[x509.Certificate], *, verified: bool) -> list[tuple[str, str]]:
    """What targets learn of a client's certificates: names as attributes spell them, and values."""
    if not chain:
        return []
    if not verified:
        return [("clientcert", _quoted(chain))]
    leaf = chain[0]
    serial = f"{leaf.serial_number:X}"
    begins, ends = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    validity = f"NotBefore={begins:%Y-%m-%dT%H:%M:%SZ};NotAfter={ends:%Y-%m-%dT%H:%M:%SZ}"
    return [
        ("clientcert_serial_number", serial.rjust(len(serial) + len(serial) % 2, "0")),
        ("clientcert_issuer", leaf.issuer.rfc4514_string()),
        ("clientcert_subject", leaf.subject.rfc4514_string()),
        ("clientcert_validity", validity),
        ("clientcert_leaf", _quoted([leaf])),
    ]


def _quoted(chain: list[x509.Certificate]) -> str:
    text = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain)
    return quote(text, safe="+=/")
