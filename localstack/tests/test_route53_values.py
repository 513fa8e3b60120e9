"""What each type of record allows as a value."""

import pytest
from aws import Account
from dns_zone import Zone, create, delete

LONGEST_STRING = "x" * 255

RIGHT = [
    ("A", "192.0.2.1"),
    ("AAAA", "2001:DB8::1"),
    ("CAA", '0 issue "amazon.com"'),
    ("CNAME", "Target.example.org"),
    ("DS", "123 4 5 1234567890abcdef1234567890ABCDEF"),
    ("HTTPS", '1 . alpn="h2"'),
    ("MX", "10 mail.example.org."),
    ("NAPTR", '10 20 "u" "sip+E2U" "!^.*$!sip:info@example.com!" .'),
    ("NS", "ns1.example.org."),
    ("PTR", "host.example.org"),
    ("SPF", '"v=spf1 -all"'),
    ("SRV", "1 10 5269 xmpp.example.org."),
    ("SSHFP", "1 1 09f6a01d2175742b257c6b98b7c72c44c4040683"),
    ("SVCB", "1 svc.example.org."),
    ("TLSA", "3 1 1 0d6fce3d"),
    ("TXT", '"plain"'),
    ("TXT", '""'),
    ("TXT", '"two" "strings"'),
    ("TXT", r'"a \"quoted\" word and \303\274"'),
    ("TXT", f'"{LONGEST_STRING}"'),
]

WRONG = [
    ("A", "192.0.2"),
    ("A", "192.0.2.256"),
    ("A", "192.0.2.1 "),
    ("A", "www.example.org"),
    ("AAAA", "192.0.2.1"),
    ("AAAA", "2001:db8::1::"),
    ("AAAA", "fe80::1%eth0"),
    ("CAA", "0 issue amazon.com"),
    ("CAA", '256 issue "amazon.com"'),
    ("CNAME", "two words"),
    ("CNAME", f"{'x' * 64}.example.org"),
    ("DS", "123 4 5 xyz"),
    ("HTTPS", "1"),
    ("MX", "mail.example.org."),
    ("MX", "65536 mail.example.org."),
    ("NAPTR", "10 20 u sip x ."),
    ("NS", ""),
    ("PTR", "a..example.org"),
    ("SOA", "ns.example.org. hostmaster.example.org. 1 2 3 4"),
    ("SPF", "v=spf1 -all"),
    ("SRV", "1 10 xmpp.example.org."),
    ("SRV", "1 10 65536 xmpp.example.org."),
    ("SSHFP", "1 1"),
    ("TLSA", "3 1 256 0d"),
    ("TXT", "unquoted"),
    ("TXT", '"one'),
    ("TXT", '"a" b'),
    ("TXT", '"a""b"'),
    ("TXT", ""),
    ("TXT", f'"{LONGEST_STRING}x"'),
    ("TXT", '"ü"'),
]


@pytest.fixture
def zone(aws: Account) -> Zone:
    return Zone(aws)


@pytest.mark.D
@pytest.mark.parametrize(("kind", "value"), RIGHT)
def test_value_is_taken_and_echoed_as_it_was(zone: Zone, kind: str, value: str) -> None:
    zone.change(create("v.example.com", kind, value))
    assert zone.get("v.example.com.", kind)[0]["ResourceRecords"] == [{"Value": value}]
    zone.change(delete("v.example.com", kind, value))


@pytest.mark.D
@pytest.mark.parametrize(("kind", "value"), WRONG, ids=lambda text: text[:40])
def test_value_that_its_type_does_not_allow_is_refused(zone: Zone, kind: str, value: str) -> None:
    name = "example.com" if kind == "SOA" else "v.example.com"
    assert zone.refuses(create(name, kind, value))


@pytest.mark.P
def test_value_unquoted_txt_says_so(zone: Zone) -> None:
    code, text = zone.refusal(create("v.example.com", "TXT", "plain"))
    assert code == "InvalidChangeBatch"
    assert "InvalidCharacterString (Value should be enclosed in quotation marks)" in text


@pytest.mark.P
def test_value_twice_is_refused(zone: Zone) -> None:
    assert zone.refuses(create("v.example.com", "A", "192.0.2.1", "192.0.2.1"))


@pytest.mark.D
def test_value_of_cname_is_one(zone: Zone) -> None:
    assert zone.refuses(create("v.example.com", "CNAME", "a.example.org", "b.example.org"))


@pytest.mark.P
@pytest.mark.parametrize("missing", ["TTL", "ResourceRecords"])
def test_value_or_ttl_missing_is_refused(zone: Zone, missing: str) -> None:
    wrong = create("v.example.com")
    del wrong["ResourceRecordSet"][missing]
    assert zone.refusal(wrong)[0] == "InvalidInput"
