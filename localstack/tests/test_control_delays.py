"""What AWS is late to show, as settings; the clock is put forward instead of waiting."""

from collections.abc import Callable
from typing import Any

import pytest
from aws import NOT_FOUND, Account, forward, refused

SECONDS = 5.0


@pytest.fixture
def late(aws: Account) -> Callable[[str], None]:
    """Switch one delay on, for an account whose time stands still."""

    def switch(name: str) -> None:
        _set(aws, name, SECONDS)

    aws.control("POST", "/clock", {"account": aws.id, "stopped": True})
    return switch


def _set(aws: Account, name: str, seconds: float | None) -> None:
    aws.control("POST", "/settings", {"account": aws.id, "settings": {name: seconds}})


def _wait(aws: Account, seconds: float = SECONDS) -> None:
    aws.control("POST", "/clock", {"account": aws.id, "advance": seconds})


@pytest.mark.L
def test_new_listener_is_found_late(aws: Account, late: Callable[[str], None]) -> None:
    late("elbv2.listener-visible-seconds")
    arn = aws.load_balancer()["LoadBalancerArn"]
    made = aws.listener(arn)["ListenerArn"]
    calls: list[Callable[[], object]] = [
        lambda: aws.elbv2.describe_listeners(ListenerArns=[made]),
        lambda: aws.elbv2.describe_rules(ListenerArn=made),
        lambda: aws.elbv2.describe_tags(ResourceArns=[made]),
        lambda: aws.elbv2.add_tags(ResourceArns=[made], Tags=[{"Key": "k", "Value": "v"}]),
        lambda: aws.rule(made, 1),
    ]
    for call in calls:
        with refused("ListenerNotFound"):
            call()
    assert aws.elbv2.describe_listeners(LoadBalancerArn=arn)["Listeners"] == []
    assert aws.listener(arn)["ListenerArn"] == made, "its port is taken at once"
    _wait(aws, SECONDS - 0.1)
    assert aws.elbv2.describe_listeners(LoadBalancerArn=arn)["Listeners"] == []
    _wait(aws, 0.1)
    for call in calls:
        call()
    [told] = aws.elbv2.describe_listeners(LoadBalancerArn=arn)["Listeners"]
    assert told["ListenerArn"] == made


@pytest.mark.M
def test_a_deleted_load_balancer_is_told_of(aws: Account, late: Callable[[str], None]) -> None:
    """It is told of, and nothing else is left of it."""
    late("elbv2.deleted-load-balancer-seconds")
    arn = aws.load_balancer()["LoadBalancerArn"]
    aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)

    def told() -> list[str]:
        found = aws.elbv2.describe_load_balancers()["LoadBalancers"]
        return [one["LoadBalancerArn"] for one in found]

    assert told() == [arn]
    assert aws.elbv2.describe_load_balancers(Names=["web"])["LoadBalancers"]
    for call in (
        lambda: aws.elbv2.describe_tags(ResourceArns=[arn]),
        lambda: aws.elbv2.describe_listeners(LoadBalancerArn=arn),
    ):
        with refused("LoadBalancerNotFound"):
            call()
    again = aws.load_balancer()["LoadBalancerArn"]
    assert told() == [again, arn]
    _wait(aws)
    assert told() == [again]


@pytest.mark.M
def test_default_rule_is_found_with_its_listener(aws: Account, late: Callable[[str], None]) -> None:
    listener = aws.http_listener()
    [rule] = aws.elbv2.describe_rules(ListenerArn=listener)["Rules"]
    late("elbv2.listener-visible-seconds")
    with refused("RuleNotFound"):
        aws.elbv2.describe_rules(RuleArns=[rule["RuleArn"]])
    _wait(aws)
    assert aws.elbv2.describe_rules(RuleArns=[rule["RuleArn"]])["Rules"] == [rule]


@pytest.mark.M
def test_new_rule_is_found_late(aws: Account, late: Callable[[str], None]) -> None:
    late("elbv2.rule-visible-seconds")
    listener = aws.http_listener()
    made = aws.rule(listener, 7)["RuleArn"]
    with refused("RuleNotFound"):
        aws.elbv2.describe_rules(RuleArns=[made])
    with refused("RuleNotFound"):
        aws.elbv2.modify_rule(RuleArn=made, Actions=[NOT_FOUND])
    with refused("PriorityInUse"):
        aws.rule(listener, 7)

    def told() -> list[str]:
        rules = aws.elbv2.describe_rules(ListenerArn=listener)["Rules"]
        return [rule["Priority"] for rule in rules]

    assert told() == ["default"]
    _wait(aws)
    assert told() == ["7", "default"]
    aws.elbv2.modify_rule(RuleArn=made, Actions=[NOT_FOUND])


@pytest.mark.M
def test_load_balancer_of_a_target_group_is_told_late(
    aws: Account, late: Callable[[str], None]
) -> None:
    late("elbv2.target-group-association-seconds")
    group = aws.target_group_arn()
    arn = aws.load_balancer()["LoadBalancerArn"]
    aws.listener(arn, DefaultActions=[forward(group)])

    def told(**which: Any) -> list[list[str]]:
        found = aws.elbv2.describe_target_groups(**which)["TargetGroups"]
        return [one["LoadBalancerArns"] for one in found]

    assert told(TargetGroupArns=[group]) == [[]]
    assert told(LoadBalancerArn=arn) == []
    with refused("ResourceInUse"):
        aws.elbv2.delete_target_group(TargetGroupArn=group)
    _wait(aws)
    assert told(TargetGroupArns=[group]) == told(LoadBalancerArn=arn) == [[arn]]


@pytest.mark.L
@pytest.mark.parametrize("going", ["rule", "listener", "load balancer", "action"])
def test_target_group_stays_in_use(aws: Account, late: Callable[[str], None], going: str) -> None:
    late("elbv2.target-group-release-seconds")
    group = aws.target_group_arn()
    load_balancer = aws.load_balancer()["LoadBalancerArn"]
    listener = aws.listener(load_balancer)["ListenerArn"]
    rule = aws.rule(listener, 1, Actions=[forward(group)])["RuleArn"]
    _wait(aws)
    if going == "rule":
        aws.elbv2.delete_rule(RuleArn=rule)
    elif going == "listener":
        aws.elbv2.delete_listener(ListenerArn=listener)
    elif going == "action":
        aws.elbv2.modify_rule(RuleArn=rule, Actions=[NOT_FOUND])
    else:
        aws.elbv2.delete_load_balancer(LoadBalancerArn=load_balancer)
    with refused("ResourceInUse"):
        aws.elbv2.delete_target_group(TargetGroupArn=group)
    _wait(aws)
    aws.elbv2.delete_target_group(TargetGroupArn=group)


@pytest.mark.M
def test_target_group_that_was_never_used_goes_at_once(
    aws: Account, late: Callable[[str], None]
) -> None:
    late("elbv2.target-group-release-seconds")
    aws.elbv2.delete_target_group(TargetGroupArn=aws.target_group_arn())


def _tags(aws: Account) -> dict[str, dict[str, str]]:
    """What GetResources tells, by the last part of the ARN's name."""
    found = aws.client("resourcegroupstaggingapi").get_resources()["ResourceTagMappingList"]
    return {
        one["ResourceARN"].split("/")[-2]: {tag["Key"]: tag["Value"] for tag in one["Tags"]}
        for one in found
    }


@pytest.mark.B
def test_tags_are_told_late(aws: Account, late: Callable[[str], None]) -> None:
    early = aws.target_group_arn("early", Tags=[{"Key": "k", "Value": "1"}])
    late("tagging.visible-seconds")
    aws.target_group_arn("new", Tags=[{"Key": "k", "Value": "1"}])
    assert _tags(aws) == {"early": {"k": "1"}}, "what was there before is no news"
    aws.elbv2.add_tags(ResourceArns=[early], Tags=[{"Key": "k", "Value": "2"}])
    assert _tags(aws) == {"early": {"k": "1"}}
    _wait(aws)
    assert _tags(aws) == {"early": {"k": "2"}, "new": {"k": "1"}}
    aws.elbv2.delete_target_group(TargetGroupArn=early)
    assert "early" in _tags(aws), "what is gone is told as long"
    _wait(aws)
    assert _tags(aws) == {"new": {"k": "1"}}


@pytest.mark.B
def test_tags_of_every_service_are_late(aws: Account, late: Callable[[str], None]) -> None:
    late("tagging.visible-seconds")
    tags = [{"Key": "k", "Value": "v"}]
    aws.ec2.create_tags(Resources=[aws.security_group("g")], Tags=tags)
    certificate = aws.certificate("a.example.com")
    aws.client("acm").add_tags_to_certificate(CertificateArn=certificate, Tags=tags)
    zones = aws.client("route53")
    zone = zones.create_hosted_zone(Name="example.com", CallerReference="r")["HostedZone"]["Id"]
    zones.change_tags_for_resource(
        ResourceType="hostedzone", ResourceId=zone.split("/")[-1], AddTags=tags
    )
    tagging = aws.client("resourcegroupstaggingapi")
    assert tagging.get_resources()["ResourceTagMappingList"] == []
    _wait(aws)
    assert len(tagging.get_resources()["ResourceTagMappingList"]) == 3


@pytest.mark.B
def test_tags_are_told_at_once_again(aws: Account, late: Callable[[str], None]) -> None:
    late("tagging.visible-seconds")
    aws.target_group_arn("new", Tags=[{"Key": "k", "Value": "1"}])
    _set(aws, "tagging.visible-seconds", None)
    assert _tags(aws) == {"new": {"k": "1"}}


def test_a_dump_keeps_what_is_late(aws: Account, late: Callable[[str], None]) -> None:
    late("tagging.visible-seconds")
    aws.target_group_arn("new", Tags=[{"Key": "k", "Value": "1"}])
    aws.control("POST", "/load", aws.control("GET", f"/dump?account={aws.id}"))
    assert _tags(aws) == {}
    _wait(aws)
    assert _tags(aws) == {"new": {"k": "1"}}


def test_the_pace_of_aws(aws: Account) -> None:
    """One setting for all delays; what was set by itself stays."""
    aws.settings(load_balancer_provisioning_seconds=5)
    aws.control("POST", "/settings", {"account": aws.id, "pace": "aws"})
    told = aws.control("GET", f"/settings?account={aws.id}")
    assert told["elbv2.load-balancer-provisioning-seconds"]["value"] == 5
    assert told["elbv2.listener-visible-seconds"]["value"] > 0
    assert told["control.throttling"]["value"] == 1
    other = Account(aws.endpoint)
    told = other.control("GET", f"/settings?account={other.id}")
    assert told["elbv2.listener-visible-seconds"]["value"] == 0
    aws.control("POST", "/settings", {"account": aws.id, "pace": "none"})
    told = aws.control("GET", f"/settings?account={aws.id}")
    assert told["elbv2.listener-visible-seconds"]["value"] == 0
    assert aws.control_refuses("POST", "/settings", {"account": aws.id, "pace": "ours"})
    assert aws.control_refuses("POST", "/settings", {"account": aws.id})


def test_a_pace_knows_every_delay(aws: Account) -> None:
    """Whoever adds a delay says how long it is on AWS."""
    quick = {"elbv2.capacity-provisioning-seconds", "elbv2.draining-seconds"}
    aws.control("POST", "/settings", {"account": aws.id, "pace": "aws"})
    told = aws.control("GET", f"/settings?account={aws.id}")
    delays = {name for name in told if name.endswith("-seconds")}
    assert {name for name in delays if not told[name]["value"]} == quick
