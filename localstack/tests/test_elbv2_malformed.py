"""Requests that no SDK would send: AWS's error code, never a 500, and nothing is written."""

import random
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import botocore.session
import pytest
from aws import REGION, Account

_MODEL = botocore.session.get_session().get_service_model("elbv2")


def _send(aws: Account, body: str, service: str = "elasticloadbalancing") -> tuple[int, str]:
    """Send a raw request body; the answer's status and error code."""
    scope = f"{aws.id}/20260101/{REGION}/{service}/aws4_request"
    authorization = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"
    headers = {
        "Authorization": authorization,
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
    }
    request = urllib.request.Request(aws.endpoint + "/", data=body.encode(), headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        text = error.read().decode()
        return error.code, text.partition("<Code>")[2].partition("</Code>")[0]


def _form(operation: str, **fields: str) -> str:
    return urllib.parse.urlencode({"Action": operation, "Version": "2015-12-01", **fields})


@pytest.mark.P
@pytest.mark.parametrize(
    ("operation", "fields", "code"),
    [
        ("DescribeLoadBalancers", {"PageSize": "many"}, "MalformedInput"),
        ("CreateRule", {"Priority": "1.5"}, "MalformedInput"),
        ("CreateTargetGroup", {"Name": "a", "HealthCheckEnabled": "perhaps"}, "MalformedInput"),
        ("CreateTargetGroup", {"Name.member.1": "a"}, "ValidationError"),
        ("CreateLoadBalancer", {}, "ValidationError"),
        ("RegisterTargets", {}, "ValidationError"),
        ("DescribeTags", {"ResourceArns": "x"}, "ValidationError"),
    ],
    ids=str,
)
def test_malformed(shared: Account, operation: str, fields: dict[str, str], code: str) -> None:
    assert _send(shared, _form(operation, **fields)) == (400, code)


@pytest.mark.P
def test_unknown_action(shared: Account) -> None:
    body = "Action=DanceTheTango&Version=2011-06-15"
    assert _send(shared, body, service="sts") == (400, "InvalidAction")


@pytest.mark.M
@pytest.mark.parametrize("operation", _MODEL.operation_names)
def test_nothing_given(shared: Account, operation: str) -> None:
    status, code = _send(shared, _form(operation))
    assert (status, bool(code)) in {(200, False), (400, True)}, code


@pytest.mark.M
@pytest.mark.parametrize("operation", _MODEL.operation_names)
def test_anything_given(shared: Account, operation: str) -> None:
    """Random values in the right and the wrong places; the same ones on every run."""
    choice = random.Random(operation)
    arn = f"arn:aws:elasticloadbalancing:{REGION}:{shared.id}:loadbalancer/app/a/0123456789abcdef"
    values = ["", "0", "-1", "99999999999", "a", "*", "é\x00", "x" * 2000, "true", "forward", arn]
    for _ in range(12):
        fields = _some_fields(_MODEL.operation_model(operation).input_shape, choice, values)
        status, code = _send(shared, _form(operation, **fields))
        assert status in (200, 400), (fields, code)


def _some_fields(shape: Any, choice: random.Random, values: list[str]) -> dict[str, str]:
    """Form fields for a random part of a shape, now and then of another kind than it says."""
    fields: dict[str, str] = {}
    for name, member in shape.members.items():
        if choice.random() < 0.4:
            continue
        kind = choice.choice([member.type_name, member.type_name, "string"])
        if kind == "list":
            prefix = f"{name}.member.{choice.choice([1, 1, 2, 7])}"
            inner = member.member
        else:
            prefix, inner = name, member
        if kind != "string" and inner.type_name == "structure":
            parts = _some_fields(inner, choice, values)
            fields |= {f"{prefix}.{part}": value for part, value in parts.items()}
        else:
            enum = getattr(inner, "enum", None) or values
            fields[prefix] = choice.choice([*enum, *values])
    return fields
