"""`/_albedo/health`, `/settings` and `/reset`: moving the world of one account."""

from typing import Any

import pytest
from aws import Account, forward


def _used(aws: Account) -> str:
    """A target group with one target, that a rule forwards to."""
    group = aws.target_group_arn()
    aws.rule(aws.http_listener(), 1, Actions=[forward(group)])
    aws.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": _ip(aws), "Port": 8080}])
    return group


def _ip(aws: Account) -> str:
    return aws.subnets[0]["CidrBlock"].rpartition(".")[0] + ".10"


def _set(aws: Account, **more: Any) -> Any:
    wish = {"account": aws.id, "target_group": "web", "target": _ip(aws), **more}
    return aws.control("POST", "/health", wish)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("unhealthy", "Target.FailedHealthChecks"),
        ("initial", "Elb.InitialHealthChecking"),
        ("healthy", None),
    ],
)
def test_health(aws: Account, state: str, reason: str | None) -> None:
    group = _used(aws)
    assert _set(aws, state=state)["TargetHealth"]["State"] == state
    for _ in range(2):
        [health] = aws.health(group)
        assert health["TargetHealth"]["State"] == state, "it stays so"
        assert health["TargetHealth"].get("Reason") == reason
    _set(aws, state=None)
    assert aws.states(group) == ["healthy"]


def test_health_by_arn_port_and_reason(aws: Account) -> None:
    group = _used(aws)
    _set(aws, target_group=group, port=8080, state="unhealthy", reason="Target.Timeout")
    assert aws.health(group)[0]["TargetHealth"]["Reason"] == "Target.Timeout"


def test_health_ends_with_the_registration(aws: Account) -> None:
    group, target = _used(aws), {"Id": _ip(aws), "Port": 8080}
    _set(aws, state="unhealthy")
    aws.elbv2.deregister_targets(TargetGroupArn=group, Targets=[target])
    assert aws.states(group) == ["draining"]
    aws.elbv2.register_targets(TargetGroupArn=group, Targets=[target])
    assert aws.states(group) == ["healthy"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "tired"},
        {"state": "unhealthy", "reason": "Monday"},
        {"state": "unhealthy", "target": "10.0.0.1"},
        {"state": "unhealthy", "port": 1},
        {"state": "unhealthy", "target_group": "gone"},
        {"state": "unhealthy", "account": "1"},
        {"state": "unhealthy", "target": ["x"]},
    ],
    ids=str,
)
def test_health_of_what_is_not_there(aws: Account, wrong: dict[str, Any]) -> None:
    _used(aws)
    wish = {"account": aws.id, "target_group": "web", "target": _ip(aws), **wrong}
    assert aws.control_refuses("POST", "/health", wish)


def test_settings_are_of_one_account(aws: Account, endpoint: str) -> None:
    name, other = "elbv2.quota.target-groups", Account(endpoint)
    shown = aws.control("POST", "/settings", {"account": aws.id, "settings": {name: 7}})
    assert shown[name]["value"] == 7
    assert other.control("GET", f"/settings?account={other.id}")[name]["value"] == 3000
    aws.control("POST", "/settings", {"account": aws.id, "settings": {name: None}})
    assert aws.control("GET", f"/settings?account={aws.id}")[name]["value"] == 3000


@pytest.mark.parametrize(
    "wrong",
    [
        {"settings": {"no.such": 1}},
        {"settings": {"elbv2.draining-seconds": -1}},
        {"settings": {"elbv2.draining-seconds": "soon"}},
        {"settings": {"elbv2.draining-seconds": True}},
        {"settings": []},
        {},
        "nonsense",
    ],
    ids=str,
)
def test_bad_settings(aws: Account, wrong: Any) -> None:
    assert aws.control_refuses("POST", "/settings", wrong)


def test_reset(aws: Account, endpoint: str) -> None:
    other = Account(endpoint)
    for account in (aws, other):
        account.http_listener()
        account.target_group()
    aws.settings(quota_target_groups=7)
    aws.control("POST", "/faults", {"account": aws.id, "match": "*.Never", "code": "X"})
    aws.control("POST", f"/reset?account={aws.id}")
    assert aws.control("GET", f"/log?account={aws.id}") == []
    assert aws.control("GET", f"/faults?account={aws.id}") == []
    assert aws.elbv2.describe_load_balancers()["LoadBalancers"] == []
    assert aws.elbv2.describe_target_groups()["TargetGroups"] == []
    settings = aws.control("GET", f"/settings?account={aws.id}")
    assert settings["elbv2.quota.target-groups"]["value"] == 3000
    assert len(other.elbv2.describe_load_balancers()["LoadBalancers"]) == 1
