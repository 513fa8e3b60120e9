"""Rules as such; conditions and actions have files of their own."""

from typing import Any

import pytest
from aws import NOT_FOUND, Account, forward, host, path, refused, unused


def _priorities(aws: Account, listener: str) -> list[str]:
    rules = aws.elbv2.describe_rules(ListenerArn=listener)["Rules"]
    return [rule["Priority"] for rule in rules]


def _set(aws: Account, **priorities: int) -> Any:
    pairs = [{"RuleArn": arn, "Priority": number} for arn, number in priorities.items()]
    return aws.elbv2.set_rule_priorities(RulePriorities=pairs)


@pytest.mark.B
def test_create(aws: Account) -> None:
    listener, group = aws.http_listener(), aws.target_group_arn()
    made = aws.rule(listener, 7, Actions=[forward(group)], Conditions=[host("a.example.com")])
    assert made["RuleArn"].startswith(listener.replace(":listener/", ":listener-rule/"))
    assert (made["Priority"], made["IsDefault"]) == ("7", False)
    assert aws.elbv2.describe_rules(RuleArns=[made["RuleArn"]])["Rules"] == [made]


@pytest.mark.P
def test_priority_in_use(aws: Account) -> None:
    listener = aws.http_listener()
    aws.rule(listener, 5)
    with refused("PriorityInUse"):
        aws.rule(listener, 5)


@pytest.mark.B
@pytest.mark.parametrize("priority", [0, -1, 50001])
def test_priority_range(shared: Account, priority: int) -> None:
    with refused("ValidationError"):
        shared.rule(shared.http_listener(), priority)


@pytest.mark.M
def test_describe_in_priority_order(aws: Account) -> None:
    listener = aws.http_listener()
    for priority in (30, 9, 100, 1):
        aws.rule(listener, priority)
    assert _priorities(aws, listener) == ["1", "9", "30", "100", "default"]


@pytest.mark.B
def test_describe_pages(aws: Account) -> None:
    listener = aws.http_listener()
    for priority in range(1, 100):
        aws.rule(listener, priority)
    assert len(_priorities(aws, listener)) == 100, "all in one page"
    pages = list(
        aws.elbv2.get_paginator("describe_rules").paginate(
            ListenerArn=listener, PaginationConfig={"PageSize": 40}
        )
    )
    assert [len(page["Rules"]) for page in pages] == [40, 40, 20]


@pytest.mark.B
def test_describe_missing(aws: Account) -> None:
    listener = aws.http_listener()
    rule = aws.rule(listener, 1)["RuleArn"]
    with refused("RuleNotFound"):
        aws.elbv2.describe_rules(RuleArns=[rule, unused(rule)])
    with refused("ListenerNotFound"):
        aws.elbv2.describe_rules(ListenerArn=unused(listener))
    with refused("ValidationError"):
        aws.elbv2.describe_rules()
    with refused("ValidationError"):
        aws.elbv2.describe_rules(ListenerArn=listener, RuleArns=[rule])


@pytest.mark.B
def test_modify_keeps_what_is_not_given(aws: Account) -> None:
    made = aws.rule(aws.http_listener(), 1)
    changed = aws.elbv2.modify_rule(RuleArn=made["RuleArn"], Conditions=[path("/new")])["Rules"][0]
    assert changed["Actions"] == made["Actions"]
    assert changed["Conditions"][0]["Values"] == ["/new"]
    changed = aws.elbv2.modify_rule(RuleArn=made["RuleArn"])["Rules"][0]
    assert changed["Conditions"][0]["Values"] == ["/new"]


@pytest.mark.B
def test_modify_is_all_or_nothing(aws: Account) -> None:
    made = aws.rule(aws.http_listener(), 1)
    with refused("TargetGroupNotFound"):
        aws.elbv2.modify_rule(
            RuleArn=made["RuleArn"],
            Conditions=[path("/new")],
            Actions=[forward(_no_such_group(aws))],
        )
    assert aws.elbv2.describe_rules(RuleArns=[made["RuleArn"]])["Rules"] == [made]


def _no_such_group(aws: Account) -> str:
    return f"arn:aws:elasticloadbalancing:us-east-1:{aws.id}:targetgroup/gone/0123456789abcdef"


@pytest.mark.B
def test_default_rule_is_for_ever(aws: Account) -> None:
    listener = aws.http_listener()
    default = aws.elbv2.describe_rules(ListenerArn=listener)["Rules"][0]["RuleArn"]
    with refused("OperationNotPermitted"):
        aws.elbv2.delete_rule(RuleArn=default)
    with refused("OperationNotPermitted"):
        aws.elbv2.modify_rule(RuleArn=default, Actions=[NOT_FOUND])
    with refused("OperationNotPermitted"):
        _set(aws, **{default: 1})


@pytest.mark.B
def test_delete(aws: Account) -> None:
    listener = aws.http_listener()
    rule = aws.rule(listener, 1)["RuleArn"]
    aws.elbv2.delete_rule(RuleArn=rule)
    with refused("RuleNotFound"):
        aws.elbv2.delete_rule(RuleArn=rule)
    aws.rule(listener, 1)


@pytest.mark.B
def test_set_priorities_swap_shift_and_keep(aws: Account) -> None:
    listener = aws.http_listener()
    a, b, c = (aws.rule(listener, number)["RuleArn"] for number in (1, 2, 3))
    answer = _set(aws, **{a: 2, b: 1})["Rules"]
    assert [rule["Priority"] for rule in answer] == ["2", "1"]
    _set(aws, **{b: 2, a: 3, c: 4})
    _set(aws, **{b: 2, a: 50000})
    found = aws.elbv2.describe_rules(ListenerArn=listener)["Rules"]
    assert [rule["RuleArn"] for rule in found[:3]] == [b, c, a]
    aws.rule(listener, 3)


@pytest.mark.B
def test_set_priorities_conflict(aws: Account) -> None:
    listener, other = aws.http_listener(), aws.http_listener("other")
    a, b = (aws.rule(listener, number)["RuleArn"] for number in (1, 2))
    with refused("PriorityInUse"):
        _set(aws, **{a: 2})
    with refused("PriorityInUse"):
        _set(aws, **{a: 7, b: 7})
    with refused("RuleNotFound"):
        _set(aws, **{a: 3, unused(b): 4})
    with refused("ValidationError"):
        _set(aws, **{a: 3, aws.rule(other, 1)["RuleArn"]: 4})
    with refused("ValidationError"):
        aws.elbv2.set_rule_priorities(
            RulePriorities=[{"RuleArn": a, "Priority": 3}, {"RuleArn": a, "Priority": 4}]
        )
    with refused("ValidationError"):
        _set(aws, **{a: 50001})
    assert _priorities(aws, listener) == ["1", "2", "default"]


@pytest.mark.D
def test_rule_limit(aws: Account) -> None:
    load_balancer = aws.load_balancer()["LoadBalancerArn"]
    first, second = (aws.listener(load_balancer, port)["ListenerArn"] for port in (80, 81))
    for priority in range(1, 51):
        aws.rule(first, priority)
        aws.rule(second, priority)
    with refused("TooManyRules"):
        aws.rule(second, 51)
    aws.settings(quota_rules_per_application_load_balancer=101)
    aws.rule(second, 51)


@pytest.mark.P
def test_target_groups_per_load_balancer_limit(aws: Account) -> None:
    aws.settings(quota_target_groups_per_application_load_balancer=2)
    listener = aws.http_listener()
    one, two, three = (aws.target_group_arn(name) for name in ("one", "two", "three"))
    aws.rule(listener, 1, Actions=[forward(one)])
    rule = aws.rule(listener, 2, Actions=[forward(two)])["RuleArn"]
    aws.rule(listener, 3, Actions=[forward(one)])
    with refused("TooManyUniqueTargetGroupsPerLoadBalancer"):
        aws.rule(listener, 4, Actions=[forward(three)])
    aws.elbv2.modify_rule(RuleArn=rule, Actions=[forward(three)])


_REWRITE = {"Regex": "^/a/(.*)$", "Replace": "/$1"}
_URL = {"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": [_REWRITE]}}
_HOST = {"Type": "host-header-rewrite", "HostHeaderRewriteConfig": {"Rewrites": [_REWRITE]}}


@pytest.mark.B
def test_transforms(aws: Account) -> None:
    made = aws.rule(aws.http_listener(), 1, Transforms=[_URL, _HOST])
    assert made["Transforms"] == [_URL, _HOST]
    changed = aws.elbv2.modify_rule(RuleArn=made["RuleArn"], Transforms=[_HOST])["Rules"][0]
    assert changed["Transforms"] == [_HOST]
    changed = aws.elbv2.modify_rule(RuleArn=made["RuleArn"], Conditions=[path("/x")])["Rules"][0]
    assert changed["Transforms"] == [_HOST]
    changed = aws.elbv2.modify_rule(RuleArn=made["RuleArn"], ResetTransforms=True)["Rules"][0]
    assert changed.get("Transforms", []) == []


@pytest.mark.B
@pytest.mark.parametrize(
    "wrong",
    [
        [_URL, _URL],
        [{"Type": "url-rewrite"}],
        [{"Type": "body-rewrite", "UrlRewriteConfig": {"Rewrites": [_REWRITE]}}],
        [{"Type": "url-rewrite", "HostHeaderRewriteConfig": {"Rewrites": [_REWRITE]}}],
        [{"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": [_REWRITE, _REWRITE]}}],
        [{"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": [{"Regex": "x"}]}}],
        [
            {
                "Type": "url-rewrite",
                "UrlRewriteConfig": {"Rewrites": [_REWRITE | {"Regex": "x" * 1025}]},
            }
        ],
    ],
)
def test_transforms_validation(shared: Account, wrong: list[dict[str, Any]]) -> None:
    with refused("ValidationError"):
        shared.rule(shared.http_listener(), 1, Transforms=wrong)


@pytest.mark.B
def test_transforms_and_reset(aws: Account) -> None:
    rule = aws.rule(aws.http_listener(), 1)["RuleArn"]
    with refused("ValidationError"):
        aws.elbv2.modify_rule(RuleArn=rule, Transforms=[_URL], ResetTransforms=True)
