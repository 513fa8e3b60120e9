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
