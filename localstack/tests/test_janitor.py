"""What runs on a real account leaves nothing there; shown on this ground."""

from typing import Any

from aws import Account, certificate_for, forward
from janitor import Janitor


def _left(aws: Account) -> dict[str, Any]:
    groups = aws.ec2.describe_security_groups()["SecurityGroups"]
    return {
        "load balancers": aws.elbv2.describe_load_balancers()["LoadBalancers"],
        "target groups": aws.elbv2.describe_target_groups()["TargetGroups"],
        "groups": [one for one in groups if one["GroupName"] != "default"],
        "vpcs": [one for one in aws.ec2.describe_vpcs()["Vpcs"] if not one["IsDefault"]],
        "certificates": aws.client("acm").list_certificates()["CertificateSummaryList"],
        "zones": aws.client("route53").list_hosted_zones()["HostedZones"],
        "pools": aws.client("cognito-idp").list_user_pools(MaxResults=9)["UserPools"],
    }


def test_nothing_is_left(aws: Account) -> None:
    empty = _left(aws)
    janitor = Janitor(pause=0)
    elbv2, ec2 = janitor.watch(aws.client("elbv2")), janitor.watch(aws.client("ec2"))
    acm, zones = janitor.watch(aws.client("acm")), janitor.watch(aws.client("route53"))
    janitor.watch(aws.client("cognito-idp")).create_user_pool(PoolName="p")
    aws.__dict__ |= {"elbv2": elbv2, "ec2": ec2}
    nodes, web = aws.security_group("nodes"), aws.security_group("web")
    ec2.authorize_security_group_ingress(
        GroupId=nodes,
        IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": web}]}],
    )
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")
    certificate, key = certificate_for("a.example.com")
    arn = acm.import_certificate(Certificate=certificate, PrivateKey=key)["CertificateArn"]
    load_balancer = aws.load_balancer(SecurityGroups=[web])["LoadBalancerArn"]
    more = {"Protocol": "HTTPS", "Certificates": [{"CertificateArn": arn}]}
    group = aws.target_group_arn()
    aws.listener(load_balancer, 443, **more, DefaultActions=[forward(group)])
    elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=load_balancer,
        Attributes=[{"Key": "deletion_protection.enabled", "Value": "true"}],
    )
    zone = zones.create_hosted_zone(Name="example.com", CallerReference="r")["HostedZone"]["Id"]
    value = {"TTL": 60, "ResourceRecords": [{"Value": "10.0.0.1"}]}
    target = {"HostedZoneId": zone.split("/")[-1], "DNSName": "a.example.com"}
    alias = {"AliasTarget": target | {"EvaluateTargetHealth": False}}
    for name, content in (("a", value), ("b", alias)):
        record = {"Name": f"{name}.example.com", "Type": "A", **content}
        change = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
        zones.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=change)
    assert all(len(there) > len(empty[kind]) for kind, there in _left(aws).items())
    assert janitor.clean() == []
    assert _left(aws) == empty


def test_what_stays_is_told(aws: Account) -> None:
    janitor = Janitor(pause=0)
    aws.__dict__["ec2"] = janitor.watch(aws.client("ec2"))
    group = aws.security_group("held")
    aws.load_balancer(SecurityGroups=[group])
    assert janitor.clean() == [f"delete_security_group {{'GroupId': '{group}'}}"]


def test_what_is_gone_is_no_error(aws: Account) -> None:
    janitor = Janitor(pause=0)
    aws.__dict__["ec2"] = janitor.watch(aws.client("ec2"))
    aws.ec2.delete_security_group(GroupId=aws.security_group("gone"))
    assert janitor.clean() == []
