"""EC2's security groups: rules in one piece, canonical, and nothing deleted that is in use."""

from typing import Any

import pytest
from aws import Account, refused

TCP80: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}


def _rule(*blocks: str, **more: Any) -> dict[str, Any]:
    return TCP80 | {"IpRanges": [{"CidrIp": block} for block in blocks]} | more


def _allow(aws: Account, group: str, *permissions: dict[str, Any]) -> dict[str, Any]:
    return aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=list(permissions))


def _ingress(aws: Account, group: str) -> list[dict[str, Any]]:
    [told] = aws.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return told["IpPermissions"]


@pytest.fixture
def group(aws: Account) -> str:
    """A new security group in the default VPC."""
    return aws.security_group("web")


@pytest.mark.M
def test_authorize_is_all_or_nothing(aws: Account, group: str) -> None:
    _allow(aws, group, _rule("10.0.0.0/8"))
    with refused("InvalidPermission.Duplicate"):
        _allow(aws, group, _rule("10.1.0.0/16"), _rule("10.0.0.0/8"))
    assert [block["CidrIp"] for block in _ingress(aws, group)[0]["IpRanges"]] == ["10.0.0.0/8"]


@pytest.mark.B
def test_duplicate_with_another_description(aws: Account, group: str) -> None:
    _allow(aws, group, _rule("10.0.0.0/8"))
    again = TCP80 | {"IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "other"}]}
    with refused("InvalidPermission.Duplicate"):
        _allow(aws, group, again)


@pytest.mark.D
def test_a_dry_run_does_nothing(aws: Account, group: str) -> None:
    with refused("DryRunOperation"):
        aws.ec2.authorize_security_group_ingress(
            GroupId=group, IpPermissions=[_rule("10.0.0.0/8")], DryRun=True
        )
    with refused("DryRunOperation"):
        aws.ec2.delete_security_group(GroupId=group, DryRun=True)
    assert _ingress(aws, group) == []


@pytest.mark.P
def test_the_same_twice_in_one_call(aws: Account, group: str) -> None:
    with refused("InvalidParameterValue"):
        _allow(aws, group, _rule("10.0.0.0/8"), _rule("10.0.0.9/8"))


@pytest.mark.B
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("IpRanges", ({"CidrIp": "10.1.2.3/8"}, {"CidrIp": "10.0.0.0/8"})),
        ("Ipv6Ranges", ({"CidrIpv6": "2001:DB8:0:0::1/64"}, {"CidrIpv6": "2001:db8::/64"})),
    ],
)
def test_blocks_are_canonical(aws: Account, group: str, given: str, kept: Any) -> None:
    _allow(aws, group, TCP80 | {given: [kept[0]]})
    assert _ingress(aws, group)[0][given] == [kept[1]]


@pytest.mark.L
def test_every_source_keeps_its_description(aws: Account, group: str) -> None:
    other = aws.security_group("other")
    prefixes = aws.ec2.create_managed_prefix_list(
        PrefixListName="pl", MaxEntries=3, AddressFamily="IPv4"
    )["PrefixList"]["PrefixListId"]
    sources: dict[str, Any] = {
        "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "a"}],
        "Ipv6Ranges": [{"CidrIpv6": "::/0", "Description": "b"}],
        "PrefixListIds": [{"PrefixListId": prefixes, "Description": "c"}],
        "UserIdGroupPairs": [{"GroupId": other, "Description": "d"}],
    }
    made = _allow(aws, group, TCP80 | sources)["SecurityGroupRules"]
    assert [rule["Description"] for rule in made] == ["a", "b", "c", "d"]
    [told] = _ingress(aws, group)
    sources["UserIdGroupPairs"][0]["UserId"] = aws.id
    assert {name: told[name] for name in sources} == sources


@pytest.mark.M
def test_an_empty_description_is_none(aws: Account, group: str) -> None:
    _allow(aws, group, TCP80 | {"IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": ""}]})
    assert _ingress(aws, group)[0]["IpRanges"] == [{"CidrIp": "10.0.0.0/8"}]


@pytest.mark.B
@pytest.mark.parametrize(
    ("permission", "code"),
    [
        (_rule("10.0.0.0"), "InvalidParameterValue"),
        (_rule("10.0.0.0/33"), "InvalidParameterValue"),
        (_rule("::/0"), "InvalidParameterValue"),
        (_rule("10.0.0.0/8", FromPort=81), "InvalidParameterValue"),
        (_rule("10.0.0.0/8", ToPort=70_000), "InvalidParameterValue"),
        (_rule("10.0.0.0/8", ToPort=None), "InvalidParameterValue"),
        (_rule("10.0.0.0/8", IpProtocol="tcq"), "InvalidParameterValue"),
        (_rule("10.0.0.0/8", IpProtocol=None), "MissingParameter"),
        (_rule(), "MissingParameter"),
        (TCP80 | {"UserIdGroupPairs": [{"GroupId": "sg-00000000"}]}, "InvalidGroup.NotFound"),
        (TCP80 | {"PrefixListIds": [{"PrefixListId": "pl-1"}]}, "InvalidPrefixListID.NotFound"),
        (
            TCP80 | {"IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "x" * 256}]},
            "InvalidParameterValue",
        ),
        (
            TCP80 | {"IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "50%"}]},
            "InvalidParameterValue",
        ),
    ],
    ids=str,
)
def test_bad_rules(aws: Account, group: str, permission: dict[str, Any], code: str) -> None:
    given = {name: value for name, value in permission.items() if value is not None}
    with refused(code):
        _allow(aws, group, given)
    assert _ingress(aws, group) == []


@pytest.mark.B
def test_all_protocols_have_no_ports(aws: Account, group: str) -> None:
    made = _allow(aws, group, _rule("10.0.0.0/8", IpProtocol="-1"))["SecurityGroupRules"]
    assert (made[0]["FromPort"], made[0]["ToPort"]) == (-1, -1)
    assert "FromPort" not in _ingress(aws, group)[0]


@pytest.mark.B
def test_protocols_by_number_have_no_ports(aws: Account, group: str) -> None:
    made = _allow(aws, group, _rule("10.0.0.0/8", IpProtocol="50"))["SecurityGroupRules"]
    assert (made[0]["IpProtocol"], made[0]["FromPort"]) == ("50", -1)
    assert "FromPort" not in _ingress(aws, group)[0]


@pytest.mark.D
def test_60_rules_for_each_version(aws: Account, group: str) -> None:
    _allow(aws, group, _rule(*[f"10.0.{n}.0/24" for n in range(60)]))
    with refused("RulesPerSecurityGroupLimitExceeded"):
        _allow(aws, group, _rule("10.1.0.0/24"))
    six = [{"CidrIpv6": f"2001:db8:{n:x}::/48"} for n in range(60)]
    _allow(aws, group, TCP80 | {"Ipv6Ranges": six})
    with refused("RulesPerSecurityGroupLimitExceeded"):
        _allow(aws, group, TCP80 | {"UserIdGroupPairs": [{"GroupId": group}]})


@pytest.mark.M
def test_revoke_ignores_descriptions(aws: Account, group: str) -> None:
    _allow(aws, group, TCP80 | {"IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "a"}]})
    other = TCP80 | {"IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "b"}]}
    aws.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[other])
    assert _ingress(aws, group) == []


@pytest.mark.B
def test_revoke_of_nothing_in_a_default_vpc(aws: Account, group: str) -> None:
    wanted = [_rule("10.0.0.0/8")]
    answer = aws.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=wanted)
    assert answer["UnknownIpPermissions"][0]["IpRanges"] == [{"CidrIp": "10.0.0.0/8"}]


@pytest.mark.B
def test_revoke_of_nothing_elsewhere_is_all_or_nothing(aws: Account) -> None:
    vpc = aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = aws.security_group("web", vpc)
    _allow(aws, group, _rule("10.0.0.0/8"))
    wanted = [_rule("10.0.0.0/8"), _rule("11.0.0.0/8")]
    with refused("InvalidPermission.NotFound"):
        aws.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=wanted)
    assert len(_ingress(aws, group)) == 1


@pytest.mark.B
def test_revoke_by_id_and_rules_by_pages(aws: Account, group: str) -> None:
    made = _allow(aws, group, _rule(*[f"10.0.{n}.0/24" for n in range(7)]))["SecurityGroupRules"]
    with refused("InvalidSecurityGroupRuleId.NotFound"):
        aws.ec2.revoke_security_group_ingress(
            GroupId=group, SecurityGroupRuleIds=["sgr-0123456789abcdef0"]
        )
    first = made[0]["SecurityGroupRuleId"]
    aws.ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[first])
    wanted = {"Filters": [{"Name": "group-id", "Values": [group]}], "MaxResults": 5}
    page = aws.ec2.describe_security_group_rules(**wanted)
    rest = aws.ec2.describe_security_group_rules(**wanted, NextToken=page["NextToken"])
    assert (len(page["SecurityGroupRules"]), len(rest["SecurityGroupRules"])) == (5, 2)
    assert "NextToken" not in rest


@pytest.mark.M
def test_new_descriptions(aws: Account, group: str) -> None:
    _allow(aws, group, _rule("10.0.0.0/8"))
    said = TCP80 | {"IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "new"}]}
    aws.ec2.update_security_group_rule_descriptions_ingress(GroupId=group, IpPermissions=[said])
    assert _ingress(aws, group)[0]["IpRanges"][0]["Description"] == "new"
    with refused("InvalidPermission.NotFound"):
        aws.ec2.update_security_group_rule_descriptions_ingress(
            GroupId=group, IpPermissions=[_rule("11.0.0.0/8")]
        )


@pytest.mark.B
@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"GroupName": "sg-web"}, "InvalidParameterValue"),
        ({"GroupName": "x" * 256}, "InvalidParameterValue"),
        ({"GroupName": "wéb"}, "InvalidParameterValue"),
        ({"Description": "50%"}, "InvalidParameterValue"),
        ({"Description": ""}, "MissingParameter"),
        ({"VpcId": "vpc-00000000"}, "InvalidVpcID.NotFound"),
    ],
    ids=str,
)
def test_bad_groups(shared: Account, wrong: dict[str, str], code: str) -> None:
    with refused(code):
        shared.ec2.create_security_group(
            **{"GroupName": "web", "Description": "web", "VpcId": shared.vpc} | wrong
        )


@pytest.mark.M
def test_group_quota_and_duplicate(aws: Account, group: str) -> None:
    with refused("InvalidGroup.Duplicate"):
        aws.security_group("web")
    quota = {"ec2.quota.security-groups": 2}
    aws.control("POST", "/settings", {"account": aws.id, "settings": quota})
    with refused("SecurityGroupLimitExceeded"):
        aws.security_group("more")


@pytest.mark.alone
@pytest.mark.B
def test_default_group_stays(aws: Account) -> None:
    [default] = aws.ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"]
    with refused("CannotDelete"):
        aws.ec2.delete_security_group(GroupId=default["GroupId"])


@pytest.mark.B
def test_referenced_group_stays(aws: Account, group: str) -> None:
    other = aws.security_group("other")
    permission = TCP80 | {"UserIdGroupPairs": [{"GroupId": other}]}
    _allow(aws, group, permission)
    with refused("DependencyViolation"):
        aws.ec2.delete_security_group(GroupId=other)
    aws.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[permission])
    aws.ec2.delete_security_group(GroupId=other)
    with refused("InvalidGroup.NotFound"):
        aws.ec2.delete_security_group(GroupId=other)


@pytest.mark.B
def test_group_that_refers_to_itself_goes(aws: Account, group: str) -> None:
    _allow(aws, group, TCP80 | {"UserIdGroupPairs": [{"GroupId": group}]})
    aws.ec2.delete_security_group(GroupId=group)


@pytest.mark.M
def test_group_of_a_load_balancer_stays_as_long_as_its_interfaces(aws: Account, group: str) -> None:
    late = {"ec2.load-balancer-interface-seconds": 120}
    aws.control("POST", "/settings", {"account": aws.id, "settings": late})
    arn = aws.load_balancer(SecurityGroups=[group])["LoadBalancerArn"]
    aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    with refused("DependencyViolation"):
        aws.ec2.delete_security_group(GroupId=group)
    aws.control("POST", "/clock", {"account": aws.id, "advance": 121})
    aws.ec2.delete_security_group(GroupId=group)


@pytest.mark.alone
@pytest.mark.D
def test_five_groups_on_an_interface(aws: Account) -> None:
    groups = [aws.security_group(f"g{n}") for n in range(6)]
    wish = {"SubnetId": aws.subnet_ids()[0]}
    with refused("SecurityGroupsPerInterfaceLimitExceeded"):
        aws.ec2.create_network_interface(**wish, Groups=groups)
    made = aws.ec2.create_network_interface(**wish, Groups=groups[:5])["NetworkInterface"]
    interface = made["NetworkInterfaceId"]
    assert len(made["Groups"]) == 5
    with refused("SecurityGroupsPerInterfaceLimitExceeded"):
        aws.ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=groups)
    image = aws.ec2.describe_images()["Images"][0]["ImageId"]
    start = {"ImageId": image, "MinCount": 1, "MaxCount": 1}
    with refused("SecurityGroupsPerInterfaceLimitExceeded"):
        aws.ec2.run_instances(**start, **wish, SecurityGroupIds=groups)
    device = {"DeviceIndex": 0, **wish, "Groups": groups}
    with refused("SecurityGroupsPerInterfaceLimitExceeded"):
        aws.ec2.run_instances(**start, NetworkInterfaces=[device])
    assert aws.ec2.describe_instances()["Reservations"] == []


@pytest.mark.M
def test_rules_times_groups_are_at_most_1000(aws: Account) -> None:
    """AWS raises one of these quotas only as far as the other allows."""
    rules, groups = "ec2.quota.rules-per-security-group", "ec2.quota.security-groups-per-interface"
    body = {"account": aws.id, "settings": {rules: 201}}
    assert "1000" in aws.control_refuses("POST", "/settings", body)
    aws.control("POST", "/settings", {"account": aws.id, "settings": {rules: 250, groups: 4}})
    body = {"account": aws.id, "settings": {groups: None}}
    assert "1000" in aws.control_refuses("POST", "/settings", body)
    assert aws.control("GET", f"/settings?account={aws.id}")[groups]["value"] == 4


@pytest.mark.M
def test_new_group_is_found_late(aws: Account) -> None:
    late = {"ec2.security-group-visible-seconds": 3}
    aws.control("POST", "/settings", {"account": aws.id, "settings": late})
    group = aws.security_group("web")
    with refused("InvalidGroup.NotFound"):
        _allow(aws, group, _rule("10.0.0.0/8"))
    aws.control("POST", "/clock", {"account": aws.id, "advance": 4})
    _allow(aws, group, _rule("10.0.0.0/8"))


@pytest.mark.B
@pytest.mark.parametrize(
    ("name", "value", "count"),
    [
        ("group-name", "we*", 1),
        ("tag:k", "v", 1),
        ("tag-key", "k", 1),
        ("tag:k", "w", 0),
        ("ip-permission.cidr", "10.0.0.0/8", 1),
        ("ip-permission.from-port", "80", 1),
        ("egress.ip-permission.protocol", "-1", 2),
    ],
)
def test_filters(aws: Account, group: str, name: str, value: str, count: int) -> None:
    _allow(aws, group, _rule("10.0.0.0/8"))
    aws.ec2.create_tags(Resources=[group], Tags=[{"Key": "k", "Value": "v"}])
    found = aws.ec2.describe_security_groups(Filters=[{"Name": name, "Values": [value]}])
    assert len(found["SecurityGroups"]) == count


@pytest.mark.B
@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"GroupIds": ["sg-00000000"]}, "InvalidGroup.NotFound"),
        ({"GroupIds": ["web"]}, "InvalidGroupId.Malformed"),
        ({"GroupNames": ["gone"]}, "InvalidGroup.NotFound"),
        ({"GroupIds": ["sg-00000000"], "MaxResults": 5}, "InvalidParameterCombination"),
        ({"MaxResults": 4}, "InvalidParameterValue"),
        ({"NextToken": "x"}, "InvalidParameterValue"),
        ({"Filters": [{"Name": "colour", "Values": ["red"]}]}, "InvalidParameterValue"),
    ],
    ids=str,
)
def test_bad_lookups(shared: Account, asked: dict[str, Any], code: str) -> None:
    with refused(code):
        shared.ec2.describe_security_groups(**asked)


def _peer(aws: Account, vpcs: list[str]) -> None:
    made = aws.ec2.create_vpc_peering_connection(VpcId=vpcs[0], PeerVpcId=vpcs[1])
    name = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    aws.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=name)


@pytest.mark.P
def test_groups_of_another_vpc(aws: Account) -> None:
    """ansible/ansible #45782 and boto/boto3 #569 have AWS's words."""
    other = aws.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    mine, others = aws.security_group("mine"), aws.security_group("others", other)
    wanted = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
    permissions = [wanted | {"UserIdGroupPairs": [{"GroupId": others}]}]

    def run() -> None:
        aws.ec2.authorize_security_group_ingress(GroupId=mine, IpPermissions=permissions)

    with pytest.raises(aws.ec2.exceptions.ClientError, match="belong to different networks") as no:
        run()
    assert no.value.response["Error"]["Code"] == "InvalidGroup.NotFound"
    _peer(aws, [aws.vpc, other])
    run()


@pytest.mark.B
def test_names_are_trimmed(aws: Account) -> None:
    made = aws.security_group("web  ")
    [told] = aws.ec2.describe_security_groups(GroupIds=[made])["SecurityGroups"]
    assert told["GroupName"] == "web"
    for again in ("web", "web "):
        with refused("InvalidGroup.Duplicate"):
            aws.security_group(again)


@pytest.mark.M
def test_a_name_that_is_taken_for_ever(aws: Account) -> None:
    with refused("InvalidParameterValue"):
        aws.security_group("default")


@pytest.mark.M
def test_one_way_to_name_rules(aws: Account) -> None:
    group = aws.security_group("web")
    both = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
    with refused("InvalidParameterCombination"):
        aws.ec2.authorize_security_group_ingress(
            GroupId=group, CidrIp="10.0.0.0/8", **both,
            IpPermissions=[both | {"IpRanges": [{"CidrIp": "10.0.0.0/8"}]}],
        )  # fmt: skip
