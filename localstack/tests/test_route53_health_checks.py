"""Route 53's health checks: what is to be checked, and its versions."""

from typing import Any

import pytest
from aws import Account, refused

TCP = {"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 80}
HTTPS = {"Type": "HTTPS", "FullyQualifiedDomainName": "a.example.com"}


@pytest.fixture
def route53(aws: Account) -> Any:
    return aws.client("route53")


def _create(route53: Any, reference: str = "a", **config: Any) -> dict[str, Any]:
    made = route53.create_health_check(CallerReference=reference, HealthCheckConfig=config)
    return dict(made["HealthCheck"])


@pytest.mark.B
def test_defaults(route53: Any) -> None:
    made = _create(route53, **HTTPS)
    config = made["HealthCheckConfig"]
    assert made["HealthCheckVersion"] == 1
    assert (config["Port"], config["EnableSNI"], config["RequestInterval"]) == (443, True, 30)
    assert (config["FailureThreshold"], config["Disabled"], config["Inverted"]) == (3, False, False)
    assert "IPAddress" not in config
    plain = _create(route53, "b", **TCP)["HealthCheckConfig"]
    assert (plain["EnableSNI"], plain["IPAddress"]) == (False, "192.0.2.1")
    told = route53.get_health_check(HealthCheckId=made["Id"])["HealthCheck"]
    assert told == made


@pytest.mark.B
def test_references(route53: Any) -> None:
    made = _create(route53, **TCP)
    assert _create(route53, **TCP)["Id"] == made["Id"]
    with refused("HealthCheckAlreadyExists"):
        _create(route53, **TCP | {"Port": 81})
    route53.delete_health_check(HealthCheckId=made["Id"])
    with refused("HealthCheckAlreadyExists"):
        _create(route53, **TCP)
    assert _create(route53, "b", **TCP)["Id"] != made["Id"]


@pytest.mark.B
def test_versions(route53: Any) -> None:
    made = _create(route53, **HTTPS, ResourcePath="/up")

    def change(**more: Any) -> dict[str, Any]:
        answer = route53.update_health_check(HealthCheckId=made["Id"], **more)
        return dict(answer["HealthCheck"])

    changed = change(HealthCheckVersion=1, FailureThreshold=5)
    assert changed["HealthCheckVersion"] == 2
    assert changed["HealthCheckConfig"]["FailureThreshold"] == 5
    with refused("HealthCheckVersionMismatch"):
        change(HealthCheckVersion=1, FailureThreshold=6)
    reset = change(ResetElements=["ResourcePath"])
    assert "ResourcePath" not in reset["HealthCheckConfig"] and reset["HealthCheckVersion"] == 3


@pytest.mark.B
def test_lists(route53: Any) -> None:
    made = sorted(_create(route53, f"r{number}", **TCP)["Id"] for number in range(3))
    assert route53.get_health_check_count()["HealthCheckCount"] == 3
    page = route53.list_health_checks(MaxItems="2")
    assert [one["Id"] for one in page["HealthChecks"]] == made[:2] and page["IsTruncated"]
    rest = route53.list_health_checks(MaxItems="2", Marker=page["NextMarker"])
    assert [one["Id"] for one in rest["HealthChecks"]] == made[2:] and not rest["IsTruncated"]
    for gone in made:
        route53.delete_health_check(HealthCheckId=gone)
    with refused("NoSuchHealthCheck"):
        route53.get_health_check(HealthCheckId=made[0])


@pytest.mark.B
@pytest.mark.parametrize(
    "wrong",
    [
        {"Type": "HTTP"},
        {"Type": "TCP", "IPAddress": "192.0.2.1"},
        {"Type": "PING", "IPAddress": "192.0.2.1"},
        {"Type": "HTTP", "IPAddress": "here"},
        {"Type": "HTTP_STR_MATCH", "IPAddress": "192.0.2.1"},
        {"Type": "HTTP", "IPAddress": "192.0.2.1", "SearchString": "x"},
        {"Type": "HTTP", "IPAddress": "192.0.2.1", "RequestInterval": 20},
        {"Type": "CALCULATED", "ChildHealthChecks": ["gone"], "HealthThreshold": 1},
    ],
    ids=str,
)
def test_what_cannot_be_checked(route53: Any, wrong: dict[str, Any]) -> None:
    with refused("InvalidInput"):
        _create(route53, **wrong)


@pytest.mark.B
def test_children(route53: Any) -> None:
    child = _create(route53, **TCP)["Id"]
    wish = {"Type": "CALCULATED", "ChildHealthChecks": [child], "HealthThreshold": 1}
    config = _create(route53, "b", **wish)["HealthCheckConfig"]
    assert config["ChildHealthChecks"] == [child] and "Port" not in config
