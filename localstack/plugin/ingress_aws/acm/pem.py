"""Reads the three PEM texts of an import and refuses what ACM refuses."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import AuthorityInformationAccessOID

from ingress_aws.acm import facts
from ingress_aws.acm.errors import invalid
from ingress_aws.acm.facts import Facts
from ingress_aws.errors import AwsError

# ImportCertificate in botocore's model: "must not exceed 1000 characters".
MAX_OCSP_URL = 1000

BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
ENCRYPTED = (b"BEGIN ENCRYPTED PRIVATE KEY", b"Proc-Type: 4,ENCRYPTED")

# Whatever a parser of foreign bytes can raise; all of it is the caller's fault.
UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm)


@dataclass(frozen=True)
class Pem:
    """The texts that GetCertificate gives back, and the key, which it does not.

    The key stays out of the repr, and so out of every log.
    """

    certificate: str
    chain: str | None
    key: bytes = field(repr=False)


def read(certificate: bytes, key: bytes, chain: bytes | None, now: datetime) -> tuple[Pem, Facts]:
    """The texts and facts of a certificate that ACM would import at this moment."""
    leaf, told = _leaf(certificate)
    _check_leaf(leaf, told, now)
    _check_key(_key(key), leaf)
    if chain is not None:
        _check_chain(leaf, _certificates(chain))
    texts = Pem(
        certificate=certificate.decode("ascii", "replace"),
        chain=chain.decode("ascii", "replace") if chain is not None else None,
        key=key,
    )
    return texts, told


def _leaf(text: bytes) -> tuple[x509.Certificate, Facts]:
    found = _certificates(text)
    if len(found) > 1:
        raise invalid(
            "The certificate field contains more than one certificate. "
            "You can specify only one certificate in this field."
        )
    try:
        return found[0], facts.read(found[0])
    except UNREADABLE as reason:
        raise _unreadable() from reason


def _certificates(text: bytes) -> list[x509.Certificate]:
    blocks = BLOCK.findall(text)
    if not blocks:
        raise _unreadable()
    try:
        return [x509.load_pem_x509_certificate(block) for block in blocks]
    except UNREADABLE as reason:
        raise _unreadable() from reason


def _unreadable() -> AwsError:
    return invalid(
        "The certificate body/chain provided is not in a valid PEM format, "
        "or could not be parsed. Be sure that the certificate is in PEM format."
    )


def _check_leaf(leaf: x509.Certificate, told: Facts, now: datetime) -> None:
    """The rules of ImportCertificate in botocore's model and of the user guide."""
    if leaf.version != x509.Version.v3:
        raise invalid("Only X.509 version 3 certificates can be imported.")
    if not told.key_algorithm:
        raise invalid("The private key length isn't supported for key algorithm.")
    if not list(leaf.issuer):
        raise invalid("The issuer of the certificate must not be empty.")
    if not told.not_before <= now <= told.not_after:
        raise invalid("The certificate is not valid at this time.")
    if facts.signed_by_ec(leaf) != isinstance(leaf.public_key(), ec.EllipticCurvePublicKey):
        raise invalid("The algorithm of the certificate must match that of the signing CA.")
    if any(len(url) > MAX_OCSP_URL for url in _ocsp_urls(leaf)):
        raise invalid(f"The OCSP authority URL must not exceed {MAX_OCSP_URL} characters.")


def _ocsp_urls(leaf: x509.Certificate) -> list[str]:
    access = facts.extension(leaf, x509.AuthorityInformationAccess)
    return [
        str(description.access_location.value)
        for description in access or []
        if description.access_method == AuthorityInformationAccessOID.OCSP
    ]


def _key(text: bytes) -> PrivateKeyTypes:
    if any(mark in text for mark in ENCRYPTED):
        raise invalid("Your private key should not be encrypted.")
    try:
        return load_pem_private_key(text, password=None)
    except UNREADABLE:
        # The parser's own words might quote the key.
        raise invalid("The private key is not supported.") from None


def _check_key(key: PrivateKeyTypes, leaf: x509.Certificate) -> None:
    if facts.key_algorithm(key.public_key()) is None:
        raise invalid("The private key is not supported.")
    if key.public_key() != leaf.public_key():
        raise invalid("The private key does not match the certificate.")


def _check_chain(leaf: x509.Certificate, chain: list[x509.Certificate]) -> None:
    """Each certificate of the chain certifies the one before it, the first one the leaf."""
    if leaf in chain:
        raise _broken_chain()
    for issued, issuer in pairwise([leaf, *chain]):
        try:
            issued.verify_directly_issued_by(issuer)
        except (*UNREADABLE, InvalidSignature) as reason:
            raise _broken_chain() from reason


def _broken_chain() -> AwsError:
    return invalid("Could not validate the certificate with the certificate chain.")
