"""Target groups."""

from typing import Any

import pytest
from aws import Account, forward, refused, unused


@pytest.mark.B
def test_create_defaults(aws: Account) -> None:
    made = aws.target_group()
    expected = {
        "TargetGroupName": "web",
        "Protocol": "HTTP",
        "ProtocolVersion": "HTTP1",
        "Port": 80,
        "VpcId": aws.vpc,
        "TargetType": "ip",
        "IpAddressType": "ipv4",
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckEnabled": True,
        "HealthCheckPath": "/",
        "HealthCheckIntervalSeconds": 30,
        "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": 5,
        "UnhealthyThresholdCount": 2,
        "Matcher": {"HttpCode": "200"},
        "LoadBalancerArns": [],
    }
    assert {key: made[key] for key in expected} == expected
    assert aws.elbv2.describe_target_groups()["TargetGroups"] == [made]


@pytest.mark.B
def test_create_grpc(aws: Account) -> None:
    made = aws.target_group(ProtocolVersion="GRPC")
    assert made["Matcher"] == {"GrpcCode": "12"}
    assert made["HealthCheckPath"] == "/AWS.ALB/healthcheck"
    assert aws.target_group("other", ProtocolVersion="GRPC", Matcher={"GrpcCode": "0-5,12"})


@pytest.mark.B
def test_create_instance_http2_ipv6(aws: Account) -> None:
    made = aws.target_group(TargetType="instance", ProtocolVersion="HTTP2", Protocol="HTTPS")
    assert (made["TargetType"], made["ProtocolVersion"]) == ("instance", "HTTP2")
    aws.ipv6()
    assert aws.target_group("six", IpAddressType="ipv6")["IpAddressType"] == "ipv6"


@pytest.mark.B
@pytest.mark.parametrize(
    ("more", "timeout"),
    [({}, 10), ({"HealthCheckProtocol": "HTTP"}, 6), ({"HealthCheckProtocol": "HTTPS"}, 10)],
)
def test_defaults_of_tcp(aws: Account, more: dict[str, str], timeout: int) -> None:
    made = aws.target_group(Protocol="TCP", **more)
    assert made["HealthCheckTimeoutSeconds"] == timeout
    assert made["HealthCheckProtocol"] == more.get("HealthCheckProtocol", "TCP")
    assert ("HealthCheckPath" in made) == bool(more)


@pytest.mark.D
def test_load_balancers_as_targets(aws: Account) -> None:
    """The guide of Network Load Balancers: by TCP, asked by HTTP or HTTPS."""
    alb = {"TargetType": "alb", "Protocol": "TCP"}
    for wrong in ({"Protocol": "HTTP"}, {"HealthCheckProtocol": "TCP"}):
        with refused("ValidationError"):
            aws.target_group(**alb | wrong)
    made = aws.target_group(**alb)
    assert (made["HealthCheckProtocol"], made["HealthCheckTimeoutSeconds"]) == ("HTTP", 6)


@pytest.mark.B
def test_defaults_of_functions(aws: Account) -> None:
    made = aws.elbv2.create_target_group(Name="f", TargetType="lambda")["TargetGroups"][0]
    names = ("HealthCheckIntervalSeconds", "HealthCheckTimeoutSeconds")
    assert [made[name] for name in names] == [35, 30]
    assert (made["HealthyThresholdCount"], made["UnhealthyThresholdCount"]) == (5, 5)


@pytest.mark.P
@pytest.mark.parametrize("version", ["HTTP2", "GRPC"])
def test_versions_that_need_https(aws: Account, version: str) -> None:
    """aws/copilot-cli #4551 has AWS's words."""
    group = aws.target_group_arn(ProtocolVersion=version)
    arn = aws.load_balancer()["LoadBalancerArn"]
    words = f"'HTTP' is not supported with a target group with the protocol-version '{version}'"
    with pytest.raises(aws.elbv2.exceptions.InvalidConfigurationRequestException, match=words):
        aws.listener(arn, DefaultActions=[forward(group)])
    aws.https_listener(arn, DefaultActions=[forward(group)])


@pytest.mark.B
def test_target_control_port(aws: Account) -> None:
    assert aws.target_group(TargetControlPort=3000)["TargetControlPort"] == 3000


@pytest.mark.B
def test_duplicate_same_settings(aws: Account) -> None:
    assert aws.target_group_arn() == aws.target_group_arn()
    assert len(aws.elbv2.describe_target_groups()["TargetGroups"]) == 1


@pytest.mark.P
@pytest.mark.parametrize(
    "other", [{"Port": 81}, {"HealthCheckPath": "/h"}, {"TargetType": "instance"}]
)
def test_duplicate_other_settings(aws: Account, other: dict[str, Any]) -> None:
    aws.target_group()
    with refused("DuplicateTargetGroupName"):
        aws.target_group(**other)


@pytest.mark.B
@pytest.mark.parametrize(
    "wrong",
    [
        {"Name": "-bad"},
        {"Name": "bad-"},
        {"Name": "x" * 33},
        {"Name": "a_b"},
        {"Name": ""},
        {"Protocol": "FTP"},
        {"Protocol": None},
        {"ProtocolVersion": "HTTP3"},
        {"TargetType": "pod"},
        {"Port": 0},
        {"Port": 70000},
        {"Port": None},
        {"VpcId": None},
        {"VpcId": "vpc-0123456789abcdef0"},
        {"HealthCheckIntervalSeconds": 4},
        {"HealthCheckIntervalSeconds": 301},
        {"HealthCheckTimeoutSeconds": 1},
        {"HealthCheckTimeoutSeconds": 121},
        {"HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 5},
        {"HealthyThresholdCount": 1},
        {"HealthyThresholdCount": 11},
        {"UnhealthyThresholdCount": 11},
        {"HealthCheckPath": "/" + "x" * 1024},
        {"HealthCheckPath": "x"},
        {"HealthCheckPort": "0"},
        {"HealthCheckPort": "http"},
        {"HealthCheckProtocol": "TCP"},
        {"HealthCheckEnabled": False},
        {"Matcher": {"HttpCode": "199"}},
        {"Matcher": {"HttpCode": "200-500"}},
        {"Matcher": {"HttpCode": "299-200"}},
        {"Matcher": {"HttpCode": "ok"}},
        {"Matcher": {"HttpCode": ""}},
        {"Matcher": {"GrpcCode": "12"}},
        {"ProtocolVersion": "GRPC", "Matcher": {"HttpCode": "200"}},
        {"ProtocolVersion": "GRPC", "Matcher": {"GrpcCode": "100"}},
    ],
    ids=str,
)
def test_validation(shared: Account, wrong: dict[str, Any]) -> None:
    wanted = {
        "Name": "web",
        "Protocol": "HTTP",
        "Port": 80,
        "VpcId": shared.vpc,
        "TargetType": "ip",
        **wrong,
    }
    with refused("ValidationError"):
        shared.elbv2.create_target_group(**{k: v for k, v in wanted.items() if v is not None})
    assert shared.elbv2.describe_target_groups()["TargetGroups"] == []


@pytest.mark.B
@pytest.mark.parametrize("code", ["200", "200,202", "200-299", "200-299,404", "200-499"])
def test_matcher(aws: Account, code: str) -> None:
    assert aws.target_group(Matcher={"HttpCode": code})["Matcher"] == {"HttpCode": code}


@pytest.mark.B
def test_lambda(aws: Account) -> None:
    made = aws.elbv2.create_target_group(Name="fn", TargetType="lambda")["TargetGroups"][0]
    assert made["HealthCheckEnabled"] is False
    assert "Port" not in made
    with refused("ValidationError"):
        aws.target_group("other", TargetType="lambda")


@pytest.mark.B
def test_modify(aws: Account) -> None:
    arn = aws.target_group_arn()
    made = aws.elbv2.modify_target_group(
        TargetGroupArn=arn, HealthCheckPath="/h", Matcher={"HttpCode": "204"}
    )["TargetGroups"][0]
    assert (made["HealthCheckPath"], made["Matcher"]) == ("/h", {"HttpCode": "204"})
    assert made["HealthCheckIntervalSeconds"] == 30
    with refused("ValidationError"):
        aws.elbv2.modify_target_group(
            TargetGroupArn=arn, HealthCheckPath="/i", HealthCheckTimeoutSeconds=30
        )
    assert aws.elbv2.describe_target_groups()["TargetGroups"] == [made]


@pytest.mark.B
def test_modify_grpc_code(aws: Account) -> None:
    arn = aws.target_group_arn(ProtocolVersion="GRPC")
    aws.elbv2.modify_target_group(TargetGroupArn=arn, Matcher={"GrpcCode": "0"})
    found = aws.elbv2.describe_target_groups()["TargetGroups"][0]
    assert found["Matcher"] == {"GrpcCode": "0"}


@pytest.mark.B
def test_describe_pages(aws: Account) -> None:
    for number in range(5):
        aws.target_group(f"web-{number}")
    pages = list(
        aws.elbv2.get_paginator("describe_target_groups").paginate(PaginationConfig={"PageSize": 2})
    )
    assert [len(page["TargetGroups"]) for page in pages] == [2, 2, 1]


@pytest.mark.M
def test_describe_missing(aws: Account) -> None:
    arn = aws.target_group_arn()
    with refused("TargetGroupNotFound"):
        aws.elbv2.describe_target_groups(Names=["web", "gone"])
    with refused("TargetGroupNotFound"):
        aws.elbv2.describe_target_groups(TargetGroupArns=[arn, unused(arn)])
    with refused("ValidationError"):
        aws.elbv2.describe_target_groups(TargetGroupArns=["junk"])
    with refused("ValidationError"):
        aws.elbv2.describe_target_groups(TargetGroupArns=[arn], Names=["web"])


@pytest.mark.P
def test_load_balancer_arns_follow_the_rules(aws: Account) -> None:
    load_balancer = aws.load_balancer()["LoadBalancerArn"]
    listener = aws.listener(load_balancer)["ListenerArn"]
    group, other = aws.target_group_arn(), aws.target_group_arn("other")

    def users(arn: str) -> list[str]:
        found = aws.elbv2.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]
        return found["LoadBalancerArns"]

    first = aws.rule(listener, 1, Actions=[forward(group)])["RuleArn"]
    second = aws.rule(listener, 2, Actions=[forward(group, other)])["RuleArn"]
    assert users(group) == users(other) == [load_balancer]
    found = aws.elbv2.describe_target_groups(LoadBalancerArn=load_balancer)["TargetGroups"]
    assert [each["TargetGroupName"] for each in found] == ["web", "other"]
    aws.elbv2.delete_rule(RuleArn=first)
    assert users(group) == [load_balancer]
    aws.elbv2.modify_rule(RuleArn=second, Actions=[forward(other)])
    assert (users(group), users(other)) == ([], [load_balancer])
    aws.elbv2.modify_listener(ListenerArn=listener, DefaultActions=[forward(group)])
    assert users(group) == [load_balancer]
    aws.elbv2.delete_load_balancer(LoadBalancerArn=load_balancer)
    assert users(group) == users(other) == []


@pytest.mark.P
def test_one_load_balancer_only(aws: Account) -> None:
    group = aws.target_group_arn()
    first, second = aws.http_listener("one"), aws.http_listener("two")
    aws.rule(first, 1, Actions=[forward(group)])
    with refused("TargetGroupAssociationLimit"):
        aws.rule(second, 1, Actions=[forward(group)])
    with refused("TargetGroupAssociationLimit"):
        aws.elbv2.modify_listener(ListenerArn=second, DefaultActions=[forward(group)])


@pytest.mark.P
def test_delete(aws: Account) -> None:
    group, listener = aws.target_group_arn(), aws.http_listener()
    rule = aws.rule(listener, 1, Actions=[forward(group, Weight=0)])["RuleArn"]
    with refused("ResourceInUse"):
        aws.elbv2.delete_target_group(TargetGroupArn=group)
    aws.elbv2.delete_rule(RuleArn=rule)
    aws.elbv2.delete_target_group(TargetGroupArn=group)
    assert aws.elbv2.describe_target_groups()["TargetGroups"] == []


@pytest.mark.M
def test_delete_missing(aws: Account) -> None:
    group = aws.target_group_arn()
    aws.elbv2.delete_target_group(TargetGroupArn=group)
    aws.elbv2.delete_target_group(TargetGroupArn=group)
    with refused("ValidationError"):
        aws.elbv2.delete_target_group(TargetGroupArn="junk")


@pytest.mark.D
def test_target_group_limit(aws: Account) -> None:
    aws.settings(quota_target_groups=2)
    aws.target_group("one")
    aws.target_group("two")
    aws.target_group("two")
    with refused("TooManyTargetGroups"):
        aws.target_group("three")
