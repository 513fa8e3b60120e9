"""What the controller calls in AWS: each operation as it makes it, and what stands before it."""

import json
from collections.abc import Callable
from functools import cached_property
from typing import Any

from aws import NOT_FOUND, Account, certificate_for, forward, path

CLUSTER = "elbv2.k8s.aws/cluster"
TAGS = [{"Key": CLUSTER, "Value": "demo"}]
OTHER_TAGS = [{"Key": CLUSTER, "Value": "other"}]
# What is made where AWS Load Balancer Controller goes on beside the controller.
OWN_TAGS = [{"Key": CLUSTER, "Value": "demo.own"}]
MORE = [{"Key": "more", "Value": "yes"}]
PERMISSIONS = [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80,
                "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]  # fmt: skip


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
        self.sts = aws.client("sts")
        self.tagging = aws.client("resourcegroupstaggingapi")

    @cached_property
    def balancer(self) -> str:
        """A load balancer."""
        return str(self.aws.load_balancer("lb", Tags=TAGS)["LoadBalancerArn"])

    @cached_property
    def role(self) -> str:
        """A role that lets the account in, and wants to hear an id."""
        trust = {
            "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"AWS": f"arn:aws:iam::{self.aws.id}:root"},
            "Condition": {"StringEquals": {"sts:ExternalId": "team"}},
        }  # fmt: skip
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        made = self.aws.client("iam").create_role(
            Path="/elbv2.k8s.aws/", RoleName="targets", AssumeRolePolicyDocument=document
        )
        return str(made["Role"]["Arn"])

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
    def change(self) -> str:
        """A batch of changes of the hosted zone."""
        return change_records(self, "UPSERT")

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


def change_records(world: World, verb: str = "CREATE") -> str:
    record = {"Name": "a.example.com", "Type": "TXT", "TTL": 60}
    changes = [{"Action": verb, "ResourceRecordSet": record | {
        "ResourceRecords": [{"Value": '"heritage"'}]}}]  # fmt: skip
    made = world.route53.change_resource_record_sets(
        HostedZoneId=world.zone, ChangeBatch={"Changes": changes}
    )
    return str(made["ChangeInfo"]["Id"])


def make_load_balancer(world: World) -> None:
    world.elb.create_load_balancer(Name="new", Subnets=world.subnets[:2], Tags=TAGS)


def make_target_group(world: World) -> None:
    world.aws.target_group("new", Tags=TAGS)


def register_targets(world: World) -> None:
    targets = [{"Id": "172.31.0.10", "Port": 80}]
    world.elb.register_targets(TargetGroupArn=world.group, Targets=targets)


# By operation of the program: the call as it makes it, and what has to stand for it.
CALLS: dict[str, tuple[Callable[[World], Any], tuple[str, ...]]] = {
    "AssumeRole": (
        lambda w: w.sts.assume_role(
            RoleArn=w.role, RoleSessionName="AWS-LBC-demo", ExternalId="team"
        ),
        ("role",),
    ),
    "CreateLoadBalancer": (make_load_balancer, ()),
    "CreateTargetGroup": (make_target_group, ()),
    "RegisterTargets": (register_targets, ("group",)),
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
    "DescribeCapacityReservation": (
        lambda w: w.elb.describe_capacity_reservation(LoadBalancerArn=w.balancer), ("balancer",)
    ),
    "DescribeListenerAttributes": (
        lambda w: w.elb.describe_listener_attributes(ListenerArn=w.listener), ("listener",)
    ),
    "DescribeAccountLimits": (lambda w: w.elb.describe_account_limits(), ()),
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
    "ModifyCapacityReservation": (
        lambda w: w.elb.modify_capacity_reservation(
            LoadBalancerArn=w.balancer, ResetCapacityReservation=True
        ),
        ("balancer",),
    ),
    "ModifyIpPools": (
        lambda w: w.elb.modify_ip_pools(LoadBalancerArn=w.balancer, RemoveIpamPools=["ipv4"]),
        ("balancer",),
    ),
    "ModifyListenerAttributes": (
        lambda w: w.elb.modify_listener_attributes(
            ListenerArn=w.listener,
            Attributes=[{"Key": "routing.http.response.server.enabled", "Value": "false"}],
        ),
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
    "RequestCertificate": (
        lambda w: w.acm.request_certificate(
            DomainName="c.example.com", SubjectAlternativeNames=["c.example.com"],
            ValidationMethod="DNS", IdempotencyToken="c", Tags=TAGS,
        ),
        (),
    ),
    "ListCertificates": (lambda w: w.acm.list_certificates(), ()),
    "DescribeCertificate": (
        lambda w: w.acm.describe_certificate(CertificateArn=w.certificate), ("certificate",)
    ),
    "ListTagsForCertificate": (
        lambda w: w.acm.list_tags_for_certificate(CertificateArn=w.certificate),
        ("certificate",),
    ),
    "GetResources": (
        lambda w: w.tagging.get_resources(
            ResourceTypeFilters=["acm:certificate"],
            TagFilters=[{"Key": "alb.ingress.k8s.aws/secret"}], ResourcesPerPage=100,
        ),
        (),
    ),
    "DeleteCertificate": (
        lambda w: w.acm.delete_certificate(CertificateArn=w.certificate), ("certificate",)
    ),
    "ListHostedZones": (lambda w: w.route53.list_hosted_zones(), ()),
    "ListResourceRecordSets": (
        lambda w: w.route53.list_resource_record_sets(HostedZoneId=w.zone), ("zone",)
    ),
    "ListTagsForResources": (
        lambda w: w.route53.list_tags_for_resources(
            ResourceType="hostedzone", ResourceIds=[w.zone.rpartition("/")[2]]
        ),
        ("zone",),
    ),
    "ChangeResourceRecordSets": (change_records, ("zone",)),
    "GetChange": (lambda w: w.route53.get_change(Id=w.change), ("change",)),
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
