"""Certificates that are requested, proved and issued."""

from typing import Any

import private_ca
import pytest
from aws import Account, refused
from cryptography import x509
from dns_zone import Zone, create


@pytest.fixture
def acm(aws: Account) -> Any:
    return aws.client("acm")


def requested(acm: Any, *names: str, **more: Any) -> str:
    wanted: dict[str, Any] = {"DomainName": names[0], "ValidationMethod": "DNS", **more}
    if names[1:]:
        wanted["SubjectAlternativeNames"] = list(names[1:])
    return str(acm.request_certificate(**wanted)["CertificateArn"])


def described(acm: Any, arn: str) -> dict[str, Any]:
    return acm.describe_certificate(CertificateArn=arn)["Certificate"]


def records(acm: Any, arn: str) -> list[dict[str, str]]:
    """The CNAMEs to publish, each once."""
    found: list[dict[str, str]] = []
    for option in described(acm, arn)["DomainValidationOptions"]:
        if option["ResourceRecord"] not in found:
            found.append(option["ResourceRecord"])
    return found


def publish(zone: Zone, record: dict[str, str]) -> dict[str, Any]:
    change = create(record["Name"], "CNAME", record["Value"], TTL=60)
    zone.change(change)
    return change


# --- RequestCertificate -------------------------------------------------------------------------


@pytest.mark.B
def test_request_waits_for_validation(acm: Any) -> None:
    arn = requested(acm, "b.example.com", "a.example.com", "b.example.com", "*.example.com")
    found = described(acm, arn)
    assert found["Status"] == "PENDING_VALIDATION"
    assert (found["Type"], found["KeyAlgorithm"]) == ("AMAZON_ISSUED", "RSA-2048")
    assert found["DomainName"] == "b.example.com"
    assert found["SubjectAlternativeNames"] == ["b.example.com", "a.example.com", "*.example.com"]
    assert [one["ValidationStatus"] for one in found["DomainValidationOptions"]] == [
        "PENDING_VALIDATION"
    ] * 3
    for absent in ("IssuedAt", "NotBefore", "NotAfter", "Serial", "ImportedAt"):
        assert absent not in found
    with refused("RequestInProgressException"):
        acm.get_certificate(CertificateArn=arn)


@pytest.mark.B
@pytest.mark.parametrize(
    "domain",
    [
        "",
        "com",
        "-a.example.com",
        "a_b.example.com",
        "a.*.example.com",
        f"{'x' * 64}.com",
        "a..com",
    ],
)
def test_request_pattern_of_domains(acm: Any, domain: str) -> None:
    with refused("ValidationException"):
        requested(acm, domain)
    with refused("ValidationException"):
        requested(acm, "www.example.com", domain)


@pytest.mark.B
def test_request_common_name_has_at_most_64_bytes(acm: Any) -> None:
    long = f"{'x' * 53}.example.com"
    assert len(long) == 65
    with refused("ValidationException"):
        requested(acm, long)
    assert (
        described(acm, requested(acm, "a.example.com", long))["SubjectAlternativeNames"][1] == long
    )


@pytest.mark.D
def test_request_has_at_most_10_names_by_default(acm: Any, aws: Account) -> None:
    names = [f"n{number}.example.com" for number in range(11)]
    requested(acm, *names[:10])
    with refused("LimitExceededException"):
        requested(acm, *names)
    settings = {"account": aws.id, "settings": {"acm.quota.names-per-certificate": 100}}
    aws.control("POST", "/settings", settings)
    requested(acm, *names)
    with refused("ValidationException"):
        requested(acm, "a.example.com", *(f"m{number}.example.com" for number in range(101)))


@pytest.mark.D
@pytest.mark.parametrize("quota", ["certificates", "certificates-per-year"])
def test_request_quotas(acm: Any, aws: Account, quota: str) -> None:
    aws.control("POST", "/settings", {"account": aws.id, "settings": {f"acm.quota.{quota}": 1}})
    arn = requested(acm, "a.example.com")
    with refused("LimitExceededException"):
        requested(acm, "b.example.com")
    acm.delete_certificate(CertificateArn=arn)
    if quota == "certificates":
        requested(acm, "b.example.com")
    else:
        with refused("LimitExceededException"):
            requested(acm, "b.example.com")


@pytest.mark.B
def test_request_token_stands_for_one_certificate(acm: Any) -> None:
    first = requested(acm, "a.example.com", IdempotencyToken="one")
    assert requested(acm, "a.example.com", IdempotencyToken="one") == first
    assert requested(acm, "a.example.com", IdempotencyToken="two") != first
    assert requested(acm, "a.example.com") != first
    acm.delete_certificate(CertificateArn=first)
    assert requested(acm, "a.example.com", IdempotencyToken="one") != first
    for wrong in ("with space", "x" * 33, ""):
        with refused("ValidationException"):
            requested(acm, "a.example.com", IdempotencyToken=wrong)


@pytest.mark.B
def test_request_key_algorithms(acm: Any) -> None:
    arn = requested(acm, "a.example.com", KeyAlgorithm="EC_secp384r1")
    assert described(acm, arn)["KeyAlgorithm"] == "EC-secp384r1"
    assert acm.list_certificates()["CertificateSummaryList"] == []
    with refused("InvalidParameterException"):
        requested(acm, "a.example.com", KeyAlgorithm="RSA_4096")
    with refused("ValidationException"):
        requested(acm, "a.example.com", KeyAlgorithm="ED25519")


@pytest.mark.B
def test_request_by_email_names_mailboxes(acm: Any) -> None:
    arn = requested(acm, "*.example.com", ValidationMethod="EMAIL")
    (option,) = described(acm, arn)["DomainValidationOptions"]
    assert "admin@example.com" in option["ValidationEmails"]
    assert "ResourceRecord" not in option


@pytest.mark.B
def test_request_with_tags_and_options(acm: Any) -> None:
    tags = [{"Key": "elbv2.k8s.aws/cluster", "Value": "c"}]
    options = {"CertificateTransparencyLoggingPreference": "DISABLED"}
    arn = requested(acm, "a.example.com", Tags=tags, Options=options)
    assert acm.list_tags_for_certificate(CertificateArn=arn)["Tags"] == tags
    logging = described(acm, arn)["Options"]["CertificateTransparencyLoggingPreference"]
    assert logging == "DISABLED"


@pytest.mark.M
def test_request_from_a_private_ca_is_issued_at_once(acm: Any, aws: Account) -> None:
    ca = private_ca.active(aws)
    found = described(acm, requested(acm, "a.example.com", CertificateAuthorityArn=ca))
    assert (found["Type"], found["Status"]) == ("PRIVATE", "ISSUED")
    assert found["CertificateAuthorityArn"] == ca
    assert "DomainValidationOptions" not in found and found["Issuer"] == "Example CA"
    texts = acm.get_certificate(CertificateArn=found["CertificateArn"])
    leaf = x509.load_pem_x509_certificate(texts["Certificate"].encode())
    root = x509.load_pem_x509_certificate(texts["CertificateChain"].encode())
    leaf.verify_directly_issued_by(root)
    shown = aws.client("acm-pca").get_certificate_authority_certificate(CertificateAuthorityArn=ca)
    assert shown["Certificate"].strip() == texts["CertificateChain"].strip()


@pytest.mark.B
@pytest.mark.parametrize(
    ("authority", "why"),
    [
        ("certificate-authority/00000000-0000-0000-0000-000000000000", "PCA_RESOURCE_NOT_FOUND"),
        ("pending", "PCA_INVALID_STATE"),
        ("authority/1", "PCA_INVALID_ARN"),
    ],
)
def test_a_private_ca_that_cannot_sign(acm: Any, aws: Account, authority: str, why: str) -> None:
    """botocore: FailureReason."""
    ca = f"arn:aws:acm-pca:us-east-1:{aws.id}:{authority}"
    ca = private_ca.pending(aws) if authority == "pending" else ca
    found = described(acm, requested(acm, "a.example.com", CertificateAuthorityArn=ca))
    assert (found["Status"], found["FailureReason"]) == ("FAILED", why)


# --- DNS validation record ----------------------------------------------------------------------


@pytest.mark.D
def test_validation_record_is_shared_by_a_name_and_its_wildcard(acm: Any) -> None:
    arn = requested(acm, "example.com", "*.example.com", "www.example.com")
    base, www = records(acm, arn)
    assert base["Type"] == "CNAME"
    assert base["Name"].startswith("_") and base["Name"].endswith(".example.com.")
    assert base["Value"].startswith("_") and base["Value"].endswith(".acm-validations.aws.")
    assert www["Name"].endswith(".www.example.com.")


@pytest.mark.alone
@pytest.mark.D
def test_validation_record_is_the_same_in_every_certificate_and_region(
    acm: Any, aws: Account
) -> None:
    here = records(acm, requested(acm, "www.example.com"))
    there = Account(aws.endpoint, "eu-west-1", aws.id).client("acm")
    assert records(there, requested(there, "WWW.example.com", "example.com"))[0] == here[0]
    stranger = Account(aws.endpoint).client("acm")
    assert records(stranger, requested(stranger, "www.example.com")) != here


# --- status ISSUED ----------------------------------------------------------------------------


@pytest.mark.B
def test_issued_once_the_record_is_in_a_public_zone(acm: Any, aws: Account) -> None:
    arn = requested(acm, "example.com", "*.example.com", "www.example.com")
    base, www = records(acm, arn)
    zone = Zone(aws)
    publish(zone, base)
    found = described(acm, arn)
    assert found["Status"] == "PENDING_VALIDATION"
    assert [one["ValidationStatus"] for one in found["DomainValidationOptions"]] == [
        "SUCCESS",
        "SUCCESS",
        "PENDING_VALIDATION",
    ]
    change = publish(zone, www)
    found = described(acm, arn)
    assert found["Status"] == "ISSUED"
    assert {"IssuedAt", "NotBefore", "NotAfter", "Serial"} <= found.keys()
    zone.change({**change, "Action": "DELETE"})
    assert described(acm, arn)["Status"] == "ISSUED"


@pytest.mark.D
def test_issued_only_by_the_right_value_in_the_right_zone(acm: Any, aws: Account) -> None:
    arn = requested(acm, "www.example.com")
    (record,) = records(acm, arn)
    private = Zone(aws, VPC={"VPCRegion": aws.region, "VPCId": aws.vpc})
    publish(private, record)
    assert described(acm, arn)["Status"] == "PENDING_VALIDATION"
    parent, child = Zone(aws), Zone(aws, "www.example.com")
    publish(parent, record)
    assert described(acm, arn)["Status"] == "PENDING_VALIDATION", "the child zone is asked"
    wrong = create(record["Name"], "CNAME", "elsewhere.acm-validations.aws.", TTL=60)
    child.change(wrong)
    assert described(acm, arn)["Status"] == "PENDING_VALIDATION"
    child.change(
        {**wrong, "Action": "DELETE"}, create(record["Name"], "CNAME", record["Value"].upper())
    )
    assert described(acm, arn)["Status"] == "ISSUED"


@pytest.mark.D
@pytest.mark.parametrize("algorithm", ["RSA_2048", "EC_prime256v1"])
def test_issued_certificate_has_a_text(acm: Any, aws: Account, algorithm: str) -> None:
    names = ("www.example.com", "*.www.example.com")
    arn = requested(acm, *names, KeyAlgorithm=algorithm)
    publish(Zone(aws), records(acm, arn)[0])
    found = described(acm, arn)
    texts = acm.get_certificate(CertificateArn=arn)
    leaf = x509.load_pem_x509_certificate(texts["Certificate"].encode())
    issuer = x509.load_pem_x509_certificate(texts["CertificateChain"].encode())
    leaf.verify_directly_issued_by(issuer)
    alternative = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert alternative.get_values_for_type(x509.DNSName) == list(names)
    assert leaf.not_valid_after_utc == found["NotAfter"]
    assert leaf.serial_number == int(found["Serial"].replace(":", ""), 16)
    assert acm.get_certificate(CertificateArn=arn) | {"ResponseMetadata": 0} == texts | {
        "ResponseMetadata": 0
    }


@pytest.mark.D
def test_issued_certificates_serve_a_listener_and_renew_in_use(acm: Any, aws: Account) -> None:
    arn = requested(acm, "www.example.com")
    publish(Zone(aws), records(acm, arn)[0])
    balancer = aws.load_balancer()["LoadBalancerArn"]
    aws.https_listener(balancer, Certificates=[{"CertificateArn": arn}])
    found = described(acm, arn)
    assert found["InUseBy"] == [balancer]
    assert found["RenewalEligibility"] == "ELIGIBLE"


@pytest.mark.P
def test_pending_certificate_cannot_serve_a_listener(acm: Any, aws: Account) -> None:
    arn = requested(acm, "www.example.com")
    balancer = aws.load_balancer()["LoadBalancerArn"]
    with refused("UnsupportedCertificate"):
        aws.https_listener(balancer, Certificates=[{"CertificateArn": arn}])


@pytest.mark.B
@pytest.mark.parametrize(
    ("domain", "by", "good"),
    [
        ("a.b.example.com", "example.com", True),
        ("a.b.example.com", "A.B.example.com", True),
        ("*.example.com", "example.com", True),
        ("example.com", "a.example.com", False),
        ("a.example.com", "ample.com", False),
        ("a.example.com", "example.org", False),
    ],
)
def test_who_may_be_asked(aws: Account, domain: str, by: str, good: bool) -> None:
    """botocore: the same as the domain name or a superdomain of it."""
    acm = aws.client("acm")
    options = [{"DomainName": domain, "ValidationDomain": by}]
    wanted = {"DomainName": domain, "DomainValidationOptions": options}
    if good:
        assert acm.request_certificate(**wanted)["CertificateArn"]
    else:
        with refused("InvalidDomainValidationOptionsException"):
            acm.request_certificate(**wanted)
