"""Listeners."""

from typing import Any

import pytest
from aws import NOT_FOUND, Account, forward, refused, unused
from trust_material import trust_store


def _arn(aws: Account) -> str:
    return str(aws.load_balancer()["LoadBalancerArn"])


def _https(aws: Account, **more: Any) -> dict[str, Any]:
    return aws.https_listener(_arn(aws), **more)


@pytest.mark.B
def test_create_http(aws: Account) -> None:
    load_balancer = _arn(aws)
    made = aws.listener(load_balancer)
    assert made["LoadBalancerArn"] == load_balancer
    assert (made["Protocol"], made["Port"], made["DefaultActions"]) == ("HTTP", 80, [NOT_FOUND])
    assert aws.elbv2.describe_listeners(LoadBalancerArn=load_balancer)["Listeners"] == [made]
    assert aws.elbv2.describe_listeners(ListenerArns=[made["ListenerArn"]])["Listeners"] == [made]


@pytest.mark.B
def test_same_port_same_settings(aws: Account) -> None:
    load_balancer = _arn(aws)
    first, second = aws.listener(load_balancer), aws.listener(load_balancer)
    assert first["ListenerArn"] == second["ListenerArn"]


@pytest.mark.P
def test_same_port_other_settings(aws: Account) -> None:
    load_balancer, group = _arn(aws), aws.target_group_arn()
    aws.listener(load_balancer)
    with refused("DuplicateListener"):
        aws.listener(load_balancer, DefaultActions=[forward(group)])
    with refused("DuplicateListener"):
        aws.https_listener(load_balancer, port=80)
    assert len(aws.elbv2.describe_listeners(LoadBalancerArn=load_balancer)["Listeners"]) == 1


@pytest.mark.M
def test_https_without_a_certificate(aws: Account) -> None:
    with refused("ValidationError"):
        _https(aws, Certificates=[])


@pytest.mark.M
def test_https_with_two_certificates(aws: Account) -> None:
    two = [{"CertificateArn": aws.certificate(name)} for name in ("a.example.com", "b.example.com")]
    with refused("ValidationError"):
        _https(aws, Certificates=two)


@pytest.mark.M
def test_certificate_not_found(aws: Account) -> None:
    gone = f"arn:aws:acm:us-east-1:{aws.id}:certificate/12345678-1234-1234-1234-123456789012"
    load_balancer = _arn(aws)
    for arn in (gone, gone.replace("us-east-1", "eu-west-1"), "junk"):
        with refused("CertificateNotFound"):
            aws.https_listener(load_balancer, Certificates=[{"CertificateArn": arn}])


@pytest.mark.P
def test_certificate_not_issued(aws: Account) -> None:
    pending = aws.client("acm").request_certificate(
        DomainName="pending.example.com", ValidationMethod="DNS"
    )["CertificateArn"]
    with refused("UnsupportedCertificate"):
        _https(aws, Certificates=[{"CertificateArn": pending}])


@pytest.mark.P
def test_ssl_policy(aws: Account) -> None:
    assert _https(aws)["SslPolicy"] == "ELBSecurityPolicy-2016-08"
    load_balancer = _arn(aws)
    policy = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
    assert aws.https_listener(load_balancer, 8443, SslPolicy=policy)["SslPolicy"] == policy
    with refused("SSLPolicyNotFound"):
        aws.https_listener(load_balancer, 9443, SslPolicy="ELBSecurityPolicy-No")


@pytest.mark.P
def test_ssl_policy_on_http(aws: Account) -> None:
    load_balancer = _arn(aws)
    with refused("ValidationError"):
        aws.listener(load_balancer, SslPolicy="ELBSecurityPolicy-2016-08")
    assert "SslPolicy" not in aws.listener(load_balancer)


@pytest.mark.M
def test_alpn_policy_is_absent(aws: Account) -> None:
    assert "AlpnPolicy" not in _https(aws)


@pytest.mark.B
@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"DefaultActions": []}, "ValidationError"),
        ({"Protocol": "FTP"}, "ValidationError"),
        ({"Protocol": "TCP"}, "ValidationError"),
        ({"Port": 0}, "ValidationError"),
        ({"Port": 65536}, "ValidationError"),
        ({"Protocol": ""}, "ValidationError"),
        ({"LoadBalancerArn": "junk"}, "ValidationError"),
        ({"MutualAuthentication": {"Mode": "off"}}, "ValidationError"),
        ({"AlpnPolicy": ["HTTP2Only"]}, "ValidationError"),
        ({"Tags": [{"Key": "aws:x", "Value": "y"}]}, "ValidationError"),
    ],
    ids=str,
)
def test_validation(shared: Account, wrong: dict[str, Any], code: str) -> None:
    wanted = {
        "LoadBalancerArn": _arn(shared),
        "Protocol": "HTTP",
        "Port": 80,
        "DefaultActions": [NOT_FOUND],
    }
    with refused(code):
        shared.elbv2.create_listener(**(wanted | wrong))


@pytest.mark.B
def test_mutual_authentication(aws: Account) -> None:
    made = _https(aws)
    assert made["MutualAuthentication"] == {"Mode": "off"}
    wanted = {
        "Mode": "verify",
        "TrustStoreArn": trust_store(aws),
        "IgnoreClientCertificateExpiry": True,
        "AdvertiseTrustStoreCaNames": "on",
    }
    changed = aws.elbv2.modify_listener(
        ListenerArn=made["ListenerArn"], MutualAuthentication=wanted
    )["Listeners"][0]
    assert changed["MutualAuthentication"].items() >= wanted.items()
    changed = aws.elbv2.modify_listener(
        ListenerArn=made["ListenerArn"], MutualAuthentication={"Mode": "passthrough"}
    )["Listeners"][0]
    assert changed["MutualAuthentication"] == {"Mode": "passthrough"}
    for wrong in ({"Mode": "verify"}, {"Mode": "maybe"}):
        with refused("ValidationError"):
            aws.elbv2.modify_listener(ListenerArn=made["ListenerArn"], MutualAuthentication=wrong)


@pytest.mark.D
def test_two_listeners_may_verify(aws: Account) -> None:
    load_balancer = _arn(aws)
    verify = {
        "Mode": "verify",
        "TrustStoreArn": trust_store(aws),
    }
    aws.https_listener(load_balancer, 443, MutualAuthentication=verify)
    aws.https_listener(load_balancer, 444, MutualAuthentication=verify)
    with refused("InvalidConfigurationRequest"):
        aws.https_listener(load_balancer, 445, MutualAuthentication=verify)


@pytest.mark.B
def test_modify_default_certificate_keeps_the_others(aws: Account) -> None:
    listener = _https(aws)["ListenerArn"]
    extra, new = aws.certificate("extra.example.com"), aws.certificate("new.example.com")
    aws.elbv2.add_listener_certificates(
        ListenerArn=listener, Certificates=[{"CertificateArn": extra}]
    )
    aws.elbv2.modify_listener(ListenerArn=listener, Certificates=[{"CertificateArn": new}])
    found = aws.elbv2.describe_listener_certificates(ListenerArn=listener)["Certificates"]
    assert found == [
        {"CertificateArn": new, "IsDefault": True},
        {"CertificateArn": extra, "IsDefault": False},
    ]


@pytest.mark.P
def test_modify_port(aws: Account) -> None:
    """hashicorp/terraform #26407 has AWS's words."""
    load_balancer = _arn(aws)
    first, second = aws.listener(load_balancer, 80), aws.listener(load_balancer, 81)
    with refused("ValidationError"):
        aws.elbv2.modify_listener(ListenerArn=first["ListenerArn"], Port=81)
    changed = aws.elbv2.modify_listener(ListenerArn=second["ListenerArn"], Port=82)["Listeners"][0]
    assert changed == second | {"Port": 82}


@pytest.mark.B
def test_modify_https_to_http_and_back(aws: Account) -> None:
    listener = _https(aws)["ListenerArn"]
    extra = aws.certificate("extra.example.com")
    aws.elbv2.add_listener_certificates(
        ListenerArn=listener, Certificates=[{"CertificateArn": extra}]
    )
    changed = aws.elbv2.modify_listener(ListenerArn=listener, Protocol="HTTP")["Listeners"][0]
    assert not {"SslPolicy", "Certificates", "MutualAuthentication"} & changed.keys()
    found = aws.elbv2.describe_listener_certificates(ListenerArn=listener)
    assert found["Certificates"] == []
    with refused("ValidationError"):
        aws.elbv2.modify_listener(ListenerArn=listener, Protocol="HTTPS")
    changed = aws.elbv2.modify_listener(
        ListenerArn=listener, Protocol="HTTPS", Certificates=[{"CertificateArn": extra}]
    )["Listeners"][0]
    assert changed["SslPolicy"] == "ELBSecurityPolicy-2016-08"


@pytest.mark.B
def test_modify_into_a_loop(aws: Account) -> None:
    redirect = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    listener, certificate = aws.http_listener(), aws.certificate("one.example.com")
    aws.rule(listener, 1, Actions=[{"Type": "redirect", "RedirectConfig": redirect}])
    with refused("InvalidLoadBalancerAction"):
        aws.elbv2.modify_listener(
            ListenerArn=listener,
            Protocol="HTTPS",
            Port=443,
            Certificates=[{"CertificateArn": certificate}],
        )
    found = aws.elbv2.describe_listeners(ListenerArns=[listener])["Listeners"][0]
    assert (found["Protocol"], found["Port"]) == ("HTTP", 80)


@pytest.mark.B
def test_modify_default_actions(aws: Account) -> None:
    listener, group = aws.http_listener(), aws.target_group_arn()
    changed = aws.elbv2.modify_listener(
        ListenerArn=listener, DefaultActions=[{"Type": "forward", "TargetGroupArn": group}]
    )["Listeners"][0]
    rules = aws.elbv2.describe_rules(ListenerArn=listener)["Rules"]
    assert rules[-1]["IsDefault"]
    assert rules[-1]["Actions"] == changed["DefaultActions"]
    with refused("ValidationError"):
        aws.elbv2.modify_listener(ListenerArn=listener, DefaultActions=[{"Type": "redirect"}])


@pytest.mark.M
def test_describe(aws: Account) -> None:
    load_balancer = _arn(aws)
    arns = [aws.listener(load_balancer, port)["ListenerArn"] for port in range(80, 85)]
    pages = list(
        aws.elbv2.get_paginator("describe_listeners").paginate(
            LoadBalancerArn=load_balancer, PaginationConfig={"PageSize": 2}
        )
    )
    assert [each["ListenerArn"] for page in pages for each in page["Listeners"]] == arns
    with refused("ListenerNotFound"):
        aws.elbv2.describe_listeners(ListenerArns=[arns[0], unused(arns[0])])
    with refused("ValidationError"):
        aws.elbv2.describe_listeners(ListenerArns=["junk"])
    with refused("ValidationError"):
        aws.elbv2.describe_listeners()


@pytest.mark.B
def test_delete(aws: Account) -> None:
    listener = aws.http_listener()
    rule = aws.rule(listener, 1)["RuleArn"]
    aws.elbv2.delete_listener(ListenerArn=listener)
    with refused("ListenerNotFound"):
        aws.elbv2.delete_listener(ListenerArn=listener)
    with refused("ListenerNotFound"):
        aws.elbv2.describe_rules(ListenerArn=listener)
    with refused("RuleNotFound"):
        aws.elbv2.describe_rules(RuleArns=[rule])


@pytest.mark.D
def test_listener_limit(aws: Account) -> None:
    load_balancer = _arn(aws)
    for port in range(1, 51):
        aws.listener(load_balancer, port)
    with refused("TooManyListeners"):
        aws.listener(load_balancer, 51)


@pytest.mark.B
def test_load_balancer_is_gone(aws: Account) -> None:
    load_balancer = _arn(aws)
    aws.elbv2.delete_load_balancer(LoadBalancerArn=load_balancer)
    with refused("LoadBalancerNotFound"):
        aws.listener(load_balancer)
    with refused("LoadBalancerNotFound"):
        aws.elbv2.describe_listeners(LoadBalancerArn=load_balancer)


@pytest.mark.B
def test_describe_ssl_policies(aws: Account) -> None:
    policies = aws.elbv2.describe_ssl_policies()["SslPolicies"]
    by_name = {policy["Name"]: policy for policy in policies}
    assert by_name["ELBSecurityPolicy-TLS13-1-3-2021-06"]["SslProtocols"] == ["TLSv1.3"]
    assert "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09" in by_name
    assert by_name["ELBSecurityPolicy-FS-1-2-Res-2020-10"]["Ciphers"][0]["Priority"] == 1
    one = aws.elbv2.describe_ssl_policies(Names=["ELBSecurityPolicy-2016-08"])["SslPolicies"]
    assert [policy["Name"] for policy in one] == ["ELBSecurityPolicy-2016-08"]
    with refused("SSLPolicyNotFound"):
        aws.elbv2.describe_ssl_policies(Names=["ELBSecurityPolicy-2016-08", "gone"])
