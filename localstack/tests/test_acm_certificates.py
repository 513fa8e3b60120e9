"""Certificates as they are listed, used, deleted and tagged."""

from typing import Any

import pytest
from aws import Account, refused
from x509_material import SERVER, Leaf, key

ALL_KEYS = ["RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1"]


@pytest.fixture
def acm(aws: Account) -> Any:
    return aws.client("acm")


def imported(acm: Any, *names: str, algorithm: str = "RSA_2048", **more: Any) -> str:
    leaf = Leaf(*names, wanted=key(algorithm), **more)
    return str(acm.import_certificate(**leaf.request())["CertificateArn"])


def listed(acm: Any, **wanted: Any) -> list[str]:
    answer = acm.list_certificates(**wanted)
    return [one["CertificateArn"] for one in answer["CertificateSummaryList"]]


def missing(aws: Account) -> str:
    return f"arn:aws:acm:us-east-1:{aws.id}:certificate/00000000-0000-0000-0000-000000000000"


# --- ListCertificates -----------------------------------------------------------------------------


@pytest.mark.B
def test_list_default_returns_only_rsa_1024_and_2048(acm: Any) -> None:
    arns = {name: imported(acm, "a.example.com", algorithm=name) for name in ALL_KEYS}
    assert listed(acm) == [arns["RSA_1024"], arns["RSA_2048"]]
    assert listed(acm, Includes={"keyUsage": ["ANY"]}) == [arns["RSA_1024"], arns["RSA_2048"]]
    wanted = {"keyTypes": ["EC_prime256v1", "RSA_4096"]}
    assert listed(acm, Includes=wanted) == [arns["RSA_4096"], arns["EC_prime256v1"]]


@pytest.mark.B
def test_list_default_leaves_out_certificates_without_a_domain(acm: Any) -> None:
    arn = imported(acm)
    assert listed(acm) == []
    assert listed(acm, Includes={"keyTypes": ["RSA_2048"]}) == [arn]


@pytest.mark.B
def test_list_filters_by_status_and_usage(acm: Any) -> None:
    ready = imported(acm, "a.example.com", usages=("digital_signature",), extended=(SERVER,))
    waiting = acm.request_certificate(DomainName="b.example.com")["CertificateArn"]
    assert listed(acm) == [ready, waiting]
    assert listed(acm, CertificateStatuses=["ISSUED", "EXPIRED"]) == [ready]
    assert listed(acm, CertificateStatuses=["PENDING_VALIDATION"]) == [waiting]
    assert listed(acm, Includes={"keyUsage": ["DIGITAL_SIGNATURE"]}) == [ready]
    assert listed(acm, Includes={"extendedKeyUsage": ["CODE_SIGNING"]}) == []
    assert listed(acm, Includes={"exportOption": "ENABLED"}) == []


@pytest.mark.B
def test_list_in_pages(acm: Any) -> None:
    arns = [imported(acm, f"n{number}.example.com") for number in range(5)]
    first = acm.list_certificates(MaxItems=2)
    assert len(first["CertificateSummaryList"]) == 2
    assert listed(acm, MaxItems=1000, NextToken=first["NextToken"]) == arns[2:]
    assert "NextToken" not in acm.list_certificates(MaxItems=5)
    paginator = acm.get_paginator("list_certificates")
    pages = paginator.paginate(PaginationConfig={"PageSize": 2})
    found = [one["CertificateArn"] for page in pages for one in page["CertificateSummaryList"]]
    assert found == arns


@pytest.mark.B
def test_list_sorts_by_creation(acm: Any) -> None:
    arns = [imported(acm, f"n{number}.example.com") for number in range(3)]
    assert listed(acm, SortBy="CREATED_AT", SortOrder="DESCENDING") == arns[::-1]
    assert listed(acm, SortBy="CREATED_AT", SortOrder="ASCENDING") == arns


@pytest.mark.B
@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"MaxItems": 0}, "ValidationException"),
        ({"MaxItems": 1001}, "ValidationException"),
        ({"CertificateStatuses": ["READY"]}, "ValidationException"),
        ({"Includes": {"keyTypes": ["RSA-2048"]}}, "ValidationException"),
        ({"SortBy": "CREATED_AT"}, "InvalidArgsException"),
        ({"NextToken": "made up"}, "InvalidArgsException"),
    ],
    ids=str,
)
def test_list_with_wrong_arguments(acm: Any, wanted: dict[str, Any], code: str) -> None:
    with refused(code):
        acm.list_certificates(**wanted)


@pytest.mark.B
def test_list_summary_has_names_and_status(acm: Any) -> None:
    names = [f"n{number}.example.com" for number in range(101)]
    arn = imported(acm, *names)
    (summary,) = acm.list_certificates()["CertificateSummaryList"]
    assert summary["CertificateArn"] == arn
    assert summary["DomainName"] == names[0]
    assert summary["SubjectAlternativeNameSummaries"] == names[:100]
    assert summary["HasAdditionalSubjectAlternativeNames"] is True
    assert (summary["Status"], summary["Type"]) == ("ISSUED", "IMPORTED")
    assert (summary["KeyAlgorithm"], summary["InUse"]) == ("RSA-2048", False)
    assert {"NotBefore", "NotAfter", "CreatedAt", "ImportedAt"} <= summary.keys()


# --- InUseBy / DeleteCertificate -----------------------------------------------------------------


@pytest.mark.B
def test_in_use_by_names_load_balancers_and_blocks_delete(acm: Any, aws: Account) -> None:
    arn, other = imported(acm, "a.example.com"), imported(acm, "b.example.com")
    balancer = aws.load_balancer()["LoadBalancerArn"]
    listener = aws.https_listener(balancer, Certificates=[{"CertificateArn": arn}])["ListenerArn"]
    found = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert found["InUseBy"] == [balancer]
    summaries = acm.list_certificates()["CertificateSummaryList"]
    assert [one["CertificateArn"] for one in summaries if one["InUse"]] == [arn]
    with refused("ResourceInUseException"):
        acm.delete_certificate(CertificateArn=arn)
    aws.elbv2.modify_listener(ListenerArn=listener, Certificates=[{"CertificateArn": other}])
    assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["InUseBy"] == []
    acm.delete_certificate(CertificateArn=arn)
    with refused("ResourceInUseException"):
        acm.delete_certificate(CertificateArn=other)
    aws.elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    acm.delete_certificate(CertificateArn=other)
    assert not {arn, other} & set(listed(acm))


@pytest.mark.B
def test_delete_of_requested_and_missing(acm: Any, aws: Account) -> None:
    arn = acm.request_certificate(DomainName="a.example.com")["CertificateArn"]
    acm.delete_certificate(CertificateArn=arn)
    for gone in (arn, missing(aws)):
        with refused("ResourceNotFoundException"):
            acm.delete_certificate(CertificateArn=gone)


# --- tags, not found --------------------------------------------------------------------------


@pytest.mark.B
def test_tags_are_added_overwritten_and_removed(acm: Any) -> None:
    arn = imported(acm, "a.example.com")

    def tags() -> dict[str, str]:
        answer = acm.list_tags_for_certificate(CertificateArn=arn)
        return {tag["Key"]: tag["Value"] for tag in answer["Tags"]}

    def add(**wanted: str) -> None:
        given = [{"Key": key, "Value": value} for key, value in wanted.items()]
        acm.add_tags_to_certificate(CertificateArn=arn, Tags=given)

    add(a="1", b="2", c="3")
    add(a="4")
    acm.add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": "empty"}])
    assert tags() == {"a": "4", "b": "2", "c": "3", "empty": ""}
    gone = [{"Key": "b"}, {"Key": "c", "Value": "not 3"}, {"Key": "absent"}]
    acm.remove_tags_from_certificate(CertificateArn=arn, Tags=gone)
    assert tags() == {"a": "4", "c": "3", "empty": ""}


@pytest.mark.B
def test_tags_are_at_most_50(acm: Any) -> None:
    arn = imported(acm, "a.example.com")
    fifty = [{"Key": f"{number}", "Value": "x"} for number in range(50)]
    acm.add_tags_to_certificate(CertificateArn=arn, Tags=fifty)
    with refused("TooManyTagsException"):
        acm.add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": "more"}])
    acm.add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": "7", "Value": "y"}])
    assert len(acm.list_tags_for_certificate(CertificateArn=arn)["Tags"]) == 50


@pytest.mark.B
@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ([], "ValidationException"),
        ([{"Value": "x"}], "ValidationException"),
        ([{"Key": "a*"}], "ValidationException"),
        ([{"Key": "k" * 129}], "ValidationException"),
        ([{"Key": "k", "Value": "v" * 257}], "ValidationException"),
        ([{"Key": "aws:k"}], "InvalidTagException"),
        ([{"Key": "k"}, {"Key": "k"}], "InvalidParameterException"),
    ],
    ids=lambda given: str(given)[:40],
)
def test_tags_that_are_wrong(acm: Any, tags: list[dict[str, str]], code: str) -> None:
    arn = imported(acm, "a.example.com")
    with refused(code):
        acm.add_tags_to_certificate(CertificateArn=arn, Tags=tags)
    with refused(code):
        acm.request_certificate(DomainName="b.example.com", Tags=tags)


CALLS: dict[str, dict[str, Any]] = {
    "add_tags_to_certificate": {"Tags": [{"Key": "a"}]},
    "delete_certificate": {},
    "describe_certificate": {},
    "get_certificate": {},
    "list_tags_for_certificate": {},
    "remove_tags_from_certificate": {"Tags": [{"Key": "a"}]},
}


@pytest.mark.B
@pytest.mark.parametrize("call", CALLS)
def test_not_found_and_bad_arns(acm: Any, aws: Account, call: str) -> None:
    with refused("ResourceNotFoundException"):
        getattr(acm, call)(CertificateArn=missing(aws), **CALLS[call])
    for bad in ("certificate", missing(aws).replace(":acm:", ":iam:"), missing(aws) + "/x"):
        with refused("InvalidArnException"):
            getattr(acm, call)(CertificateArn=bad, **CALLS[call])
    for wrong in ({}, {"CertificateArn": 5}):
        with refused("ValidationException"):
            getattr(acm, call)(**wrong, **CALLS[call])


@pytest.mark.alone
@pytest.mark.M
def test_not_found_in_another_region_or_account(acm: Any, aws: Account) -> None:
    arn = imported(acm, "a.example.com")
    for elsewhere in (
        Account(aws.endpoint, "eu-west-1", aws.id),
        Account(aws.endpoint),
    ):
        with refused("ResourceNotFoundException"):
            elsewhere.client("acm").describe_certificate(CertificateArn=arn)
        assert listed(elsewhere.client("acm")) == []


@pytest.mark.B
def test_account_reset_forgets_certificates(acm: Any, aws: Account) -> None:
    imported(acm, "a.example.com")
    aws.control("POST", f"/reset?account={aws.id}")
    assert listed(acm) == []
