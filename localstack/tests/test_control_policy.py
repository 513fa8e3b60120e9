"""`/_albedo/policy`: an account may do what its policy document allows, and nothing else."""

from typing import Any

import pytest
from aws import Account, refused

CLUSTER = "elbv2.k8s.aws/cluster"


def _allow(*actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}


def _under(aws: Account, *statements: dict[str, Any]) -> None:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    aws.control("POST", "/policy", {"account": aws.id, "document": document})


def _tagged(value: str) -> list[dict[str, str]]:
    return [{"Key": CLUSTER, "Value": value}]


@pytest.mark.D
@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("elbv2", "describe_load_balancers", "AccessDenied"),
        ("ec2", "describe_vpcs", "UnauthorizedOperation"),
        ("route53", "list_hosted_zones", "AccessDenied"),
        ("acm", "list_certificates", "AccessDeniedException"),
        ("resourcegroupstaggingapi", "get_resources", "AccessDeniedException"),
    ],
)
def test_nothing_is_allowed(aws: Account, service: str, operation: str, code: str) -> None:
    _under(aws, _allow("s3:*"))
    with refused(code):
        getattr(aws.client(service), operation)()
    assert aws.client("sts").get_caller_identity()["Account"] == aws.id
    aws.control("POST", "/policy", {"account": aws.id, "document": None})
    getattr(aws.client(service), operation)()


@pytest.mark.P
def test_words(aws: Account) -> None:
    _under(aws, _allow("s3:*"))
    with pytest.raises(aws.elbv2.exceptions.ClientError) as caught:
        aws.elbv2.create_target_group(Name="web")
    error = caught.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 403
    arn = f"arn:aws:elasticloadbalancing:us-east-1:{aws.id}:targetgroup/web/*"
    assert error["Error"]["Message"] == (
        f"User: arn:aws:iam::{aws.id}:user/owner is not authorized to perform: "
        f"elasticloadbalancing:CreateTargetGroup on resource: {arn} because no identity-based "
        "policy allows the elasticloadbalancing:CreateTargetGroup action"
    )


def test_the_log_names_the_statement(aws: Account) -> None:
    _under(aws, _allow("ec2:*"), _allow("elasticloadbalancing:Describe*", Sid="Reads"))
    aws.elbv2.describe_load_balancers()
    aws.ec2.describe_vpcs()
    entries = aws.control("GET", f"/log?account={aws.id}")
    assert [entry["allowed_by"] for entry in entries] == [["Reads"], ["statement 0"]]


@pytest.mark.D
def test_deny_wins(aws: Account) -> None:
    _under(aws, _allow("*"), _allow("ec2:DescribeVpcs", Effect="Deny"))
    aws.ec2.describe_subnets()
    with refused("UnauthorizedOperation"):
        aws.ec2.describe_vpcs()


@pytest.mark.D
def test_tags_of_the_request(aws: Account) -> None:
    condition = {
        "StringEquals": {f"aws:RequestTag/{CLUSTER}": "demo"},
        "ForAllValues:StringEquals": {"aws:TagKeys": [CLUSTER]},
    }
    _under(
        aws,
        _allow("ec2:*"),
        _allow("iam:CreateServiceLinkedRole"),
        _allow("elasticloadbalancing:CreateTargetGroup", Condition=condition),
        _allow("elasticloadbalancing:AddTags"),
    )
    aws.target_group("web", Tags=_tagged("demo"))
    for wrong in (_tagged("other"), [], [*_tagged("demo"), {"Key": "more", "Value": ""}]):
        with refused("AccessDenied"):
            aws.target_group("other", Tags=wrong)


@pytest.mark.D
def test_tags_of_the_resource(aws: Account) -> None:
    ours = aws.target_group_arn("ours", Tags=_tagged("demo"))
    others = aws.target_group_arn("others")
    condition = {"Null": {f"aws:ResourceTag/{CLUSTER}": "false"}}
    _under(aws, _allow("elasticloadbalancing:DeleteTargetGroup", Condition=condition))
    aws.elbv2.delete_target_group(TargetGroupArn=ours)
    with refused("AccessDenied"):
        aws.elbv2.delete_target_group(TargetGroupArn=others)


@pytest.mark.D
def test_resources(aws: Account) -> None:
    web, api = aws.target_group_arn("web"), aws.target_group_arn("api")
    wanted = "arn:aws:elasticloadbalancing:*:*:targetgroup/web/*"
    _under(aws, _allow("elasticloadbalancing:Delete*", Resource=[wanted]))
    aws.elbv2.delete_target_group(TargetGroupArn=web)
    with refused("AccessDenied"):
        aws.elbv2.delete_target_group(TargetGroupArn=api)


@pytest.mark.D
def test_tagging_at_creation_is_an_action_of_its_own(aws: Account) -> None:
    vpc = aws.vpc
    create = _allow("ec2:CreateSecurityGroup")
    _under(aws, create)
    specification = {"ResourceType": "security-group", "Tags": _tagged("demo")}
    wanted = {"GroupName": "g", "Description": "g", "VpcId": vpc}
    with refused("UnauthorizedOperation"):
        aws.ec2.create_security_group(**wanted, TagSpecifications=[specification])
    condition = {"StringEquals": {"ec2:CreateAction": "CreateSecurityGroup"}}
    _under(aws, create, _allow("ec2:CreateTags", Condition=condition))
    made = aws.ec2.create_security_group(**wanted, TagSpecifications=[specification])
    with refused("UnauthorizedOperation"):
        aws.ec2.create_tags(Resources=[made["GroupId"]], Tags=_tagged("demo"))


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"Version": "2012-10-17", "Statement": [{}]},
        {"Version": "2012-10-17", "Statement": [_allow("*", Principal="*")]},
        {"Version": "2012-10-17", "Statement": [_allow("*", Effect="Perhaps")]},
        {"Version": "2012-10-17", "Statement": [_allow("*", NotAction="*")]},
        {"Version": "2012-10-17", "Statement": [_allow("*", Condition={"Like": {"a": "b"}})]},
        {"Version": "2012-10-17", "Statement": [_allow("*", Condition={"Null": {"a": "b"}})]},
        {"Version": "2012-10-17", "Statement": [_allow("*", Resource="${aws:username}")]},
        {"Version": "2012-10-17", "Statement": [_allow("*", Resource=7)]},
        "text",
    ],
    ids=str,
)
def test_bad_documents(aws: Account, wrong: Any) -> None:
    body = {"account": aws.id, "document": wrong}
    assert aws.control_refuses("POST", "/policy", body)
    assert aws.control("GET", f"/policy?account={aws.id}")["document"] is None


@pytest.mark.parametrize(
    "condition",
    [
        {"ForAllValues:StringEquals": {"route53:NormalizedNames": "a.example.com"}},
        {"Null": {"aws:RequestTags/team": "true"}},
        {"StringNotEquals": {"ec2:InstanceType": "t3.nano"}},
        {"StringEquals": {"oidc.example.com:sub": "somebody"}},
        {"NumericLessThan": {"aws:EpochTime": "soon"}},
        {"DateLessThan": {"aws:CurrentTime": "soon"}},
        {"IpAddress": {"aws:SourceIp": "10.0.0.0/40"}},
        {"StringEquals": {"aws:RequestTag/team": "${aws:PrincipalTags/team}"}},
        {"StringEquals": {"aws:RequestTag/team": "${aws:PrincipalTag/team, 'none'}"}},
        {"Bool": {"aws:SecureTransport": "${aws:PrincipalTag/secure}"}},
    ],
    ids=str,
)
def test_conditions_that_could_not_be_judged(aws: Account, condition: Any) -> None:
    document = {"Version": "2012-10-17", "Statement": [_allow("*", Condition=condition)]}
    assert aws.control_refuses("POST", "/policy", {"account": aws.id, "document": document})


def test_whoever_the_policy_is_not_for_is_not_held_back(aws: Account) -> None:
    nothing = {"Version": "2012-10-17", "Statement": [_allow("s3:*")]}
    body = {"account": aws.id, "document": nothing}
    aws.control("POST", "/policy", {**body, "client": "aws-sdk-rust/*"})
    aws.elbv2.describe_load_balancers()
    aws.control("POST", "/policy", {**body, "client": "Boto3/*"})
    with refused("AccessDenied"):
        aws.elbv2.describe_load_balancers()


@pytest.mark.D
def test_a_change_of_records_is_allowed_by_its_types(aws: Account) -> None:
    route53 = aws.client("route53")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="policy")
    zone_id = zone["HostedZone"]["Id"]
    types = {"route53:ChangeResourceRecordSetsRecordTypes": ["A", "TXT"]}
    condition = {"ForAllValues:StringEquals": types}
    _under(aws, _allow("route53:ChangeResourceRecordSets", Condition=condition))

    def create(kind: str, value: str) -> None:
        record = {"Name": f"{kind}.example.com", "Type": kind, "TTL": 60}
        record["ResourceRecords"] = [{"Value": value}]
        changes = [{"Action": "CREATE", "ResourceRecordSet": record}]
        route53.change_resource_record_sets(
            HostedZoneId=zone_id, ChangeBatch={"Changes": changes}
        )

    create("A", "192.0.2.1")
    with refused("AccessDenied"):
        create("MX", "10 mail.example.com")
