"""Batches of changes: all or nothing, in AWS's words, and how they are followed."""

import pytest
from aws import Account, refused
from dns_zone import Zone, alias, change, create, delete, reference, upsert


@pytest.fixture
def zone(aws: Account) -> Zone:
    return Zone(aws)


# --- one transaction ----------------------------------------------------------------------------


@pytest.mark.B
def test_change_is_transactional(zone: Zone) -> None:
    assert zone.refuses(create("a.example.com"), create("b.example.com", "A", "not an address"))
    assert zone.refuses(create("a.example.com"), delete("missing.example.com"))
    assert [one["Type"] for one in zone.all()] == ["NS", "SOA"]


@pytest.mark.P
def test_change_create_over_existing_set_is_refused(zone: Zone) -> None:
    zone.change(create("a.example.com"))
    code, text = zone.refusal(create("a.example.com", "A", "192.0.2.2"))
    assert code == "InvalidChangeBatch"
    assert "[name='a.example.com.', type='A'] but it already exists" in text


@pytest.mark.M
@pytest.mark.parametrize(
    "wrong",
    [
        delete("a.example.com", "A", "192.0.2.9", "192.0.2.2"),
        delete("a.example.com", "A", "192.0.2.1"),
        delete("a.example.com", "A", "192.0.2.1", "192.0.2.2", TTL=60),
        delete("a.example.com", "AAAA", "2001:db8::1"),
        delete("a.example.com", "A", **alias("lb.us-east-1.elb.amazonaws.com")),
    ],
    ids=["a value", "fewer values", "ttl", "type", "alias"],
)
def test_change_delete_must_be_exact(zone: Zone, wrong: dict[str, object]) -> None:
    zone.change(create("a.example.com", "A", "192.0.2.1", "192.0.2.2"))
    assert zone.refuses(wrong)
    zone.change(delete("a.example.com", "A", "192.0.2.2", "192.0.2.1"))
    assert zone.get("a.example.com.") == []


@pytest.mark.M
def test_change_delete_of_alias_must_be_exact(zone: Zone) -> None:
    there = alias("lb.us-east-1.elb.amazonaws.com")
    zone.change(create("a.example.com", **there))
    assert zone.refuses(
        delete("a.example.com", **alias("lb.us-east-1.elb.amazonaws.com", health=False))
    )
    assert zone.refuses(delete("a.example.com", **alias("x.us-east-1.elb.amazonaws.com")))
    zone.change(delete("a.example.com", **there))


@pytest.mark.B
def test_change_upsert_creates_and_replaces(zone: Zone) -> None:
    zone.change(upsert("a.example.com"))
    zone.change(upsert("a.example.com", "A", "192.0.2.7", TTL=60))
    (only,) = zone.get("a.example.com.")
    assert (only["TTL"], only["ResourceRecords"]) == (60, [{"Value": "192.0.2.7"}])
    zone.change(upsert("a.example.com", **alias("lb.us-east-1.elb.amazonaws.com")))
    (only,) = zone.get("a.example.com.")
    assert "TTL" not in only and "ResourceRecords" not in only


@pytest.mark.B
def test_change_same_set_twice_in_a_batch_is_refused(zone: Zone) -> None:
    zone.change(create("a.example.com"))
    assert zone.refuses(delete("a.example.com"), delete("a.example.com"))


@pytest.mark.P
@pytest.mark.parametrize(
    "actions", [("CREATE", "CREATE"), ("UPSERT", "UPSERT"), ("CREATE", "DELETE")]
)
def test_change_contradicting_changes_are_refused(zone: Zone, actions: tuple[str, str]) -> None:
    code, text = zone.refusal(*(change(action, "a.example.com") for action in actions))
    assert code == "InvalidChangeBatch"
    assert "invalid set of changes for a resource record set 'A a.example.com.'" in text


@pytest.mark.P
def test_change_delete_then_create_replaces(zone: Zone) -> None:
    zone.change(create("a.example.com"))
    zone.change(delete("a.example.com"), create("a.example.com", "A", "192.0.2.5"))
    (only,) = zone.get("a.example.com.")
    assert only["ResourceRecords"] == [{"Value": "192.0.2.5"}]


@pytest.mark.P
def test_change_order_counts(zone: Zone) -> None:
    """roadworker#89 and octodns#531: the old type must go before the new one comes."""
    zone.change(create("a.example.com"))
    cname = create("a.example.com", "CNAME", "b.example.com")
    assert zone.refuses(cname, delete("a.example.com"))
    zone.change(delete("a.example.com"), cname)
    assert zone.get("a.example.com.", "CNAME")


# --- what may stand where ---------------------------------------------------------------------


@pytest.mark.P
def test_change_cname_beside_other_types_is_refused(zone: Zone) -> None:
    zone.change(create("a.example.com"), create("c.example.com", "CNAME", "x.example.org"))
    assert zone.refuses(create("a.example.com", "CNAME", "x.example.org"))
    assert zone.refuses(create("c.example.com"))
    assert zone.refuses(create("c.example.com", "TXT", '"x"'))
    assert zone.refuses(create("n.example.com"), create("n.example.com", "CNAME", "x.example.org"))


@pytest.mark.P
def test_change_cname_at_apex_is_refused(zone: Zone) -> None:
    code, text = zone.refusal(create("example.com", "CNAME", "x.example.org"))
    assert code == "InvalidChangeBatch"
    assert "is not permitted at apex in zone example.com." in text


@pytest.mark.P
def test_change_apex_keeps_soa_and_ns(zone: Zone) -> None:
    (ns, soa) = zone.all()
    for needed in (ns, soa):
        assert zone.refuses({"Action": "DELETE", "ResourceRecordSet": needed})
    assert zone.refuses(create("sub.example.com", "SOA", soa["ResourceRecords"][0]["Value"]))
    zone.change({"Action": "UPSERT", "ResourceRecordSet": {**ns, "TTL": 60}})
    assert zone.get("example.com.", "NS")[0]["TTL"] == 60


@pytest.mark.P
def test_change_outside_the_zone_is_refused(zone: Zone) -> None:
    code, text = zone.refusal(create("a.example.org"))
    assert code == "InvalidChangeBatch"
    assert "RRSet with DNS name a.example.org. is not permitted in zone example.com." in text
    assert zone.refuses(create("notexample.com"))


# --- alias targets ----------------------------------------------------------------------------


@pytest.mark.B
def test_change_alias_is_echoed_without_ttl(zone: Zone) -> None:
    zone.change(create("a.example.com", **alias("LB-1.us-east-1.elb.amazonaws.com", health=False)))
    (only,) = zone.get("a.example.com.")
    assert only == {
        "Name": "a.example.com.",
        "Type": "A",
        "AliasTarget": {
            "HostedZoneId": "Z35SXDOTRQ7X7K",
            "DNSName": "lb-1.us-east-1.elb.amazonaws.com.",
            "EvaluateTargetHealth": False,
        },
    }


@pytest.mark.P
@pytest.mark.parametrize("more", [{"TTL": 60}, {"ResourceRecords": [{"Value": "192.0.2.1"}]}])
def test_change_alias_with_ttl_or_values_is_refused(zone: Zone, more: dict[str, object]) -> None:
    wrong = create("a.example.com", **alias("lb.us-east-1.elb.amazonaws.com"), **more)
    assert zone.refusal(wrong)[0] == "InvalidInput"


@pytest.mark.P
@pytest.mark.parametrize(
    "target",
    [
        alias("lb.us-east-1.elb.amazonaws.com", "Z000000000000000000XX"),
        alias("lb.eu-west-1.elb.amazonaws.com"),
        alias("www.example.org"),
    ],
    ids=["no such zone", "zone of another region", "no name of the zone"],
)
def test_change_alias_to_nonsense_is_refused(zone: Zone, target: dict[str, object]) -> None:
    code, text = zone.refusal(create("a.example.com", **target))
    assert code == "InvalidChangeBatch"
    assert "the alias target name does not lie within the target zone" in text


@pytest.mark.P
def test_change_alias_within_the_zone_needs_its_target(zone: Zone) -> None:
    code, text = zone.refusal(create("a.example.com", **alias("b.example.com", zone.id)))
    assert code == "InvalidChangeBatch"
    assert "but that target was not found" in text
    zone.change(create("b.example.com"), create("a.example.com", **alias("b.example.com", zone.id)))
    assert zone.refuses(create("t.example.com", "TXT", **alias("b.example.com", zone.id)))


@pytest.mark.M
@pytest.mark.parametrize("kind", ["TXT", "CNAME", "NS"])
def test_change_alias_of_a_type_that_a_load_balancer_has_not(zone: Zone, kind: str) -> None:
    assert zone.refuses(create("a.example.com", kind, **alias("lb.us-east-1.elb.amazonaws.com")))


# --- health checks ------------------------------------------------------------------------------


@pytest.mark.B
def test_change_with_an_unknown_health_check_is_refused(zone: Zone) -> None:
    with refused("NoSuchHealthCheck"):
        zone.change(create("a.example.com", HealthCheckId="7f0b0ed5-0000-0000-0000-000000000000"))
    made = zone.route53.create_health_check(
        CallerReference=reference(),
        HealthCheckConfig={"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 80},
    )["HealthCheck"]["Id"]
    zone.change(create("a.example.com", HealthCheckId=made))
    assert zone.get("a.example.com.")[0]["HealthCheckId"] == made


# --- error shape ------------------------------------------------------------------------------


@pytest.mark.P
def test_error_shape_is_a_list_of_every_message(zone: Zone) -> None:
    zone.change(create("a.example.com"), create("t.example.com", "TXT", '"x"'))
    code, text = zone.refusal(
        create("a.example.com"),
        delete("t.example.com", "TXT", '"y"'),
        delete("m.example.com"),
    )
    assert code == "InvalidChangeBatch"
    assert text == (
        "[Tried to create resource record set [name='a.example.com.', type='A'] "
        "but it already exists, "
        "Tried to delete resource record set [name='t.example.com.', type='TXT'] "
        "but the values provided do not match the current values, "
        "Tried to delete resource record set [name='m.example.com.', type='A'] "
        "but it was not found]"
    )


@pytest.mark.B
def test_error_shape_of_an_unknown_zone(zone: Zone) -> None:
    zone.id = "Z00000000000000000000"
    with refused("NoSuchHostedZone"):
        zone.change(create("a.example.com"))


# --- GetChange --------------------------------------------------------------------------------


@pytest.mark.B
def test_get_change_is_pending_first(zone: Zone) -> None:
    made = zone.change(create("a.example.com"), Comment="why")
    assert (made["Status"], made["Comment"]) == ("PENDING", "why")
    found = zone.route53.get_change(Id=made["Id"])["ChangeInfo"]
    assert found == {**made, "Status": "INSYNC"}


@pytest.mark.B
def test_get_change_is_insync_after_a_delay(zone: Zone) -> None:
    account = zone.account
    settings = {"account": account.id, "settings": {"route53.insync-seconds": 60}}
    account.control("POST", "/settings", settings)
    made = zone.change(create("a.example.com"))
    assert zone.route53.get_change(Id=made["Id"])["ChangeInfo"]["Status"] == "PENDING"
    assert zone.get("a.example.com."), "a list shows changes that are still pending"
    settings["settings"] = {"route53.insync-seconds": None}
    account.control("POST", "/settings", settings)
    assert zone.route53.get_change(Id=made["Id"])["ChangeInfo"]["Status"] == "INSYNC"


@pytest.mark.B
def test_get_change_of_an_unknown_id(zone: Zone) -> None:
    with refused("NoSuchChange"):
        zone.route53.get_change(Id="C00000000000000000000")


@pytest.mark.P
def test_an_alias_to_a_load_balancer_that_is_not_there(aws: Account) -> None:
    """AWS's words, also for minutes after it was made (boto/boto #2519)."""
    zone = Zone(aws)
    target = aws.load_balancer()["DNSName"]
    other = Account(aws.endpoint).load_balancer()["DNSName"]
    body = {"account": aws.id, "settings": {"route53.alias-target-seconds": 60}}
    aws.control("POST", "/settings", body)
    for name in ("old-1.us-east-1.elb.amazonaws.com", target, f"dualstack.{target}"):
        code, told = zone.refusal(create("a.example.com", **alias(name)))
        assert code == "InvalidChangeBatch"
        assert told.count("Tried to") == 1 and "but that target was not found" in told
    aws.control("POST", "/clock", {"account": aws.id, "advance": 60})
    zone.change(create("a.example.com", **alias(f"dualstack.{target.upper()}")))
    body["settings"] = {"route53.alias-target-seconds": 0}
    aws.control("POST", "/settings", body)
    zone.change(create("b.example.com", **alias(other)))
