"""Attributes of load balancers, listeners and target groups."""

import json
from typing import Any

import pytest
from aws import Account, refused


def _as_dict(answer: dict[str, Any]) -> dict[str, str]:
    return {pair["Key"]: pair["Value"] for pair in answer["Attributes"]}


def _pairs(**values: str) -> list[dict[str, str]]:
    return [{"Key": key.replace("__", "."), "Value": value} for key, value in values.items()]


class LoadBalancer:
    """A load balancer and its attributes."""

    def __init__(self, aws: Account) -> None:
        self.aws = aws
        self.arn = aws.load_balancer()["LoadBalancerArn"]

    def read(self) -> dict[str, str]:
        return _as_dict(self.aws.elbv2.describe_load_balancer_attributes(LoadBalancerArn=self.arn))

    def write(self, pairs: list[dict[str, str]]) -> dict[str, str]:
        return _as_dict(
            self.aws.elbv2.modify_load_balancer_attributes(
                LoadBalancerArn=self.arn, Attributes=pairs
            )
        )


class TargetGroup:
    """A target group and its attributes."""

    def __init__(self, aws: Account) -> None:
        self.aws = aws
        self.arn = aws.target_group_arn()

    def read(self) -> dict[str, str]:
        return _as_dict(self.aws.elbv2.describe_target_group_attributes(TargetGroupArn=self.arn))

    def write(self, pairs: list[dict[str, str]]) -> dict[str, str]:
        return _as_dict(
            self.aws.elbv2.modify_target_group_attributes(TargetGroupArn=self.arn, Attributes=pairs)
        )


class Listener:
    """A listener and its attributes."""

    def __init__(self, aws: Account) -> None:
        self.aws = aws
        self.arn = aws.http_listener()

    def read(self) -> dict[str, str]:
        return _as_dict(self.aws.elbv2.describe_listener_attributes(ListenerArn=self.arn))

    def write(self, pairs: list[dict[str, str]]) -> dict[str, str]:
        return _as_dict(
            self.aws.elbv2.modify_listener_attributes(ListenerArn=self.arn, Attributes=pairs)
        )


@pytest.mark.B
def test_load_balancer_defaults(aws: Account) -> None:
    attributes = LoadBalancer(aws).read()
    assert len(attributes) >= 20
    assert attributes["idle_timeout.timeout_seconds"] == "60"
    assert attributes["client_keep_alive.seconds"] == "3600"
    assert attributes["routing.http2.enabled"] == "true"
    assert attributes["routing.http.desync_mitigation_mode"] == "defensive"
    assert attributes["deletion_protection.enabled"] == "false"


@pytest.mark.B
def test_load_balancer_modify_returns_all(aws: Account) -> None:
    thing = LoadBalancer(aws)
    answer = thing.write(
        _pairs(idle_timeout__timeout_seconds="120", routing__http2__enabled="false")
    )
    assert answer == thing.read()
    assert answer["idle_timeout.timeout_seconds"] == "120"
    assert answer["routing.http2.enabled"] == "false"


@pytest.mark.M
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("idle_timeout.timeout_seconds", "0"),
        ("idle_timeout.timeout_seconds", "4001"),
        ("idle_timeout.timeout_seconds", "many"),
        ("idle_timeout.timeout_seconds", "²"),
        ("client_keep_alive.seconds", "59"),
        ("routing.http2.enabled", "yes"),
        ("load_balancing.cross_zone.enabled", "false"),
        ("routing.http.xff_header_processing.mode", "drop"),
    ],
)
def test_load_balancer_ranges(aws: Account, key: str, value: str) -> None:
    thing = LoadBalancer(aws)
    before = thing.read()
    with refused("ValidationError"):
        thing.write(
            [{"Key": "idle_timeout.timeout_seconds", "Value": "5"}, {"Key": key, "Value": value}]
        )
    assert thing.read() == before


@pytest.mark.E
@pytest.mark.parametrize("thing", [LoadBalancer, TargetGroup, Listener])
def test_unknown_key(aws: Account, thing: Any) -> None:
    with refused("ValidationError"):
        thing(aws).write([{"Key": "no.such.key", "Value": "1"}])


@pytest.mark.B
def test_load_balancer_twenty_in_a_call(aws: Account) -> None:
    thing = LoadBalancer(aws)
    every = [{"Key": key, "Value": value} for key, value in thing.read().items()]
    with refused("ValidationError"):
        thing.write(every[:21])
    assert thing.write(every[:20])


@pytest.mark.P
def test_access_logs_need_an_open_bucket(aws: Account) -> None:
    thing, s3 = LoadBalancer(aws), aws.client("s3")
    bucket = f"logs-{aws.id}"
    pairs = _pairs(access_logs__s3__enabled="true", access_logs__s3__bucket=bucket)
    with refused("InvalidConfigurationRequest"):
        thing.write(pairs)
    s3.create_bucket(Bucket=bucket)
    with refused("InvalidConfigurationRequest"):
        thing.write(pairs)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    assert thing.write(pairs)["access_logs.s3.enabled"] == "true"


@pytest.mark.B
def test_target_group_defaults(aws: Account) -> None:
    attributes = TargetGroup(aws).read()
    assert len(attributes) == 14
    assert attributes["deregistration_delay.timeout_seconds"] == "300"
    assert attributes["stickiness.lb_cookie.duration_seconds"] == "86400"
    assert attributes["stickiness.type"] == "lb_cookie"
    assert attributes["load_balancing.algorithm.anomaly_mitigation"] == "off"
    assert attributes["load_balancing.cross_zone.enabled"] == "use_load_balancer_configuration"
    key = "target_group_health.dns_failover.minimum_healthy_targets.count"
    assert attributes[key] == "1"


@pytest.mark.B
def test_target_group_modify(aws: Account) -> None:
    thing = TargetGroup(aws)
    answer = thing.write(
        _pairs(
            deregistration_delay__timeout_seconds="3600",
            slow_start__duration_seconds="30",
            stickiness__enabled="true",
        )
    )
    assert answer == thing.read()
    assert answer["deregistration_delay.timeout_seconds"] == "3600"


@pytest.mark.M
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("deregistration_delay.timeout_seconds", "3601"),
        ("deregistration_delay.timeout_seconds", "soon"),
        ("slow_start.duration_seconds", "29"),
        ("slow_start.duration_seconds", "901"),
        ("stickiness.lb_cookie.duration_seconds", "0"),
        ("stickiness.type", "source_ip"),
        ("load_balancing.algorithm.type", "random"),
        ("stickiness.app_cookie.cookie_name", "AWSALBAPP-x"),
    ],
)
def test_target_group_ranges(aws: Account, key: str, value: str) -> None:
    with refused("ValidationError"):
        TargetGroup(aws).write([{"Key": key, "Value": value}])


@pytest.mark.B
def test_target_group_combinations(aws: Account) -> None:
    thing = TargetGroup(aws)
    with refused("InvalidConfigurationRequest"):
        thing.write(_pairs(load_balancing__algorithm__anomaly_mitigation="on"))
    assert thing.write(
        _pairs(
            load_balancing__algorithm__anomaly_mitigation="on",
            load_balancing__algorithm__type="weighted_random",
        )
    )


@pytest.mark.M
def test_listener_defaults(aws: Account) -> None:
    thing = Listener(aws)
    attributes = thing.read()
    assert attributes["routing.http.response.server.enabled"] == "true"
    assert "tcp.idle_timeout.seconds" not in attributes
    assert not any("x_amzn_mtls" in key for key in attributes)
    key = "routing.http.response.server.enabled"
    assert thing.write([{"Key": key, "Value": "false"}])[key] == "false"
    assert thing.read()[key] == "false"


@pytest.mark.M
def test_https_listener_has_tls_attributes(aws: Account) -> None:
    listener = aws.https_listener(aws.load_balancer()["LoadBalancerArn"])["ListenerArn"]
    attributes = _as_dict(aws.elbv2.describe_listener_attributes(ListenerArn=listener))
    assert "routing.http.request.x_amzn_mtls_clientcert.header_name" in attributes


@pytest.mark.M
@pytest.mark.parametrize(
    ("methods", "good"), [("GET,PUT", True), ("*", True), ("", True), ("GET, FETCH", False)]
)
def test_methods_of_other_origins(aws: Account, methods: str, good: bool) -> None:
    listener = aws.http_listener()
    key = "routing.http.response.access_control_allow_methods.header_value"
    attributes = [{"Key": key, "Value": methods}]

    def run() -> None:
        aws.elbv2.modify_listener_attributes(ListenerArn=listener, Attributes=attributes)

    if good:
        run()
    else:
        with refused("ValidationError"):
            run()


@pytest.mark.B
def test_attributes_of_what_is_gone(aws: Account) -> None:
    load_balancer = LoadBalancer(aws)
    listener = aws.listener(load_balancer.arn)["ListenerArn"]
    aws.elbv2.delete_load_balancer(LoadBalancerArn=load_balancer.arn)
    with refused("LoadBalancerNotFound"):
        load_balancer.read()
    with refused("ListenerNotFound"):
        aws.elbv2.describe_listener_attributes(ListenerArn=listener)
    group = TargetGroup(aws)
    aws.elbv2.delete_target_group(TargetGroupArn=group.arn)
    with refused("TargetGroupNotFound"):
        group.read()
