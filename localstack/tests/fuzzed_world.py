"""An account with one of everything, and the names by which requests can mean it."""

import json
from typing import Any

from aws import Account, certificate_for, path
from fuzzing import key_of

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
        ],
    }
)


def build(aws: Account) -> dict[str, list[Any]]:
    """Make it; the values come back by `key_of` the parameters that they fit."""
    found: dict[str, list[Any]] = {}

    def know(value: Any, *names: str) -> None:
        for name in names:
            found.setdefault(key_of(name), []).append(value)

    _network(aws, know)
    _balancing(aws, know)
    _names(aws, know)
    _guards(aws, know)
    _people(aws, know)
    for arn in [*found[key_of("LoadBalancerArn")], *found[key_of("CertificateArn")]]:
        know(arn, "ResourceArn", "ResourceARNList")
    know("6", "IpProtocol")
    know("tcp", "IpProtocol")
    know("10.0.0.0/8", "CidrIp", "CidrIpv4")
    know("2001:db8::/32", "CidrIpv6")
    for port in (80, 443):
        know(port, "FromPort", "ToPort", "Port")
    return found


def _network(aws: Account, know: Any) -> None:
    for group in (aws.security_group("web"), aws.security_group("nodes")):
        know(group, "GroupId", "SecurityGroup", "SecurityGroupId", "ReferencedGroupId", "Groups")
        know(group, "Resources")
        made = aws.ec2.authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=[
                {
                    "IpProtocol": "tcp",
                    "FromPort": 80,
                    "ToPort": 80,
                    "IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "11.0.0.0/8"}],
                }
            ],
        )
        for rule in made["SecurityGroupRules"]:
            know(rule["SecurityGroupRuleId"], "SecurityGroupRuleId")
    for subnet in aws.subnet_ids(3):
        know(subnet, "Subnet", "SubnetId")
    know(aws.vpc, "VpcId", "VPCId")
    know(aws.region, "VPCRegion")
    prefixes = aws.ec2.create_managed_prefix_list(
        PrefixListName="p", MaxEntries=2, AddressFamily="IPv4"
    )
    know(prefixes["PrefixList"]["PrefixListId"], "PrefixListId")
    interface = aws.ec2.create_network_interface(SubnetId=aws.subnet_ids()[0])
    know(interface["NetworkInterface"]["NetworkInterfaceId"], "NetworkInterfaceId")
    know(aws.ec2.describe_images()["Images"][0]["ImageId"], "ImageId")
    pool = aws.ec2.create_ipam_pool(IpamScopeId="ipam-scope-1", AddressFamily="ipv4")["IpamPool"]
    know(pool["IpamPoolId"], "IpamPoolId", "Ipv4IpamPoolId")
    for filtered in ("vpc-id", "group-id", "tag:k", "ip-permission.cidr"):
        know(filtered, "Name")


def _balancing(aws: Account, know: Any) -> None:
    load_balancer = aws.load_balancer("web", Tags=[{"Key": "k", "Value": "v"}])["LoadBalancerArn"]
    know(load_balancer, "LoadBalancerArn", "ResourceArn")
    group = aws.target_group_arn()
    know(group, "TargetGroupArn", "ResourceArn")
    certificate = aws.certificate("a.example.com")
    know(certificate, "CertificateArn")
    secure = aws.https_listener(load_balancer)["ListenerArn"]
    know(secure, "ListenerArn", "ResourceArn")
    listener = aws.listener(load_balancer)["ListenerArn"]
    know(listener, "ListenerArn", "ResourceArn")
    for priority in (1, 2):
        rule = aws.rule(listener, priority, Conditions=[path(f"/{priority}")])["RuleArn"]
        know(rule, "RuleArn", "ResourceArn")
        know(priority, "Priority", "Order")
    know("172.31.0.9", "Id")


def _names(aws: Account, know: Any) -> None:
    zones = aws.client("route53")
    zone = zones.create_hosted_zone(Name="example.com", CallerReference="r")["HostedZone"]["Id"]
    private = zones.create_hosted_zone(
        Name="example.com",
        CallerReference="p",
        VPC={"VPCId": aws.vpc, "VPCRegion": aws.region},
    )["HostedZone"]["Id"]
    for one in (zone, private):
        know(one, "HostedZoneId", "Id", "ResourceId", "ResourceIds")
    record = {
        "Name": "a.example.com",
        "Type": "A",
        "TTL": 60,
        "ResourceRecords": [{"Value": "10.0.0.1"}],
    }
    change = zones.change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]},
    )["ChangeInfo"]["Id"]
    know(change, "Id")
    for name in ("example.com", "a.example.com", "*.example.com"):
        know(name, "Name", "DNSName", "StartRecordName", "DomainName")
        know(name, "SubjectAlternativeNames", "ValidationDomain")
    know("10.0.0.1", "Value")
    know("A", "Type")
    for name in ("HostedZoneId", "Name"):
        know("x", name)
    requested = aws.client("acm").request_certificate(
        DomainName="b.example.com", ValidationMethod="DNS"
    )
    know(requested["CertificateArn"], "CertificateArn")
    certificate, key = certificate_for("c.example.com")
    know(certificate, "Certificate")
    know(key, "PrivateKey")
    know(certificate.decode(), "CertificateBody")


def _guards(aws: Account, know: Any) -> None:
    sampled = {
        "SampledRequestsEnabled": False,
        "CloudWatchMetricsEnabled": False,
        "MetricName": "m",
    }
    made = aws.client("wafv2").create_web_acl(
        Name="acl", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=sampled
    )["Summary"]
    know(made["ARN"], "WebACLArn", "ResourceArn", "ResourceARN")
    know(made["LockToken"], "LockToken")
    know(made["Id"], "Id")
    waf = aws.client("waf-regional")
    acl = waf.create_web_acl(
        Name="acl", MetricName="m", DefaultAction={"Type": "ALLOW"}, ChangeToken="t"
    )["WebACL"]["WebACLId"]
    know(acl, "WebACLId")
    shield = aws.client("shield")
    shield.create_subscription()
    arn = aws.load_balancer("shielded")["LoadBalancerArn"]
    know(shield.create_protection(Name="p", ResourceArn=arn)["ProtectionId"], "ProtectionId")


def _people(aws: Account, know: Any) -> None:
    pools = aws.client("cognito-idp")
    pool = pools.create_user_pool(PoolName="p")["UserPool"]["Id"]
    know(pool, "UserPoolId")
    client = pools.create_user_pool_client(UserPoolId=pool, ClientName="c")["UserPoolClient"]
    know(client["ClientId"], "ClientId")
    iam = aws.client("iam")
    certificate, key = certificate_for("iam.example.com")
    iam.upload_server_certificate(
        ServerCertificateName="mine", CertificateBody=certificate.decode(), PrivateKey=key.decode()
    )
    know("mine", "ServerCertificateName")
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    know(role, "RoleArn")
    know("session", "RoleSessionName")
    # A service's state comes into being when it is first asked, which is no change.
    aws.client("sts").assume_role(RoleArn=role, RoleSessionName="session")
    aws.client("resourcegroupstaggingapi").get_resources()
    aws.client("wafv2").list_web_acls(Scope="CLOUDFRONT")
    aws.client("route53").list_health_checks()
