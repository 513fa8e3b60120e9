"""Target groups at work: who gets a request, stickiness, draining, health."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from aws import Account
from dataplane_ground import PATIENCE, Alb, Pod, Raw, alb, head_of, pods, stopping

__all__ = ["alb", "pods"]

Make = Callable[..., Pod]


def spread(alb: Alb, count: int, **headers: str) -> Counter[str]:
    """How often each pod answers."""
    return Counter(alb.ask("/", **headers).json["pod"] for _ in range(count))


def soon(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def cookie(reply: Any, name: str) -> str:
    """A cookie that a response sets, as the client sends it back."""
    (found,) = [c for c in reply.all("Set-Cookie") if c.startswith(f"{name}=")]
    return str(found.partition(";")[0])


def test_round_robin(alb: Alb, pods: Make) -> None:
    alb.forwards_to(pods("a"), pods("b"), pods("c"))
    assert spread(alb, 9) == {"a": 3, "b": 3, "c": 3}


def test_least_outstanding_requests(alb: Alb, pods: Make) -> None:
    held = threading.Event()

    def slow(connection: socket.socket) -> None:
        head_of(connection)
        held.wait(PATIENCE)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n" + b'{"pod": "s"}\n')

    busy = Raw(slow)
    with stopping(busy):
        algorithm = "least_outstanding_requests"
        alb.forwards_to(busy, pods("free"), load_balancing__algorithm__type=algorithm)
        waiting = [threading.Thread(target=alb.ask) for _ in range(2)]
        for thread in waiting:
            thread.start()
        assert soon(lambda: alb.statuses() == {200: 1})
        assert spread(alb, 6) == {"free": 6}
        held.set()
        for thread in waiting:
            thread.join(PATIENCE)


def test_weights(alb: Alb, pods: Make) -> None:
    groups = [alb.group(pods(name), name=name) for name in ("a", "b", "c")]
    weights = zip(groups, (3, 1, 0), strict=True)
    config = {"TargetGroups": [{"TargetGroupArn": arn, "Weight": w} for arn, w in weights]}
    alb.default({"Type": "forward", "ForwardConfig": config})
    assert spread(alb, 8) == {"a": 6, "b": 2}


@pytest.mark.D
def test_no_target_to_use_is_503(alb: Alb, pods: Make) -> None:
    full, empty = alb.group(pods("a"), name="full"), alb.group(name="empty")
    tuples = [{"TargetGroupArn": full, "Weight": 1}, {"TargetGroupArn": empty, "Weight": 1}]
    alb.default({"Type": "forward", "ForwardConfig": {"TargetGroups": tuples}})
    assert sorted(alb.ask("/").status for _ in range(4)) == [200, 200, 503, 503]
    none = [one | {"Weight": 0} for one in tuples]
    alb.default({"Type": "forward", "ForwardConfig": {"TargetGroups": none}})
    assert alb.ask("/").status == 503


@pytest.mark.D
def test_stickiness_by_the_load_balancers_cookie(alb: Alb, pods: Make) -> None:
    first = pods("a")
    group = alb.forwards_to(first, pods("b"), stickiness__enabled="true")
    reply = alb.ask("/")
    home = reply.json["pod"]
    kept = cookie(reply, "AWSALB")
    assert cookie(reply, "AWSALBCORS")
    assert spread(alb, 5, Cookie=f"other=1; {kept}") == {home: 5}
    # A forged one and one of another load balancer's making count for nothing.
    assert len(spread(alb, 4, Cookie="AWSALB=Zm9yZ2Vk")) == 2
    away = [t for t in alb.aws.health(group) if home == "a" and t["Target"]["Id"] == first.ip]
    if away:
        alb.aws.elbv2.deregister_targets(TargetGroupArn=group, Targets=[first.target])
        alb.settle()
        assert spread(alb, 3, Cookie=kept) == {"b": 3}


@pytest.mark.D
def test_stickiness_by_the_applications_cookie(alb: Alb, pods: Make) -> None:
    made = [pods("a"), pods("b")]
    alb.forwards_to(
        *made,
        stickiness__enabled="true",
        stickiness__type="app_cookie",
        stickiness__app_cookie__cookie_name="SESSION",
    )
    assert alb.ask("/").all("Set-Cookie") == []
    for pod in made:
        pod.server.fields.append(("Set-Cookie", "SESSION=1"))
    reply = alb.ask("/")
    kept = cookie(reply, "AWSALBAPP-0")
    home = reply.json["pod"]
    assert spread(alb, 4, Cookie=f"SESSION=1; {kept}") == {home: 4}
    assert len(spread(alb, 4, Cookie=kept)) == 2


@pytest.mark.D
def test_stickiness_to_a_target_group(alb: Alb, pods: Make) -> None:
    arns = [alb.group(pods(name), name=name) for name in ("a", "b")]
    config = {
        "TargetGroups": [{"TargetGroupArn": arn, "Weight": 1} for arn in arns],
        "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60},
    }
    alb.default({"Type": "forward", "ForwardConfig": config})
    reply = alb.ask("/")
    assert spread(alb, 4, Cookie=cookie(reply, "AWSALBTG")) == {reply.json["pod"]: 4}
    assert len(spread(alb, 4)) == 2


@pytest.mark.D
def test_unhealthy_targets_get_nothing_until_all_are(alb: Alb, pods: Make) -> None:
    made = {name: pods(name) for name in ("a", "b")}
    group = alb.forwards_to(*made.values())

    def say(name: str, state: str | None) -> None:
        pod = made[name]
        wish = {"account": alb.aws.id, "target_group": group, "target": pod.ip, "port": pod.port}
        alb.aws.control("POST", "/health", wish | {"state": state})
        alb.settle()

    say("a", "unhealthy")
    assert spread(alb, 4) == {"b": 4}
    say("b", "unhealthy")
    assert spread(alb, 4) == {"a": 2, "b": 2}
    say("a", None)
    assert spread(alb, 4) == {"a": 4}
    percentage = "target_group_health__unhealthy_state_routing__minimum_healthy_targets__percentage"
    alb.group_attributes(group, **{percentage: "80"})
    assert spread(alb, 4) == {"a": 2, "b": 2}


def holding(release: threading.Event, begun: threading.Event) -> Raw:
    def behave(connection: socket.socket) -> None:
        head_of(connection)
        begun.set()
        release.wait(PATIENCE)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")

    return Raw(behave)


@pytest.mark.D
def test_a_draining_target_finishes_and_gets_nothing_new(alb: Alb, pods: Make) -> None:
    release, begun, answers = threading.Event(), threading.Event(), []
    leaving = holding(release, begun)
    with stopping(leaving):
        group = alb.forwards_to(leaving)
        waiting = threading.Thread(target=lambda: answers.append(alb.ask("/").body))
        waiting.start()
        assert begun.wait(PATIENCE)
        alb.aws.elbv2.register_targets(TargetGroupArn=group, Targets=[pods("new").target])
        alb.aws.elbv2.deregister_targets(TargetGroupArn=group, Targets=[leaving.target])
        alb.settle()
        assert spread(alb, 4) == {"new": 4}
        release.set()
        waiting.join(PATIENCE)
        assert answers == [b"done"]


@pytest.mark.D
def test_a_request_is_cut_off_when_the_delay_is_over(alb: Alb) -> None:
    release, begun, answers = threading.Event(), threading.Event(), []
    leaving = holding(release, begun)
    with stopping(leaving):
        group = alb.forwards_to(leaving, deregistration_delay__timeout_seconds="1")
        waiting = threading.Thread(target=lambda: answers.append(alb.ask("/").status))
        waiting.start()
        assert begun.wait(PATIENCE)
        began = time.monotonic()
        alb.aws.elbv2.deregister_targets(TargetGroupArn=group, Targets=[leaving.target])
        waiting.join(PATIENCE)
        assert answers == [502]
        assert 0.8 < time.monotonic() - began < 3
        assert alb.ask("/").status == 503
        release.set()


def test_an_accounts_clock_ends_draining_too(alb: Alb) -> None:
    release, begun, answers = threading.Event(), threading.Event(), []
    leaving = holding(release, begun)
    with stopping(leaving):
        group = alb.forwards_to(leaving)
        waiting = threading.Thread(target=lambda: answers.append(alb.ask("/").status))
        waiting.start()
        assert begun.wait(PATIENCE)
        alb.aws.elbv2.deregister_targets(TargetGroupArn=group, Targets=[leaving.target])
        alb.settle()
        assert answers == []
        alb.aws.control("POST", "/clock", {"account": alb.aws.id, "advance": 301})
        waiting.join(PATIENCE)
        assert answers == [502]
        release.set()


def test_instances_are_reached_at_their_address(alb: Alb, pods: Make) -> None:
    (made,) = alb.aws.ec2.run_instances(
        ImageId="ami-12345678", MinCount=1, MaxCount=1, SubnetId=alb.aws.subnet_ids()[0]
    )["Instances"]
    pod = pods("node", ip=made["PrivateIpAddress"])
    group = alb.aws.target_group_arn("nodes", TargetType="instance")
    target = {"Id": made["InstanceId"], "Port": pod.port}
    alb.aws.elbv2.register_targets(TargetGroupArn=group, Targets=[target])
    alb.default({"Type": "forward", "TargetGroupArn": group})
    assert spread(alb, 2) == {"node": 2}
    alb.aws.ec2.stop_instances(InstanceIds=[made["InstanceId"]])
    alb.settle()
    assert alb.ask("/").status == 503


def test_slow_start(alb: Alb, pods: Make) -> None:
    group = alb.forwards_to(pods("old"), slow_start__duration_seconds="30")
    alb.aws.elbv2.register_targets(TargetGroupArn=group, Targets=[pods("new").target])
    alb.settle()
    first = spread(alb, 40)
    assert first["old"] > 35, first


# --- real health checks ---


@pytest.fixture
def checked(aws: Account) -> Alb:
    """A load balancer in an account whose targets are really checked, 50 times as fast."""
    aws.settings(real_health_checks=1, health_check_speed=50)
    return Alb(aws)


def test_health_is_what_the_checks_find(checked: Alb, pods: Make) -> None:
    pod = pods()
    group = checked.aws.target_group_arn(
        "checked",
        HealthCheckPath="/healthz",
        HealthCheckIntervalSeconds=5,
        HealthCheckTimeoutSeconds=2,
        HealthyThresholdCount=2,
        UnhealthyThresholdCount=2,
        Matcher={"HttpCode": "200-201"},
    )
    checked.aws.elbv2.register_targets(TargetGroupArn=group, Targets=[pod.target])
    assert checked.aws.states(group) == ["unused"]
    checked.default({"Type": "forward", "TargetGroupArn": group})

    def is_(state: str, reason: str | None) -> Callable[[], bool]:
        def holds() -> bool:
            (found,) = checked.aws.health(group)
            told = found["TargetHealth"]
            return (told["State"], told.get("Reason")) == (state, reason)

        return holds

    assert soon(is_("healthy", None))
    assert "GET /healthz" in pod.asked
    pod.server.status = 500
    assert soon(is_("unhealthy", "Target.ResponseCodeMismatch"))
    (found,) = checked.aws.health(group)
    assert found["TargetHealth"]["Description"] == "Health checks failed with these codes: [500]"
    # It is the only one, so it gets the requests all the same.
    assert checked.ask("/").status == 500
    pod.server.status = 201
    assert soon(is_("healthy", None))
    pod.stop()
    assert soon(is_("unhealthy", "Target.FailedHealthChecks"))


def test_a_target_that_hangs_times_out(checked: Alb) -> None:
    target = Raw(lambda connection: time.sleep(2))
    with stopping(target):
        group = checked.forwards_to(target)

        def reason() -> str | None:
            (found,) = checked.aws.health(group)
            told: str | None = found["TargetHealth"].get("Reason")
            return told

        assert reason() in ("Elb.RegistrationInProgress", "Elb.InitialHealthChecking")
        assert soon(lambda: reason() == "Target.Timeout")


def test_checks_go_by_the_accounts_clock(aws: Account, pods: Make) -> None:
    """Two checks of 30 seconds each are over at once when the clock is put forward."""
    aws.settings(real_health_checks=1)
    alb, pod = Alb(aws), pods()
    group = alb.forwards_to(pod)

    def advance(seconds: float) -> None:
        aws.control("POST", "/clock", {"account": aws.id, "advance": seconds})

    assert soon(lambda: aws.states(group) == ["healthy"])
    checks = len(pod.asked)
    pod.server.status = 500
    time.sleep(0.2)
    assert len(pod.asked) == checks and aws.states(group) == ["healthy"]
    advance(30)
    assert soon(lambda: len(pod.asked) == checks + 1)
    assert aws.states(group) == ["healthy"]
    advance(30)
    assert soon(lambda: aws.states(group) == ["unhealthy"])
    pod.server.status = 200
    advance(3600)
    assert soon(lambda: aws.states(group) == ["healthy"])
