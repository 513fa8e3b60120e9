"""Keys, certificates and chains as PEM, made to be right or wrong in one way."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

CURVES = {
    "EC_prime256v1": ec.SECP256R1,
    "EC_secp384r1": ec.SECP384R1,
    "EC_secp521r1": ec.SECP521R1,
    "EC_secp224r1": ec.SECP224R1,
}
DAY = timedelta(days=1)
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH


@cache
def key(algorithm: str = "EC_prime256v1", number: int = 0) -> Key:
    """A key; the same arguments give the same one, since RSA keys are slow to make."""
    del number
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm]())
    return rsa.generate_private_key(65537, int(algorithm.removeprefix("RSA_")))


def key_pem(wanted: Key, form: str = "PKCS8", encryption: Any = None) -> bytes:
    """A private key as text: PKCS8, or TraditionalOpenSSL for `BEGIN RSA/EC PRIVATE KEY`."""
    return wanted.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat[form],
        encryption or serialization.NoEncryption(),
    )


class Leaf:
    """A certificate with its key. Without a signer it signs itself."""

    def __init__(
        self,
        *names: str,
        wanted: Key | None = None,
        signer: "Leaf | None" = None,
        since: timedelta = -DAY,
        until: timedelta = 90 * DAY,
        usages: tuple[str, ...] = (),
        extended: tuple[x509.ObjectIdentifier, ...] = (),
        serial: int | None = None,
    ) -> None:
        self.key = wanted or key()
        subject = _name(names[0] if names else "nobody")
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(signer.certificate.subject if signer else subject)
            .public_key(self.key.public_key())
            .serial_number(serial or x509.random_serial_number())
            .not_valid_before(now + since)
            .not_valid_after(now + until)
        )
        for extension in _extensions(names, usages, extended):
            builder = builder.add_extension(extension, critical=False)
        self.certificate = builder.sign(signer.key if signer else self.key, hashes.SHA256())

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def request(self, *chain: "Leaf", **more: Any) -> dict[str, Any]:
        """The parameters of an ImportCertificate."""
        wanted = {"Certificate": self.pem, "PrivateKey": key_pem(self.key), **more}
        if chain:
            wanted["CertificateChain"] = b"".join(one.pem for one in chain)
        return wanted


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _extensions(
    names: tuple[str, ...], usages: tuple[str, ...], extended: tuple[x509.ObjectIdentifier, ...]
) -> list[x509.ExtensionType]:
    found: list[x509.ExtensionType] = []
    if names:
        found.append(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]))
    if usages:
        flags = (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        )
        found.append(x509.KeyUsage(**{flag: flag in usages for flag in flags}))
    if extended:
        found.append(x509.ExtendedKeyUsage(extended))
    return found
