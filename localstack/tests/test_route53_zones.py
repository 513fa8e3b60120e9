"""Hosted zones: made, listed, deleted, private ones, their tags."""

from typing import Any

import pytest
from aws import Account, refused
from dns_zone import Zone, create, delete, reference


@pytest.fixture
def route53(aws: Account) -> Any:
    return aws.client("route53")


@pytest.mark.alone
@pytest.mark.B
def test_zones_create_answers_and_echoes(route53: Any) -> None:
    made = route53.create_hosted_zone(
        Name="Example.COM", CallerReference="one", HostedZoneConfig={"Comment": "mine"}
    )
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert made["Location"].endswith(made["HostedZone"]["Id"])
    assert made["ChangeInfo"]["Status"] == "PENDING"
    assert len(made["DelegationSet"]["NameServers"]) == 4
    found = route53.get_hosted_zone(Id=made["HostedZone"]["Id"])
    assert found["HostedZone"] == {
        "Id": made["HostedZone"]["Id"],
        "Name": "example.com.",
        "CallerReference": "one",
        "Config": {"Comment": "mine", "PrivateZone": False},
        "ResourceRecordSetCount": 2,
    }
    assert found["DelegationSet"] == made["DelegationSet"]


@pytest.mark.D
def test_zones_begin_with_ns_and_soa(aws: Account) -> None:
    zone = Zone(aws)
    servers = zone.route53.get_hosted_zone(Id=zone.id)["DelegationSet"]["NameServers"]
    ns, soa = zone.all()
    assert (ns["Name"], ns["Type"], ns["TTL"]) == ("example.com.", "NS", 172800)
    assert [one["Value"] for one in ns["ResourceRecords"]] == [f"{name}." for name in servers]
    assert (soa["Name"], soa["Type"], soa["TTL"]) == ("example.com.", "SOA", 900)
    assert soa["ResourceRecords"] == [
        {"Value": f"{servers[0]}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"}
    ]


@pytest.mark.B
def test_zones_caller_reference_is_used_once(route53: Any) -> None:
    route53.create_hosted_zone(Name="example.com", CallerReference="one")
    with refused("HostedZoneAlreadyExists"):
        route53.create_hosted_zone(Name="example.org", CallerReference="one")
    route53.create_hosted_zone(Name="example.com", CallerReference="two")
    assert route53.get_hosted_zone_count()["HostedZoneCount"] == 2


@pytest.mark.B
@pytest.mark.parametrize("name", ["a..b", "a b.com", ".", "", f"{'x' * 64}.com"])
def test_zones_name_must_be_a_domain(route53: Any, name: str) -> None:
    with refused("InvalidDomainName"):
        route53.create_hosted_zone(Name=name, CallerReference="one")


@pytest.mark.B
def test_zones_unknown_and_missing(route53: Any) -> None:
    for call in (route53.get_hosted_zone, route53.delete_hosted_zone):
        with refused("NoSuchHostedZone"):
            call(Id="Z00000000000000000000")
    with refused("NoSuchHostedZone"):
        route53.list_resource_record_sets(HostedZoneId="Z00000000000000000000")
    with refused("InvalidInput"):
        route53.create_hosted_zone(Name="example.com")
    with refused("NoSuchDelegationSet"):
        route53.create_hosted_zone(
            Name="example.com", CallerReference="one", DelegationSetId="N00000000000"
        )


@pytest.mark.B
def test_zones_delete_only_when_empty(aws: Account) -> None:
    zone = Zone(aws)
    zone.change(create("a.example.com"))
    with refused("HostedZoneNotEmpty"):
        zone.route53.delete_hosted_zone(Id=zone.id)
    zone.change(delete("a.example.com"))
    assert zone.route53.delete_hosted_zone(Id=zone.id)["ChangeInfo"]["Status"] == "PENDING"
    with refused("NoSuchHostedZone"):
        zone.route53.delete_hosted_zone(Id=zone.id)


@pytest.mark.B
def test_zones_list_in_pages(route53: Any) -> None:
    for number in range(5):
        route53.create_hosted_zone(Name=f"z{number}.com", CallerReference=f"{number}")
    first = route53.list_hosted_zones(MaxItems="3")
    assert (len(first["HostedZones"]), first["IsTruncated"]) == (3, True)
    rest = route53.list_hosted_zones(Marker=first["NextMarker"])
    assert (len(rest["HostedZones"]), rest["IsTruncated"]) == (2, False)
    names = {zone["Name"] for zone in first["HostedZones"] + rest["HostedZones"]}
    assert names == {f"z{number}.com." for number in range(5)}
    with refused("InvalidInput"):
        route53.list_hosted_zones(MaxItems="-1")


@pytest.mark.B
def test_zones_list_by_name_starts_at_the_name(route53: Any) -> None:
    for name in ("x.com", "b.org", "a.b.org", "c.org"):
        route53.create_hosted_zone(Name=name, CallerReference=name)

    def names(**wanted: str) -> list[str]:
        answer = route53.list_hosted_zones_by_name(**wanted)
        return [zone["Name"] for zone in answer["HostedZones"]]

    everything = ["x.com.", "b.org.", "a.b.org.", "c.org."]
    assert names() == everything
    assert names(DNSName="a.com") == everything
    assert names(DNSName="B.org.") == everything[1:]
    assert names(DNSName="z.org") == []
    first = route53.list_hosted_zones_by_name(DNSName="b.org", MaxItems="1")
    assert (first["IsTruncated"], first["NextDNSName"]) == (True, "a.b.org.")
    assert names(DNSName="a.b.org", HostedZoneId=first["NextHostedZoneId"]) == everything[2:]
    with refused("InvalidInput"):
        names(HostedZoneId=first["NextHostedZoneId"])
    with refused("InvalidDomainName"):
        names(DNSName="a..b")


@pytest.mark.B
def test_zones_comment(aws: Account) -> None:
    zone = Zone(aws)
    changed = zone.route53.update_hosted_zone_comment(Id=zone.id, Comment="new")
    assert changed["HostedZone"]["Config"]["Comment"] == "new"


# --- private zones ------------------------------------------------------------------------------


@pytest.mark.B
def test_zones_private_belong_to_a_vpc(aws: Account) -> None:
    vpc = {"VPCRegion": aws.region, "VPCId": aws.vpc}
    zone = Zone(aws, VPC=vpc, HostedZoneConfig={"PrivateZone": True})
    found = zone.route53.get_hosted_zone(Id=zone.id)
    assert found["HostedZone"]["Config"]["PrivateZone"] is True
    assert found["VPCs"] == [vpc]
    assert "DelegationSet" not in found
    listed = zone.route53.list_hosted_zones_by_vpc(**vpc)["HostedZoneSummaries"]
    assert listed == [
        {"HostedZoneId": zone.id, "Name": "example.com.", "Owner": {"OwningAccount": aws.id}}
    ]
    with refused("ConflictingDomainExists"):
        Zone(aws, VPC=vpc)


@pytest.mark.B
def test_zones_private_need_a_vpc_that_exists(aws: Account) -> None:
    with refused("InvalidVPCId"):
        Zone(aws, VPC={"VPCRegion": aws.region, "VPCId": "vpc-00000000"})
    with refused("InvalidInput"):
        Zone(aws, VPC={"VPCId": aws.vpc})
    with refused("InvalidInput"):
        Zone(aws, HostedZoneConfig={"PrivateZone": True})
    assert aws.client("route53").list_hosted_zones()["HostedZones"] == []


@pytest.mark.B
def test_zones_private_gain_and_lose_vpcs(aws: Account) -> None:
    first = {"VPCRegion": aws.region, "VPCId": aws.vpc}
    made = aws.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    second = {"VPCRegion": aws.region, "VPCId": made}
    zone, public = Zone(aws, VPC=first), Zone(aws)
    route53 = zone.route53
    with refused("PublicZoneVPCAssociation"):
        route53.associate_vpc_with_hosted_zone(HostedZoneId=public.id, VPC=second)
    with refused("LastVPCAssociation"):
        route53.disassociate_vpc_from_hosted_zone(HostedZoneId=zone.id, VPC=first)
    route53.associate_vpc_with_hosted_zone(HostedZoneId=zone.id, VPC=second)
    route53.disassociate_vpc_from_hosted_zone(HostedZoneId=zone.id, VPC=first)
    with refused("VPCAssociationNotFound"):
        route53.disassociate_vpc_from_hosted_zone(HostedZoneId=zone.id, VPC=first)
    assert route53.get_hosted_zone(Id=zone.id)["VPCs"] == [second]


# --- tags -------------------------------------------------------------------------------------


@pytest.mark.B
def test_zones_tags(aws: Account) -> None:
    zone, other = Zone(aws), Zone(aws, "example.org")
    route53 = zone.route53
    here = {"ResourceType": "hostedzone", "ResourceId": zone.id}
    tags = [{"Key": "team", "Value": "edge"}, {"Key": "env", "Value": ""}]
    route53.change_tags_for_resource(**here, AddTags=tags)
    route53.change_tags_for_resource(**here, RemoveTagKeys=["team", "absent"])
    assert route53.list_tags_for_resource(**here)["ResourceTagSet"] == {
        **here,
        "Tags": [{"Key": "env", "Value": ""}],
    }
    both = route53.list_tags_for_resources(
        ResourceType="hostedzone", ResourceIds=[zone.id, other.id]
    )["ResourceTagSets"]
    assert [one["ResourceId"] for one in both] == [zone.id, other.id]
    with refused("NoSuchHostedZone"):
        route53.list_tags_for_resources(ResourceType="hostedzone", ResourceIds=["Z0", zone.id])


@pytest.mark.P
@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"AddTags": [{"Key": "*", "Value": "x"}]},
        {"AddTags": [{"Key": "aws:x", "Value": "x"}]},
        {"AddTags": [{"Key": "", "Value": "x"}]},
        {"AddTags": [{"Key": "x", "Value": "1"}, {"Key": "x", "Value": "2"}]},
        {"AddTags": [{"Key": f"{n}", "Value": "x"} for n in range(11)]},
        {"AddTags": [{"Key": "x" * 129, "Value": "x"}]},
    ],
    ids=lambda wanted: str(wanted)[:50],
)
def test_zones_wrong_tags_are_refused(aws: Account, wanted: dict[str, Any]) -> None:
    zone = Zone(aws)
    with refused("InvalidInput"):
        zone.route53.change_tags_for_resource(
            ResourceType="hostedzone", ResourceId=zone.id, **wanted
        )


@pytest.mark.M
def test_zones_have_at_most_50_tags(aws: Account) -> None:
    zone = Zone(aws)

    def tag(first: int) -> None:
        zone.route53.change_tags_for_resource(
            ResourceType="hostedzone",
            ResourceId=zone.id,
            AddTags=[{"Key": f"{n}", "Value": ""} for n in range(first, first + 10)],
        )

    for first in range(0, 50, 10):
        tag(first)
    with refused("InvalidInput"):
        tag(50)


@pytest.mark.B
def test_health_checks_are_tagged_too(route53: Any) -> None:
    made = route53.create_health_check(
        CallerReference=reference(),
        HealthCheckConfig={"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 80},
    )["HealthCheck"]["Id"]
    here = {"ResourceType": "healthcheck", "ResourceId": made}
    route53.change_tags_for_resource(**here, AddTags=[{"Key": "a", "Value": "b"}])
    tags = route53.list_tags_for_resource(**here)["ResourceTagSet"]["Tags"]
    assert tags == [{"Key": "a", "Value": "b"}]
    with refused("NoSuchHealthCheck"):
        route53.list_tags_for_resource(ResourceType="healthcheck", ResourceId="none")


@pytest.mark.alone
@pytest.mark.B
def test_zones_of_accounts_are_apart(aws: Account) -> None:
    zone = Zone(aws)
    other = Account(aws.endpoint)
    assert other.client("route53").list_hosted_zones()["HostedZones"] == []
    aws.control("POST", f"/reset?account={aws.id}")
    with refused("NoSuchHostedZone"):
        zone.all()
