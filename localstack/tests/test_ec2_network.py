"""EC2's network as load balancer controllers look it up: VPCs, subnets, interfaces, pools."""

from typing import Any

import pytest
from aws import Account, refused


@pytest.mark.D
def test_default_vpc_reaches_the_internet(aws: Account) -> None:
    [gateway] = aws.ec2.describe_internet_gateways()["InternetGateways"]
    assert [one["VpcId"] for one in gateway["Attachments"]] == [aws.vpc]
    main = [{"Name": "association.main", "Values": ["true"]}]
    [table] = aws.ec2.describe_route_tables(Filters=main)["RouteTables"]
    routes = {route["DestinationCidrBlock"]: route["GatewayId"] for route in table["Routes"]}
    assert routes == {"172.31.0.0/16": "local", "0.0.0.0/0": gateway["InternetGatewayId"]}


@pytest.mark.B
@pytest.mark.parametrize(
    ("operation", "key", "least"),
    [
        ("describe_subnets", "Subnets", 5),
        ("describe_network_interfaces", "NetworkInterfaces", 5),
        ("describe_security_groups", "SecurityGroups", 5),
        ("describe_route_tables", "RouteTables", 5),
        ("describe_vpcs", "Vpcs", 5),
        ("describe_internet_gateways", "InternetGateways", 5),
    ],
)
def test_pages(aws: Account, operation: str, key: str, least: int) -> None:
    for number in range(6):
        vpc = aws.ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"]
        gateway = aws.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        aws.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        aws.ec2.create_network_interface(SubnetId=aws.subnet_ids()[0])
    call = getattr(aws.ec2, operation)
    whole = call()[key]
    page = call(MaxResults=least)
    rest = call(MaxResults=least, NextToken=page.get("NextToken", ""))
    assert len(page[key]) == least
    assert page[key] + rest[key] == whole[: 2 * least]
    with refused("InvalidParameterValue"):
        call(MaxResults=least - 1)


@pytest.mark.D
def test_every_interface_has_an_address_of_its_own(aws: Account) -> None:
    vpc = aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = aws.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.16/28")["Subnet"]["SubnetId"]
    made = aws.ec2.create_network_interface(SubnetId=subnet, PrivateIpAddress="10.0.0.21")
    found = [made["NetworkInterface"]["PrivateIpAddress"]]
    # Sixteen addresses but for the first four, the last and the one that is taken.
    for _ in range(10):
        made = aws.ec2.create_network_interface(SubnetId=subnet)
        found.append(made["NetworkInterface"]["PrivateIpAddress"])
    assert sorted(found) == [f"10.0.0.{last}" for last in range(20, 31)]
    with refused("InsufficientFreeAddressesInSubnet"):
        aws.ec2.create_network_interface(SubnetId=subnet)


@pytest.mark.D
def test_more_addresses_of_an_interface_are_free_ones(aws: Account) -> None:
    vpc = aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = aws.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.16/28")["Subnet"]["SubnetId"]

    def addresses(**more: Any) -> list[str]:
        wanted = [{"Name": "subnet-id", "Values": [subnet]}]
        found = aws.ec2.describe_network_interfaces(Filters=wanted, **more)["NetworkInterfaces"]
        return sorted(at["PrivateIpAddress"] for one in found for at in one["PrivateIpAddresses"])

    made = aws.ec2.create_network_interface(SubnetId=subnet, SecondaryPrivateIpAddressCount=3)
    interface = made["NetworkInterface"]["NetworkInterfaceId"]
    assert addresses() == [f"10.0.0.{last}" for last in range(20, 24)]
    assign = aws.ec2.assign_private_ip_addresses
    assign(NetworkInterfaceId=interface, PrivateIpAddresses=["10.0.0.25"])
    other = aws.ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]
    assign(NetworkInterfaceId=other["NetworkInterfaceId"], SecondaryPrivateIpAddressCount=4)
    assert addresses() == [f"10.0.0.{last}" for last in range(20, 30)]
    aws.ec2.unassign_private_ip_addresses(
        NetworkInterfaceId=interface, PrivateIpAddresses=["10.0.0.21"]
    )
    with refused("InsufficientFreeAddressesInSubnet"):
        aws.ec2.create_network_interface(SubnetId=subnet, SecondaryPrivateIpAddressCount=2)
    aws.ec2.create_network_interface(SubnetId=subnet, SecondaryPrivateIpAddressCount=1)
    assert addresses() == [f"10.0.0.{last}" for last in range(20, 31)]


@pytest.mark.D
def test_addresses_of_ipv6_are_free_ones(aws: Account) -> None:
    aws.ipv6()
    subnet = aws.subnet_ids()[0]
    first = aws.ec2.create_network_interface(SubnetId=subnet, Ipv6AddressCount=2)
    second = aws.ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]
    aws.ec2.assign_ipv6_addresses(
        NetworkInterfaceId=second["NetworkInterfaceId"], Ipv6AddressCount=2
    )
    wanted = [first["NetworkInterface"]["NetworkInterfaceId"], second["NetworkInterfaceId"]]
    found = aws.ec2.describe_network_interfaces(NetworkInterfaceIds=wanted)["NetworkInterfaces"]
    held = [one["Ipv6Address"] for each in found for one in each["Ipv6Addresses"]]
    # The first four of a block are AWS's own.
    assert sorted(one.rpartition("::")[2] for one in held) == ["4", "5", "6", "7"]


@pytest.mark.M
def test_interfaces_of_a_load_balancer(aws: Account) -> None:
    group = aws.security_group("web")
    arn = aws.load_balancer(SecurityGroups=[group])["LoadBalancerArn"]
    wanted = [{"Name": "description", "Values": ["ELB " + arn.split("loadbalancer/")[1]]}]

    def look() -> list[dict[str, Any]]:
        return aws.ec2.describe_network_interfaces(Filters=wanted)["NetworkInterfaces"]

    assert sorted(one["SubnetId"] for one in look()) == sorted(aws.subnet_ids())
    for one in look():
        assert one["RequesterManaged"] and one["RequesterId"] == "amazon-elb"
        assert [member["GroupId"] for member in one["Groups"]] == [group]
    with refused("AuthFailure"):
        aws.ec2.delete_network_interface(NetworkInterfaceId=look()[0]["NetworkInterfaceId"])
    with refused("DependencyViolation"):
        aws.ec2.delete_subnet(SubnetId=aws.subnet_ids()[0])
    aws.elbv2.set_subnets(LoadBalancerArn=arn, Subnets=aws.subnet_ids(3))
    other = aws.security_group("other")
    aws.elbv2.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[other])
    assert [[g["GroupId"] for g in one["Groups"]] for one in look()] == [[other]] * 3
    aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    assert look() == []


@pytest.mark.B
def test_vpc_with_something_in_it_stays(aws: Account) -> None:
    vpc = aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = aws.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    with refused("DependencyViolation"):
        aws.ec2.delete_vpc(VpcId=vpc)
    aws.ec2.delete_subnet(SubnetId=subnet)
    aws.ec2.delete_vpc(VpcId=vpc)


@pytest.mark.L
def test_nodes_as_controllers_look_them_up(aws: Account) -> None:
    images = aws.ec2.describe_images()["Images"]
    assert len(images) == 2, "some image there must be, but no thousand of them"
    node = aws.ec2.run_instances(
        ImageId=images[0]["ImageId"], MinCount=1, MaxCount=1, SubnetId=aws.subnet_ids()[0]
    )["Instances"][0]
    interface = node["NetworkInterfaces"][0]["NetworkInterfaceId"]
    base = aws.subnets[0]["CidrBlock"].rpartition(".")[0]
    aws.ec2.assign_private_ip_addresses(
        NetworkInterfaceId=interface, PrivateIpAddresses=[f"{base}.77"]
    )
    wanted = [{"Name": "addresses.private-ip-address", "Values": [f"{base}.77"]}]
    [found] = aws.ec2.describe_network_interfaces(Filters=wanted)["NetworkInterfaces"]
    assert found["NetworkInterfaceId"] == interface
    assert found["Attachment"]["InstanceId"] == node["InstanceId"]


@pytest.mark.M
def test_interfaces_named_twice(aws: Account) -> None:
    made = aws.ec2.create_network_interface(SubnetId=aws.subnet_ids()[0])["NetworkInterface"]
    wanted = [made["NetworkInterfaceId"]] * 2
    found = aws.ec2.describe_network_interfaces(NetworkInterfaceIds=wanted)["NetworkInterfaces"]
    assert len(found) == 1
    with refused("InvalidNetworkInterfaceID.NotFound"):
        gone = "eni-0123456789abcdef0"
        aws.ec2.describe_network_interfaces(NetworkInterfaceIds=[gone, *wanted])


@pytest.mark.B
def test_address_pools(aws: Account) -> None:
    made = aws.ec2.create_ipam_pool(IpamScopeId="ipam-scope-1", AddressFamily="ipv4")["IpamPool"]
    [told] = aws.ec2.describe_ipam_pools(IpamPoolIds=[made["IpamPoolId"]])["IpamPools"]
    assert told == made
    pool = aws.ec2.create_coip_pool(LocalGatewayRouteTableId="lgw-rtb-1")["CoipPool"]
    assert aws.ec2.describe_coip_pools()["CoipPools"] == [pool]
    usage = aws.ec2.get_coip_pool_usage(PoolId=pool["PoolId"])
    assert (usage["CoipPoolId"], usage["CoipAddressUsages"]) == (pool["PoolId"], [])
    europe = aws.ec2.create_ipam_pool(
        IpamScopeId="ipam-scope-1", AddressFamily="ipv4", Locale="eu-west-1"
    )["IpamPool"]
    by_locale = [{"Name": "locale", "Values": ["eu-west-1"]}]
    assert aws.ec2.describe_ipam_pools(Filters=by_locale)["IpamPools"] == [europe]
    aws.ec2.delete_ipam_pool(IpamPoolId=made["IpamPoolId"])
    with refused("InvalidIpamPoolId.NotFound"):
        aws.ec2.describe_ipam_pools(IpamPoolIds=[made["IpamPoolId"]])
    with refused("InvalidPoolID.NotFound"):
        aws.ec2.describe_coip_pools(PoolIds=["coip-pool-0"])


@pytest.mark.B
def test_groups_for_a_vpc(aws: Account) -> None:
    vpc = aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = aws.security_group("other", vpc)
    found = aws.ec2.get_security_groups_for_vpc(VpcId=vpc)["SecurityGroupForVpcs"]
    names = {one["GroupName"]: (one["GroupId"], one["PrimaryVpcId"]) for one in found}
    assert set(names) == {"default", "other"}
    assert names["other"] == (group, vpc)


@pytest.mark.D
def test_tags_of_ec2(aws: Account) -> None:
    group = aws.security_group("tagged")

    def told() -> dict[str, str]:
        wanted = [{"Name": "resource-id", "Values": [group]}]
        return {tag["Key"]: tag["Value"] for tag in aws.ec2.describe_tags(Filters=wanted)["Tags"]}

    aws.ec2.create_tags(Resources=[group], Tags=[{"Key": str(n), "Value": "v"} for n in range(50)])
    assert len(told()) == 50
    with refused("TagLimitExceeded"):
        aws.ec2.create_tags(Resources=[group], Tags=[{"Key": "50", "Value": "v"}])
    aws.ec2.delete_tags(Resources=[group], Tags=[{"Key": str(n)} for n in range(1, 50)])
    assert told() == {"0": "v"}


@pytest.mark.M
@pytest.mark.parametrize(
    ("kind", "tags", "code"),
    [
        ("vpc", [{"Key": "k", "Value": "v"}], "InvalidParameterValue"),
        ("security-group", [{"Key": "", "Value": "v"}], "InvalidParameterValue"),
        ("security-group", [{"Key": "aws:k", "Value": "v"}], "InvalidParameterValue"),
        ("security-group", [{"Key": "k" * 129, "Value": "v"}], "InvalidParameterValue"),
        ("security-group", [{"Key": "k", "Value": "v" * 257}], "InvalidParameterValue"),
        ("security-group", [{"Key": "k", "Value": "v"}] * 2, "InvalidParameterValue"),
        ("security-group", [{"Key": str(n), "Value": ""} for n in range(51)], "TagLimitExceeded"),
    ],
    ids=lambda part: str(part)[:40],
)
def test_bad_tags_of_a_new_group(
    aws: Account, kind: str, tags: list[dict[str, str]], code: str
) -> None:
    with refused(code):
        aws.ec2.create_security_group(
            GroupName="g",
            Description="g",
            VpcId=aws.vpc,
            TagSpecifications=[{"ResourceType": kind, "Tags": tags}],
        )
    groups = aws.ec2.describe_security_groups()["SecurityGroups"]
    assert "g" not in [group["GroupName"] for group in groups]


@pytest.mark.B
@pytest.mark.parametrize(
    "operation",
    ["describe_subnets", "describe_vpcs", "describe_route_tables", "describe_network_interfaces"],
)
def test_filters_that_aws_does_not_have(aws: Account, operation: str) -> None:
    with refused("InvalidParameterValue"):
        getattr(aws.ec2, operation)(Filters=[{"Name": "colour", "Values": ["red"]}])
    getattr(aws.ec2, operation)(Filters=[{"Name": "vpc-id", "Values": [aws.vpc]}])
    getattr(aws.ec2, operation)(Filters=[{"Name": "tag:colour", "Values": ["red"]}])


@pytest.mark.B
def test_filters_under_their_other_names(aws: Account) -> None:
    zone = aws.subnets[0]["AvailabilityZone"]
    wanted = [{"Name": "availabilityZone", "Values": [zone]}]
    found = aws.ec2.describe_subnets(Filters=wanted)["Subnets"]
    assert {subnet["AvailabilityZone"] for subnet in found} == {zone}


@pytest.mark.B
def test_prefix_lists(aws: Account) -> None:
    made = aws.ec2.create_managed_prefix_list(
        PrefixListName="p",
        MaxEntries=2,
        AddressFamily="IPv4",
        Entries=[{"Cidr": "10.0.0.0/8", "Description": "ten"}],
    )["PrefixList"]["PrefixListId"]
    [told] = aws.ec2.describe_managed_prefix_lists(PrefixListIds=[made])["PrefixLists"]
    assert (told["PrefixListName"], told["MaxEntries"]) == ("p", 2)
    [entry] = aws.ec2.get_managed_prefix_list_entries(PrefixListId=made)["Entries"]
    assert entry == {"Cidr": "10.0.0.0/8", "Description": "ten"}


@pytest.mark.alone
@pytest.mark.D
@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"MinCount": 0}, "InvalidParameterValue"),
        ({"MinCount": 2}, "InvalidParameterValue"),
        ({"MaxCount": 1001}, "InstanceLimitExceeded"),
        ({"Ipv6AddressCount": 51}, "PrivateIpAddressLimitExceeded"),
        ({"Ipv6AddressCount": -1}, "InvalidParameterValue"),
    ],
    ids=str,
)
def test_bad_counts_of_instances(aws: Account, wish: dict[str, int], code: str) -> None:
    image = aws.ec2.describe_images()["Images"][0]["ImageId"]
    with refused(code):
        aws.ec2.run_instances(ImageId=image, **{"MinCount": 1, "MaxCount": 1, **wish})
    assert aws.ec2.describe_instances()["Reservations"] == []


def _ids(aws: Account, operation: str, **filters: str) -> list[str]:
    """What DescribeNetworkInterfaces or DescribeInstances finds by filters."""
    wanted = [
        {"Name": name.replace("__", ".").replace("_", "-"), "Values": [value]}
        for name, value in filters.items()
    ]
    answer = getattr(aws.ec2, operation)(Filters=wanted)
    if operation == "describe_network_interfaces":
        return [one["NetworkInterfaceId"] for one in answer["NetworkInterfaces"]]
    return [one["InstanceId"] for each in answer["Reservations"] for one in each["Instances"]]


@pytest.mark.B
def test_filters_of_a_load_balancers_interfaces(aws: Account) -> None:
    """What an interface says of itself, it is found by."""
    other = aws.ec2.create_network_interface(SubnetId=aws.subnet_ids()[0])
    name = aws.load_balancer()["LoadBalancerArn"].partition("loadbalancer/")[2]
    described = {"description": f"ELB {name}"}
    found = _ids(aws, "describe_network_interfaces", **described)
    assert len(found) == 2
    for wanted in (
        {"description": "ELB app/*"},
        {"status": "in-use"},
        {"requester_id": "amazon-elb"},
        {"requester_managed": "true"},
        {"attachment__status": "attached"},
        {"attachment__instance_owner_id": "amazon-elb"},
        {"attachment__attachment_id": "eni-attach-*"},
        {"interface_type": "interface", "requester_id": "amazon-elb"},
        {"availability_zone": "us-east-1*", "vpc_id": aws.vpc, "status": "in-use"},
    ):
        assert _ids(aws, "describe_network_interfaces", **wanted) == found, wanted
    assert _ids(aws, "describe_network_interfaces", association__public_ip="*") == []
    one = other["NetworkInterface"]["NetworkInterfaceId"]
    assert _ids(aws, "describe_network_interfaces", status="available") == [one]


@pytest.mark.B
def test_filters_of_instances(aws: Account) -> None:
    image = aws.ec2.describe_images()["Images"][0]["ImageId"]
    subnet = aws.subnets[0]
    run = {"ImageId": image, "MinCount": 1, "MaxCount": 1, "SubnetId": subnet["SubnetId"]}
    made = [aws.ec2.run_instances(**run)["Instances"][0] for _ in range(2)]
    ids = [one["InstanceId"] for one in made]
    told = aws.ec2.describe_instances(InstanceIds=ids[:1])["Reservations"][0]["Instances"][0]
    assert [group["GroupName"] for group in told["SecurityGroups"]] == ["default"]
    by_name = told["PrivateDnsName"]
    for filters, wanted in (
        ({"availability_zone": subnet["AvailabilityZone"]}, ids),
        ({"private_dns_name": by_name}, ids[:1]),
        ({"private_dns_name": "ip-*.ec2.internal"}, ids),
        ({"instance__group_name": "default"}, ids),
        ({"network_interface__subnet_id": subnet["SubnetId"]}, ids),
        ({"network_interface__addresses__private_ip_address": told["PrivateIpAddress"]}, ids[:1]),
        ({"instance_state_name": "running", "vpc_id": aws.vpc}, ids),
        ({"availability_zone": "us-east-1f"}, []),
    ):
        assert _ids(aws, "describe_instances", **filters) == wanted, filters
    with refused("InvalidParameterValue"):
        _ids(aws, "describe_instances", no_such="x")
    with refused("InvalidInstanceID.Malformed"):
        aws.ec2.describe_instances(InstanceIds=["i-zzz"])
    with refused("InvalidInstanceID.NotFound"):
        aws.ec2.describe_instances(InstanceIds=["i-0123456789abcdef0"])
    page = aws.ec2.describe_instances(MaxResults=5)
    assert "NextToken" not in page


@pytest.mark.B
def test_blocks_of_ipv6(aws: Account) -> None:
    """A subnet says of its block what it is, and a dualstack load balancer has addresses of it."""
    aws.ipv6()
    [shown] = aws.ec2.describe_subnets(SubnetIds=aws.subnet_ids(1))["Subnets"]
    [block] = shown["Ipv6CidrBlockAssociationSet"]
    assert block["Ipv6CidrBlockState"] == {"State": "associated"}
    arn = aws.load_balancer(IpAddressType="dualstack")["LoadBalancerArn"]
    of_elb = [{"Name": "requester-id", "Values": ["amazon-elb"]}]

    def addresses() -> list[int]:
        found = aws.ec2.describe_network_interfaces(Filters=of_elb)["NetworkInterfaces"]
        return [len(one["Ipv6Addresses"]) for one in found]

    assert addresses() == [1, 1]
    aws.elbv2.set_ip_address_type(LoadBalancerArn=arn, IpAddressType="ipv4")
    assert addresses() == [0, 0]


@pytest.mark.M
def test_addresses_that_an_interface_cannot_have(aws: Account) -> None:
    vpc = aws.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = aws.ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/28")["Subnet"]["SubnetId"]
    one, other = [
        aws.ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
        for _ in range(2)
    ]

    def assign(**more: Any) -> None:
        aws.ec2.assign_private_ip_addresses(NetworkInterfaceId=one, **more)

    with refused("InvalidParameterValue"):
        assign(PrivateIpAddresses=["10.9.2.1"])
    with refused("InsufficientFreeAddressesInSubnet"):
        assign(SecondaryPrivateIpAddressCount=12)
    [told] = aws.ec2.describe_network_interfaces(NetworkInterfaceIds=[other])["NetworkInterfaces"]
    with refused("InvalidParameterValue"):
        assign(PrivateIpAddresses=[told["PrivateIpAddress"]])
    assign(SecondaryPrivateIpAddressCount=3)


@pytest.mark.M
def test_a_block_twice(aws: Account) -> None:
    aws.ec2.associate_vpc_cidr_block(VpcId=aws.vpc, CidrBlock="10.9.0.0/16")
    with refused("InvalidVpc.Range"):
        aws.ec2.associate_vpc_cidr_block(VpcId=aws.vpc, CidrBlock="10.9.0.0/16")


@pytest.mark.D
def test_default_groups_are_open_to_themselves(aws: Account) -> None:
    vpc = aws.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    for one in (vpc, aws.vpc):
        wanted = {"vpc-id": one, "group-name": "default"}
        filters = [{"Name": name, "Values": [value]} for name, value in wanted.items()]
        [group] = aws.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
        [permission] = group["IpPermissions"]
        assert permission["IpProtocol"] == "-1" and "FromPort" not in permission
        assert [pair["GroupId"] for pair in permission["UserIdGroupPairs"]] == [group["GroupId"]]
        [out] = group["IpPermissionsEgress"]
        assert out["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}]


@pytest.mark.M
def test_pages_of_what_is_deleted(aws: Account) -> None:
    """Whoever deletes what a page has shown misses nothing."""
    subnet = aws.subnet_ids()[0]
    made = [
        aws.ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
        for _ in range(12)
    ]
    seen: list[str] = []
    page = aws.ec2.describe_network_interfaces(MaxResults=5)
    while True:
        shown = [one["NetworkInterfaceId"] for one in page["NetworkInterfaces"]]
        seen += shown
        for one in shown:
            aws.ec2.delete_network_interface(NetworkInterfaceId=one)
        if "NextToken" not in page:
            break
        page = aws.ec2.describe_network_interfaces(MaxResults=5, NextToken=page["NextToken"])
    assert sorted(seen) == sorted(made)
