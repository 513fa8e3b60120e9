"""What AWS has been seen to refuse in public: its code, its words, and where they can be read.

Everything else rests on what AWS's documents say or do not say; these are its own answers. Each is
tried in the least that leads to it, here or, with ALBEDO_REAL_AWS, on a real account.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from aws import NOT_FOUND, Account, forward, path
from botocore.exceptions import ClientError
from dns_zone import Zone, alias, create

GITHUB = "https://github.com/"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One answer of AWS's."""

    source: str  # a path on GitHub
    code: str  # empty where the source does not say it
    words: str  # a part of its text, as a regular expression
    attempt: Callable[[Account], Any]


def _twice_in_a_zone(aws: Account) -> Any:
    first = aws.subnets[0]
    block = re.sub(r"\.\d+\.0/20$", ".240.0/24", first["CidrBlock"])
    more = aws.ec2.create_subnet(
        VpcId=aws.vpc, CidrBlock=block, AvailabilityZone=first["AvailabilityZone"]
    )["Subnet"]["SubnetId"]
    return aws.load_balancer(Subnets=[first["SubnetId"], more])


def _http2_behind_http(aws: Account) -> Any:
    group = aws.target_group_arn(ProtocolVersion="HTTP2")
    return aws.listener(aws.load_balancer()["LoadBalancerArn"], DefaultActions=[forward(group)])


def _ipv6_behind_ipv4(aws: Account) -> Any:
    aws.ipv6()
    group = aws.target_group_arn(IpAddressType="ipv6")
    return aws.listener(aws.load_balancer()["LoadBalancerArn"], DefaultActions=[forward(group)])


def _instance_without_ipv6(aws: Account) -> Any:
    aws.ipv6()
    group = aws.target_group_arn(IpAddressType="ipv6", TargetType="instance")
    image = aws.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    [made] = aws.ec2.run_instances(
        ImageId=image, MinCount=1, MaxCount=1, SubnetId=aws.subnet_ids()[0]
    )["Instances"]
    aws.ec2.get_waiter("instance_running").wait(InstanceIds=[made["InstanceId"]])
    target = {"Id": made["InstanceId"]}
    return aws.elbv2.register_targets(TargetGroupArn=group, Targets=[target])


def _tcp(aws: Account) -> Any:
    arn = aws.load_balancer()["LoadBalancerArn"]
    return aws.listener(arn, Protocol="TCP", DefaultActions=[NOT_FOUND])


def _port_of_another(aws: Account) -> Any:
    arn = aws.load_balancer()["LoadBalancerArn"]
    first = aws.listener(arn, 80)["ListenerArn"]
    aws.listener(arn, 81)
    return aws.elbv2.modify_listener(ListenerArn=first, Port=81)


def _port_twice(aws: Account) -> Any:
    arn = aws.load_balancer()["LoadBalancerArn"]
    aws.listener(arn, 80)
    return aws.listener(arn, 80, DefaultActions=[forward(aws.target_group_arn())])


def _https_without_a_certificate(aws: Account) -> Any:
    return aws.listener(aws.load_balancer()["LoadBalancerArn"], 443, Protocol="HTTPS")


def _pending_certificate(aws: Account) -> Any:
    acm = aws.client("acm")
    pending = acm.request_certificate(DomainName="a.example.com", ValidationMethod="DNS")
    arn = aws.load_balancer()["LoadBalancerArn"]
    certificates = [{"CertificateArn": pending["CertificateArn"]}]
    return aws.listener(arn, 443, Protocol="HTTPS", Certificates=certificates)


def _two_secrets(aws: Account) -> Any:
    config = {
        "Issuer": "https://idp.example.com",
        "AuthorizationEndpoint": "https://idp.example.com/a",
        "TokenEndpoint": "https://idp.example.com/t",
        "UserInfoEndpoint": "https://idp.example.com/u",
        "ClientId": "client",
        "ClientSecret": "hush",
        "UseExistingClientSecret": True,
    }
    login = {"Type": "authenticate-oidc", "AuthenticateOidcConfig": config, "Order": 1}
    arn = aws.load_balancer()["LoadBalancerArn"]
    return aws.https_listener(arn, DefaultActions=[login, NOT_FOUND | {"Order": 2}])


def _priority_twice(aws: Account) -> Any:
    listener = aws.http_listener()
    aws.rule(listener, 7)
    return aws.rule(listener, 7, Conditions=[path("/other")])


def _group_of_two(aws: Account) -> Any:
    group = aws.target_group_arn()
    for name in ("one", "two"):
        arn = aws.load_balancer(name)["LoadBalancerArn"]
        made = aws.listener(arn, DefaultActions=[forward(group)])
    return made


def _group_in_use(aws: Account) -> Any:
    group = aws.target_group_arn()
    aws.listener(aws.load_balancer()["LoadBalancerArn"], DefaultActions=[forward(group)])
    return aws.elbv2.delete_target_group(TargetGroupArn=group)


def _groups_for_an_nlb_without(aws: Account) -> Any:
    arn = aws.load_balancer(Type="network")["LoadBalancerArn"]
    group = aws.security_group("late")
    return aws.elbv2.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[group])


def _alb_without_the_port(aws: Account) -> Any:
    arn = aws.load_balancer()["LoadBalancerArn"]
    group = aws.target_group_arn(TargetType="alb", Protocol="TCP")
    return aws.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": arn}])


def _listener_of_a_target(aws: Account) -> Any:
    arn = aws.load_balancer()["LoadBalancerArn"]
    listener = aws.listener(arn)["ListenerArn"]
    group = aws.target_group_arn(TargetType="alb", Protocol="TCP")
    aws.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": arn}])
    return aws.elbv2.delete_listener(ListenerArn=listener)


def _group_of_another_network(aws: Account) -> Any:
    other = aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    there, here = aws.security_group("there", other), aws.security_group("here")
    from_there = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80,
                  "UserIdGroupPairs": [{"GroupId": there}]}  # fmt: skip
    return aws.ec2.authorize_security_group_ingress(GroupId=here, IpPermissions=[from_there])


def _group_of_a_load_balancer(aws: Account) -> Any:
    group = aws.security_group("web")
    aws.load_balancer(SecurityGroups=[group])
    return aws.ec2.delete_security_group(GroupId=group)


def _cname_beside(aws: Account) -> Any:
    zone = Zone(aws)
    zone.change(create("a.example.com"))
    return zone.change(create("a.example.com", "CNAME", "b.example.com"))


def _beside_a_cname(aws: Account) -> Any:
    zone = Zone(aws)
    zone.change(create("a.example.com", "CNAME", "b.example.com"))
    return zone.change(create("a.example.com"))


def _alias_to_nothing(aws: Account) -> Any:
    zone = Zone(aws)
    return zone.change(create("a.example.com", **alias("none.example.com", zone.id)))


REFUSALS = {
    "one subnet": Refusal(
        "aws-samples/aws-cdk-examples/issues/226", "ValidationError",
        "^At least two subnets in two different Availability Zones must be specified",
        lambda aws: aws.load_balancer(Subnets=aws.subnet_ids(1))),
    "two subnets in a zone": Refusal(
        "robertdebock/terraform-aws-vault/issues/5", "InvalidConfigurationRequest",
        "^A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        _twice_in_a_zone),
    "dualstack without IPv6": Refusal(
        "kubernetes-sigs/aws-load-balancer-controller/pull/4865", "ValidationError",
        "^You must specify subnets with an associated IPv6 CIDR block",
        lambda aws: aws.load_balancer(IpAddressType="dualstack")),
    "a pool outside of an Outpost": Refusal(
        "kubernetes-sigs/aws-load-balancer-controller/pull/1685", "InvalidConfigurationRequest",
        "^You must use a customer owned IPv4 pool with an Application Load Balancer on an Outpost",
        lambda aws: aws.load_balancer(CustomerOwnedIpv4Pool="ipv4pool-coip-0123456789abcdef0")),
    "what is no security group": Refusal(
        "in4it/ecs-deploy/issues/8", "ValidationError", "^Security group 'x' is not valid",
        lambda aws: aws.load_balancer(SecurityGroups=["x"])),
    "HTTP/2 behind HTTP": Refusal(
        "aws/copilot-cli/issues/4551", "InvalidConfigurationRequest",
        "^Listener protocol 'HTTP' is not supported with a target group with the protocol-version",
        _http2_behind_http),
    "a group over IPv6 behind a load balancer without": Refusal(
        "zalando-incubator/kube-ingress-aws-controller/pull/752", "",
        "^You cannot associate an IPv6 target group with a load balancer that has an 'ipv4' IP "
        "address type", _ipv6_behind_ipv4),
    "an instance without IPv6 in a group over it": Refusal(
        "kubernetes-sigs/aws-load-balancer-controller/issues/3692", "InvalidTarget",
        "^The following targets cannot be used with this IPv6 target group because of missing "
        "primary IPv6 addresses: ", _instance_without_ipv6),
    "TCP on an ALB": Refusal(
        "hashicorp/terraform-provider-aws/issues/6173", "ValidationError",
        "^Listener protocol 'TCP' must be one of 'HTTPS, HTTP'", _tcp),
    "a port that has a listener": Refusal(
        "hashicorp/terraform/issues/26407", "DuplicateListener",
        "^A listener already exists on this port for this load balancer", _port_twice),
    "a listener's move to such a port": Refusal(
        "hashicorp/terraform/issues/26407", "ValidationError",
        "^Listener port '81' is already in use", _port_of_another),
    "HTTPS without a certificate": Refusal(
        "pulumi/pulumi-awsx/issues/1242", "ValidationError",
        "^A certificate must be specified for HTTPS listeners", _https_without_a_certificate),
    "a certificate that is not issued": Refusal(
        "hashicorp/terraform-provider-aws/issues/41789", "UnsupportedCertificate",
        "must have a fully-qualified domain name, a supported signature, and a supported key size",
        _pending_certificate),
    "a new secret and the old one": Refusal(
        "ansible-collections/amazon.aws/issues/1877", "InvalidLoadBalancerAction",
        "^You must either specify a client secret", _two_secrets),
    "a priority twice": Refusal(
        "hashicorp/terraform/issues/24239", "PriorityInUse",
        "^Priority '7' is currently in use", _priority_twice),
    "a target group of two": Refusal(
        "hashicorp/terraform-provider-aws/issues/22005", "TargetGroupAssociationLimit",
        "cannot be associated with more than one load balancer", _group_of_two),
    "a target group in use": Refusal(
        "cloudposse/terraform-aws-alb-ingress/issues/24", "ResourceInUse",
        "is currently in use by a listener or a rule", _group_in_use),
    "security groups for an NLB without any": Refusal(
        "terraform-aws-modules/terraform-aws-alb/issues/276", "InvalidConfigurationRequest",
        "^SetSecurityGroups is not supported for load balancers of type 'network'",
        _groups_for_an_nlb_without),
    "an ALB without a listener on the port": Refusal(
        "hashicorp/terraform-provider-aws/issues/38987", "ValidationError",
        "^If the target type is ALB, the target must have at least one listener that matches the "
        "target group port or any specified port overrides", _alb_without_the_port),
    "the listener of an ALB that is a target": Refusal(
        "hashicorp/terraform-provider-aws/issues/34860", "ResourceInUse",
        "^Listener port .80. is in use by registered target .* and cannot be removed",
        _listener_of_a_target),
    "a group of another network": Refusal(
        "ansible/ansible/issues/45782", "InvalidGroup.NotFound",
        "^You have specified two resources that belong to different networks",
        _group_of_another_network),
    "a group with interfaces": Refusal(
        "hashicorp/terraform-provider-aws/issues/1671", "DependencyViolation",
        "^resource sg-[0-9a-f]+ has a dependent object", _group_of_a_load_balancer),
    "a CNAME beside an address": Refusal(
        "ansible-collections/amazon.aws/issues/2694", "InvalidChangeBatch",
        r"RRSet of type CNAME with DNS name a.example.com. is not permitted as it conflicts with "
        r"other records with the same DNS name in zone example.com.", _cname_beside),
    "an address beside a CNAME": Refusal(
        "RJPearson94/terraform-aws-open-next/issues/24", "InvalidChangeBatch",
        r"RRSet of type A with DNS name a.example.com. is not permitted because a conflicting "
        r"RRSet of type CNAME with the same DNS name already exists in zone example.com.",
        _beside_a_cname),
    "an alias to nothing": Refusal(
        "boto/boto/issues/2519", "InvalidChangeBatch",
        "Tried to create an alias that targets .* but that target was not found",
        _alias_to_nothing),
}  # fmt: skip


@pytest.mark.P
@pytest.mark.parametrize("name", REFUSALS)
def test_refusal(aws: Account, name: str) -> None:
    known = REFUSALS[name]
    with pytest.raises(ClientError) as caught:
        known.attempt(aws)
    error = caught.value.response["Error"]
    read = f"see {GITHUB}{known.source}"
    assert error["Code"] == known.code or not known.code, read
    assert re.search(known.words, error["Message"]), f"{error['Message']}: {read}"
