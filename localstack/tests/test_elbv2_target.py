"""Targets and their health."""

from typing import Any

import pytest
from aws import Account, forward, refused
from botocore.exceptions import ClientError


def _register(aws: Account, group: str, *targets: dict[str, Any]) -> None:
    aws.elbv2.register_targets(TargetGroupArn=group, Targets=list(targets))


def _deregister(aws: Account, group: str, *targets: dict[str, Any]) -> None:
    aws.elbv2.deregister_targets(TargetGroupArn=group, Targets=list(targets))


def _ip(aws: Account, last: int = 10) -> str:
    """An address in the first default subnet."""
    return aws.subnets[0]["CidrBlock"].rpartition(".")[0] + f".{last}"


def _used(aws: Account, **more: Any) -> str:
    """A target group that a rule forwards to."""
    group = aws.target_group_arn(**more)
    aws.rule(aws.http_listener(), 1, Actions=[forward(group)])
    return group


@pytest.mark.B
def test_same_address_on_two_ports(aws: Account) -> None:
    group = _used(aws)
    _register(aws, group, {"Id": _ip(aws), "Port": 8080}, {"Id": _ip(aws), "Port": 8081})
    assert {health["Target"]["Port"] for health in aws.health(group)} == {8080, 8081}
    aws.settings(draining_seconds=0)
    _deregister(aws, group, {"Id": _ip(aws), "Port": 8080})
    assert [health["Target"]["Port"] for health in aws.health(group)] == [8081]


@pytest.mark.B
def test_port_of_the_group(aws: Account) -> None:
    group = _used(aws, Port=8080)
    _register(aws, group, {"Id": _ip(aws)})
    [health] = aws.health(group)
    assert (health["Target"]["Port"], health["HealthCheckPort"]) == (8080, "8080")
    aws.settings(draining_seconds=0)
    _deregister(aws, group, {"Id": _ip(aws), "Port": 8080})
    assert aws.health(group) == []


@pytest.mark.B
def test_zone_is_detected_or_given(aws: Account) -> None:
    group = _used(aws)
    inside, outside = _ip(aws), "10.9.9.9"
    _register(aws, group, {"Id": inside}, {"Id": outside, "AvailabilityZone": "all"})
    zones = {h["Target"]["Id"]: h["Target"].get("AvailabilityZone") for h in aws.health(group)}
    assert zones == {inside: aws.subnets[0]["AvailabilityZone"], outside: "all"}
    _register(aws, group, {"Id": inside, "AvailabilityZone": zones[inside]})
    assert len(aws.health(group)) == 2


@pytest.mark.L
def test_outside_the_vpc_without_a_zone(aws: Account) -> None:
    group = aws.target_group_arn()
    # This text is asserted, because controllers look for it.
    with pytest.raises(ClientError, match="you must specify an Availability Zone") as said:
        _register(aws, group, {"Id": "10.9.9.9"})
    assert said.value.response["Error"]["Code"] == "ValidationError"


@pytest.mark.B
@pytest.mark.parametrize(
    "wrong",
    [
        {"Id": "nonsense"},
        {"Id": "i-0123456789abcdef0"},
        {"Id": "::1"},
        {"Id": "8.8.8.8", "AvailabilityZone": "all"},
        {"Id": "172.31.0.10", "Port": 0},
        {"Id": "10.9.9.9", "AvailabilityZone": "us-east-9z"},
        {"Port": 80},
    ],
    ids=str,
)
def test_validation_of_addresses(aws: Account, wrong: dict[str, Any]) -> None:
    group = aws.target_group_arn()
    with refused("ValidationError"):
        _register(aws, group, {"Id": _ip(aws)}, wrong)
    assert aws.health(group) == []


@pytest.mark.E
def test_validation_of_instances(aws: Account) -> None:
    group = _used(aws, TargetType="instance")
    with refused("InvalidTarget"):
        _register(aws, group, {"Id": "i-0123456789abcdef0"})
    for malformed in (_ip(aws), "i-xyz"):
        with refused("ValidationError"):
            _register(aws, group, {"Id": malformed})
    instance = _instance(aws)
    _register(aws, group, {"Id": instance})
    assert aws.states(group) == ["healthy"]
    aws.ec2.stop_instances(InstanceIds=[instance])
    assert aws.states(group) == ["unused"]
    with refused("InvalidTarget"):
        _register(aws, group, {"Id": instance})


@pytest.mark.M
def test_terminated_instance_disappears(aws: Account) -> None:
    group, instance = _used(aws, TargetType="instance"), _instance(aws)
    _register(aws, group, {"Id": instance})
    aws.ec2.terminate_instances(InstanceIds=[instance])
    assert aws.health(group) == []


def _instance(aws: Account) -> str:
    made = aws.ec2.run_instances(
        ImageId="ami-12c6146b", MinCount=1, MaxCount=1, SubnetId=aws.subnet_ids()[0]
    )
    return str(made["Instances"][0]["InstanceId"])


@pytest.mark.D
def test_targets_per_target_group_limit(aws: Account) -> None:
    aws.settings(quota_targets_per_target_group=2)
    group = aws.target_group_arn()
    _register(aws, group, {"Id": _ip(aws, 10)}, {"Id": _ip(aws, 11)})
    _register(aws, group, {"Id": _ip(aws, 11)})
    with refused("TooManyTargets"):
        _register(aws, group, {"Id": _ip(aws, 12)})


@pytest.mark.D
def test_targets_per_load_balancer_limit(aws: Account) -> None:
    aws.settings(quota_targets_per_application_load_balancer=2)
    one, two, listener = (
        aws.target_group_arn("one"),
        aws.target_group_arn("two"),
        aws.http_listener(),
    )
    aws.rule(listener, 1, Actions=[forward(one)])
    _register(aws, one, {"Id": _ip(aws, 10)})
    _register(aws, two, {"Id": _ip(aws, 10)}, {"Id": _ip(aws, 11)})
    with refused("TooManyTargets"):
        aws.rule(listener, 2, Actions=[forward(two)])
    with refused("TooManyTargets"):
        _register(aws, one, {"Id": _ip(aws, 11)}, {"Id": _ip(aws, 12)})


@pytest.mark.B
def test_deregister_unknown(aws: Account) -> None:
    _deregister(aws, aws.target_group_arn(), {"Id": _ip(aws)}, {"Id": "nonsense", "Port": 1})


@pytest.mark.B
def test_health_unused(aws: Account) -> None:
    group = aws.target_group_arn()
    _register(aws, group, {"Id": _ip(aws)})
    [health] = aws.health(group)
    assert health["TargetHealth"]["State"] == "unused"
    assert health["TargetHealth"]["Reason"] == "Target.NotInUse"
    rule = aws.rule(aws.http_listener(), 1, Actions=[forward(group, Weight=0)])["RuleArn"]
    assert aws.states(group) == ["healthy"], "weight 0 counts as used"
    aws.elbv2.delete_rule(RuleArn=rule)
    assert aws.states(group) == ["unused"]


@pytest.mark.B
def test_health_zone_not_enabled(aws: Account) -> None:
    group = _used(aws)
    third = aws.subnets[2]["CidrBlock"].rpartition(".")[0] + ".10"
    _register(aws, group, {"Id": third})
    [health] = aws.health(group)
    assert health["TargetHealth"]["Reason"] == "Target.NotInUse"


@pytest.mark.B
def test_health_initial_then_healthy(aws: Account) -> None:
    group = _used(aws)
    aws.settings(target_health_seconds=60)
    _register(aws, group, {"Id": _ip(aws)})
    [health] = aws.health(group)
    assert health["TargetHealth"]["State"] == "initial"
    assert health["TargetHealth"]["Reason"] == "Elb.RegistrationInProgress"
    aws.settings(target_health_seconds=None)
    [health] = aws.health(group)
    assert health["TargetHealth"] == {"State": "healthy"}


@pytest.mark.B
def test_health_draining(aws: Account) -> None:
    group = _used(aws)
    _register(aws, group, {"Id": _ip(aws)})
    _deregister(aws, group, {"Id": _ip(aws)})
    [health] = aws.health(group)
    assert health["TargetHealth"]["State"] == "draining"
    assert health["TargetHealth"]["Reason"] == "Target.DeregistrationInProgress"
    _register(aws, group, {"Id": _ip(aws)})
    assert aws.states(group) == ["healthy"]
    _deregister(aws, group, {"Id": _ip(aws)})
    aws.elbv2.modify_target_group_attributes(
        TargetGroupArn=group,
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "0"}],
    )
    assert aws.health(group) == []


@pytest.mark.M
def test_nothing_drains_from_an_unused_group(aws: Account) -> None:
    group = aws.target_group_arn()
    _register(aws, group, {"Id": _ip(aws)})
    _deregister(aws, group, {"Id": _ip(aws)})
    assert aws.health(group) == []


@pytest.mark.B
def test_health_of_some_targets(aws: Account) -> None:
    group = _used(aws)
    _register(aws, group, {"Id": _ip(aws, 10)}, {"Id": _ip(aws, 11)})
    found = aws.health(group, Targets=[{"Id": _ip(aws, 11)}, {"Id": _ip(aws, 12), "Port": 99}])
    assert [health["TargetHealth"]["State"] for health in found] == ["healthy", "unused"]
    assert found[1]["TargetHealth"]["Reason"] == "Target.NotRegistered"
    assert found[1]["Target"] == {"Id": _ip(aws, 12), "Port": 99}


@pytest.mark.B
def test_lambda(aws: Account) -> None:
    arn = aws.elbv2.create_target_group(Name="fn", TargetType="lambda")["TargetGroups"][0][
        "TargetGroupArn"
    ]
    aws.rule(aws.http_listener(), 1, Actions=[forward(arn)])
    _register(aws, arn, {"Id": f"arn:aws:lambda:us-east-1:{aws.id}:function:f"})
    [health] = aws.health(arn)
    assert health["TargetHealth"]["Reason"] == "Target.HealthCheckDisabled"
    with refused("ValidationError"):
        _register(aws, arn, {"Id": _ip(aws)})


@pytest.mark.B
def test_group_is_gone(aws: Account) -> None:
    group = aws.target_group_arn()
    aws.elbv2.delete_target_group(TargetGroupArn=group)
    with refused("TargetGroupNotFound"):
        _register(aws, group, {"Id": _ip(aws)})
    with refused("TargetGroupNotFound"):
        _deregister(aws, group, {"Id": _ip(aws)})
    with refused("TargetGroupNotFound"):
        aws.health(group)


@pytest.mark.B
def test_a_zone_counts_only_while_cross_zone_is_off(aws: Account) -> None:
    """botocore: "Otherwise the parameter is ignored and treated as all"."""
    group = _used(aws)
    here, elsewhere = _ip(aws), "10.1.1.1"
    zones = [subnet["AvailabilityZone"] for subnet in aws.subnets[:3]]
    for zone in (zones[0], zones[2], "all"):
        _register(aws, group, {"Id": elsewhere, "AvailabilityZone": zone})
        _register(aws, group, {"Id": here, "AvailabilityZone": zone})
    found = {told["Target"]["Id"]: told for told in aws.health(group)}
    assert set(found) == {here, elsewhere} and len(aws.health(group)) == 2
    assert found[elsewhere]["Target"]["AvailabilityZone"] == "all"
    assert found[here]["Target"]["AvailabilityZone"] == zones[0]
    assert aws.states(group) == ["healthy", "healthy"]
    _deregister(aws, group, {"Id": elsewhere, "AvailabilityZone": zones[1]})
    assert sorted(aws.states(group)) == ["draining", "healthy"]


def _cross_zone(aws: Account, group: str, value: str, **more: str) -> None:
    wanted = {"load_balancing.cross_zone.enabled": value} | more
    attributes = [{"Key": key, "Value": text} for key, text in wanted.items()]
    aws.elbv2.modify_target_group_attributes(TargetGroupArn=group, Attributes=attributes)


@pytest.mark.D
def test_cross_zone_off(aws: Account) -> None:
    """The guide: it does not go with targets of "all" zones, nor with stickiness."""
    group = _used(aws)
    _register(aws, group, {"Id": "10.1.1.1", "AvailabilityZone": "all"})
    with refused("InvalidConfigurationRequest"):
        _cross_zone(aws, group, "false")
    _deregister(aws, group, {"Id": "10.1.1.1"})
    aws.settings(draining_seconds=0)
    with refused("InvalidConfigurationRequest"):
        _cross_zone(aws, group, "false", **{"stickiness.enabled": "true"})
    aws.health(group)
    _cross_zone(aws, group, "false")
    with refused("ValidationError"):
        _register(aws, group, {"Id": "10.1.1.1", "AvailabilityZone": "all"})
    zones = [subnet["AvailabilityZone"] for subnet in aws.subnets[:2]]
    for zone in zones:
        _register(aws, group, {"Id": "10.1.1.1", "AvailabilityZone": zone})
    assert [told["Target"]["AvailabilityZone"] for told in aws.health(group)] == zones


@pytest.mark.M
def test_one_ipv6_address(aws: Account) -> None:
    """However it is written, it is one target."""
    block = aws.ipv6()
    group = aws.target_group_arn("six", IpAddressType="ipv6")
    root = block.removesuffix("::/56")
    for text in (f"{root}::a", f"{root}:0:0:0:a", f"{root}::000A"):
        _register(aws, group, {"Id": text})
    assert [told["Target"]["Id"] for told in aws.health(group)] == [f"{root}::a"]
    _deregister(aws, group, {"Id": f"{root}:0::A"})
    assert aws.health(group) == []


@pytest.mark.P
def test_instances_over_ipv6(aws: Account) -> None:
    """LBC #3692 has AWS's words for an instance that has no such address."""
    aws.ipv6()
    group = aws.target_group_arn("six", IpAddressType="ipv6", TargetType="instance")
    instance = _instance(aws)
    with refused("InvalidTarget"):
        _register(aws, group, {"Id": instance})
    [found] = aws.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"]
    interface = found["NetworkInterfaces"][0]["NetworkInterfaceId"]
    aws.ec2.assign_ipv6_addresses(NetworkInterfaceId=interface, Ipv6AddressCount=1)
    _register(aws, group, {"Id": instance})


@pytest.mark.D
def test_one_function(aws: Account) -> None:
    """AWS's quotas page: one Lambda function for each target group."""
    group = aws.elbv2.create_target_group(Name="f", TargetType="lambda")["TargetGroups"][0]
    arn = group["TargetGroupArn"]
    functions = [f"arn:aws:lambda:us-east-1:{aws.id}:function:{name}" for name in "ab"]
    _register(aws, arn, {"Id": functions[0]})
    with refused("TooManyTargets"):
        _register(aws, arn, {"Id": functions[1]})


@pytest.mark.B
@pytest.mark.parametrize("include", ["AnomalyDetection", "All"])
def test_anomalies(aws: Account, include: str) -> None:
    group = _used(aws)
    _register(aws, group, {"Id": _ip(aws)})
    assert "AnomalyDetection" not in aws.health(group)[0]
    [told] = aws.health(group, Include=[include])
    assert told["AnomalyDetection"] == {"Result": "normal", "MitigationInEffect": "no"}


@pytest.mark.M
def test_nobody_is_healthy_while_the_load_balancer_is_made(aws: Account) -> None:
    aws.settings(load_balancer_provisioning_seconds=90)
    group = _used(aws)
    _register(aws, group, {"Id": _ip(aws)})
    assert aws.states(group) == ["initial"]
    aws.control("POST", "/clock", {"account": aws.id, "advance": 91})
    assert aws.states(group) == ["healthy"]
