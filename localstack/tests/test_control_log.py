"""`/_albedo/log`: every call, what came of it and what it made."""

import urllib.request

import pytest
from aws import NOT_FOUND, Account, refused


def _log(aws: Account, query: str = "") -> list[dict]:
    return aws.control("GET", f"/log?account={aws.id}{query}")


def test_a_call(aws: Account) -> None:
    arn = aws.target_group_arn()
    [entry] = _log(aws, "&op=elbv2.*")
    assert entry["service"] == "elbv2"
    assert entry["operation"] == "CreateTargetGroup"
    assert entry["params"]["Name"] == "web"
    assert (entry["status"], entry["error"], entry["made"]) == (200, None, [arn])
    assert (entry["account"], entry["region"]) == (aws.id, "us-east-1")
    assert entry["time"] > 1_700_000_000


def test_a_refused_call(aws: Account) -> None:
    with refused("LoadBalancerNotFound"):
        aws.elbv2.describe_load_balancers(Names=["gone"])
    [entry] = _log(aws)
    assert (entry["status"], entry["error"], entry["made"]) == (400, "LoadBalancerNotFound", [])


def test_all_services(aws: Account) -> None:
    group = aws.security_group("mine")
    certificate = aws.certificate("one.example.com")
    zone = aws.client("route53").create_hosted_zone(Name="example.com", CallerReference=aws.id)
    aws.client("sts").get_caller_identity()
    made = {f"{entry['service']}.{entry['operation']}": entry["made"] for entry in _log(aws)}
    assert made["ec2.CreateSecurityGroup"] == [group]
    assert made["acm.ImportCertificate"] == [certificate]
    assert zone["HostedZone"]["Id"].rpartition("/")[2] in made["route53.CreateHostedZone"][0]
    assert made["sts.GetCallerIdentity"] == []


def test_since_and_delete(aws: Account) -> None:
    aws.elbv2.describe_target_groups()
    first = _log(aws)[0]["index"]
    aws.elbv2.describe_load_balancers()
    [entry] = _log(aws, f"&since={first + 1}")
    assert entry["operation"] == "DescribeLoadBalancers"
    aws.control("DELETE", f"/log?account={aws.id}")
    assert _log(aws) == []
    aws.elbv2.describe_target_groups()
    assert _log(aws)[0]["index"] > first + 1, "indexes go on"


def test_all_accounts_in_order(aws: Account, endpoint: str) -> None:
    other = Account(endpoint)
    for one in (aws, other, aws):
        one.elbv2.describe_target_groups()
    first = _log(aws)[0]["index"]
    found = aws.control("GET", f"/log?since={first}")
    assert [entry["index"] for entry in found] == sorted(entry["index"] for entry in found)
    accounts = [entry["account"] for entry in found if entry["account"] in (aws.id, other.id)]
    assert accounts == [aws.id, other.id, aws.id]
    aws.control("POST", f"/reset?account={aws.id}")
    assert (_log(aws), len(_log(other))) == ([], 1)


def test_summary(aws: Account) -> None:
    aws.elbv2.describe_load_balancers()
    with refused("LoadBalancerNotFound"):
        aws.elbv2.describe_load_balancers(Names=["gone"])
    assert aws.control("GET", f"/log?account={aws.id}&summary=1") == {
        "elbv2.DescribeLoadBalancers": {"calls": 2, "errors": {"LoadBalancerNotFound": 1}}
    }


def test_no_secrets(aws: Account) -> None:
    aws.certificate("one.example.com")
    oidc = {"ClientSecret": "very-secret", "ClientId": "me"}
    first = {"Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": oidc}
    with refused("ValidationError"):
        aws.rule(aws.http_listener(), 1, Actions=[first, NOT_FOUND | {"Order": 2}])
    with urllib.request.urlopen(f"{aws.endpoint}/_albedo/log?account={aws.id}") as answer:
        text = answer.read().decode()
    assert "CreateRule" in text
    for secret in ("PRIVATE KEY", "very-secret", "Credential="):
        assert secret not in text
    assert "BEGIN CERTIFICATE" in text


def test_bad_since(aws: Account) -> None:
    assert aws.control_refuses("GET", "/log?since=yesterday")


@pytest.mark.parametrize("path", ["/", "/log?summary=1", "/faults", "/settings"])
def test_everything_answers(aws: Account, path: str) -> None:
    assert aws.control("GET", path) is not None
