"""The services beside a load balancer: WAF, Shield, Cognito, IAM, STS, the tagging API."""

import json
from typing import Any

import pytest
from aws import NOT_FOUND, Account, certificate_for, refused

VISIBILITY = {
    "SampledRequestsEnabled": False,
    "CloudWatchMetricsEnabled": False,
    "MetricName": "m",
}
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
        ],
    }
)


def _gone(aws: Account) -> str:
    arn = aws.load_balancer("gone")["LoadBalancerArn"]
    aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    return str(arn)


@pytest.mark.L
def test_wafv2(aws: Account) -> None:
    waf, arn = aws.client("wafv2"), aws.load_balancer()["LoadBalancerArn"]
    acl = waf.create_web_acl(
        Name="acl", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=VISIBILITY
    )["Summary"]
    assert "WebACL" not in waf.get_web_acl_for_resource(ResourceArn=arn)
    waf.associate_web_acl(WebACLArn=acl["ARN"], ResourceArn=arn)
    assert waf.get_web_acl_for_resource(ResourceArn=arn)["WebACL"]["ARN"] == acl["ARN"]
    assert waf.list_resources_for_web_acl(WebACLArn=acl["ARN"])["ResourceArns"] == [arn]
    waf.disassociate_web_acl(ResourceArn=arn)
    assert "WebACL" not in waf.get_web_acl_for_resource(ResourceArn=arn)
    assert [one["Name"] for one in waf.list_web_acls(Scope="REGIONAL")["WebACLs"]] == ["acl"]


@pytest.mark.P
def test_wafv2_while_a_load_balancer_is_made(aws: Account) -> None:
    """hashicorp/terraform-provider-aws #17527 and #29080 have AWS's refusal."""
    aws.settings(load_balancer_provisioning_seconds=90)
    waf, arn = aws.client("wafv2"), aws.load_balancer()["LoadBalancerArn"]
    acl = waf.create_web_acl(
        Name="acl", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=VISIBILITY
    )["Summary"]["ARN"]
    with refused("WAFUnavailableEntityException"):
        waf.associate_web_acl(WebACLArn=acl, ResourceArn=arn)
    classic = aws.client("waf-regional")
    token = classic.get_change_token()["ChangeToken"]
    old = classic.create_web_acl(
        Name="acl", MetricName="m", DefaultAction={"Type": "ALLOW"}, ChangeToken=token
    )["WebACL"]["WebACLId"]
    with refused("WAFUnavailableEntityException"):
        classic.associate_web_acl(WebACLId=old, ResourceArn=arn)
    aws.control("POST", "/clock", {"account": aws.id, "advance": 91})
    waf.associate_web_acl(WebACLArn=acl, ResourceArn=arn)
    classic.associate_web_acl(WebACLId=old, ResourceArn=arn)


@pytest.mark.B
def test_a_web_acl_that_is_used_stays(aws: Account) -> None:
    waf, arn = aws.client("wafv2"), aws.load_balancer()["LoadBalancerArn"]
    one, other = [
        waf.create_web_acl(
            Name=name, Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=VISIBILITY
        )["Summary"]
        for name in ("one", "other")
    ]
    waf.associate_web_acl(WebACLArn=one["ARN"], ResourceArn=arn)

    def delete(acl: dict[str, Any]) -> None:
        waf.delete_web_acl(
            Name=acl["Name"], Scope="REGIONAL", Id=acl["Id"], LockToken=acl["LockToken"]
        )

    with refused("WAFAssociatedItemException"):
        delete(one)
    # A load balancer has one.
    waf.associate_web_acl(WebACLArn=other["ARN"], ResourceArn=arn)
    assert waf.list_resources_for_web_acl(WebACLArn=one["ARN"])["ResourceArns"] == []
    delete(one)
    aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    delete(other)


@pytest.mark.M
def test_a_web_acl_for_cloudfront(aws: Account) -> None:
    arn = f"arn:aws:wafv2:us-east-1:{aws.id}:global/webacl/x/0123"
    with refused("WAFInvalidParameterException"):
        aws.client("wafv2").associate_web_acl(
            WebACLArn=arn, ResourceArn=aws.load_balancer()["LoadBalancerArn"]
        )


@pytest.mark.B
def test_wafv2_of_what_is_not_there(aws: Account) -> None:
    waf = aws.client("wafv2")
    with refused("WAFNonexistentItemException"):
        waf.get_web_acl_for_resource(ResourceArn=_gone(aws))
    with refused("WAFNonexistentItemException"):
        arn = "arn:aws:wafv2:us-east-1:1:regional/webacl/x/y"
        waf.associate_web_acl(WebACLArn=arn, ResourceArn=aws.load_balancer()["LoadBalancerArn"])
    with refused("WAFNonexistentItemException"):
        waf.list_resources_for_web_acl(WebACLArn=arn)
    with refused("WAFInvalidParameterException"):
        waf.get_web_acl_for_resource()


@pytest.mark.B
def test_waf_regional(aws: Account) -> None:
    waf, arn = aws.client("waf-regional"), aws.load_balancer()["LoadBalancerArn"]
    token = waf.get_change_token()["ChangeToken"]
    acl = waf.create_web_acl(
        Name="acl", MetricName="m", DefaultAction={"Type": "ALLOW"}, ChangeToken=token
    )["WebACL"]["WebACLId"]
    waf.associate_web_acl(WebACLId=acl, ResourceArn=arn)
    assert waf.get_web_acl_for_resource(ResourceArn=arn)["WebACLSummary"]["WebACLId"] == acl
    assert waf.list_resources_for_web_acl(WebACLId=acl)["ResourceArns"] == [arn]
    waf.disassociate_web_acl(ResourceArn=arn)
    assert "WebACLSummary" not in waf.get_web_acl_for_resource(ResourceArn=arn)
    for wrong in ({"WebACLId": "gone", "ResourceArn": arn}, {"WebACLId": acl}):
        with refused("WAFNonexistentItemException"):
            waf.associate_web_acl(**({"ResourceArn": _gone(aws)} | wrong))


@pytest.mark.B
def test_shield_of_what_is_not_there(aws: Account) -> None:
    shield = aws.client("shield")
    shield.create_subscription()
    with refused("InvalidResourceException"):
        shield.create_protection(Name="p", ResourceArn=_gone(aws))


def test_what_localstack_stumbles_over(aws: Account) -> None:
    """A bad parameter, or what nobody takes for a refusal of AWS's."""
    shield = aws.client("shield")
    with refused("InvalidParameterException"):
        shield.describe_protection()
    wanted = {"account": aws.id, "settings": {"control.honest-stumbling": 1}}
    aws.control("POST", "/settings", wanted)
    with pytest.raises(shield.exceptions.ClientError) as caught:
        shield.describe_protection()
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert answer["Error"]["Code"] == "InternalFailure"


@pytest.mark.L
def test_shield_needs_a_subscription(aws: Account) -> None:
    shield, arn = aws.client("shield"), aws.load_balancer()["LoadBalancerArn"]
    assert shield.get_subscription_state()["SubscriptionState"] == "INACTIVE"
    with refused("ResourceNotFoundException"):
        shield.create_protection(Name="p", ResourceArn=arn)
    shield.create_subscription()
    assert shield.get_subscription_state()["SubscriptionState"] == "ACTIVE"
    with refused("ResourceNotFoundException"):
        shield.describe_protection(ResourceArn=arn)
    made = shield.create_protection(Name="p", ResourceArn=arn)["ProtectionId"]
    assert shield.describe_protection(ResourceArn=arn)["Protection"]["Id"] == made
    shield.delete_protection(ProtectionId=made)


@pytest.mark.B
def test_cognito(aws: Account) -> None:
    pools = aws.client("cognito-idp")
    pool = pools.create_user_pool(PoolName="p")["UserPool"]["Id"]
    made = pools.create_user_pool_client(UserPoolId=pool, ClientName="c")["UserPoolClient"]
    told = pools.describe_user_pool_client(UserPoolId=pool, ClientId=made["ClientId"])
    assert told["UserPoolClient"]["ClientName"] == "c"
    with refused("ResourceNotFoundException"):
        pools.describe_user_pool_client(UserPoolId=pool, ClientId="gone")


@pytest.mark.B
def test_listener_with_a_server_certificate_of_iam(aws: Account) -> None:
    certificate, key = certificate_for("iam.example.com")
    made = aws.client("iam").upload_server_certificate(
        ServerCertificateName="c", CertificateBody=certificate.decode(), PrivateKey=key.decode()
    )["ServerCertificateMetadata"]["Arn"]
    arn = aws.load_balancer()["LoadBalancerArn"]
    more: dict[str, Any] = {"Protocol": "HTTPS", "DefaultActions": [NOT_FOUND]}
    aws.listener(arn, 443, Certificates=[{"CertificateArn": made}], **more)
    with refused("CertificateNotFound"):
        aws.listener(arn, 444, Certificates=[{"CertificateArn": made + "x"}], **more)


@pytest.mark.B
def test_caller(aws: Account) -> None:
    assert aws.client("sts").get_caller_identity()["Account"] == aws.id


@pytest.mark.B
def test_roles(aws: Account) -> None:
    iam, sts = aws.client("iam"), aws.client("sts")
    service = "elasticloadbalancing.amazonaws.com"
    made = iam.create_service_linked_role(AWSServiceName=service)["Role"]
    assert made["RoleName"] == "AWSServiceRoleForElasticLoadBalancing"
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    assumed = sts.assume_role(RoleArn=role, RoleSessionName="session", ExternalId="e1")
    assert assumed["AssumedRoleUser"]["Arn"].endswith("assumed-role/r/session")
    with refused("ValidationError"):
        sts.assume_role(RoleArn=role)
    with refused("ValidationError"):
        iam.create_service_linked_role()


KINDS = {
    "elasticloadbalancing:loadbalancer": 1,
    "elasticloadbalancing:targetgroup": 1,
    "elasticloadbalancing:listener": 1,
    "elasticloadbalancing:listener-rule": 1,
    "elasticloadbalancing": 4,
    "ec2:security-group": 1,
    "acm:certificate": 1,
    "route53:hostedzone": 1,
    "s3": 0,
}


def _tagged(aws: Account) -> None:
    """One of each kind, with the same tag."""
    tags = [{"Key": "k", "Value": "v"}]
    aws.target_group(Tags=tags)
    listener = aws.listener(aws.load_balancer(Tags=tags)["LoadBalancerArn"], Tags=tags)
    aws.rule(listener["ListenerArn"], 1, Tags=tags)
    aws.ec2.create_tags(Resources=[aws.security_group("g")], Tags=tags)
    certificate = aws.certificate("a.example.com")
    aws.client("acm").add_tags_to_certificate(CertificateArn=certificate, Tags=tags)
    zones = aws.client("route53")
    zone = zones.create_hosted_zone(Name="example.com", CallerReference="r")["HostedZone"]["Id"]
    zones.change_tags_for_resource(
        ResourceType="hostedzone", ResourceId=zone.split("/")[-1], AddTags=tags
    )


@pytest.mark.B
def test_what_is_gone_has_no_tags(aws: Account) -> None:
    tags = [{"Key": "k", "Value": "v"}]
    group, other = aws.security_group("g"), aws.security_group("h")
    aws.ec2.create_tags(Resources=[group, other], Tags=tags)
    rule = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    marked = [{"ResourceType": "security-group-rule", "Tags": tags}]
    for one in (group, other):
        aws.ec2.authorize_security_group_ingress(
            GroupId=one, IpPermissions=[rule], TagSpecifications=marked
        )
    aws.ec2.delete_security_group(GroupId=group)
    aws.ec2.revoke_security_group_ingress(GroupId=other, IpPermissions=[rule])
    tagging = aws.client("resourcegroupstaggingapi")
    found = tagging.get_resources(ResourceTypeFilters=["ec2"])["ResourceTagMappingList"]
    mine = [one["ResourceARN"].rpartition("/")[2] for one in found]
    assert (group in mine, mine.count(other)) == (False, 1)
    rules = [one for one in mine if one.startswith("sgr-")]
    told = aws.ec2.describe_security_group_rules()["SecurityGroupRules"]
    assert set(rules) <= {one["SecurityGroupRuleId"] for one in told}


@pytest.mark.alone
@pytest.mark.B
def test_get_resources(aws: Account) -> None:
    _tagged(aws)
    tagging = aws.client("resourcegroupstaggingapi")

    def arns(**more: Any) -> list[str]:
        found = tagging.get_resources(**more)["ResourceTagMappingList"]
        return [one["ResourceARN"] for one in found]

    everything = arns()
    assert len(everything) == 7
    for kind, count in KINDS.items():
        assert len(arns(ResourceTypeFilters=[kind])) == count, kind
    assert arns(TagFilters=[{"Key": "k", "Values": ["v", "w"]}]) == everything
    assert arns(TagFilters=[{"Key": "k"}, {"Key": "j"}]) == []
    assert arns(ResourceARNList=everything[:2]) == everything[:2]
    page = tagging.get_resources(ResourcesPerPage=6)
    assert len(page["ResourceTagMappingList"]) == 6
    rest = tagging.get_resources(ResourcesPerPage=6, PaginationToken=page["PaginationToken"])
    assert len(rest["ResourceTagMappingList"]) == 1
    assert rest["PaginationToken"] == ""


@pytest.mark.alone
@pytest.mark.B
def test_what_was_tagged_once(aws: Account) -> None:
    """botocore: with an empty set of tags, as long as it is there."""
    tags = [{"Key": "k", "Value": "v"}]
    tagging = aws.client("resourcegroupstaggingapi")
    group, other = aws.target_group_arn(Tags=tags), aws.target_group_arn("other")
    guard = aws.security_group("g")
    aws.ec2.create_tags(Resources=[guard], Tags=tags)
    aws.elbv2.remove_tags(ResourceArns=[group, other], TagKeys=["k"])
    aws.ec2.delete_tags(Resources=[guard], Tags=tags)

    def told() -> dict[str, Any]:
        found = tagging.get_resources()["ResourceTagMappingList"]
        return {one["ResourceARN"].rpartition(":")[2]: one["Tags"] for one in found}

    name = group.rpartition(":")[2]
    assert told()[name] == [] and told()[f"security-group/{guard}"] == []
    assert tagging.get_resources(TagFilters=[{"Key": "k"}])["ResourceTagMappingList"] == []
    aws.elbv2.delete_target_group(TargetGroupArn=group)
    assert name not in told()


@pytest.mark.alone
@pytest.mark.B
def test_tagging_by_arn(aws: Account) -> None:
    _tagged(aws)
    tagging = aws.client("resourcegroupstaggingapi")
    arns = [one["ResourceARN"] for one in tagging.get_resources()["ResourceTagMappingList"]]
    assert len(arns) == 7
    gone = f"arn:aws:elasticloadbalancing:us-east-1:{aws.id}:targetgroup/x/0123456789abcdef"
    failed = tagging.tag_resources(ResourceARNList=[*arns, gone], Tags={"k": "w", "new": "n"})
    assert list(failed["FailedResourcesMap"]) == [gone]
    assert failed["FailedResourcesMap"][gone]["ErrorCode"] == "InvalidParameterException"
    found = tagging.get_resources(TagFilters=[{"Key": "new"}])["ResourceTagMappingList"]
    assert [one["ResourceARN"] for one in found] == arns
    assert tagging.get_tag_keys()["TagKeys"] == ["k", "new"]
    assert tagging.get_tag_values(Key="k")["TagValues"] == ["w"]
    assert tagging.untag_resources(ResourceARNList=arns, TagKeys=["k"])["FailedResourcesMap"] == {}
    assert tagging.get_tag_keys()["TagKeys"] == ["new"]


@pytest.mark.B
@pytest.mark.parametrize(
    "wrong",
    [
        {"ResourcesPerPage": 101},
        {"TagsPerPage": 50},
        {"TagsPerPage": 501},
        {"ResourceTypeFilters": ["no type"]},
        {"PaginationToken": "x"},
        {"TagFilters": [{}]},
        {"TagFilters": [{"Key": "k", "Values": ["v"] * 21}]},
        {"ResourceARNList": ["arn:aws:s3:::x"], "TagFilters": [{"Key": "k"}]},
    ],
    ids=str,
)
def test_bad_lookups(shared: Account, wrong: dict[str, Any]) -> None:
    tagging = shared.client("resourcegroupstaggingapi")
    with refused("InvalidParameterException"):
        tagging.get_resources(**wrong)
