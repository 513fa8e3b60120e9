"""Certificates that are there: exported, renewed on request, changed, asked for again."""

from typing import Any

import private_ca
import pytest
from aws import Account, refused, unused
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate


@pytest.fixture
def acm(aws: Account) -> Any:
    return aws.client("acm")


@pytest.fixture
def private(acm: Any, aws: Account) -> str:
    """A certificate of a private CA, which is issued at once."""
    wish = {"DomainName": "a.example.com", "CertificateAuthorityArn": private_ca.active(aws)}
    return str(acm.request_certificate(**wish)["CertificateArn"])


def _requested(acm: Any, method: str, **more: Any) -> str:
    wish = {"DomainName": "a.example.com", "ValidationMethod": method, **more}
    return str(acm.request_certificate(**wish)["CertificateArn"])


def _described(acm: Any, arn: str) -> dict[str, Any]:
    return acm.describe_certificate(CertificateArn=arn)["Certificate"]


@pytest.mark.B
def test_export_encrypts_the_key(acm: Any, private: str, aws: Account) -> None:
    told = acm.export_certificate(CertificateArn=private, Passphrase=b"secret-1")
    key = load_pem_private_key(told["PrivateKey"].encode(), password=b"secret-1")
    leaf = load_pem_x509_certificate(told["Certificate"].encode())
    assert key.public_key() == leaf.public_key()
    assert told["CertificateChain"]
    log = str(aws.control("GET", f"/log?account={aws.id}"))
    assert "secret-1" not in log
    assert "PRIVATE KEY" not in log


@pytest.mark.M
def test_export_of_what_stays(acm: Any, aws: Account, private: str) -> None:
    with refused("ValidationException"):
        acm.export_certificate(CertificateArn=aws.certificate("b.example.com"), Passphrase=b"1234")
    with refused("ValidationException"):
        acm.export_certificate(CertificateArn=_requested(acm, "DNS"), Passphrase=b"1234")
    with refused("ValidationException"):
        acm.export_certificate(CertificateArn=private, Passphrase=b"1")
    with refused("ResourceNotFoundException"):
        acm.export_certificate(CertificateArn=unused(private), Passphrase=b"1234")


@pytest.mark.B
def test_export_of_what_was_requested_so(acm: Any, aws: Account) -> None:
    arn = _requested(acm, "EMAIL", Options={"Export": "ENABLED"})
    assert _described(acm, arn)["Options"]["Export"] == "ENABLED"
    with refused("RequestInProgressException"):
        acm.export_certificate(CertificateArn=arn, Passphrase=b"1234")
    aws.control("POST", "/approve", {"account": aws.id, "certificate": arn})
    assert acm.export_certificate(CertificateArn=arn, Passphrase=b"1234")["PrivateKey"]


@pytest.mark.B
def test_renewal_on_request(acm: Any, aws: Account, private: str) -> None:
    before = _described(acm, private)
    aws.control("POST", "/clock", {"account": aws.id, "advance": 86_400})
    acm.renew_certificate(CertificateArn=private)
    after = _described(acm, private)
    assert after["Serial"] != before["Serial"]
    assert after["NotAfter"] > before["NotAfter"]
    assert after["RenewalSummary"]["RenewalStatus"] == "SUCCESS"
    with refused("ValidationException"):
        acm.renew_certificate(CertificateArn=aws.certificate("b.example.com"))


@pytest.mark.B
def test_options(acm: Any, aws: Account) -> None:
    arn, off = _requested(acm, "DNS"), {"CertificateTransparencyLoggingPreference": "DISABLED"}
    acm.update_certificate_options(CertificateArn=arn, Options=off)
    options = _described(acm, arn)["Options"]
    assert options["CertificateTransparencyLoggingPreference"] == "DISABLED"
    with refused("InvalidStateException"):
        imported = aws.certificate("b.example.com")
        acm.update_certificate_options(CertificateArn=imported, Options=off)


@pytest.mark.B
def test_email_is_sent_again(acm: Any) -> None:
    arn = _requested(acm, "EMAIL", SubjectAlternativeNames=["*.b.example.com"])
    for domain, to in (("a.example.com", "example.com"), ("*.b.example.com", "b.example.com")):
        acm.resend_validation_email(CertificateArn=arn, Domain=domain, ValidationDomain=to)
    for domain, to in (("c.example.com", "example.com"), ("a.example.com", "b.example.com")):
        with refused("InvalidDomainValidationOptionsException"):
            acm.resend_validation_email(CertificateArn=arn, Domain=domain, ValidationDomain=to)
    with refused("InvalidStateException"):
        acm.resend_validation_email(
            CertificateArn=_requested(acm, "DNS"),
            Domain="a.example.com",
            ValidationDomain="a.example.com",
        )


@pytest.mark.B
def test_email_is_answered(acm: Any, aws: Account) -> None:
    arn = _requested(acm, "EMAIL", SubjectAlternativeNames=["b.example.com"])
    assert _described(acm, arn)["Status"] == "PENDING_VALIDATION"
    told = aws.control("POST", "/approve", {"account": aws.id, "certificate": arn})
    assert told == {"certificate": arn, "status": "ISSUED"}
    found = _described(acm, arn)
    assert found["Status"] == "ISSUED"
    validated = {one["ValidationStatus"] for one in found["DomainValidationOptions"]}
    assert validated == {"SUCCESS"}


def test_bad_answers(acm: Any, aws: Account) -> None:
    for wrong in (
        {},
        {"account": aws.id, "certificate": "x"},
        {"account": aws.id, "certificate": _requested(acm, "DNS")},
    ):
        assert aws.control_refuses("POST", "/approve", wrong)
