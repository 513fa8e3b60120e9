"""Calls at the same time: each is carried out as a whole."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aws import Account, refused
from botocore.exceptions import ClientError

TOGETHER = 8


def _outcomes(call: Callable[[], Any]) -> list[Any]:
    """What comes of a call made several times at once: its answer or its error code."""

    def run(_: int) -> Any:
        try:
            return call()
        except ClientError as error:
            return error.response["Error"]["Code"]

    with ThreadPoolExecutor(TOGETHER) as pool:
        return list(pool.map(run, range(TOGETHER)))


def test_one_name_is_given_once(aws: Account) -> None:
    assert aws.vpc, "EC2 is there before all ask for it at once"
    answers = _outcomes(aws.load_balancer)
    assert len({answer["LoadBalancerArn"] for answer in answers}) == 1
    assert len(aws.elbv2.describe_load_balancers()["LoadBalancers"]) == 1


def test_one_priority_is_given_once(aws: Account) -> None:
    listener = aws.http_listener()
    answers = _outcomes(lambda: aws.rule(listener, 1))
    assert sorted(map(str, answers))[:-1] == ["PriorityInUse"] * (TOGETHER - 1)


def test_a_quota_holds(aws: Account) -> None:
    aws.settings(quota_listeners_per_application_load_balancer=3)
    arn, ports = aws.load_balancer()["LoadBalancerArn"], iter(range(80, 80 + TOGETHER))
    answers = _outcomes(lambda: aws.listener(arn, next(ports)))
    assert answers.count("TooManyListeners") == TOGETHER - 3
    with refused("TooManyListeners"):
        aws.listener(arn, 79)
