"""Limits of Route 53, and requests that are wrong in themselves."""

import re
import urllib.error
import urllib.request
from typing import Any

import pytest
from aws import Account, refused
from dns_zone import Zone, alias, create, delete, reference, upsert


@pytest.fixture
def zone(aws: Account) -> Zone:
    return Zone(aws)


def set_quota(aws: Account, name: str, value: int) -> None:
    wanted = {"account": aws.id, "settings": {f"route53.quota.{name}": value}}
    aws.control("POST", "/settings", wanted)


def addresses(count: int, first: int = 0) -> list[str]:
    return [f"10.0.{number // 250}.{number % 250}" for number in range(first, first + count)]


@pytest.mark.D
def test_limit_of_1000_elements(zone: Zone) -> None:
    zone.change(*(create(f"n{number}.example.com") for number in range(1000)))
    code, text = zone.refusal(
        *(delete(f"n{number}.example.com") for number in range(1000)), create("x.example.com")
    )
    assert code == "InvalidChangeBatch"
    assert text == "[Number of records limit of 1000 exceeded.]"


@pytest.mark.D
def test_limit_of_1000_counts_values_not_sets(zone: Zone) -> None:
    sets = [create(f"n{n}.example.com", "A", *addresses(250, 250 * n)) for n in range(4)]
    zone.change(*sets)
    assert zone.refuses(*sets, create("x.example.com", **alias("lb.us-east-1.elb.amazonaws.com")))


@pytest.mark.D
def test_limit_counts_upsert_twice(zone: Zone) -> None:
    zone.change(*(upsert(f"n{number}.example.com") for number in range(500)))
    assert zone.refuses(*(upsert(f"n{number}.example.com") for number in range(501)))


@pytest.mark.D
def test_limit_of_32000_characters(zone: Zone) -> None:
    def texts(action: Any, count: int) -> list[dict[str, Any]]:
        return [action(f"t{n}.example.com", "TXT", f'"{"x" * 198}"') for n in range(count)]

    zone.change(*texts(create, 160))
    assert zone.refuses(*texts(delete, 160), create("y.example.com", "TXT", '"y"'))
    zone.change(*texts(upsert, 80))
    code, text = zone.refusal(*texts(upsert, 81))
    assert code == "InvalidChangeBatch"
    assert text == "[RDATA character limit of 32000 exceeded.]"


@pytest.mark.D
def test_limit_of_400_values_in_a_set(zone: Zone) -> None:
    zone.change(create("a.example.com", "A", *addresses(400)))
    assert zone.refuses(create("b.example.com", "A", *addresses(401)))


@pytest.mark.D
def test_limit_of_records_in_a_zone(zone: Zone) -> None:
    described = zone.account.control("GET", f"/settings?account={zone.account.id}")
    assert described["route53.quota.records-per-zone"]["value"] == 10_000
    set_quota(zone.account, "records-per-zone", 4)
    zone.change(create("a.example.com"), create("b.example.com"))
    code, text = zone.refusal(create("c.example.com"))
    assert code == "InvalidChangeBatch"
    assert "MAX_RRSETS_BY_ZONE" in text
    zone.change(delete("a.example.com"), create("c.example.com"))


@pytest.mark.D
def test_limit_of_zones_in_an_account(aws: Account) -> None:
    set_quota(aws, "hosted-zones", 1)
    zone = Zone(aws)
    with refused("TooManyHostedZones"):
        zone.route53.create_hosted_zone(Name="example.org", CallerReference=reference())


# --- malformed requests: AWS's code, never a 500 ------------------------------------------------

MALFORMED: list[dict[str, Any]] = [
    {},
    {"Changes": []},
    {"Changes": [{}]},
    {"Changes": [{"Action": "CREATE"}]},
    {"Changes": [{"Action": "REPLACE", "ResourceRecordSet": {"Name": "a", "Type": "A"}}]},
    {"Changes": [{"Action": "CREATE", "ResourceRecordSet": {"Name": "a.example.com"}}]},
    {"Changes": [{"Action": "CREATE", "ResourceRecordSet": {"Type": "A"}}]},
    {"Changes": [create("a.example.com", "WKS")]},
    {"Changes": [create("a.example.com", TTL=-1)]},
    {"Changes": [create("a.example.com", TTL=2**31)]},
    {"Changes": [create("a" * 1025)]},
    {"Changes": [create("a.example.com", SetIdentifier="x" * 129, Weight=1)]},
    {"Changes": [create("a.example.com", AliasTarget={})]},
    {"Changes": [create("a.example.com", AliasTarget={"DNSName": "b.example.com"})]},
    {"Changes": [create("a.example.com", ResourceRecords=[{}])]},
    {"Changes": [create("a.example.com", "TXT", " ".join([f'"{"x" * 198}"'] * 20))]},
    {"Changes": [create("a.example.com")], "Comment": "x" * 257},
]


@pytest.mark.B
@pytest.mark.parametrize("batch", MALFORMED, ids=lambda batch: str(batch)[:60])
def test_malformed_batch(zone: Zone, batch: dict[str, Any]) -> None:
    with refused("InvalidInput"):
        zone.route53.change_resource_record_sets(HostedZoneId=zone.id, ChangeBatch=batch)
    assert len(zone.all()) == 2


@pytest.mark.P
@pytest.mark.parametrize(
    "body",
    [
        "",
        "no xml",
        "<ChangeResourceRecordSetsRequest>",
        "<ChangeResourceRecordSetsRequest><ChangeBatch><Changes><Change><Action>CREATE</Action>"
        "<ResourceRecordSet><Name>a.example.com</Name><Type>A</Type><TTL>soon</TTL>"
        "</ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>",
    ],
    ids=["empty", "no xml", "cut off", "TTL is a word"],
)
def test_malformed_body(zone: Zone, body: str) -> None:
    credential = (
        f"AWS4-HMAC-SHA256 Credential={zone.account.id}/20260101/us-east-1/route53/aws4_request"
    )
    request = urllib.request.Request(
        f"{zone.account.endpoint}/2013-04-01/hostedzone/{zone.id}/rrset/",
        data=body.encode(),
        headers={"Authorization": f"{credential}, SignedHeaders=host, Signature=0"},
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 400
    code = re.search(r"<Code>(\w+)</Code>", caught.value.read().decode())
    assert code is not None and code[1] in ("InvalidInput", "MalformedInput")


@pytest.mark.B
def test_limits_are_told(aws: Account) -> None:
    zone = Zone(aws)
    zone.change(create("a.example.com"))

    def of_zone(kind: str) -> tuple[int, int]:
        told = zone.route53.get_hosted_zone_limit(HostedZoneId=zone.id, Type=kind)
        return told["Limit"]["Value"], told["Count"]

    def of_account(kind: str) -> tuple[int, int]:
        told = zone.route53.get_account_limit(Type=kind)
        return told["Limit"]["Value"], told["Count"]

    assert of_zone("MAX_RRSETS_BY_ZONE") == (10_000, 3)
    assert of_account("MAX_HOSTED_ZONES_BY_OWNER") == (500, 1)
    assert of_account("MAX_HEALTH_CHECKS_BY_OWNER") == (200, 0)
    with refused("HostedZoneNotPrivate"):
        of_zone("MAX_VPCS_ASSOCIATED_BY_ZONE")
    place = {"VPCRegion": aws.region, "VPCId": aws.vpc}
    private = Zone(aws, "in.example.com", VPC=place)
    told = private.route53.get_hosted_zone_limit(
        HostedZoneId=private.id, Type="MAX_VPCS_ASSOCIATED_BY_ZONE"
    )
    assert (told["Limit"]["Value"], told["Count"]) == (300, 1)
