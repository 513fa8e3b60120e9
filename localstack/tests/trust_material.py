"""A CA, what it has revoked, and trust stores made of it."""

from datetime import UTC, datetime, timedelta
from functools import cache

from aws import Account
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@cache
def authority() -> tuple[bytes, bytes]:
    """The PEM texts of a CA, and of a list of three certificates that it has revoked."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "CA")])
    authority = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    revoked = x509.CertificateRevocationListBuilder().issuer_name(name)
    revoked = revoked.last_update(NOW).next_update(NOW + timedelta(days=30))
    for serial in (7, 8, 9):
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW)
        revoked = revoked.add_revoked_certificate(entry.build())
    encoding = serialization.Encoding.PEM
    texts = authority.public_bytes(encoding), revoked.sign(key, hashes.SHA256())
    return texts[0], texts[1].public_bytes(encoding)


def put(aws: Account, **objects: bytes) -> str:
    """A bucket with these objects."""
    s3, bucket = aws.client("s3"), f"b-{aws.id}"
    s3.create_bucket(Bucket=bucket)
    for key, content in objects.items():
        s3.put_object(Bucket=bucket, Key=key, Body=content)
    return bucket


def bundle(bucket: str, key: str = "ca") -> dict[str, str]:
    return {"CaCertificatesBundleS3Bucket": bucket, "CaCertificatesBundleS3Key": key}


def trust_store(aws: Account, name: str = "trust") -> str:
    """A trust store with one CA."""
    bucket = put(aws, ca=authority()[0], crl=authority()[1])
    made = aws.elbv2.create_trust_store(Name=name, **bundle(bucket))["TrustStores"][0]
    return str(made["TrustStoreArn"])
