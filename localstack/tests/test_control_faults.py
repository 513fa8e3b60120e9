"""`/_albedo/faults`: calls that fail, wait, or are carried out and their answers lost."""

import time
from typing import Any

import pytest
from aws import Account, refused
from botocore.exceptions import ClientError, HTTPClientError


def _fault(aws: Account, match: str, **more: Any) -> dict[str, Any]:
    wish = {"account": aws.id, "match": match, "code": "Throttling", **more}
    return aws.control("POST", "/faults", wish)


def _outcomes(aws: Account, count: int) -> str:
    """What becomes of so many calls: `x` for a failed one."""
    outcomes = ""
    for _ in range(count):
        try:
            aws.elbv2.describe_load_balancers()
            outcomes += "."
        except ClientError:
            outcomes += "x"
    return outcomes


def test_nth_call(aws: Account) -> None:
    _fault(aws, "elbv2.Describe*", skip=1, times=2)
    assert _outcomes(aws, 5) == ".xx.."


def test_every_nth_call(aws: Account) -> None:
    _fault(aws, "elbv2.Describe*", every=3)
    assert _outcomes(aws, 7) == "x..x..x"


def test_only_what_matches(aws: Account) -> None:
    _fault(aws, "elbv2.DescribeT*")
    assert _outcomes(aws, 1) == "."
    with refused("Throttling"):
        aws.elbv2.describe_target_groups()


def test_contains(aws: Account) -> None:
    _fault(aws, "elbv2.CreateTargetGroup", contains="bad-one")
    aws.target_group("good-one")
    with refused("Throttling"):
        aws.target_group("bad-one")


@pytest.mark.parametrize(
    ("params", "hits"),
    [
        ({"Name": "a-1"}, "x.."),
        ({"Name": "a-?"}, "xx."),
        ({"Port": 80}, "xxx"),
        ({"Port": 80, "Name": "b*"}, "..x"),
        ({"Tags.Key": "k"}, ".xx"),
        ({"Tags.1.Key": "l"}, "..x"),
        ({"Tags.Key": "l", "Tags.0.Value": "v"}, "..x"),
        ({"Tags.0.Key": "l"}, "..."),
        ({"Tags": None}, "x.."),
        ({"HealthCheckEnabled": True}, ".x."),
        ({"Name.Key": "a-1"}, "..."),
    ],
    ids=str,
)
def test_named_parameters(aws: Account, params: dict[str, Any], hits: str) -> None:
    _fault(aws, "elbv2.CreateTargetGroup", params=params)
    tags = [{"Key": "k", "Value": "v"}, {"Key": "l", "Value": "w"}]
    wishes: list[dict[str, Any]] = [
        {"name": "a-1"},
        {"name": "a-2", "Tags": tags[:1], "HealthCheckEnabled": True},
        {"name": "b-1", "Tags": tags},
    ]
    outcomes = ""
    for wish in wishes:
        try:
            aws.target_group(**wish)
            outcomes += "."
        except ClientError:
            outcomes += "x"
    assert outcomes == hits


def test_nth_of_those_that_fit(aws: Account) -> None:
    _fault(aws, "elbv2.CreateTargetGroup", params={"Name": "a*"}, skip=1)
    aws.target_group("b")
    aws.target_group("a1")
    with refused("Throttling"):
        aws.target_group("a2")


def test_only_one_account(aws: Account, endpoint: str) -> None:
    _fault(aws, "*")
    assert _outcomes(Account(endpoint), 1) == "."


@pytest.mark.parametrize(
    ("service", "operation", "code", "status"),
    [
        ("elbv2", "describe_load_balancers", "Throttling", 400),
        ("ec2", "describe_vpcs", "RequestLimitExceeded", 503),
        ("route53", "list_hosted_zones", "Throttling", 400),
        ("acm", "list_certificates", "ThrottlingException", 400),
        ("sts", "get_caller_identity", "Throttling", 400),
    ],
)
def test_every_protocol(aws: Account, service: str, operation: str, code: str, status: int) -> None:
    _fault(aws, f"{service}.*", code=code, status=status, message="Rate exceeded")
    with pytest.raises(ClientError) as caught:
        getattr(aws.client(service), operation)()
    error = caught.value.response
    assert error["Error"]["Code"] == code
    assert error["Error"]["Message"] == "Rate exceeded"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == status


def test_before_nothing_is_done(aws: Account) -> None:
    _fault(aws, "elbv2.CreateTargetGroup")
    with refused("Throttling"):
        aws.target_group()
    assert aws.elbv2.describe_target_groups()["TargetGroups"] == []


def test_after_the_answer_is_lost(aws: Account) -> None:
    _fault(aws, "elbv2.CreateTargetGroup", after=True, times=1, code="InternalFailure", status=500)
    with refused("InternalFailure"):
        aws.target_group()
    assert len(aws.elbv2.describe_target_groups()["TargetGroups"]) == 1
    [entry] = aws.control("GET", f"/log?account={aws.id}&op=elbv2.Create*")
    assert (entry["status"], entry["error"]) == (500, "InternalFailure")
    assert len(entry["made"]) == 1, "the log knows what was made all the same"


def test_after_leaves_errors_alone(aws: Account) -> None:
    _fault(aws, "elbv2.*", after=True)
    with refused("ValidationError"):
        aws.elbv2.describe_rules()


@pytest.mark.parametrize("after", [False, True])
def test_dropped_connection(aws: Account, after: bool) -> None:
    _fault(aws, "elbv2.CreateTargetGroup", code=None, drop=True, after=after, times=1)
    with pytest.raises(HTTPClientError):
        aws.target_group()
    assert len(aws.elbv2.describe_target_groups()["TargetGroups"]) == int(after)


def test_latency_alone(aws: Account) -> None:
    aws.elbv2.describe_target_groups()
    _fault(aws, "elbv2.DescribeTargetGroups", code=None, latency=0.3, times=1)
    began = time.monotonic()
    aws.elbv2.describe_target_groups()
    assert time.monotonic() - began >= 0.3


def test_show_and_take_back(aws: Account) -> None:
    first, second = _fault(aws, "elbv2.*", times=1), _fault(aws, "ec2.*")
    assert _outcomes(aws, 2) == "x."
    shown = aws.control("GET", f"/faults?account={aws.id}")
    assert [(fault["id"], fault["seen"], fault["hit"]) for fault in shown] == [
        (first["id"], 1, 1),
        (second["id"], 0, 0),
    ]
    aws.control("DELETE", f"/faults?id={second['id']}")
    assert len(aws.control("GET", f"/faults?account={aws.id}")) == 1
    aws.control("DELETE", f"/faults?account={aws.id}")
    assert aws.control("GET", f"/faults?account={aws.id}") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"match": "elbv2.*"},
        {"match": "elbv2.*", "code": "X", "colour": "red"},
        {"match": "elbv2.*", "code": "X", "times": "two"},
        {"match": "elbv2.*", "code": "X", "times": True},
        {"match": "elbv2.*", "code": "X", "every": 0},
        {"match": "elbv2.*", "code": "X", "status": 200},
        {"match": "elbv2.*", "latency": -1},
        {"match": "elbv2.*", "code": "X", "params": "web"},
        {"match": "elbv2.*", "code": "X", "params": {}},
        {"match": "elbv2.*", "code": "X", "params": {"Tags..Key": "k"}},
        {"match": "elbv2.*", "code": "X", "params": {"Tags": [{"Key": "k"}]}},
        [],
    ],
    ids=str,
)
def test_bad_wishes(aws: Account, wrong: Any) -> None:
    if isinstance(wrong, dict):
        wrong = {"account": aws.id, **wrong}
    assert aws.control_refuses("POST", "/faults", wrong)
