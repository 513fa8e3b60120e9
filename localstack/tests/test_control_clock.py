"""`/_albedo/clock`: AWS's delays pass without waiting; and its token buckets, which time fills."""

import time
from typing import Any

import pytest
from aws import Account, refused


def _clock(aws: Account, **move: Any) -> Any:
    return aws.control("POST", "/clock", {"account": aws.id, **move})


def test_provisioning_takes_no_time(aws: Account) -> None:
    aws.settings(load_balancer_provisioning_seconds=90)
    aws.load_balancer()
    [before] = aws.elbv2.describe_load_balancers()["LoadBalancers"]
    _clock(aws, advance=91)
    [after] = aws.elbv2.describe_load_balancers()["LoadBalancers"]
    assert (before["State"]["Code"], after["State"]["Code"]) == ("provisioning", "active")


def test_only_one_account(aws: Account, endpoint: str) -> None:
    other = Account(endpoint)
    _clock(aws, advance=1e6)
    assert abs(other.control("GET", f"/clock?account={other.id}")["time"] - time.time()) < 60


def test_stop_and_go_on(aws: Account) -> None:
    stood = _clock(aws, stopped=True)
    assert aws.control("GET", f"/clock?account={aws.id}") == stood
    assert _clock(aws, advance=5)["time"] == stood["time"] + 5
    assert 5 <= _clock(aws, stopped=False)["time"] - stood["time"] < 60


def test_set(aws: Account) -> None:
    assert _clock(aws, set=2_000_000_000, stopped=True)["utc"].startswith("2033-05-18")
    aws.control("POST", f"/reset?account={aws.id}")
    assert abs(aws.control("GET", f"/clock?account={aws.id}")["time"] - time.time()) < 60


@pytest.mark.parametrize(
    "wrong",
    [
        {"advance": "1"},
        {"advance": True},
        {"advance": 1e18},
        {"set": -1},
        {"set": 1e18},
        {"stopped": 1.5},
        {"stopped": [1]},
        {"colour": 1},
        {"account": 7},
    ],
    ids=str,
)
def test_bad_moves(aws: Account, wrong: dict[str, Any]) -> None:
    assert aws.control_refuses("POST", "/clock", {"account": aws.id, **wrong})


@pytest.mark.parametrize(
    ("service", "operation", "size", "refill", "code"),
    [
        pytest.param("elbv2", "modify_rule", 20, 3, "Throttling", marks=pytest.mark.L),
        pytest.param("ec2", "create_tags", 50, 5, "RequestLimitExceeded", marks=pytest.mark.M),
        pytest.param("route53", "create_hosted_zone", 40, 2, "Throttling", marks=pytest.mark.D),
        pytest.param("acm", "list_certificates", 8, 8, "ThrottlingException", marks=pytest.mark.M),
    ],
)
def test_token_buckets(
    aws: Account, service: str, operation: str, size: int, refill: int, code: str
) -> None:
    wanted = {"control.throttling": 1}
    aws.control("POST", "/settings", {"account": aws.id, "settings": wanted})
    _clock(aws, stopped=True)
    call = getattr(aws.client(service), operation)

    def granted() -> int:
        count = 0
        while True:
            try:
                call()
            except aws.elbv2.exceptions.ClientError as error:
                if error.response["Error"]["Code"] == code:
                    return count
            count += 1

    assert granted() == size
    _clock(aws, advance=1)
    assert granted() == refill


def test_no_buckets_unless_asked_for(aws: Account) -> None:
    for _ in range(25):
        with refused("ValidationError"):
            aws.elbv2.modify_rule()


def test_a_clock_that_runs_faster(aws: Account) -> None:
    def told() -> float:
        return float(aws.control("GET", f"/clock?account={aws.id}")["time"])

    body = {"account": aws.id, "speed": 100}
    before = float(aws.control("POST", "/clock", body)["time"])
    time.sleep(0.3)
    assert 25 < told() - before < 1000
    aws.control("POST", "/clock", {"account": aws.id, "stopped": True})
    stands = told()
    time.sleep(0.05)
    assert told() == stands
    aws.control("POST", "/clock", {"account": aws.id, "advance": 60})
    assert told() == stands + 60
    aws.control("POST", "/clock", {"account": aws.id, "stopped": False})
    time.sleep(0.1)
    assert told() > stands + 65
    for wrong in (0, -1, 1001, "fast"):
        assert aws.control_refuses("POST", "/clock", {"account": aws.id, "speed": wrong})
