"""Load balancers: names, subnets, schemes, and what AWS refuses."""

import re

import pytest
from aws import Account, forward, refused, unused


@pytest.mark.B
def test_create_load_balancer(aws: Account) -> None:
    made = aws.load_balancer()
    assert made["State"]["Code"] == "provisioning"
    assert made["LoadBalancerName"] == "web"
    assert made["VpcId"] == aws.vpc
    assert {z["SubnetId"] for z in made["AvailabilityZones"]} == set(aws.subnet_ids())
    form = rf"arn:aws:elasticloadbalancing:us-east-1:{aws.id}:loadbalancer/app/web/[0-9a-f]{{16}}"
    assert re.fullmatch(form, made["LoadBalancerArn"])


@pytest.mark.B
def test_create_by_subnet_mappings(aws: Account) -> None:
    mappings = [{"SubnetId": subnet} for subnet in aws.subnet_ids()]
    wanted = {"Name": "web", "SubnetMappings": mappings}
    made = aws.elbv2.create_load_balancer(**wanted)["LoadBalancers"][0]
    assert len(made["AvailabilityZones"]) == 2
    with refused("ValidationError"):
        aws.elbv2.create_load_balancer(**(wanted | {"Subnets": aws.subnet_ids()}))


@pytest.mark.B
def test_same_name_same_settings(aws: Account) -> None:
    first, second = aws.load_balancer(), aws.load_balancer()
    assert first["LoadBalancerArn"] == second["LoadBalancerArn"]
    assert len(aws.elbv2.describe_load_balancers()["LoadBalancers"]) == 1


@pytest.mark.P
def test_same_name_other_settings(aws: Account) -> None:
    aws.load_balancer()
    with refused("DuplicateLoadBalancerName"):
        aws.load_balancer(Scheme="internal")
    with refused("DuplicateLoadBalancerName"):
        aws.load_balancer(Subnets=aws.subnet_ids(3))
    with refused("DuplicateLoadBalancerName"):
        aws.load_balancer(SecurityGroups=[aws.security_group("other")])


@pytest.mark.B
@pytest.mark.parametrize("name", ["-bad", "bad-", "internal-x", "x" * 33, "a_b", "", "a.b"])
def test_name_grammar(shared: Account, name: str) -> None:
    with refused("ValidationError"):
        shared.load_balancer(name)


@pytest.mark.P
def test_one_subnet(aws: Account) -> None:
    with refused("ValidationError"):
        aws.load_balancer(Subnets=aws.subnet_ids(1))
    with refused("ValidationError"):
        aws.elbv2.create_load_balancer(Name="web")


@pytest.mark.M
def test_duplicate_zone(aws: Account) -> None:
    second = aws.ec2.create_subnet(
        VpcId=aws.vpc,
        CidrBlock="172.31.240.0/24",
        AvailabilityZone=aws.subnets[0]["AvailabilityZone"],
    )["Subnet"]["SubnetId"]
    with refused("InvalidConfigurationRequest"):
        aws.load_balancer(Subnets=[*aws.subnet_ids(), second])


@pytest.mark.B
def test_unknown_subnet(aws: Account) -> None:
    with refused("SubnetNotFound"):
        aws.load_balancer(Subnets=[*aws.subnet_ids(1), "subnet-0123456789abcdef0"])


@pytest.mark.P
def test_subnet_too_small(aws: Account) -> None:
    # A /28 has 11 free addresses; four more in use leave 7.
    small = aws.ec2.create_subnet(
        VpcId=aws.vpc, CidrBlock="172.31.240.0/28", AvailabilityZone="us-east-1c"
    )["Subnet"]["SubnetId"]
    for _ in range(4):
        aws.ec2.create_network_interface(SubnetId=small)
    with refused("InvalidSubnet"):
        aws.load_balancer(Subnets=[*aws.subnet_ids(1), small])


@pytest.mark.E
def test_no_internet_gateway(aws: Account) -> None:
    vpc = aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        aws.ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"us-east-1{zone}"
        )["Subnet"]["SubnetId"]
        for number, zone in enumerate("ab")
    ]
    with refused("InvalidSubnet"):
        aws.load_balancer(Subnets=subnets)
    assert aws.load_balancer("inside", Subnets=subnets, Scheme="internal")
    gateway = aws.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    aws.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    assert aws.load_balancer(Subnets=subnets)


@pytest.mark.M
def test_subnets_of_two_vpcs(aws: Account) -> None:
    vpc = aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    other = aws.ec2.create_subnet(
        VpcId=vpc, CidrBlock="10.0.0.0/24", AvailabilityZone="us-east-1c"
    )["Subnet"]["SubnetId"]
    with refused("InvalidConfigurationRequest"):
        aws.load_balancer(Subnets=[*aws.subnet_ids(1), other])


@pytest.mark.B
def test_unknown_security_group(aws: Account) -> None:
    with refused("InvalidSecurityGroup"):
        aws.load_balancer(SecurityGroups=["sg-0123456789abcdef0"])


@pytest.mark.M
def test_default_security_group(aws: Account) -> None:
    groups = aws.ec2.describe_security_groups()["SecurityGroups"]
    default = [g["GroupId"] for g in groups if g["GroupName"] == "default"]
    assert aws.load_balancer()["SecurityGroups"] == default


@pytest.mark.M
def test_most_security_groups(aws: Account) -> None:
    groups = [aws.security_group(f"group-{number}") for number in range(6)]
    assert aws.load_balancer(SecurityGroups=groups[:5])["SecurityGroups"] == groups[:5]
    with refused("InvalidConfigurationRequest"):
        aws.load_balancer("other", SecurityGroups=groups)


@pytest.mark.B
@pytest.mark.parametrize(
    "wrong", [{"Scheme": "outside"}, {"Type": "classic"}, {"IpAddressType": "ipv5"}]
)
def test_enums(shared: Account, wrong: dict[str, str]) -> None:
    with refused("ValidationError"):
        shared.load_balancer(**wrong)


@pytest.mark.B
def test_defaults(aws: Account) -> None:
    made = aws.load_balancer()
    assert (made["Scheme"], made["IpAddressType"], made["Type"]) == (
        "internet-facing",
        "ipv4",
        "application",
    )


@pytest.mark.M
def test_internal_dualstack(aws: Account) -> None:
    aws.ipv6()
    made = aws.load_balancer(Scheme="internal", IpAddressType="dualstack")
    assert made["IpAddressType"] == "dualstack"


@pytest.mark.P
def test_dualstack_needs_ipv6(aws: Account) -> None:
    """hashicorp/terraform-provider-aws and LBC #4865 have AWS's words."""
    words = "You must specify subnets with an associated IPv6 CIDR block."
    error = aws.elbv2.exceptions.ClientError
    with pytest.raises(error, match=words):
        aws.load_balancer(IpAddressType="dualstack")
    arn = aws.load_balancer()["LoadBalancerArn"]
    with pytest.raises(error, match=words):
        aws.elbv2.set_ip_address_type(LoadBalancerArn=arn, IpAddressType="dualstack")
    aws.ipv6(2)
    aws.elbv2.set_ip_address_type(LoadBalancerArn=arn, IpAddressType="dualstack")
    # The third subnet has none.
    with pytest.raises(error, match=words):
        aws.elbv2.set_subnets(LoadBalancerArn=arn, Subnets=aws.subnet_ids(3))
    aws.elbv2.set_subnets(LoadBalancerArn=arn, Subnets=aws.subnet_ids(3), IpAddressType="ipv4")


@pytest.mark.M
def test_targets_over_ipv6_need_dualstack(aws: Account) -> None:
    with refused("ValidationError"):
        aws.target_group("six", IpAddressType="ipv6")
    aws.ipv6()
    six = aws.target_group_arn("six", IpAddressType="ipv6")
    arn = aws.load_balancer()["LoadBalancerArn"]
    with refused("InvalidConfigurationRequest"):
        aws.listener(arn, DefaultActions=[forward(six)])
    aws.elbv2.set_ip_address_type(LoadBalancerArn=arn, IpAddressType="dualstack")
    aws.listener(arn, DefaultActions=[forward(six)])
    with refused("InvalidConfigurationRequest"):
        aws.elbv2.set_ip_address_type(LoadBalancerArn=arn, IpAddressType="ipv4")


@pytest.mark.B
def test_twenty_are_described(aws: Account) -> None:
    names = [f"lb-{number}" for number in range(21)]
    with refused("LoadBalancerNotFound"):
        aws.elbv2.describe_load_balancers(Names=names[:20])
    with refused("ValidationError"):
        aws.elbv2.describe_load_balancers(Names=names)


@pytest.mark.M
def test_pages_of_what_is_deleted(aws: Account) -> None:
    """Whoever deletes what a page has shown misses nothing."""
    arns = [aws.load_balancer(f"lb-{number}")["LoadBalancerArn"] for number in range(5)]
    seen: list[str] = []
    page = aws.elbv2.describe_load_balancers(PageSize=2)
    while True:
        shown = [balancer["LoadBalancerArn"] for balancer in page["LoadBalancers"]]
        seen += shown
        aws.elbv2.delete_load_balancer(LoadBalancerArn=shown[0])
        if "NextMarker" not in page:
            break
        page = aws.elbv2.describe_load_balancers(PageSize=2, Marker=page["NextMarker"])
    assert seen == arns


@pytest.mark.P
def test_what_is_no_security_group(aws: Account) -> None:
    with refused("ValidationError"):
        aws.load_balancer(SecurityGroups=["mine"])
    arn = aws.load_balancer()["LoadBalancerArn"]
    with refused("ValidationError"):
        aws.elbv2.set_security_groups(LoadBalancerArn=arn, SecurityGroups=["sg-xyz"])


@pytest.mark.M
def test_subnets_of_another_vpc(aws: Account) -> None:
    """Which VPC they are of counts before whether it has a gateway."""
    arn = aws.load_balancer()["LoadBalancerArn"]
    vpc = aws.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        aws.ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{part}.0/24", AvailabilityZone=zone)
        for part, zone in enumerate(["us-east-1a", "us-east-1b"])
    ]
    with pytest.raises(aws.elbv2.exceptions.InvalidConfigurationRequestException):
        aws.elbv2.set_subnets(
            LoadBalancerArn=arn, Subnets=[made["Subnet"]["SubnetId"] for made in subnets]
        )


def _pool(aws: Account) -> dict[str, str]:
    made = aws.ec2.create_ipam_pool(IpamScopeId="ipam-scope-1", AddressFamily="ipv4")
    return {"Ipv4IpamPoolId": made["IpamPool"]["IpamPoolId"]}


@pytest.mark.B
def test_pools_are_kept(aws: Account) -> None:
    pools = {"IpamPools": _pool(aws)}
    made = aws.load_balancer(**pools)
    assert {key: made[key] for key in pools} == pools
    found = aws.elbv2.describe_load_balancers()["LoadBalancers"][0]
    assert {key: found[key] for key in pools} == pools


@pytest.mark.B
def test_modify_ip_pools(aws: Account) -> None:
    arn = aws.load_balancer()["LoadBalancerArn"]
    pool = _pool(aws)
    answer = aws.elbv2.modify_ip_pools(LoadBalancerArn=arn, IpamPools=pool)
    assert answer["IpamPools"] == pool
    aws.elbv2.modify_ip_pools(LoadBalancerArn=arn, RemoveIpamPools=["ipv4"])
    assert "IpamPools" not in aws.elbv2.describe_load_balancers()["LoadBalancers"][0]
    aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    with refused("LoadBalancerNotFound"):
        aws.elbv2.modify_ip_pools(LoadBalancerArn=arn, IpamPools=pool)


@pytest.mark.D
def test_pools_must_exist(aws: Account) -> None:
    pool = {"Ipv4IpamPoolId": "ipam-pool-0123456789abcdef0"}
    with refused("ValidationError"):
        aws.load_balancer(IpamPools=pool)
    arn = aws.load_balancer()["LoadBalancerArn"]
    with refused("ValidationError"):
        aws.elbv2.modify_ip_pools(LoadBalancerArn=arn, IpamPools=pool)


@pytest.mark.M
def test_dns_name_and_zone(aws: Account) -> None:
    made = aws.load_balancer()
    assert re.fullmatch(r"web-\d{10}\.us-east-1\.elb\.amazonaws\.com", made["DNSName"])
    assert made["CanonicalHostedZoneId"] == "Z35SXDOTRQ7X7K"
    inside = aws.load_balancer("inside", Scheme="internal")
    assert inside["DNSName"].startswith("internal-inside-")


@pytest.mark.D
def test_zone_of_another_region(endpoint: str) -> None:
    made = Account(endpoint, region="eu-west-1").load_balancer()
    assert made["CanonicalHostedZoneId"] == "Z32O12XQLNTSW2"
    assert made["DNSName"].endswith(".eu-west-1.elb.amazonaws.com")


@pytest.mark.M
def test_state_provisioning_then_active(aws: Account) -> None:
    aws.load_balancer()
    assert aws.elbv2.describe_load_balancers()["LoadBalancers"][0]["State"]["Code"] == "active"
    aws.settings(load_balancer_provisioning_seconds=60)
    state = aws.elbv2.describe_load_balancers()["LoadBalancers"][0]["State"]["Code"]
    assert state == "provisioning"


@pytest.mark.B
def test_describe_page_size(aws: Account) -> None:
    names = [f"lb-{number}" for number in range(5)]
    for name in names:
        aws.load_balancer(name)
    pages = list(
        aws.elbv2.get_paginator("describe_load_balancers").paginate(
            PaginationConfig={"PageSize": 2}
        )
    )
    assert [len(page["LoadBalancers"]) for page in pages] == [2, 2, 1]
    assert [lb["LoadBalancerName"] for page in pages for lb in page["LoadBalancers"]] == names
    for size in (0, 401):
        with refused("ValidationError"):
            aws.elbv2.describe_load_balancers(PageSize=size)


@pytest.mark.M
@pytest.mark.parametrize("marker", ["nonsense", "ZnJvbSB4", "ééé"])
def test_describe_bad_marker(shared: Account, marker: str) -> None:
    with refused("ValidationError"):
        shared.elbv2.describe_load_balancers(Marker=marker)


@pytest.mark.E
def test_describe_second_one_missing(aws: Account) -> None:
    arn = aws.load_balancer()["LoadBalancerArn"]
    with refused("LoadBalancerNotFound"):
        aws.elbv2.describe_load_balancers(Names=["web", "gone"])
    with refused("LoadBalancerNotFound"):
        aws.elbv2.describe_load_balancers(LoadBalancerArns=[arn, unused(arn)])


@pytest.mark.M
def test_describe_names_and_arns(aws: Account) -> None:
    arn = aws.load_balancer()["LoadBalancerArn"]
    with refused("ValidationError"):
        aws.elbv2.describe_load_balancers(Names=["web"], LoadBalancerArns=[arn])


@pytest.mark.P
@pytest.mark.parametrize(
    "arn",
    [
        "junk",
        "arn:aws:elasticloadbalancing:eu-west-1:{account}:loadbalancer/app/web/0123456789abcdef",
        "arn:aws:elasticloadbalancing:us-east-1:{account}:targetgroup/web/0123456789abcdef",
    ],
)
def test_not_a_load_balancer_arn(shared: Account, arn: str) -> None:
    arn = arn.format(account=shared.id)
    with refused("ValidationError"):
        shared.elbv2.describe_load_balancers(LoadBalancerArns=[arn])
    with refused("ValidationError"):
        shared.elbv2.delete_load_balancer(LoadBalancerArn=arn)


@pytest.mark.B
def test_delete(aws: Account) -> None:
    arn = aws.load_balancer()["LoadBalancerArn"]
    listener = aws.listener(arn)["ListenerArn"]
    aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    assert aws.elbv2.describe_load_balancers()["LoadBalancers"] == []
    with refused("ListenerNotFound"):
        aws.elbv2.describe_listeners(ListenerArns=[listener])


@pytest.mark.P
def test_delete_protected(aws: Account) -> None:
    arn = aws.load_balancer()["LoadBalancerArn"]

    def protect(value: str) -> None:
        aws.elbv2.modify_load_balancer_attributes(
            LoadBalancerArn=arn,
            Attributes=[{"Key": "deletion_protection.enabled", "Value": value}],
        )

    protect("true")
    with refused("OperationNotPermitted"):
        aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    protect("false")
    aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)


@pytest.mark.M
def test_set_security_groups(aws: Account) -> None:
    arn, group = aws.load_balancer()["LoadBalancerArn"], aws.security_group("new")
    aws.elbv2.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[group])
    assert aws.elbv2.describe_load_balancers()["LoadBalancers"][0]["SecurityGroups"] == [group]
    with refused("ValidationError"):
        aws.elbv2.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[])
    with refused("InvalidSecurityGroup"):
        aws.elbv2.set_security_groups(LoadBalancerArn=arn, SecurityGroups=["sg-12345678"])
    assert aws.elbv2.describe_load_balancers()["LoadBalancers"][0]["SecurityGroups"] == [group]


@pytest.mark.B
def test_set_subnets(aws: Account) -> None:
    arn = aws.load_balancer()["LoadBalancerArn"]
    answer = aws.elbv2.set_subnets(LoadBalancerArn=arn, Subnets=aws.subnet_ids(3))
    assert len(answer["AvailabilityZones"]) == 3
    assert answer["IpAddressType"] == "ipv4"
    with refused("ValidationError"):
        aws.elbv2.set_subnets(LoadBalancerArn=arn, Subnets=aws.subnet_ids(1))
    assert len(aws.elbv2.describe_load_balancers()["LoadBalancers"][0]["AvailabilityZones"]) == 3


@pytest.mark.B
def test_set_ip_address_type(aws: Account) -> None:
    aws.ipv6()
    arn = aws.load_balancer()["LoadBalancerArn"]
    for kind in ("dualstack", "dualstack-without-public-ipv4", "ipv4"):
        aws.elbv2.set_ip_address_type(LoadBalancerArn=arn, IpAddressType=kind)
        found = aws.elbv2.describe_load_balancers()["LoadBalancers"][0]
        assert found["IpAddressType"] == kind
    with refused("ValidationError"):
        aws.elbv2.set_ip_address_type(LoadBalancerArn=arn, IpAddressType="ipv6")


@pytest.mark.D
def test_load_balancer_limit(aws: Account) -> None:
    aws.settings(quota_application_load_balancers=2)
    aws.load_balancer("one")
    aws.load_balancer("two")
    aws.load_balancer("two")
    with refused("TooManyLoadBalancers"):
        aws.load_balancer("three")


@pytest.mark.D
def test_describe_account_limits(aws: Account) -> None:
    limits = {
        limit["Name"]: limit["Max"] for limit in aws.elbv2.describe_account_limits()["Limits"]
    }
    assert len(limits) == 23
    wanted = {
        "application-load-balancers": "50",
        "listeners-per-application-load-balancer": "50",
        "certificates-per-application-load-balancer": "25",
        "rules-per-application-load-balancer": "100",
        "condition-values-per-alb-rule": "5",
        "condition-wildcards-per-alb-rule": "5",
        "target-groups-per-action-on-application-load-balancer": "5",
        "target-groups-per-application-load-balancer": "100",
        "targets-per-application-load-balancer": "1000",
        "target-groups": "3000",
        "targets-per-target-group": "1000",
        "target-id-registrations-per-application-load-balancer": "1000",
    }
    assert limits.items() >= wanted.items()
    assert len(aws.elbv2.describe_account_limits(PageSize=3)["Limits"]) == 3


def test_other_types_are_not_emulated(aws: Account) -> None:
    with refused("InternalFailure"):
        aws.load_balancer(Type="gateway")


@pytest.mark.M
def test_what_only_network_load_balancers_have(aws: Account) -> None:
    with refused("InvalidConfigurationRequest"):
        aws.load_balancer(EnablePrefixForIpv6SourceNat="on")
    arn = aws.load_balancer()["LoadBalancerArn"]
    with refused("InvalidConfigurationRequest"):
        aws.elbv2.set_security_groups(
            LoadBalancerArn=arn,
            SecurityGroups=[aws.security_group("g")],
            EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic="off",
        )
