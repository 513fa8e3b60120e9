"""What a call needs to be allowed, beyond the action of its own name."""

from collections.abc import Callable
from typing import Any

import pytest
from aws import NOT_FOUND, Account, forward, path, refused

ELB = "elasticloadbalancing"
TAGS = [{"Key": "team", "Value": "web"}]


def _allow(*actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}


def _deny(*actions: str) -> dict[str, Any]:
    return _allow(*actions, Effect="Deny")


def _under(aws: Account, *statements: dict[str, Any]) -> None:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    aws.control("POST", "/policy", {"account": aws.id, "document": document})


def _freed(aws: Account) -> None:
    aws.control("POST", "/policy", {"account": aws.id, "document": None})


def _lacks(call: Callable[[], Any], action: str) -> str:
    """The call is refused for want of this action; answers with AWS's words."""
    with pytest.raises(Exception, match=f"not authorized to perform: {action} ") as caught:
        call()
    return str(caught.value)


# By operation, what the user guide and AWS's own refusals say ELB asks for in the caller's name.
ASKED = {
    "create_load_balancer": [
        "ec2:DescribeAccountAttributes", "ec2:DescribeAddresses", "ec2:DescribeInternetGateways",
        "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs",
        "ec2:GetSecurityGroupsForVpc", "iam:CreateServiceLinkedRole",
    ],
    "create_target_group": [
        "ec2:DescribeInternetGateways", "ec2:DescribeVpcs", "iam:CreateServiceLinkedRole",
    ],
    "register_targets": [
        "ec2:DescribeInstances", "ec2:DescribeInternetGateways", "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
    ],
    "set_subnets": ["ec2:DescribeSubnets"],
    "set_ip_address_type": ["ec2:DescribeSubnets"],
}  # fmt: skip


@pytest.mark.D
@pytest.mark.parametrize(
    ("operation", "action"), [(name, one) for name, all_ in ASKED.items() for one in all_]
)
def test_what_elb_asks_for_in_the_callers_name(aws: Account, operation: str, action: str) -> None:
    subnets = aws.subnet_ids()
    arns = {}
    if operation == "register_targets":
        arns = {"TargetGroupArn": aws.target_group_arn()}
    elif operation.startswith("set_"):
        arns = {"LoadBalancerArn": aws.load_balancer()["LoadBalancerArn"]}
    wanted: dict[str, Any] = {
        "create_load_balancer": {"Name": "lb", "Subnets": subnets},
        "create_target_group": {"Name": "tg", "Protocol": "HTTP", "Port": 80, "VpcId": aws.vpc},
        "register_targets": {"Targets": [{"Id": "172.31.0.10"}]},
        "set_subnets": {"Subnets": subnets},
        "set_ip_address_type": {"IpAddressType": "ipv4"},
    }[operation]
    call = getattr(aws.elbv2, operation)
    _under(aws, _allow("*"), _deny(action))
    with refused("AccessDenied"):
        call(**arns, **wanted)
    _under(aws, _allow(f"{ELB}:*"), *[_allow(one) for one in ASKED[operation]])
    call(**arns, **wanted)


@pytest.mark.D
def test_the_service_linked_role_is_made_once(aws: Account) -> None:
    iam = aws.client("iam")
    aws.target_group("first")
    name = "AWSServiceRoleForElasticLoadBalancing"
    assert iam.get_role(RoleName=name)["Role"]["Path"].startswith("/aws-service-role/")
    with refused("InvalidInput"):
        iam.create_service_linked_role(AWSServiceName="elasticloadbalancing.amazonaws.com")
    _under(aws, _allow("*"), _deny("iam:*"))
    aws.target_group("second")
    aws.load_balancer()


@pytest.mark.D
def test_the_service_linked_role_is_asked_for_by_its_service(aws: Account) -> None:
    def role_of(service: str) -> dict[str, Any]:
        condition = {"StringEquals": {"iam:AWSServiceName": service}}
        return _allow("iam:CreateServiceLinkedRole", Condition=condition)

    others = [_allow(f"{ELB}:*"), _allow("ec2:*")]
    _under(aws, *others, role_of("autoscaling.amazonaws.com"))
    words = _lacks(lambda: aws.target_group(), "iam:CreateServiceLinkedRole")
    assert f"arn:aws:iam::{aws.id}:role/aws-service-role/{ELB}.amazonaws.com/" in words
    _under(aws, *others, role_of("elasticloadbalancing.amazonaws.com"))
    aws.target_group()


@pytest.mark.D
def test_what_is_made_in_something_is_tagged_itself(aws: Account) -> None:
    arn = aws.load_balancer()["LoadBalancerArn"]
    plain = aws.http_listener("other")
    root = f"arn:aws:{ELB}:*:*:"

    def under(tagged: str) -> None:
        made = [_allow(f"{ELB}:CreateListener"), _allow(f"{ELB}:CreateRule")]
        _under(aws, *made, _allow(f"{ELB}:AddTags", Resource=root + tagged))

    under("loadbalancer/app/*")
    _lacks(lambda: aws.listener(arn, Tags=TAGS), f"{ELB}:AddTags")
    under("listener/app/*/*/*")
    aws.listener(arn, Tags=TAGS)
    words = _lacks(lambda: aws.rule(plain, 1, Tags=TAGS), f"{ELB}:AddTags")
    assert ":listener-rule/app/other/" in words and words.count("/*") == 1
    under("listener-rule/app/*/*/*/*")
    aws.rule(plain, 1, Tags=TAGS)


@pytest.mark.P
def test_the_policy_that_lbc_publishes(aws: Account) -> None:
    """Its statements about tags: listeners and rules without a condition, the others with one."""
    subnets = aws.subnet_ids()
    cluster = "elbv2.k8s.aws/cluster"
    tags = [{"Key": cluster, "Value": "demo"}]
    asked = {"Null": {f"aws:RequestTag/{cluster}": "false"}}
    changed = {"Null": {f"aws:RequestTag/{cluster}": "true", f"aws:ResourceTag/{cluster}": "false"}}
    made = {"StringEquals": {f"{ELB}:CreateAction": ["CreateTargetGroup", "CreateLoadBalancer"]}}
    own = [f"arn:aws:{ELB}:*:*:{kind}/*/*" for kind in ("targetgroup", "loadbalancer/app")]
    parts = [f"arn:aws:{ELB}:*:*:{kind}/app/*/*/*" for kind in ("listener", "listener-rule")]
    _under(
        aws,
        _allow("iam:CreateServiceLinkedRole", "ec2:Describe*", "ec2:GetSecurityGroupsForVpc"),
        _allow(f"{ELB}:CreateLoadBalancer", f"{ELB}:CreateTargetGroup", Condition=asked),
        _allow(f"{ELB}:CreateListener", f"{ELB}:CreateRule"),
        _allow(f"{ELB}:AddTags", Resource=own, Condition=changed),
        _allow(f"{ELB}:AddTags", Resource=parts),
        _allow(f"{ELB}:AddTags", Resource=own, Condition=made | asked),
    )
    balancer = aws.elbv2.create_load_balancer(Name="lb", Subnets=subnets, Tags=tags)
    arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
    group = aws.target_group_arn(Tags=tags)
    listener = aws.listener(arn, Tags=tags)["ListenerArn"]
    aws.rule(listener, 1, Actions=[forward(group)], Tags=tags)
    with refused("AccessDenied"):
        aws.target_group("untagged")


@pytest.mark.D
@pytest.mark.parametrize(
    ("key", "right", "wrong"),
    [
        ("Scheme", {"Scheme": "internal"}, {}),
        ("SecurityGroup", {"SecurityGroups": ["mine"]}, {"SecurityGroups": ["other"]}),
        ("Subnet", {}, {"Subnets": [1, 2]}),
    ],
)
def test_keys_of_a_load_balancer(
    aws: Account, key: str, right: dict[str, Any], wrong: dict[str, Any]
) -> None:
    groups = {name: aws.security_group(name) for name in ("mine", "other")}
    ids = aws.subnet_ids(3)
    values = {"Scheme": ["internal"], "SecurityGroup": [groups["mine"]], "Subnet": ids[:2]}
    operator = "StringEquals" if key == "Scheme" else "ForAllValues:StringEquals"
    condition = {operator: {f"{ELB}:{key}": values[key]}}
    others = [_allow("ec2:*"), _allow("iam:*")]
    _under(aws, *others, _allow(f"{ELB}:CreateLoadBalancer", Condition=condition))

    def create(wish: dict[str, Any]) -> None:
        named = {"SecurityGroups": lambda name: groups[name], "Subnets": lambda at: ids[at]}
        wish = {
            member: [named[member](each) for each in given] if member in named else given
            for member, given in wish.items()
        }
        aws.elbv2.create_load_balancer(**{"Name": "lb", "Subnets": ids[:2]} | wish)

    with refused("AccessDenied"):
        create(wrong)
    create(right)


@pytest.mark.D
def test_keys_of_a_listener(aws: Account) -> None:
    arn = aws.load_balancer()["LoadBalancerArn"]
    certificate = aws.certificate("a.example.com")
    policy = "ELBSecurityPolicy-TLS13-1-2-2021-06"
    condition = {
        "StringEquals": {f"{ELB}:ListenerProtocol": "HTTPS", f"{ELB}:SecurityPolicy": policy}
    }
    _under(aws, _allow(f"{ELB}:CreateListener", Condition=condition))
    secure: dict[str, Any] = {
        "Protocol": "HTTPS", "Certificates": [{"CertificateArn": certificate}],
        "DefaultActions": [NOT_FOUND],
    }  # fmt: skip
    for wrong in ({}, secure, secure | {"SslPolicy": "ELBSecurityPolicy-2016-08"}):
        with refused("AccessDenied"):
            aws.listener(arn, **wrong)
    aws.listener(arn, 443, SslPolicy=policy, **secure)


@pytest.mark.D
def test_names_of_records(aws: Account) -> None:
    route53 = aws.client("route53")
    zone = route53.create_hosted_zone(Name="ex.com", CallerReference="a")["HostedZone"]["Id"]
    key = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
    names = ["only.ex.com", "\\052.wild.ex.com"]
    condition = {"ForAllValues:StringEquals": {key: names}}
    _under(aws, _allow("route53:ChangeResourceRecordSets", Condition=condition))

    def create(name: str) -> None:
        values = [{"Value": "192.0.2.1"}]
        record = {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": values}
        changes = [{"Action": "UPSERT", "ResourceRecordSet": record}]
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})

    create("Only.EX.com.")
    create("*.wild.ex.com")
    for other in ("other.ex.com", "a.only.ex.com", "wild.ex.com"):
        with refused("AccessDenied"):
            create(other)


@pytest.mark.D
def test_a_zone_with_a_vpc(aws: Account) -> None:
    route53, vpc = aws.client("route53"), aws.vpc
    named = {"route53:VPCs": [f"VPCId={vpc},VPCRegion=us-east-1"]}
    condition = {"ForAllValues:StringEquals": named}
    create = _allow("route53:CreateHostedZone", Condition=condition)

    def make(of: str) -> Any:
        place = {"VPCRegion": "us-east-1", "VPCId": of}
        return route53.create_hosted_zone(Name="in.test", CallerReference=of, VPC=place)

    _under(aws, create)
    _lacks(lambda: make(vpc), "ec2:DescribeVpcs")
    _under(aws, create, _allow("ec2:DescribeVpcs"))
    _lacks(lambda: make("vpc-0123"), "route53:CreateHostedZone")
    make(vpc)


@pytest.mark.D
def test_a_change_has_an_arn_of_its_own(aws: Account) -> None:
    route53 = aws.client("route53")
    change = route53.create_hosted_zone(Name="ex.com", CallerReference="a")["ChangeInfo"]["Id"]
    _under(aws, _allow("route53:*", Resource="arn:aws:route53:::hostedzone/*"))
    _lacks(lambda: route53.get_change(Id=change), "route53:GetChange")
    _under(aws, _allow("route53:*", Resource="arn:aws:route53:::change/*"))
    route53.get_change(Id=change)


@pytest.mark.D
def test_the_vpc_of_a_security_group(aws: Account) -> None:
    other = aws.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    mine, others = aws.security_group("mine"), aws.security_group("others", other)
    root = f"arn:aws:ec2:us-east-1:{aws.id}:vpc/"
    condition = {"ArnEquals": {"ec2:Vpc": root + aws.vpc}}
    _under(aws, _allow("ec2:DeleteSecurityGroup", Condition=condition))
    with refused("UnauthorizedOperation"):
        aws.ec2.delete_security_group(GroupId=others)
    aws.ec2.delete_security_group(GroupId=mine)


@pytest.mark.D
def test_the_tags_of_a_request_are_not_its_vpcs(aws: Account) -> None:
    """They are a matter of the security group that is made, and not of what it is made in."""
    vpc = aws.vpc
    condition = {"Null": {"aws:RequestTag/team": "false"}}
    tags = [{"ResourceType": "security-group", "Tags": TAGS}]

    def create() -> None:
        aws.ec2.create_security_group(
            GroupName="g", Description="g", VpcId=vpc, TagSpecifications=tags
        )

    tagging = _allow("ec2:CreateTags")
    _under(aws, tagging, _allow("ec2:CreateSecurityGroup", Condition=condition))
    with refused("UnauthorizedOperation"):
        create()
    of_vpc = _allow("ec2:CreateSecurityGroup", Resource="arn:aws:ec2:*:*:vpc/*")
    _under(aws, tagging, _allow("ec2:CreateSecurityGroup", Condition=condition), of_vpc)
    create()


@pytest.mark.D
def test_rules_that_are_tagged(aws: Account) -> None:
    group = aws.security_group("g")
    authorize = _allow("ec2:AuthorizeSecurityGroupIngress")

    def run() -> Any:
        return aws.ec2.authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=[{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80,
                            "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}],
            TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": TAGS}],
        )  # fmt: skip

    _under(aws, authorize)
    assert ":security-group-rule/* " in _lacks(run, "ec2:CreateTags")
    action = {"StringEquals": {"ec2:CreateAction": "AuthorizeSecurityGroupIngress"}}
    tagging = _allow("ec2:CreateTags", Condition=action)
    _under(aws, authorize, tagging | {"Resource": "arn:aws:ec2:*:*:security-group-rule/*"})
    run()


@pytest.mark.D
def test_a_web_acl_is_a_matter_of_three(aws: Account) -> None:
    visible = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False}
    waf = aws.client("wafv2")
    acl = waf.create_web_acl(
        Name="a", Scope="REGIONAL", DefaultAction={"Allow": {}}, Rules=[],
        VisibilityConfig=visible | {"MetricName": "m"},
    )["Summary"]["ARN"]  # fmt: skip
    arn = aws.load_balancer()["LoadBalancerArn"]
    associate = "wafv2:AssociateWebACL"
    of_elb = _allow(f"{ELB}:SetWebAcl")

    def run() -> None:
        waf.associate_web_acl(WebACLArn=acl, ResourceArn=arn)

    _under(aws, _allow(associate))
    _lacks(run, f"{ELB}:SetWebAcl")
    for only in (arn, acl):
        _under(aws, of_elb, _allow(associate, Resource=only))
        _lacks(run, associate)
    _under(aws, of_elb, _allow(associate, Resource=[arn, acl]))
    run()


@pytest.mark.P
def test_a_protection_is_in_no_region(aws: Account) -> None:
    shield = aws.client("shield")
    shield.create_subscription()
    arn = aws.load_balancer()["LoadBalancerArn"]
    create, any_one = "shield:CreateProtection", "arn:aws:shield::*:protection/*"
    look = _allow(f"{ELB}:DescribeLoadBalancers")

    def run() -> None:
        shield.create_protection(Name="p", ResourceArn=arn)

    _under(aws, look, _allow(create, Resource=arn))
    _lacks(run, create)
    _under(aws, _allow(create, Resource=any_one))
    _lacks(run, f"{ELB}:DescribeLoadBalancers")
    _under(aws, look, _allow(create, Resource=any_one))
    run()


@pytest.mark.P
def test_a_login_by_cognito(aws: Account) -> None:
    cognito = aws.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="p")["UserPool"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool["Id"], ClientName="c", GenerateSecret=True
    )["UserPoolClient"]["ClientId"]
    listener = aws.http_listener()
    secure = aws.https_listener(aws.load_balancer("s")["LoadBalancerArn"])["ListenerArn"]
    login = {"Type": "authenticate-cognito", "Order": 1, "AuthenticateCognitoConfig": {
        "UserPoolArn": pool["Arn"], "UserPoolClientId": client, "UserPoolDomain": "d"}}  # fmt: skip
    _under(aws, _allow(f"{ELB}:CreateRule"))
    aws.rule(listener, 1, Conditions=[path("/a")])
    actions = [login, {**NOT_FOUND, "Order": 2}]
    words = _lacks(
        lambda: aws.rule(secure, 1, Actions=actions), "cognito-idp:DescribeUserPoolClient"
    )
    assert pool["Arn"] in words
    _under(aws, _allow(f"{ELB}:CreateRule"), _allow("cognito-idp:*", Resource=pool["Arn"]))
    aws.rule(secure, 1, Actions=actions)


@pytest.mark.M
def test_certificates_that_are_tagged(aws: Account) -> None:
    acm = aws.client("acm")
    _under(aws, _allow("acm:RequestCertificate"))
    _lacks(
        lambda: acm.request_certificate(DomainName="a.example.com", Tags=TAGS),
        "acm:AddTagsToCertificate",
    )
    acm.request_certificate(DomainName="a.example.com")


@pytest.mark.D
def test_keys_of_a_requested_certificate(aws: Account) -> None:
    acm = aws.client("acm")
    condition = {
        "StringEquals": {"acm:ValidationMethod": "DNS"},
        "ForAllValues:StringLike": {"acm:DomainNames": ["*.example.com"]},
    }
    _under(aws, _allow("acm:RequestCertificate", Condition=condition))
    wanted = {"DomainName": "a.example.com", "ValidationMethod": "DNS"}
    for wrong in ({"ValidationMethod": "EMAIL"}, {"SubjectAlternativeNames": ["a.example.org"]}):
        with refused("AccessDeniedException"):
            acm.request_certificate(**wanted | wrong)
    acm.request_certificate(**wanted)


@pytest.mark.D
@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
        ({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "127.0.0.1"]}}, False),
        ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, True),
        ({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, False),
        ({"NumericGreaterThanEquals": {"aws:EpochTime": 1577836800}}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, False),
        ({"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}}, True),
        ({"StringLikeIfExists": {"aws:PrincipalTag/team": "x"}}, True),
        ({"StringNotEqualsIgnoreCase": {"ec2:Region": "US-EAST-1"}}, False),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}}, True),
        ({"ArnNotLike": {"aws:PrincipalArn": "arn:*:user/*"}}, True),
        ({"ForAnyValue:StringLike": {"aws:TagKeys": "*"}}, False),
    ],
    ids=str,
)
def test_conditions(aws: Account, condition: Any, holds: bool) -> None:
    vpcs = aws.ec2.describe_vpcs
    _under(aws, _allow("ec2:DescribeVpcs", Condition=condition))
    if holds:
        vpcs()
    else:
        with refused("UnauthorizedOperation"):
            vpcs()
    _freed(aws)
