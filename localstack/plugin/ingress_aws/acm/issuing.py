"""Makes the certificates that Amazon would issue, signed by a CA of this process."""

import secrets
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ingress_aws.acm.authority import Signer
from ingress_aws.acm.certificate import Certificate
from ingress_aws.acm.facts import Facts, serial_text
from ingress_aws.acm.pem import Pem

# "ACM certificate characteristics" in the user guide: 13 months, 395 days.
LIFETIME = timedelta(days=395)
# The CA is valid under any account's clock.
AUTHORITY_START = datetime(2000, 1, 1, tzinfo=UTC)
AUTHORITY_END = datetime(2100, 1, 1, tzinfo=UTC)
RSA_EXPONENT = 65_537
# RFC 5280: at most 20 bytes; Amazon's have 16.
SERIAL_BITS = 127

CURVES = {"EC_prime256v1": ec.SECP256R1, "EC_secp384r1": ec.SECP384R1}

# ACM wants both ends of a signature to be of one kind: so one CA for each kind of key.
AUTHORITY_KEYS = {
    "RSA_2048": "RSA_2048",
    "EC_prime256v1": "EC_prime256v1",
    "EC_secp384r1": "EC_prime256v1",
}

SERVER_AUTH = ("TLS_WEB_SERVER_AUTHENTICATION", ExtendedKeyUsageOID.SERVER_AUTH.dotted_string)

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def issue(certificate: Certificate, now: datetime, signer: Signer | None = None) -> None:
    """Turn a request into an issued certificate, signed by Amazon or by a private CA.

    Only the facts are made here. The key is made when somebody asks for the PEM: an RSA key
    costs a tenth of a second, and hardly any test looks at it.
    """
    moment = now.replace(microsecond=0)
    key = certificate.key_algorithm if signer is None else kind_of(signer.key)
    algorithm = "RSA" if key.startswith("RSA") else "ECDSA"
    certificate.status = "ISSUED"
    certificate.issued_at = now
    certificate.facts = Facts(
        domains=certificate.domains,
        key_algorithm=certificate.key_algorithm,
        serial=serial_text(secrets.randbits(SERIAL_BITS) | 1),
        subject=f"CN={certificate.domains[0]}",
        issuer="Amazon" if signer is None else signer.name,
        signature_algorithm=f"SHA256WITH{algorithm}",
        not_before=moment,
        not_after=moment + LIFETIME,
        key_usages=("DIGITAL_SIGNATURE", "KEY_ENCIPHERMENT"),
        extended_key_usages=(SERVER_AUTH,),
    )
    if signer is not None:
        # It may be gone, or be another one, when somebody asks.
        certificate.pem = _make(certificate.facts, signer)


def kind_of(key: Key) -> str:
    """What a CA's key is: ACM asks only whether it is RSA."""
    return "RSA" if isinstance(key, rsa.RSAPrivateKey) else "EC"


def pem_of(certificate: Certificate) -> Pem | None:
    """The texts of a certificate; those of an issued one are made on the first call."""
    if certificate.pem is None and certificate.facts is not None:
        ca, key = _authority(AUTHORITY_KEYS[certificate.facts.key_algorithm])
        certificate.pem = _make(certificate.facts, Signer(ca, key, ""))
    return certificate.pem


def authorities() -> str:
    """The certificates of the CAs, for whoever wants to trust what they sign."""
    return "".join(_text(_authority(kind)[0]) for kind in sorted(set(AUTHORITY_KEYS.values())))


def _make(told: Facts, signer: Signer) -> Pem:
    ca, ca_key = signer.certificate, signer.key
    key = _new_key(told.key_algorithm)
    leaf = (
        x509.CertificateBuilder()
        .subject_name(_name(told.domains[0]))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(int(told.serial.replace(":", ""), 16))
        .not_valid_before(told.not_before)
        .not_valid_after(told.not_after)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name) for name in told.domains]), False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .add_extension(_key_usage(signs=False), True)
        .add_extension(_id_of_issuer(ca_key), False)
        .sign(ca_key, hashes.SHA256())
    )
    return Pem(
        certificate=_text(leaf),
        chain=_text(ca) + signer.chain,
        key=key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


@cache
def _authority(algorithm: str) -> tuple[x509.Certificate, Key]:
    """The CA with a key of this algorithm."""
    key = _new_key(algorithm)
    name = _name("Simulated Amazon CA")
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(AUTHORITY_START)
        .not_valid_after(AUTHORITY_END)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .add_extension(_key_usage(signs=True), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .sign(key, hashes.SHA256())
    )
    return certificate, key


def _new_key(algorithm: str) -> Key:
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm]())
    return rsa.generate_private_key(RSA_EXPONENT, int(algorithm.removeprefix("RSA_")))


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _id_of_issuer(key: Key) -> x509.AuthorityKeyIdentifier:
    """Which of the CAs has signed: they have one name, and strict clients ask for this anyway."""
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _key_usage(*, signs: bool) -> x509.KeyUsage:
    """What a CA may do, or a server."""
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=not signs,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _text(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
