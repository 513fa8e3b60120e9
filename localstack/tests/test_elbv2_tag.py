"""Tags of load balancers, target groups, listeners and rules."""

from typing import Any

import pytest
from aws import Account, refused, unused


def _tags(**values: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def _many(count: int) -> list[dict[str, str]]:
    return _tags(**{f"k{number}": "v" for number in range(count)})


def _read(aws: Account, *arns: str) -> list[dict[str, str]]:
    answer = aws.elbv2.describe_tags(ResourceArns=list(arns))["TagDescriptions"]
    assert [each["ResourceArn"] for each in answer] == list(arns)
    return [{tag["Key"]: tag["Value"] for tag in each["Tags"]} for each in answer]


def _everything(aws: Account, **more: Any) -> list[str]:
    """One thing of each kind, created with the same tags."""
    load_balancer = aws.load_balancer(**more)["LoadBalancerArn"]
    listener = aws.listener(load_balancer, **more)["ListenerArn"]
    rule = aws.rule(listener, 1, **more)["RuleArn"]
    return [load_balancer, listener, rule, aws.target_group_arn(**more)]


@pytest.mark.B
def test_add_remove_describe(aws: Account) -> None:
    arns = _everything(aws, Tags=_tags(a="1", b=""))
    assert _read(aws, *arns) == [{"a": "1", "b": ""}] * 4
    aws.elbv2.add_tags(ResourceArns=arns, Tags=[*_tags(a="2"), {"Key": "c"}])
    assert _read(aws, *arns) == [{"a": "2", "b": "", "c": ""}] * 4
    aws.elbv2.remove_tags(ResourceArns=arns, TagKeys=["b", "c", "not-there"])
    assert _read(aws, *arns) == [{"a": "2"}] * 4


@pytest.mark.B
@pytest.mark.parametrize(
    ("tags", "code"),
    [
        (_many(51), "TooManyTags"),
        ([*_tags(a="1"), *_tags(a="2")], "DuplicateTagKeys"),
        ([{"Key": "aws:x", "Value": "y"}], "ValidationError"),
        ([{"Key": "", "Value": "y"}], "ValidationError"),
        ([{"Key": "k" * 129, "Value": "y"}], "ValidationError"),
        ([{"Key": "k", "Value": "v" * 257}], "ValidationError"),
        ([{"Key": "k", "Value": "a;b"}], "ValidationError"),
        ([{"Value": "y"}], "ValidationError"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_limits(shared: Account, tags: list[dict[str, str]], code: str) -> None:
    with refused(code):
        shared.load_balancer(Tags=tags)
    with refused(code):
        shared.target_group(Tags=tags)
    group = shared.target_group_arn()
    with refused(code):
        shared.elbv2.add_tags(ResourceArns=[group], Tags=tags)
    assert _read(shared, group) == [{}]


@pytest.mark.B
def test_limits_on_listeners_and_rules(aws: Account) -> None:
    load_balancer = aws.load_balancer()["LoadBalancerArn"]
    with refused("TooManyTags"):
        aws.listener(load_balancer, Tags=_many(51))
    with refused("TooManyTags"):
        aws.rule(aws.listener(load_balancer)["ListenerArn"], 1, Tags=_many(51))


@pytest.mark.B
def test_fifty_tags(aws: Account) -> None:
    group = aws.target_group_arn(Tags=_many(50))
    with refused("TooManyTags"):
        aws.elbv2.add_tags(ResourceArns=[group], Tags=_tags(other="1"))
    aws.elbv2.add_tags(ResourceArns=[group], Tags=_tags(k0="new"))
    other = aws.target_group_arn("other")
    with refused("TooManyTags"):
        aws.elbv2.add_tags(ResourceArns=[other, group], Tags=_tags(other="1"))
    assert _read(aws, other) == [{}]


@pytest.mark.B
def test_describe_twenty(aws: Account) -> None:
    arns = [aws.target_group_arn(f"web-{number}") for number in range(21)]
    assert len(_read(aws, *arns[:20])) == 20
    with refused("ValidationError"):
        _read(aws, *arns)


@pytest.mark.B
def test_missing(aws: Account) -> None:
    arns = _everything(aws)
    kinds = ("LoadBalancer", "Listener", "Rule", "TargetGroup")
    for arn, kind in zip(arns, kinds, strict=True):
        gone = unused(arn)
        with refused(f"{kind}NotFound"):
            _read(aws, arns[0], gone)
        with refused(f"{kind}NotFound"):
            aws.elbv2.add_tags(ResourceArns=[arns[0], gone], Tags=_tags(a="1"))
        with refused(f"{kind}NotFound"):
            aws.elbv2.remove_tags(ResourceArns=[gone], TagKeys=["a"])
    assert _read(aws, arns[0]) == [{}]
    with refused("ValidationError"):
        _read(aws, "junk")


@pytest.mark.B
@pytest.mark.parametrize("text", ["Grüße: a_b./=+-@ 1", "日本", "x" * 128])
def test_characters(aws: Account, text: str) -> None:
    assert _read(aws, aws.target_group_arn(Tags=_tags(**{text: text}))) == [{text: text}]
