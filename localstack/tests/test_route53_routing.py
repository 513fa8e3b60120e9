"""Routing policies and set identifiers."""

from typing import Any

import pytest
from aws import Account
from dns_zone import Zone, alias, create, delete, upsert

POLICIES: list[dict[str, Any]] = [
    {"Weight": 0},
    {"Region": "eu-west-1"},
    {"Failover": "PRIMARY"},
    {"GeoLocation": {"CountryCode": "*"}},
    {"GeoLocation": {"CountryCode": "US", "SubdivisionCode": "CA"}},
    {"MultiValueAnswer": True},
    {"GeoProximityLocation": {"AWSRegion": "us-east-1", "Bias": -5}},
    {"GeoProximityLocation": {"Coordinates": {"Latitude": "1.5", "Longitude": "-100.25"}}},
    {
        "CidrRoutingConfig": {
            "CollectionId": "c8c02a84-aaaa-bbbb-e0d2-d833a2f80106",
            "LocationName": "nearby",
        }
    },
]


@pytest.fixture
def zone(aws: Account) -> Zone:
    return Zone(aws)


@pytest.mark.B
@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_routing_policy_is_kept(zone: Zone, policy: dict[str, Any]) -> None:
    zone.change(create("r.example.com", SetIdentifier="one", **policy))
    (only,) = zone.get("r.example.com.")
    assert only["SetIdentifier"] == "one"
    assert {member: only[member] for member in policy} == policy
    zone.change(delete("r.example.com", SetIdentifier="one", **policy))


@pytest.mark.P
def test_routing_policy_needs_an_identifier_and_the_other_way_round(zone: Zone) -> None:
    assert zone.refusal(create("r.example.com", Weight=1))[0] == "InvalidInput"
    assert zone.refusal(create("r.example.com", SetIdentifier="one"))[0] == "InvalidInput"


@pytest.mark.P
def test_routing_policies_cannot_be_mixed_in_one_set(zone: Zone) -> None:
    wrong = create("r.example.com", SetIdentifier="one", Weight=1, Region="eu-west-1")
    assert zone.refusal(wrong)[0] == "InvalidInput"


@pytest.mark.B
@pytest.mark.parametrize(
    "policy",
    [
        {"Weight": 256},
        {"Weight": -1},
        {"Region": "mars-north-1"},
        {"Failover": "TERTIARY"},
        {"GeoLocation": {}},
        {"GeoLocation": {"ContinentCode": "EU", "CountryCode": "DE"}},
        {"GeoLocation": {"ContinentCode": "EU", "SubdivisionCode": "CA"}},
        {"GeoProximityLocation": {"Bias": 1}},
        {"GeoProximityLocation": {"AWSRegion": "us-east-1", "Bias": 100}},
    ],
    ids=str,
)
def test_routing_policy_out_of_range_is_refused(zone: Zone, policy: dict[str, Any]) -> None:
    assert zone.refusal(create("r.example.com", SetIdentifier="one", **policy))[0] == "InvalidInput"


@pytest.mark.B
def test_routing_multivalue_alias_is_refused(zone: Zone) -> None:
    target = alias("lb.us-east-1.elb.amazonaws.com")
    wrong = create("r.example.com", SetIdentifier="one", MultiValueAnswer=True, **target)
    assert zone.refusal(wrong)[0] == "InvalidInput"


@pytest.mark.P
def test_routing_identifiers_tell_sets_apart(zone: Zone) -> None:
    zone.change(
        create("r.example.com", SetIdentifier="one", Weight=1),
        create("r.example.com", SetIdentifier="two", Weight=2),
    )
    zone.change(upsert("r.example.com", "A", "192.0.2.9", SetIdentifier="one", Weight=0))
    assert [one["Weight"] for one in zone.get("r.example.com.")] == [0, 2]
    code, text = zone.refusal(create("r.example.com", SetIdentifier="two", Weight=5))
    assert code == "InvalidChangeBatch"
    assert "set-identifier='two'] but it already exists" in text
    assert zone.refuses(delete("r.example.com", SetIdentifier="two", Weight=9))


@pytest.mark.P
def test_routing_kinds_cannot_be_mixed_in_a_group(zone: Zone) -> None:
    zone.change(create("r.example.com", SetIdentifier="one", Weight=1), create("s.example.com"))
    assert zone.refuses(create("r.example.com"))
    assert zone.refuses(create("r.example.com", SetIdentifier="two", Region="eu-west-1"))
    assert zone.refuses(create("s.example.com", SetIdentifier="one", MultiValueAnswer=True))
    zone.change(create("r.example.com", "AAAA", "2001:db8::1"))


@pytest.mark.P
@pytest.mark.parametrize("policy", [{"Region": "eu-west-1"}, {"Failover": "PRIMARY"}], ids=str)
def test_routing_place_is_taken_once(zone: Zone, policy: dict[str, Any]) -> None:
    zone.change(create("r.example.com", SetIdentifier="one", **policy))
    assert zone.refuses(create("r.example.com", SetIdentifier="two", **policy))


@pytest.mark.P
def test_routing_weighted_sets_share_their_ttl(zone: Zone) -> None:
    zone.change(create("r.example.com", SetIdentifier="one", Weight=1))
    assert zone.refuses(create("r.example.com", SetIdentifier="two", Weight=1, TTL=60))
    zone.change(
        upsert("r.example.com", SetIdentifier="one", Weight=1, TTL=60),
        create("r.example.com", SetIdentifier="two", Weight=1, TTL=60),
    )


@pytest.mark.M
def test_routing_cnames_can_share_a_name(zone: Zone) -> None:
    zone.change(
        create("r.example.com", "CNAME", "a.example.org", SetIdentifier="one", Weight=1),
        create("r.example.com", "CNAME", "b.example.org", SetIdentifier="two", Weight=1),
    )
    assert zone.refuses(create("r.example.com", SetIdentifier="one", Weight=1))


@pytest.mark.D
def test_routing_group_has_at_most_100_sets(zone: Zone) -> None:
    zone.change(*(create("r.example.com", SetIdentifier=f"{n}", Weight=1) for n in range(100)))
    assert zone.refuses(create("r.example.com", SetIdentifier="more", Weight=1))
