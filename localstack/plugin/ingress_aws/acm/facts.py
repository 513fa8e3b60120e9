"""What ACM tells about an X.509 certificate, read from it once."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

E = TypeVar("E", bound=x509.ExtensionType)

# KeyAlgorithm in botocore's model, which is also what an import accepts ("Prerequisites for
# importing ACM certificates" in the user guide).
RSA_SIZES = {1024: "RSA_1024", 2048: "RSA_2048", 3072: "RSA_3072", 4096: "RSA_4096"}
CURVES = {
    "secp256r1": "EC_prime256v1",
    "secp384r1": "EC_secp384r1",
    "secp521r1": "EC_secp521r1",
}

KEY_USAGES = {
    "digital_signature": "DIGITAL_SIGNATURE",
    "content_commitment": "NON_REPUDIATION",
    "key_encipherment": "KEY_ENCIPHERMENT",
    "data_encipherment": "DATA_ENCIPHERMENT",
    "key_agreement": "KEY_AGREEMENT",
    "key_cert_sign": "CERTIFICATE_SIGNING",
    "crl_sign": "CRL_SIGNING",
}

EXTENDED_KEY_USAGES = {
    ExtendedKeyUsageOID.SERVER_AUTH: "TLS_WEB_SERVER_AUTHENTICATION",
    ExtendedKeyUsageOID.CLIENT_AUTH: "TLS_WEB_CLIENT_AUTHENTICATION",
    ExtendedKeyUsageOID.CODE_SIGNING: "CODE_SIGNING",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "EMAIL_PROTECTION",
    ExtendedKeyUsageOID.TIME_STAMPING: "TIME_STAMPING",
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSP_SIGNING",
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "ANY",
}


@dataclass(frozen=True)
class Facts:
    """A certificate as a list of facts; usages are empty if the extension is not there."""

    domains: tuple[str, ...]
    key_algorithm: str
    serial: str
    subject: str
    issuer: str
    signature_algorithm: str
    not_before: datetime
    not_after: datetime
    key_usages: tuple[str, ...]
    extended_key_usages: tuple[tuple[str, str], ...]


def read(leaf: x509.Certificate) -> Facts:
    """The facts of a parsed certificate; a ValueError if it cannot be read to the end."""
    digest = leaf.signature_hash_algorithm
    signer = "ECDSA" if signed_by_ec(leaf) else "RSA"
    return Facts(
        domains=_domains(leaf),
        key_algorithm=key_algorithm(leaf.public_key()) or "",
        serial=serial_text(leaf.serial_number),
        subject=leaf.subject.rfc4514_string(),
        issuer=_issuer(leaf),
        signature_algorithm=f"{digest.name.upper() if digest else 'NONE'}WITH{signer}",
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        key_usages=_key_usages(leaf),
        extended_key_usages=tuple(
            (EXTENDED_KEY_USAGES.get(oid, "CUSTOM"), oid.dotted_string)
            for oid in extension(leaf, x509.ExtendedKeyUsage) or []
        ),
    )


def key_algorithm(key: PublicKeyTypes) -> str | None:
    """ACM's name for a key's kind and size, or None if ACM does not take it."""
    if isinstance(key, rsa.RSAPublicKey):
        return RSA_SIZES.get(key.key_size)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return CURVES.get(key.curve.name)
    return None


def serial_text(number: int) -> str:
    """A serial number as ACM shows it: bytes in hex with colons."""
    return number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big").hex(":")


def signed_by_ec(certificate: x509.Certificate) -> bool:
    """Whether the signer's key is an elliptic curve one."""
    return isinstance(certificate.signature_algorithm_parameters, ec.ECDSA)


def extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    """The extension of a kind, if the certificate has it."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _domains(leaf: x509.Certificate) -> tuple[str, ...]:
    """The names that the certificate is for, its common name first if it is one."""
    names = extension(leaf, x509.SubjectAlternativeName)
    found = names.get_values_for_type(x509.DNSName) if names is not None else []
    common_name = _first(leaf.subject, NameOID.COMMON_NAME)
    if common_name and "." in common_name and " " not in common_name:
        found = [common_name, *found]
    return tuple(dict.fromkeys(found))


def _issuer(leaf: x509.Certificate) -> str:
    """Who signed, by the name a person would use."""
    return (
        _first(leaf.issuer, NameOID.ORGANIZATION_NAME)
        or _first(leaf.issuer, NameOID.COMMON_NAME)
        or leaf.issuer.rfc4514_string()
    )


def _key_usages(leaf: x509.Certificate) -> tuple[str, ...]:
    usage = extension(leaf, x509.KeyUsage)
    if usage is None:
        return ()
    return tuple(name for flag, name in KEY_USAGES.items() if getattr(usage, flag))


def _first(name: x509.Name, oid: x509.ObjectIdentifier) -> str | None:
    found = name.get_attributes_for_oid(oid)
    return str(found[0].value) if found else None
