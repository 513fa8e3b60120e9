"""The controller's own policies in `iam/`: each right is needed by a call that it makes."""

import copy
import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import pytest
from aws import CONFIG, NOT_FOUND, Account, certificate_for, forward, path
from sessions import as_session, token

IAM = Path(__file__).parents[2] / "iam"
# By how the controller's pod gets its session: with a token of the cluster's issuer, or by EKS Pod
# Identity, which tags it.
BY_TOKEN, BY_POD = "policy", "policy-pod-identity"
POLICIES = (BY_TOKEN, BY_POD)
TEXTS = {name: (IAM / f"{name}.json").read_text(encoding="utf-8") for name in POLICIES}
CLUSTER = "elbv2.k8s.aws/cluster"
TAGS = [{"Key": CLUSTER, "Value": "demo"}]
OTHER_TAGS = [{"Key": CLUSTER, "Value": "other"}]
# What is made where AWS Load Balancer Controller goes on beside the controller.
OWN_TAGS = [{"Key": CLUSTER, "Value": "demo.own"}]
MORE = [{"Key": "more", "Value": "yes"}]
PERMISSIONS = [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80,
                "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]  # fmt: skip


class Pod(Account):
    """The same account by the keys of a session."""

    def __init__(self, aws: Account, keys: dict[str, str]) -> None:
        super().__init__(aws.endpoint, aws.region, aws.id)
        self.keys = keys

    def client(self, service: str) -> Any:
        """A boto3 client with the session's keys."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=self.keys["AccessKeyId"],
            aws_secret_access_key=self.keys["SecretAccessKey"],
            aws_session_token=self.keys["SessionToken"],
            config=CONFIG,
        )


class World:
    """What the controller has made before, by whoever may do everything."""

    def __init__(self, aws: Account) -> None:
        self.act_as(aws)
        self.vpc, self.subnets = aws.vpc, aws.subnet_ids(3)

    def act_as(self, aws: Account) -> None:
        """Make the calls from now on as somebody else."""
        self.aws = aws
        self.elb, self.ec2 = aws.elbv2, aws.ec2
        self.acm, self.route53 = aws.client("acm"), aws.client("route53")
        self.wafv2, self.shield = aws.client("wafv2"), aws.client("shield")

    @cached_property
    def balancer(self) -> str:
        """A load balancer."""
        return str(self.aws.load_balancer("lb", Tags=TAGS)["LoadBalancerArn"])

    @cached_property
    def group(self) -> str:
        """A target group."""
        return self.aws.target_group_arn("tg", Tags=TAGS)

    @cached_property
    def listener(self) -> str:
        """A listener for HTTPS."""
        more = {"Protocol": "HTTPS", "Certificates": [{"CertificateArn": self.certificate}]}
        return str(self.aws.listener(self.balancer, 443, Tags=TAGS, **more)["ListenerArn"])

    @cached_property
    def rule(self) -> str:
        """A rule."""
        return str(self.aws.rule(self.listener, 1, Tags=TAGS)["RuleArn"])

    @cached_property
    def login(self) -> dict[str, Any]:
        """What lets in who is logged in with Cognito."""
        cognito = self.aws.client("cognito-idp")
        pool = cognito.create_user_pool(PoolName="p")["UserPool"]
        made = cognito.create_user_pool_client(
            UserPoolId=pool["Id"], ClientName="c", GenerateSecret=True
        )
        client = made["UserPoolClient"]["ClientId"]
        config = {"UserPoolArn": pool["Arn"], "UserPoolClientId": client, "UserPoolDomain": "d"}
        return {
            "Type": "authenticate-cognito", "Order": 1, "AuthenticateCognitoConfig": config,
        }  # fmt: skip

    @cached_property
    def certificate(self) -> str:
        """An imported certificate."""
        return str(self.imported("a.example.com", Tags=TAGS))

    @cached_property
    def other_certificate(self) -> str:
        """A certificate on the listener, beside its default one."""
        arn = str(self.imported("b.example.com", Tags=TAGS))
        self.elb.add_listener_certificates(
            ListenerArn=self.listener, Certificates=[{"CertificateArn": arn}]
        )
        return arn

    @cached_property
    def firewall(self) -> str:
        """A security group, with a rule."""
        made = self.grouped("fw", TAGS)
        self.ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=PERMISSIONS)
        return made

    @cached_property
    def zone(self) -> str:
        """A hosted zone."""
        made = self.route53.create_hosted_zone(Name="example.com", CallerReference="a")
        return str(made["HostedZone"]["Id"])

    @cached_property
    def web_acl(self) -> str:
        """A web ACL of WAFv2."""
        visible = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False}
        made = self.wafv2.create_web_acl(
            Name="acl", Scope="REGIONAL", DefaultAction={"Allow": {}}, Rules=[],
            VisibilityConfig=visible | {"MetricName": "m"},
        )  # fmt: skip
        return str(made["Summary"]["ARN"])

    @cached_property
    def guarded(self) -> bool:
        """The load balancer has the web ACL."""
        self.wafv2.associate_web_acl(WebACLArn=self.web_acl, ResourceArn=self.balancer)
        return True

    @cached_property
    def subscribed(self) -> bool:
        """The account is subscribed to Shield Advanced."""
        self.shield.create_subscription()
        return True

    @cached_property
    def protection(self) -> str:
        """A Shield protection of the load balancer."""
        assert self.subscribed
        made = self.shield.create_protection(Name="p", ResourceArn=self.balancer)
        return str(made["ProtectionId"])

    def imported(self, name: str, **more: Any) -> Any:
        """Import a certificate."""
        text, key = certificate_for(name)
        return self.acm.import_certificate(Certificate=text, PrivateKey=key, **more)[
            "CertificateArn"
        ]

    def grouped(self, name: str, tags: list[dict[str, str]]) -> str:
        """Make a security group."""
        specification = [{"ResourceType": "security-group", "Tags": tags}]
        made = self.ec2.create_security_group(
            GroupName=name, Description=name, VpcId=self.vpc, TagSpecifications=specification
        )
        return str(made["GroupId"])


def _change(world: World) -> None:
    record = {"Name": "a.example.com", "Type": "TXT", "TTL": 60}
    changes = [{"Action": "CREATE", "ResourceRecordSet": record | {
        "ResourceRecords": [{"Value": '"heritage"'}]}}]  # fmt: skip
    world.route53.change_resource_record_sets(
        HostedZoneId=world.zone, ChangeBatch={"Changes": changes}
    )


def _load_balancer(world: World) -> None:
    world.elb.create_load_balancer(Name="new", Subnets=world.subnets[:2], Tags=TAGS)


def _target_group(world: World) -> None:
    world.aws.target_group("new", Tags=TAGS)


def _targets(world: World) -> None:
    targets = [{"Id": "172.31.0.10", "Port": 80}]
    world.elb.register_targets(TargetGroupArn=world.group, Targets=targets)


# By operation of the program: the call as it makes it, and what has to stand for it.
CALLS: dict[str, tuple[Callable[[World], Any], tuple[str, ...]]] = {
    "CreateLoadBalancer": (_load_balancer, ()),
    "CreateTargetGroup": (_target_group, ()),
    "RegisterTargets": (_targets, ("group",)),
    "CreateSecurityGroup": (lambda w: w.grouped("new", TAGS), ()),
    "AuthorizeSecurityGroupIngress": (
        lambda w: w.ec2.authorize_security_group_ingress(
            GroupId=w.firewall, IpPermissions=[PERMISSIONS[0] | {"FromPort": 81, "ToPort": 81}]
        ),
        ("firewall",),
    ),
    "RevokeSecurityGroupIngress": (
        lambda w: w.ec2.revoke_security_group_ingress(
            GroupId=w.firewall, IpPermissions=PERMISSIONS
        ),
        ("firewall",),
    ),
    "CreateTags": (
        lambda w: w.ec2.create_tags(Resources=[w.firewall], Tags=MORE), ("firewall",)
    ),
    "DeleteTags": (
        lambda w: w.ec2.delete_tags(Resources=[w.firewall], Tags=[{"Key": "more"}]),
        ("firewall",),
    ),
    "DeleteSecurityGroup": (
        lambda w: w.ec2.delete_security_group(GroupId=w.firewall), ("firewall",)
    ),
    "DescribeAvailabilityZones": (lambda w: w.ec2.describe_availability_zones(), ()),
    "DescribeNetworkInterfaces": (lambda w: w.ec2.describe_network_interfaces(), ()),
    "DescribeRouteTables": (lambda w: w.ec2.describe_route_tables(), ()),
    "DescribeSecurityGroups": (lambda w: w.ec2.describe_security_groups(), ()),
    "DescribeSubnets": (lambda w: w.ec2.describe_subnets(), ()),
    "DescribeVpcs": (lambda w: w.ec2.describe_vpcs(), ()),
    "DescribeListenerCertificates": (
        lambda w: w.elb.describe_listener_certificates(ListenerArn=w.listener), ("listener",)
    ),
    "DescribeListeners": (
        lambda w: w.elb.describe_listeners(LoadBalancerArn=w.balancer), ("balancer",)
    ),
    "DescribeLoadBalancerAttributes": (
        lambda w: w.elb.describe_load_balancer_attributes(LoadBalancerArn=w.balancer),
        ("balancer",),
    ),
    "DescribeLoadBalancers": (lambda w: w.elb.describe_load_balancers(), ()),
    "DescribeRules": (lambda w: w.elb.describe_rules(ListenerArn=w.listener), ("listener",)),
    "DescribeTags": (lambda w: w.elb.describe_tags(ResourceArns=[w.group]), ("group",)),
    "DescribeTargetGroupAttributes": (
        lambda w: w.elb.describe_target_group_attributes(TargetGroupArn=w.group), ("group",)
    ),
    "DescribeTargetGroups": (lambda w: w.elb.describe_target_groups(), ()),
    "DescribeTargetHealth": (
        lambda w: w.elb.describe_target_health(TargetGroupArn=w.group), ("group",)
    ),
    "DescribeTrustStores": (lambda w: w.elb.describe_trust_stores(), ()),
    "CreateListener": (
        lambda w: w.aws.listener(w.balancer, Tags=TAGS), ("balancer",)
    ),
    "CreateRule": (
        lambda w: w.aws.rule(
            w.listener, 2, Tags=TAGS, Actions=[w.login, {**NOT_FOUND, "Order": 2}]
        ),
        ("listener", "login"),
    ),
    "AddTags": (lambda w: w.elb.add_tags(ResourceArns=[w.rule], Tags=MORE), ("rule",)),
    "RemoveTags": (
        lambda w: w.elb.remove_tags(ResourceArns=[w.rule], TagKeys=["more"]), ("rule",)
    ),
    "AddListenerCertificates": (
        lambda w: w.elb.add_listener_certificates(
            ListenerArn=w.listener, Certificates=[{"CertificateArn": w.other_certificate}]
        ),
        ("listener", "other_certificate"),
    ),
    "RemoveListenerCertificates": (
        lambda w: w.elb.remove_listener_certificates(
            ListenerArn=w.listener, Certificates=[{"CertificateArn": w.other_certificate}]
        ),
        ("listener", "other_certificate"),
    ),
    "ModifyListener": (
        lambda w: w.elb.modify_listener(ListenerArn=w.listener, DefaultActions=[NOT_FOUND]),
        ("listener",),
    ),
    "ModifyRule": (
        lambda w: w.elb.modify_rule(
            RuleArn=w.rule, Conditions=[path("/b")], Actions=[forward(w.group)]
        ),
        ("rule", "group"),
    ),
    "SetRulePriorities": (
        lambda w: w.elb.set_rule_priorities(RulePriorities=[{"RuleArn": w.rule, "Priority": 9}]),
        ("rule",),
    ),
    "ModifyLoadBalancerAttributes": (
        lambda w: w.elb.modify_load_balancer_attributes(
            LoadBalancerArn=w.balancer,
            Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "61"}],
        ),
        ("balancer",),
    ),
    "ModifyTargetGroup": (
        lambda w: w.elb.modify_target_group(TargetGroupArn=w.group, HealthCheckPath="/up"),
        ("group",),
    ),
    "ModifyTargetGroupAttributes": (
        lambda w: w.elb.modify_target_group_attributes(
            TargetGroupArn=w.group,
            Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "31"}],
        ),
        ("group",),
    ),
    "SetIpAddressType": (
        lambda w: w.elb.set_ip_address_type(LoadBalancerArn=w.balancer, IpAddressType="ipv4"),
        ("balancer",),
    ),
    "SetSecurityGroups": (
        lambda w: w.elb.set_security_groups(
            LoadBalancerArn=w.balancer, SecurityGroups=[w.firewall]
        ),
        ("balancer", "firewall"),
    ),
    "SetSubnets": (
        lambda w: w.elb.set_subnets(LoadBalancerArn=w.balancer, Subnets=w.subnets),
        ("balancer",),
    ),
    "DeregisterTargets": (
        lambda w: w.elb.deregister_targets(
            TargetGroupArn=w.group, Targets=[{"Id": "172.31.0.10", "Port": 80}]
        ),
        ("group",),
    ),
    "DeleteRule": (lambda w: w.elb.delete_rule(RuleArn=w.rule), ("rule",)),
    "DeleteListener": (lambda w: w.elb.delete_listener(ListenerArn=w.listener), ("listener",)),
    "DeleteLoadBalancer": (
        lambda w: w.elb.delete_load_balancer(LoadBalancerArn=w.balancer), ("balancer",)
    ),
    "DeleteTargetGroup": (
        lambda w: w.elb.delete_target_group(TargetGroupArn=w.group), ("group",)
    ),
    "ImportCertificate": (lambda w: w.imported("c.example.com", Tags=TAGS), ()),
    "ListCertificates": (lambda w: w.acm.list_certificates(), ()),
    "DescribeCertificate": (
        lambda w: w.acm.describe_certificate(CertificateArn=w.certificate), ("certificate",)
    ),
    "ListTagsForCertificate": (
        lambda w: w.acm.list_tags_for_certificate(CertificateArn=w.certificate),
        ("certificate",),
    ),
    "DeleteCertificate": (
        lambda w: w.acm.delete_certificate(CertificateArn=w.certificate), ("certificate",)
    ),
    "ListHostedZones": (lambda w: w.route53.list_hosted_zones(), ()),
    "ListResourceRecordSets": (
        lambda w: w.route53.list_resource_record_sets(HostedZoneId=w.zone), ("zone",)
    ),
    "ChangeResourceRecordSets": (_change, ("zone",)),
    "ListWebACLs": (lambda w: w.wafv2.list_web_acls(Scope="REGIONAL"), ()),
    "GetWebACLForResource": (
        lambda w: w.wafv2.get_web_acl_for_resource(ResourceArn=w.balancer), ("guarded",)
    ),
    "AssociateWebACL": (
        lambda w: w.wafv2.associate_web_acl(WebACLArn=w.web_acl, ResourceArn=w.balancer),
        ("web_acl", "balancer"),
    ),
    "DisassociateWebACL": (
        lambda w: w.wafv2.disassociate_web_acl(ResourceArn=w.balancer), ("guarded",)
    ),
    "GetSubscriptionState": (lambda w: w.shield.get_subscription_state(), ()),
    "DescribeProtection": (
        lambda w: w.shield.describe_protection(ResourceArn=w.balancer), ("protection",)
    ),
    "CreateProtection": (
        lambda w: w.shield.create_protection(Name="p", ResourceArn=w.balancer),
        ("subscribed", "balancer"),
    ),
    "DeleteProtection": (
        lambda w: w.shield.delete_protection(ProtectionId=w.protection), ("protection",)
    ),
}  # fmt: skip
# The operation that fails without a right, where that is not the one of the right's own name.
ON_THE_WAY = {
    "acm:AddTagsToCertificate": "ImportCertificate",
    "cognito-idp:DescribeUserPoolClient": "CreateRule",
    "ec2:DescribeAccountAttributes": "CreateLoadBalancer",
    "ec2:DescribeAddresses": "CreateLoadBalancer",
    "ec2:DescribeInstances": "RegisterTargets",
    "ec2:DescribeInternetGateways": "CreateTargetGroup",
    "ec2:GetSecurityGroupsForVpc": "CreateLoadBalancer",
    "elasticloadbalancing:SetWebAcl": "AssociateWebACL",
    "iam:CreateServiceLinkedRole": "CreateTargetGroup",
    "wafv2:GetWebACL": "GetWebACLForResource",
}
STATEMENTS = json.loads(TEXTS[BY_TOKEN])["Statement"]
RIGHTS = sorted({action for one in STATEMENTS for action in one["Action"]})


def _filled(name: str, world: World) -> Any:
    """A policy as somebody fills it in for an account; the zone is the world's if it has one."""
    zone = world.__dict__.get("zone", "Z0").rpartition("/")[2]
    text = TEXTS[name].replace("REGION", world.aws.region).replace("ACCOUNT", world.aws.id)
    return json.loads(
        text.replace("CLUSTER", "demo").replace("/VPC", f"/{world.vpc}").replace("ZONE", zone)
    )


def _under(name: str, aws: Account, world: World, document: Any) -> None:
    """From now on the world's calls are made with no more rights than these."""
    if name == BY_TOKEN:
        aws.control("POST", "/policy", {"account": aws.id, "document": document})
        return
    role = aws.client("iam")
    if world.aws is aws:
        trust = (IAM / "trust-pod-identity.json").read_text(encoding="utf-8")
        role.create_role(RoleName="albedo", AssumeRolePolicyDocument=_placed(trust, aws))
    role.put_role_policy(
        RoleName="albedo", PolicyName="albedo", PolicyDocument=json.dumps(document)
    )
    if world.aws is aws:
        world.act_as(Pod(aws, _pod(aws, "demo", "kube-system", "albedo")))


def _placed(trust: str, aws: Account) -> str:
    """A trust policy as somebody fills it in for an account."""
    filled = trust.replace("REGION", aws.region).replace("ACCOUNT", aws.id)
    return filled.replace("CLUSTER", "demo")


def _pod(aws: Account, cluster: str, namespace: str, service_account: str) -> dict[str, str]:
    """The keys that EKS Pod Identity gives a pod."""
    asked = {"cluster": cluster, "namespace": namespace, "service_account": service_account}
    role = f"arn:aws:iam::{aws.id}:role/albedo"
    asked |= {"account": aws.id, "region": aws.region, "role": role}
    return dict(aws.control("POST", "/pod-session", asked))


def _without(right: str, policy: Any) -> Any:
    """The policy less one right."""
    less = copy.deepcopy(policy)
    for statement in less["Statement"]:
        statement["Action"] = [one for one in statement["Action"] if one != right]
    less["Statement"] = [one for one in less["Statement"] if one["Action"]]
    return less


def _prepared(aws: Account, operation: str) -> World:
    world = World(aws)
    for thing in CALLS[operation][1]:
        assert getattr(world, thing)
    return world


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("right", RIGHTS)
def test_each_right_is_needed(aws: Account, right: str, name: str) -> None:
    operation = ON_THE_WAY.get(right, right.partition(":")[2])
    world = _prepared(aws, operation)
    call, policy = CALLS[operation][0], _filled(name, world)
    _under(name, aws, world, _without(right, policy))
    with pytest.raises(Exception, match=f"not authorized to perform: {right} on"):
        call(world)
    _under(name, aws, world, policy)
    call(world)


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("operation", sorted(CALLS))
def test_nothing_else_is_needed(aws: Account, operation: str, name: str) -> None:
    world = _prepared(aws, operation)
    _under(name, aws, world, _filled(name, world))
    CALLS[operation][0](world)


# What belongs to somebody else: another cluster's, or nobody's.
OTHERS = [
    ("DeleteLoadBalancer", "balancer"), ("DeleteTargetGroup", "group"),
    ("DeleteListener", "listener"), ("DeleteRule", "rule"), ("ModifyRule", "rule"),
    ("DeleteSecurityGroup", "firewall"), ("CreateTags", "firewall"), ("AddTags", "rule"),
    ("DeleteCertificate", "certificate"), ("SetSecurityGroups", "balancer"),
    ("CreateListener", "balancer"), ("CreateRule", "listener"),
    ("AddListenerCertificates", "listener"), ("ModifyTargetGroup", "group"),
]  # fmt: skip
# What may be nobody's: people make target groups with other tools, and nodes' security groups.
ALSO_NOBODYS = [
    ("RegisterTargets", "group"), ("DeregisterTargets", "group"),
    ("AuthorizeSecurityGroupIngress", "firewall"), ("RevokeSecurityGroupIngress", "firewall"),
]  # fmt: skip


def _tag(world: World, thing: str, tags: list[dict[str, str]]) -> None:
    """Let a thing be of the cluster that these tags name, or of none."""
    arn = getattr(world, thing)
    if thing == "firewall":
        world.ec2.delete_tags(Resources=[arn], Tags=[{"Key": CLUSTER}])
        if tags:
            world.ec2.create_tags(Resources=[arn], Tags=tags)
    elif thing == "certificate":
        world.acm.remove_tags_from_certificate(CertificateArn=arn, Tags=TAGS)
        if tags:
            world.acm.add_tags_to_certificate(CertificateArn=arn, Tags=tags)
    else:
        world.elb.remove_tags(ResourceArns=[arn], TagKeys=[CLUSTER])
        if tags:
            world.elb.add_tags(ResourceArns=[arn], Tags=tags)


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize(("operation", "thing"), OTHERS)
def test_what_has_no_tag_of_the_cluster_stays(
    aws: Account, operation: str, thing: str, name: str
) -> None:
    world = _prepared(aws, operation)
    _tag(world, thing, [])
    _under(name, aws, world, _filled(name, world))
    with pytest.raises(Exception, match="not authorized to perform"):
        CALLS[operation][0](world)


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize(("operation", "thing"), OTHERS + ALSO_NOBODYS)
def test_what_is_of_another_cluster_stays(
    aws: Account, operation: str, thing: str, name: str
) -> None:
    world = _prepared(aws, operation)
    _tag(world, thing, OTHER_TAGS)
    _under(name, aws, world, _filled(name, world))
    with pytest.raises(Exception, match="not authorized to perform"):
        CALLS[operation][0](world)


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize(("operation", "thing"), OTHERS)
def test_what_is_made_beside_lbc_is_of_the_cluster(
    aws: Account, operation: str, thing: str, name: str
) -> None:
    world = _prepared(aws, operation)
    _tag(world, thing, OWN_TAGS)
    _under(name, aws, world, _filled(name, world))
    CALLS[operation][0](world)


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize(("operation", "thing"), ALSO_NOBODYS)
def test_what_is_nobodys_is_served(
    aws: Account, operation: str, thing: str, name: str
) -> None:
    world = _prepared(aws, operation)
    _tag(world, thing, [])
    _under(name, aws, world, _filled(name, world))
    CALLS[operation][0](world)


@pytest.mark.parametrize("name", POLICIES)
def test_nothing_is_made_for_another_cluster(aws: Account, name: str) -> None:
    world = _prepared(aws, "CreateListener")
    certificate = world.certificate
    _under(name, aws, world, _filled(name, world))
    calls: list[Callable[[], Any]] = [
        lambda: world.aws.target_group("new", Tags=OTHER_TAGS),
        lambda: world.aws.load_balancer("new", Tags=OTHER_TAGS),
        lambda: world.aws.listener(world.balancer, Tags=OTHER_TAGS),
        lambda: world.grouped("new", OTHER_TAGS),
        lambda: world.imported("c.example.com", Tags=OTHER_TAGS),
        # Nor does what is the cluster's become another's.
        lambda: world.elb.add_tags(ResourceArns=[world.balancer], Tags=OTHER_TAGS),
        lambda: world.acm.add_tags_to_certificate(CertificateArn=certificate, Tags=OTHER_TAGS),
    ]
    for call in calls:
        with pytest.raises(Exception, match="not authorized to perform"):
            call()


@pytest.mark.parametrize("name", POLICIES)
def test_only_the_named_zones_are_changed(aws: Account, name: str) -> None:
    world = _prepared(aws, "ChangeResourceRecordSets")
    _under(name, aws, world, _filled(name, world))
    _change(world)
    world.zone = "/hostedzone/Z0ANOTHER"
    with pytest.raises(Exception, match="not authorized to perform"):
        _change(world)


@pytest.mark.parametrize("name", POLICIES)
def test_only_the_named_network_is_opened(aws: Account, name: str) -> None:
    world = _prepared(aws, "AuthorizeSecurityGroupIngress")
    policy = _filled(name, world)
    _under(name, aws, world, json.loads(json.dumps(policy).replace(world.vpc, "vpc-another")))
    for operation in ("AuthorizeSecurityGroupIngress", "CreateSecurityGroup"):
        with pytest.raises(Exception, match="not authorized to perform"):
            CALLS[operation][0](world)


@pytest.mark.parametrize(
    ("cluster", "namespace", "service_account"),
    [
        ("other", "kube-system", "albedo"),
        ("demo", "default", "albedo"),
        ("demo", "kube-system", "default"),
    ],
)
def test_no_other_pod_gets_the_role(
    aws: Account, cluster: str, namespace: str, service_account: str
) -> None:
    trust = (IAM / "trust-pod-identity.json").read_text(encoding="utf-8")
    aws.client("iam").create_role(
        RoleName="albedo", AssumeRolePolicyDocument=_placed(trust, aws)
    )
    assert _pod(aws, "demo", "kube-system", "albedo")["SessionToken"]
    with pytest.raises(Exception, match="400"):
        _pod(aws, cluster, namespace, service_account)


def test_the_shipped_role_works(aws: Account) -> None:
    """A pod's token gets a session of a role made as the examples say; another pod's gets none."""
    issuer = f"oidc.eks.{aws.region}.amazonaws.com/id/ID"
    trust = (IAM / "trust-web-identity.json").read_text(encoding="utf-8")
    trust = _placed(trust, aws)
    policy = _filled(BY_TOKEN, World(aws))
    iam, sts = aws.client("iam"), aws.client("sts")
    iam.create_open_id_connect_provider(
        Url=f"https://{issuer}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["0" * 40]
    )
    role = iam.create_role(RoleName="albedo", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(
        RoleName="albedo", PolicyName="albedo", PolicyDocument=json.dumps(policy)
    )

    def assume(account: str) -> Any:
        claims = {"iss": f"https://{issuer}", "aud": ["sts.amazonaws.com"]}
        claims["sub"] = f"system:serviceaccount:kube-system:{account}"
        return sts.assume_role_with_web_identity(
            RoleArn=role, RoleSessionName="albedo", WebIdentityToken=token(**claims)
        )["Credentials"]

    with pytest.raises(sts.exceptions.ClientError, match="Not authorized"):
        assume("another")
    elb = as_session(aws, assume("albedo"), "elbv2")
    assert elb.describe_load_balancers()["LoadBalancers"] == []
    wanted = {"Protocol": "HTTP", "Port": 80, "VpcId": aws.vpc, "TargetType": "ip"}
    assert elb.create_target_group(Name="tg", **wanted, Tags=TAGS)["TargetGroups"]
    words = "assumed-role/albedo/albedo is not authorized to perform"
    with pytest.raises(elb.exceptions.ClientError, match=words):
        elb.create_target_group(Name="untagged", **wanted)
