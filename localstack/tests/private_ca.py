"""A CA of AWS Private CA, as people set one up."""

from typing import Any

from aws import Account

ROOT = "arn:aws:acm-pca:::template/RootCACertificate/V1"
SUBJECT = {"Country": "CH", "Organization": "Example", "CommonName": "Example CA"}


def pending(aws: Account) -> str:
    """A CA that has no certificate yet."""
    configuration = {
        "KeyAlgorithm": "RSA_2048", "SigningAlgorithm": "SHA256WITHRSA", "Subject": SUBJECT,
    }  # fmt: skip
    made = aws.client("acm-pca").create_certificate_authority(
        CertificateAuthorityConfiguration=configuration, CertificateAuthorityType="ROOT"
    )
    return str(made["CertificateAuthorityArn"])


def active(aws: Account) -> str:
    """A root CA that has signed itself."""
    pca: Any = aws.client("acm-pca")
    arn = pending(aws)
    csr = pca.get_certificate_authority_csr(CertificateAuthorityArn=arn)["Csr"]
    signed = pca.issue_certificate(
        CertificateAuthorityArn=arn, Csr=csr.encode(), SigningAlgorithm="SHA256WITHRSA",
        TemplateArn=ROOT, Validity={"Value": 3650, "Type": "DAYS"},
    )["CertificateArn"]  # fmt: skip
    root = pca.get_certificate(CertificateAuthorityArn=arn, CertificateArn=signed)
    pca.import_certificate_authority_certificate(
        CertificateAuthorityArn=arn, Certificate=root["Certificate"].encode()
    )
    return arn
