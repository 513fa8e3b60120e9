"""`/_albedo/hold`: calls that wait while somebody looks."""

import threading
import time
from typing import Any

from aws import Account
from dumps import difference

# What boto3 calls itself, and a client that nobody here is.
BOTO, OTHERS = "Boto3/*", "aws-sdk-rust/*"


def _hold(aws: Account, client: str, seconds: float) -> None:
    aws.control("POST", "/hold", {"account": aws.id, "client": client, "seconds": seconds})


def _release(aws: Account) -> bool:
    """Whether the calls were held until now."""
    return bool(aws.control("DELETE", f"/hold?account={aws.id}")["held"])


def test_calls_wait_until_they_are_released(aws: Account) -> None:
    assert aws.vpc
    _hold(aws, BOTO, 30)
    answers: list[Any] = []
    call = threading.Thread(target=lambda: answers.append(aws.target_group("web")))
    call.start()
    call.join(0.3)
    assert call.is_alive() and not answers
    other = Account(aws.endpoint)
    assert other.elbv2.describe_target_groups()["TargetGroups"] == []
    assert _release(aws)
    call.join(10)
    assert [answer["TargetGroupName"] for answer in answers] == ["web"]


def test_a_hold_ends_by_itself(aws: Account) -> None:
    assert aws.vpc
    _hold(aws, BOTO, 0.4)
    began = time.monotonic()
    aws.target_group("web")
    assert 0.2 < time.monotonic() - began < 10
    assert not _release(aws)


def test_other_clients_are_not_held(aws: Account) -> None:
    _hold(aws, OTHERS, 30)
    began = time.monotonic()
    aws.target_group("web")
    assert time.monotonic() - began < 10


def test_nothing_changes_while_a_hold_lasts(aws: Account) -> None:
    """Somebody makes calls as fast as they are answered; each look is of one moment."""
    over = threading.Event()
    elbv2, vpc = aws.elbv2, aws.vpc

    def write() -> None:
        number = 0
        while not over.is_set():
            elbv2.create_target_group(Name=f"web-{number}", Protocol="HTTP", Port=80, VpcId=vpc)
            number += 1

    def look() -> Any:
        return aws.control("GET", f"/dump?account={aws.id}")["state"]

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(10):
            _hold(aws, BOTO, 30)
            assert difference(look(), look()) == ""
            assert _release(aws)
    finally:
        over.set()
        _release(aws)
        writer.join()
    assert len(elbv2.describe_target_groups()["TargetGroups"]) > 1


def test_an_accounts_first_call_changes_nothing_while_it_is_held(aws: Account) -> None:
    def look() -> Any:
        return aws.control("GET", f"/dump?account={aws.id}")["state"]

    _hold(aws, BOTO, 30)
    before = look()
    call = threading.Thread(target=aws.elbv2.describe_target_groups)
    call.start()
    call.join(0.5)
    assert call.is_alive()
    assert difference(before, look()) == ""
    assert _release(aws)
    call.join(10)


def test_what_is_no_hold(aws: Account) -> None:
    wrongs: list[dict[str, Any]] = [{}, {"seconds": 0}, {"seconds": 61}, {"seconds": True}]
    for wrong in [*wrongs, {"seconds": 1, "client": 1}]:
        assert aws.control_refuses("POST", "/hold", {"account": aws.id} | wrong)
