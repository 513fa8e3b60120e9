"""ModifySecurityGroupRules: other ports, sources and descriptions under the same ids."""

from typing import Any

import pytest
from aws import Account, refused

TCP: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
TEN, TWELVE = {"CidrIpv4": "10.0.0.0/8"}, {"CidrIpv4": "12.0.0.0/8"}


@pytest.fixture
def group(aws: Account) -> str:
    """A new security group in the default VPC."""
    return aws.security_group("web")


def _allow(aws: Account, group: str, *blocks: str) -> list[str]:
    """Rules for TCP port 80 from these blocks; their ids."""
    ranges = [{"CidrIp": block, "Description": "old"} for block in blocks]
    made = aws.ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[TCP | {"IpRanges": ranges}],
        TagSpecifications=[
            {"ResourceType": "security-group-rule", "Tags": [{"Key": "k", "Value": "v"}]}
        ],
    )
    return [rule["SecurityGroupRuleId"] for rule in made["SecurityGroupRules"]]


def _change(aws: Account, group: str, *changes: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    rules = [{"SecurityGroupRuleId": key, "SecurityGroupRule": to} for key, to in changes]
    return aws.ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=rules)


def _rules(aws: Account, group: str) -> dict[str, dict[str, Any]]:
    """The rules of a group by id, the one that lets everything out left aside."""
    wanted = [{"Name": "group-id", "Values": [group]}]
    told = aws.ec2.describe_security_group_rules(Filters=wanted)["SecurityGroupRules"]
    return {rule["SecurityGroupRuleId"]: rule for rule in told if not rule["IsEgress"]}


@pytest.mark.B
def test_change_keeps_id_and_tags(aws: Account, group: str) -> None:
    first, second = _allow(aws, group, "10.0.0.0/8", "11.0.0.0/8")
    to = {"IpProtocol": "udp", "FromPort": 53, "ToPort": 54, "CidrIpv4": "12.1.2.3/8"}
    assert _change(aws, group, (first, to | {"Description": "new"}))["Return"] is True
    rules = _rules(aws, group)
    assert list(rules) == [first, second]
    told = rules[first]
    assert (told["IpProtocol"], told["FromPort"], told["ToPort"]) == ("udp", 53, 54)
    assert (told["CidrIpv4"], told["Description"]) == ("12.0.0.0/8", "new")
    assert told["Tags"] == [{"Key": "k", "Value": "v"}]
    assert rules[second]["CidrIpv4"] == "11.0.0.0/8"


@pytest.mark.B
def test_change_to_every_kind_of_source(aws: Account, group: str) -> None:
    [rule] = _allow(aws, group, "10.0.0.0/8")
    other = aws.security_group("other")
    prefixes = aws.ec2.create_managed_prefix_list(
        PrefixListName="p", MaxEntries=1, AddressFamily="IPv4"
    )["PrefixList"]["PrefixListId"]
    _change(aws, group, (rule, TCP | {"CidrIpv6": "2001:DB8::1/32"}))
    assert _rules(aws, group)[rule]["CidrIpv6"] == "2001:db8::/32"
    _change(aws, group, (rule, TCP | {"PrefixListId": prefixes}))
    assert _rules(aws, group)[rule]["PrefixListId"] == prefixes
    _change(aws, group, (rule, TCP | {"ReferencedGroupId": other}))
    told = _rules(aws, group)[rule]
    assert told["ReferencedGroupInfo"]["GroupId"] == other
    assert "CidrIpv4" not in told
    with refused("DependencyViolation"):
        aws.ec2.delete_security_group(GroupId=other)


@pytest.mark.M
def test_change_without_a_description_takes_it_away(aws: Account, group: str) -> None:
    [rule] = _allow(aws, group, "10.0.0.0/8")
    _change(aws, group, (rule, TCP | {"CidrIpv4": "10.0.0.0/8"}))
    assert "Description" not in _rules(aws, group)[rule]


@pytest.mark.B
def test_change_of_an_egress_rule(aws: Account, group: str) -> None:
    [all_out] = [
        rule["SecurityGroupRuleId"]
        for rule in aws.ec2.describe_security_group_rules(
            Filters=[{"Name": "group-id", "Values": [group]}]
        )["SecurityGroupRules"]
    ]
    _change(aws, group, (all_out, TCP | {"CidrIpv4": "10.0.0.0/8"}))
    [told] = aws.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert told["IpPermissions"] == []
    assert told["IpPermissionsEgress"][0]["FromPort"] == 80


@pytest.mark.M
def test_change_counts_as_it_would_be(aws: Account, group: str) -> None:
    """Two rules may change places; two may not become one, and then neither changes."""
    first, second = _allow(aws, group, "10.0.0.0/8", "11.0.0.0/8")
    ten, eleven = TCP | {"CidrIpv4": "10.0.0.0/8"}, TCP | {"CidrIpv4": "11.0.0.0/8"}
    _change(aws, group, (first, eleven), (second, ten))
    before = _rules(aws, group)
    assert [rule["CidrIpv4"] for rule in before.values()] == ["11.0.0.0/8", "10.0.0.0/8"]
    with refused("InvalidPermission.Duplicate"):
        _change(aws, group, (first, TCP | {"CidrIpv4": "12.1.0.0/8"}), (second, TCP | TWELVE))
    assert _rules(aws, group) == before


@pytest.mark.D
def test_change_within_the_quota(aws: Account, group: str) -> None:
    setting = {"ec2.quota.rules-per-security-group": 2}
    aws.control("POST", "/settings", {"account": aws.id, "settings": setting})
    first, _ = _allow(aws, group, "10.0.0.0/8", "11.0.0.0/8")
    prefixes = aws.ec2.create_managed_prefix_list(
        PrefixListName="p", MaxEntries=2, AddressFamily="IPv4"
    )["PrefixList"]["PrefixListId"]
    with refused("RulesPerSecurityGroupLimitExceeded"):
        _change(aws, group, (first, TCP | {"PrefixListId": prefixes}))
    assert _rules(aws, group)[first]["CidrIpv4"] == "10.0.0.0/8"


@pytest.mark.M
@pytest.mark.parametrize(
    ("to", "code"),
    [
        ({}, "MissingParameter"),
        (TCP, "MissingParameter"),
        (TEN, "MissingParameter"),
        (TCP | TEN | {"CidrIpv6": "::/0"}, "InvalidParameterValue"),
        (TCP | {"CidrIpv4": "10.0.0.0"}, "InvalidParameterValue"),
        (TCP | TEN | {"ToPort": 79}, "InvalidParameterValue"),
        (TCP | TEN | {"Description": "a\tb"}, "InvalidParameterValue"),
        (TCP | {"ReferencedGroupId": "sg-0123456789abcdef0"}, "InvalidGroup.NotFound"),
        (TCP | {"PrefixListId": "pl-0123456789abcdef0"}, "InvalidPrefixListID.NotFound"),
    ],
    ids=str,
)
def test_bad_changes(aws: Account, group: str, to: dict[str, Any], code: str) -> None:
    first, second = _allow(aws, group, "10.0.0.0/8", "11.0.0.0/8")
    before = _rules(aws, group)
    with refused(code):
        _change(aws, group, (first, TCP | {"CidrIpv4": "13.0.0.0/8"}), (second, to))
    assert _rules(aws, group) == before


@pytest.mark.M
def test_change_of_what_is_not_there(aws: Account, group: str) -> None:
    [mine] = _allow(aws, group, "10.0.0.0/8")
    [others] = _allow(aws, aws.security_group("other"), "10.0.0.0/8")
    to = TCP | {"CidrIpv4": "11.0.0.0/8"}
    with refused("InvalidSecurityGroupRuleId.NotFound"):
        _change(aws, group, (others, to))
    with refused("InvalidParameterValue"):
        _change(aws, group, ("11", to))
    with refused("InvalidParameterValue"):
        _change(aws, group, (mine, to), (mine, to))
    with refused("MissingParameter"):
        _change(aws, group)
    with refused("InvalidGroup.NotFound"):
        _change(aws, "sg-0123456789abcdef0", (mine, to))
