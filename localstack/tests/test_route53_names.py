"""How names of records are read, folded, echoed and ordered."""

import pytest
from aws import Account, refused
from dns_zone import Zone, create, delete


@pytest.fixture
def zone(aws: Account) -> Zone:
    return Zone(aws)


@pytest.mark.M
@pytest.mark.parametrize(
    ("given", "echoed"),
    [
        ("B.Example.COM", "b.example.com."),
        ("b.example.com.", "b.example.com."),
        ("*.example.com", "\\052.example.com."),
        ("a-*.w.example.com", "a-\\052.w.example.com."),
        ("\\052.example.com", "\\052.example.com."),
        ("a\\040b.example.com", "a\\040b.example.com."),
        ("a/b@c.example.com", "a\\057b\\100c.example.com."),
        ("_acme-1.example.com", "_acme-1.example.com."),
        ("a\\056b.example.com", "a\\056b.example.com."),
        ("\\101.example.com", "a.example.com."),
    ],
)
def test_names_are_folded_and_escaped(zone: Zone, given: str, echoed: str) -> None:
    zone.change(create(given))
    assert len(zone.get(echoed)) == 1
    assert zone.refuses(create(echoed)), "the echo names the same set"
    zone.change(delete(given))


@pytest.mark.D
@pytest.mark.parametrize(
    "name",
    [
        f"{'x' * 64}.example.com",
        f"{'.'.join(['x' * 60] * 4)}.example.com",
        "a..example.com",
        ".example.com",
        "",
    ],
    ids=["label of 64", "name of 256", "empty label", "leading dot", "empty"],
)
def test_names_beyond_dns_are_refused(zone: Zone, name: str) -> None:
    assert zone.refuses(create(name))


@pytest.mark.P
@pytest.mark.parametrize("name", ["a b.example.com", "a.example.com ", "ü.example.com"])
def test_names_with_unsupported_characters_are_refused(zone: Zone, name: str) -> None:
    code, text = zone.refusal(create(name))
    assert code == "InvalidChangeBatch"
    assert "UnsupportedCharacter" in text


@pytest.mark.D
def test_names_of_63_and_255_are_allowed(zone: Zone) -> None:
    zone.change(create(f"{'x' * 63}.example.com"))
    longest = f"{'.'.join(['x' * 60] * 3)}.{'y' * 59}.example.com."
    assert len(longest) == 255
    zone.change(create(longest))


@pytest.mark.B
def test_list_order_is_reversed_labels_then_type_then_identifier(zone: Zone) -> None:
    weighted = {"Weight": 1, "TTL": 300}
    zone.change(
        create("b.example.com"),
        create("a.b.example.com"),
        create("a.example.com", "TXT", '"x"'),
        create("a.example.com", "A", SetIdentifier="two", **weighted),
        create("a.example.com", "A", SetIdentifier="one", **weighted),
        create("a-b.example.com"),
        create("*.example.com"),
    )
    assert [(one["Name"], one["Type"], one.get("SetIdentifier")) for one in zone.all()] == [
        ("example.com.", "NS", None),
        ("example.com.", "SOA", None),
        ("\\052.example.com.", "A", None),
        # "-" sorts before the dot that follows "a".
        ("a-b.example.com.", "A", None),
        ("a.example.com.", "A", "one"),
        ("a.example.com.", "A", "two"),
        ("a.example.com.", "TXT", None),
        ("b.example.com.", "A", None),
        ("a.b.example.com.", "A", None),
    ]


@pytest.mark.B
def test_list_has_300_on_a_page(zone: Zone) -> None:
    zone.change(*(create(f"n{number}.example.com") for number in range(330)))
    first = zone.page(MaxItems="1000")
    assert (len(first["ResourceRecordSets"]), first["IsTruncated"]) == (300, True)
    assert first["MaxItems"] == "300"
    rest = zone.page(
        StartRecordName=first["NextRecordName"], StartRecordType=first["NextRecordType"]
    )
    assert (len(rest["ResourceRecordSets"]), rest["IsTruncated"]) == (32, False)
    assert "NextRecordName" not in rest
    assert zone.all() == first["ResourceRecordSets"] + rest["ResourceRecordSets"]


@pytest.mark.B
def test_list_starts_at_name_type_and_identifier(zone: Zone) -> None:
    weighted = {"Weight": 1, "TTL": 300}
    zone.change(
        *(create("m.example.com", SetIdentifier=name, **weighted) for name in ("a", "b", "c")),
        create("m.example.com", "TXT", '"x"'),
    )
    page = zone.page(MaxItems="2", StartRecordName="M.example.com")
    assert [one["SetIdentifier"] for one in page["ResourceRecordSets"]] == ["a", "b"]
    assert page["NextRecordIdentifier"] == "c"
    page = zone.page(
        StartRecordName="m.example.com", StartRecordType="A", StartRecordIdentifier="c"
    )
    assert [one["Type"] for one in page["ResourceRecordSets"]] == ["A", "TXT"]
    page = zone.page(StartRecordName="m.example.com", StartRecordType="AAAA")
    assert [one["Type"] for one in page["ResourceRecordSets"]] == ["TXT"]
    assert zone.page(StartRecordName="z.example.com")["ResourceRecordSets"] == []


@pytest.mark.B
@pytest.mark.parametrize(
    "wanted",
    [
        {"StartRecordType": "A"},
        {"StartRecordName": "a.example.com", "StartRecordIdentifier": "x"},
        {"StartRecordName": "a..example.com"},
        {"StartRecordName": "a.example.com", "StartRecordType": "NOPE"},
        {"MaxItems": "0"},
        {"MaxItems": "many"},
    ],
    ids=str,
)
def test_list_with_a_wrong_start_is_refused(zone: Zone, wanted: dict[str, str]) -> None:
    with refused("InvalidInput"):
        zone.page(**wanted)
