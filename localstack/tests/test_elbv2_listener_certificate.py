"""Certificates that a listener serves beside its default one."""

from typing import Any

import pytest
from aws import Account, refused


class Https:
    """An HTTPS listener and the certificates on it."""

    def __init__(self, aws: Account) -> None:
        self.aws = aws
        self.load_balancer = aws.load_balancer()["LoadBalancerArn"]
        made = aws.https_listener(self.load_balancer)
        self.arn = made["ListenerArn"]
        self.default = made["Certificates"][0]["CertificateArn"]

    def add(self, certificate: str) -> Any:
        return self.aws.elbv2.add_listener_certificates(
            ListenerArn=self.arn, Certificates=[{"CertificateArn": certificate}]
        )

    def remove(self, certificate: str) -> Any:
        return self.aws.elbv2.remove_listener_certificates(
            ListenerArn=self.arn, Certificates=[{"CertificateArn": certificate}]
        )

    def extra(self) -> list[str]:
        found = self.aws.elbv2.describe_listener_certificates(ListenerArn=self.arn)
        return [c["CertificateArn"] for c in found["Certificates"] if not c["IsDefault"]]


@pytest.fixture
def https(aws: Account) -> Https:
    return Https(aws)


@pytest.mark.B
def test_add_again(https: Https) -> None:
    certificate = https.aws.certificate("one.example.com")
    answer = https.add(certificate)["Certificates"]
    assert [each["CertificateArn"] for each in answer] == [certificate]
    https.add(certificate)
    assert https.extra() == [certificate]


@pytest.mark.M
def test_answer_has_only_the_one_given(https: Https) -> None:
    https.add(https.aws.certificate("one.example.com"))
    second = https.aws.certificate("two.example.com")
    assert [c["CertificateArn"] for c in https.add(second)["Certificates"]] == [second]


@pytest.mark.M
def test_add_unknown(https: Https) -> None:
    gone = f"arn:aws:acm:us-east-1:{https.aws.id}:certificate/12345678-1234-1234-1234-123456789012"
    with refused("CertificateNotFound"):
        https.add(gone)


@pytest.mark.B
def test_one_certificate_per_call(https: Https) -> None:
    certificates = [{"CertificateArn": https.default}] * 2
    for wrong in (certificates, [], [{"CertificateArn": https.default, "IsDefault": True}]):
        with refused("ValidationError"):
            https.aws.elbv2.add_listener_certificates(ListenerArn=https.arn, Certificates=wrong)


@pytest.mark.M
def test_add_to_http(aws: Account) -> None:
    listener, certificate = aws.http_listener(), aws.certificate("one.example.com")
    with refused("ValidationError"):
        aws.elbv2.add_listener_certificates(
            ListenerArn=listener, Certificates=[{"CertificateArn": certificate}]
        )


@pytest.mark.D
def test_certificate_limit(https: Https) -> None:
    for number in range(25):
        https.add(https.aws.certificate(f"c{number}.example.com"))
    certificate = https.aws.certificate("c25.example.com")
    with refused("TooManyCertificates"):
        https.add(certificate)
    second = https.aws.https_listener(https.load_balancer, 8443)["ListenerArn"]
    with refused("TooManyCertificates"):
        https.aws.elbv2.add_listener_certificates(
            ListenerArn=second, Certificates=[{"CertificateArn": certificate}]
        )
    https.remove(https.extra()[0])
    https.add(certificate)


@pytest.mark.M
def test_remove_default(https: Https) -> None:
    with refused("OperationNotPermitted"):
        https.remove(https.default)
    found = https.aws.elbv2.describe_listeners(ListenerArns=[https.arn])["Listeners"][0]
    assert found["Certificates"] == [{"CertificateArn": https.default}]


@pytest.mark.M
def test_remove_unknown(https: Https) -> None:
    https.remove(https.aws.certificate("one.example.com"))


@pytest.mark.B
def test_default_is_told_twice(https: Https) -> None:
    https.add(https.default)
    found = https.aws.elbv2.describe_listener_certificates(ListenerArn=https.arn)["Certificates"]
    assert [(c["CertificateArn"], c["IsDefault"]) for c in found] == [
        (https.default, True),
        (https.default, False),
    ]
    https.remove(https.default)
    assert https.extra() == []


@pytest.mark.B
def test_describe_listener_shows_the_default_only(https: Https) -> None:
    https.add(https.aws.certificate("one.example.com"))
    found = https.aws.elbv2.describe_listeners(ListenerArns=[https.arn])["Listeners"][0]
    assert found["Certificates"] == [{"CertificateArn": https.default}]


@pytest.mark.B
def test_describe_pages(https: Https) -> None:
    for number in range(4):
        https.add(https.aws.certificate(f"c{number}.example.com"))
    pages = list(
        https.aws.elbv2.get_paginator("describe_listener_certificates").paginate(
            ListenerArn=https.arn, PaginationConfig={"PageSize": 2}
        )
    )
    assert [len(page["Certificates"]) for page in pages] == [2, 2, 1]


@pytest.mark.B
def test_in_use_by(https: Https) -> None:
    acm, certificate = https.aws.client("acm"), https.aws.certificate("one.example.com")

    def users() -> list[str]:
        found = acm.describe_certificate(CertificateArn=certificate)["Certificate"]
        return found["InUseBy"]

    assert users() == []
    https.add(certificate)
    assert users() == [https.load_balancer]
    https.remove(certificate)
    assert users() == []
