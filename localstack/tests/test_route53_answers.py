"""TestDNSAnswer: what Route 53's servers would say."""

from typing import Any

import pytest
from aws import Account, refused
from dns_zone import Zone, alias, create


@pytest.fixture
def zone(aws: Account) -> Zone:
    return Zone(aws)


def _answer(zone: Zone, name: str, kind: str = "A", **more: Any) -> dict[str, Any]:
    return dict(
        zone.route53.test_dns_answer(HostedZoneId=zone.id, RecordName=name, RecordType=kind, **more)
    )


@pytest.mark.B
def test_values(zone: Zone) -> None:
    zone.change(create("a.example.com", "A", "192.0.2.1", "192.0.2.2"))
    told = _answer(zone, "A.example.com")
    assert told["RecordData"] == ["192.0.2.1", "192.0.2.2"]
    assert (told["RecordName"], told["RecordType"]) == ("a.example.com.", "A")
    assert (told["ResponseCode"], told["Protocol"]) == ("NOERROR", "UDP")
    servers = zone.route53.get_hosted_zone(Id=zone.id)["DelegationSet"]["NameServers"]
    assert told["Nameserver"] in servers


@pytest.mark.D
def test_names_that_are_not_there(zone: Zone) -> None:
    zone.change(
        create("a.b.example.com", "A", "192.0.2.1"), create("*.w.example.com", "A", "192.0.2.3")
    )
    for name, kind, code, data in (
        ("none.example.com", "A", "NXDOMAIN", []),
        ("a.b.example.com", "AAAA", "NOERROR", []),
        ("b.example.com", "A", "NOERROR", []),
        ("x.w.example.com", "A", "NOERROR", ["192.0.2.3"]),
        ("x.y.w.example.com", "A", "NOERROR", ["192.0.2.3"]),
        ("other.test", "A", "REFUSED", []),
    ):
        told = _answer(zone, name, kind)
        assert (told["ResponseCode"], told["RecordData"]) == (code, data), name


@pytest.mark.B
def test_aliases(aws: Account, zone: Zone) -> None:
    balancer = aws.load_balancer()
    there = balancer["CanonicalHostedZoneId"], balancer["DNSName"]
    zone.change(create("a.example.com", "A", "192.0.2.1"))
    zone.change(
        create("same.example.com", **alias("a.example.com", zone.id)),
        create("alb.example.com", **alias(there[1], there[0])),
    )
    assert _answer(zone, "same.example.com")["RecordData"] == ["192.0.2.1"]
    found = aws.ec2.describe_network_interfaces()["NetworkInterfaces"]
    addresses = [one["PrivateIpAddress"] for one in found if one["Description"].startswith("ELB")]
    assert sorted(_answer(zone, "alb.example.com")["RecordData"]) == sorted(addresses)
    assert _answer(zone, "alb.example.com", "AAAA")["RecordData"] == []


@pytest.mark.B
def test_routing_policies(zone: Zone) -> None:
    for name, weight in (("one", 0), ("two", 5)):
        value = f"192.0.2.{weight}"
        zone.change(create("w.example.com", "A", value, SetIdentifier=name, Weight=weight))
    assert [_answer(zone, "w.example.com")["RecordData"] for _ in range(5)] == [["192.0.2.5"]] * 5


@pytest.mark.B
def test_public_zones_only(aws: Account, zone: Zone) -> None:
    private = zone.route53.create_hosted_zone(
        Name="private.test",
        CallerReference="private",
        VPC={"VPCRegion": aws.region, "VPCId": aws.vpc},
    )["HostedZone"]["Id"]
    with refused("InvalidInput"):
        zone.route53.test_dns_answer(
            HostedZoneId=private, RecordName="a.private.test", RecordType="A"
        )
    with refused("NoSuchHostedZone"):
        zone.route53.test_dns_answer(HostedZoneId="Z0", RecordName="a.test", RecordType="A")
