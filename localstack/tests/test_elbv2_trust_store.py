"""Trust stores, and capacity reservations of load balancers."""

from typing import Any

import pytest
from aws import Account, certificate_for, refused, unused
from trust_material import authority, bundle, put, trust_store


@pytest.mark.B
def test_create_and_describe(aws: Account) -> None:
    bucket = put(aws, ca=authority()[0] * 2)
    made = aws.elbv2.create_trust_store(Name="t", **bundle(bucket))["TrustStores"][0]
    assert made["Status"] == "CREATING"
    told = aws.elbv2.describe_trust_stores(Names=["t"])["TrustStores"]
    assert told == [made | {"Status": "ACTIVE"}]
    assert (made["NumberOfCaCertificates"], made["TotalRevokedEntries"]) == (2, 0)
    arn = made["TrustStoreArn"]
    with refused("DuplicateTrustStoreName"):
        aws.elbv2.create_trust_store(Name="t", **bundle(bucket))
    with refused("TrustStoreNotFound"):
        aws.elbv2.describe_trust_stores(Names=["t", "gone"])
    assert aws.elbv2.get_trust_store_ca_certificates_bundle(TrustStoreArn=arn)["Location"]
    aws.elbv2.add_tags(ResourceArns=[arn], Tags=[{"Key": "k", "Value": "v"}])
    assert aws.elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
    aws.elbv2.delete_trust_store(TrustStoreArn=arn)
    with refused("TrustStoreNotFound"):
        aws.elbv2.delete_trust_store(TrustStoreArn=arn)


@pytest.mark.B
@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("gone", "CaCertificatesBundleNotFound"),
        ("junk", "InvalidCaCertificatesBundle"),
        ("leaf", "InvalidCaCertificatesBundle"),
        ("many", "InvalidCaCertificatesBundle"),
    ],
)
def test_bad_bundles(aws: Account, key: str, code: str) -> None:
    ca = authority()[0]
    leaf = certificate_for("a.example.com")[0]
    arn = trust_store(aws)
    bucket = put(aws, junk=b"junk", leaf=leaf, many=ca * 26)
    with refused(code):
        aws.elbv2.create_trust_store(Name="bad", **bundle(bucket, key))
    with refused(code):
        aws.elbv2.modify_trust_store(TrustStoreArn=arn, **bundle(bucket, key))


@pytest.mark.D
def test_20_trust_stores(aws: Account) -> None:
    bucket = put(aws, ca=authority()[0])
    for number in range(20):
        aws.elbv2.create_trust_store(Name=f"t{number}", **bundle(bucket))
    with refused("TooManyTrustStores"):
        aws.elbv2.create_trust_store(Name="t20", **bundle(bucket))


@pytest.mark.B
def test_used_by_a_listener(aws: Account) -> None:
    late = {"elbv2.trust-store-creating-seconds": 10}
    aws.control("POST", "/settings", {"account": aws.id, "settings": late})
    arn, load_balancer = trust_store(aws), aws.load_balancer()["LoadBalancerArn"]
    verify = {"Mode": "verify", "TrustStoreArn": arn}
    with refused("TrustStoreNotReady"):
        aws.https_listener(load_balancer, MutualAuthentication=verify)
    aws.control("POST", "/clock", {"account": aws.id, "advance": 11})
    with refused("TrustStoreNotFound"):
        gone = verify | {"TrustStoreArn": unused(arn)}
        aws.https_listener(load_balancer, MutualAuthentication=gone)
    listener = aws.https_listener(load_balancer, MutualAuthentication=verify)["ListenerArn"]
    found = aws.elbv2.describe_trust_store_associations(TrustStoreArn=arn)
    assert found["TrustStoreAssociations"] == [{"ResourceArn": load_balancer}]
    with refused("TrustStoreInUse"):
        aws.elbv2.delete_trust_store(TrustStoreArn=arn)
    aws.elbv2.delete_listener(ListenerArn=listener)
    aws.elbv2.delete_trust_store(TrustStoreArn=arn)


@pytest.mark.B
def test_revocations(aws: Account) -> None:
    arn, bucket = trust_store(aws), f"b-{aws.id}"

    def add(key: str) -> list[dict[str, Any]]:
        contents = [{"S3Bucket": bucket, "S3Key": key}]
        made = aws.elbv2.add_trust_store_revocations(TrustStoreArn=arn, RevocationContents=contents)
        return made["TrustStoreRevocations"]

    [made] = add("crl")
    assert (made["RevocationId"], made["NumberOfRevokedEntries"]) == (1, 3)
    told = aws.elbv2.describe_trust_store_revocations(TrustStoreArn=arn)
    assert told["TrustStoreRevocations"] == [made]
    assert aws.elbv2.describe_trust_stores()["TrustStores"][0]["TotalRevokedEntries"] == 3
    assert aws.elbv2.get_trust_store_revocation_content(TrustStoreArn=arn, RevocationId=1)
    with refused("InvalidRevocationContent"):
        add("ca")
    with refused("RevocationContentNotFound"):
        add("gone")
    with refused("RevocationIdNotFound"):
        aws.elbv2.remove_trust_store_revocations(TrustStoreArn=arn, RevocationIds=[1, 2])
    aws.elbv2.remove_trust_store_revocations(TrustStoreArn=arn, RevocationIds=[1])
    assert add("crl")[0]["RevocationId"] == 2, "numbers are not given twice"


@pytest.mark.D
def test_revocation_limits(aws: Account) -> None:
    arn, bucket = trust_store(aws), f"b-{aws.id}"

    def add(count: int = 1) -> None:
        content = {"S3Bucket": bucket, "S3Key": "crl"}
        aws.elbv2.add_trust_store_revocations(
            TrustStoreArn=arn, RevocationContents=[content] * count
        )

    aws.settings(quota_revocation_entries_per_trust_store=6)
    add(2)
    with refused("TooManyTrustStoreRevocationEntries"):
        add()
    aws.settings(
        quota_revocation_entries_per_trust_store=9, quota_revocation_lists_per_trust_store=2
    )
    with refused("TooManyTrustStoreRevocationEntries"):
        add()
    aws.settings(quota_revocation_lists_per_trust_store=3)
    add()


@pytest.mark.B
def test_nothing_is_shared(aws: Account) -> None:
    arn = trust_store(aws)
    load_balancer = aws.load_balancer()["LoadBalancerArn"]
    with refused("ResourceNotFound"):
        aws.elbv2.get_resource_policy(ResourceArn=arn)
    wish = {"TrustStoreArn": arn, "ResourceArn": load_balancer}
    with refused("AssociationNotFound"):
        aws.elbv2.delete_shared_trust_store_association(**wish)
    verify = {"Mode": "verify", "TrustStoreArn": arn}
    aws.https_listener(load_balancer, MutualAuthentication=verify)
    with refused("DeleteAssociationSameAccount"):
        aws.elbv2.delete_shared_trust_store_association(**wish)
    with refused("TrustStoreNotFound"):
        aws.elbv2.delete_shared_trust_store_association(**wish | {"TrustStoreArn": unused(arn)})


def _reserve(aws: Account, arn: str, units: int | None) -> dict[str, Any]:
    more: dict[str, Any] = {"MinimumLoadBalancerCapacity": {"CapacityUnits": units}}
    if units is None:
        more = {"ResetCapacityReservation": True}
    return aws.elbv2.modify_capacity_reservation(LoadBalancerArn=arn, **more)


@pytest.mark.B
def test_capacity(aws: Account) -> None:
    aws.settings(capacity_provisioning_seconds=60, quota_reserved_capacity_units=1_000)
    arn = aws.load_balancer()["LoadBalancerArn"]
    told = aws.elbv2.describe_capacity_reservation(LoadBalancerArn=arn)
    assert told["CapacityReservationState"] == []
    states = _reserve(aws, arn, 200)["CapacityReservationState"]
    assert [zone["State"]["Code"] for zone in states] == ["pending", "pending"]
    with refused("CapacityReservationPending"):
        _reserve(aws, arn, 300)
    with refused("CapacityReservationPending"):
        aws.elbv2.set_subnets(LoadBalancerArn=arn, Subnets=aws.subnet_ids())
    aws.control("POST", "/clock", {"account": aws.id, "advance": 61})
    told = aws.elbv2.describe_capacity_reservation(LoadBalancerArn=arn)
    assert told["MinimumLoadBalancerCapacity"] == {"CapacityUnits": 200}
    assert [zone["EffectiveCapacityUnits"] for zone in told["CapacityReservationState"]] == [
        100
    ] * 2
    assert _reserve(aws, arn, None)["CapacityReservationState"] == []


@pytest.mark.D
def test_capacity_of_a_region(aws: Account) -> None:
    """None can be reserved before the quota is raised."""
    one, two = (aws.load_balancer(name)["LoadBalancerArn"] for name in ("one", "two"))
    with refused("CapacityUnitsLimitExceeded"):
        _reserve(aws, one, 100)
    aws.settings(quota_reserved_capacity_units=500)
    _reserve(aws, one, 300)
    with refused("CapacityUnitsLimitExceeded"):
        _reserve(aws, two, 201)
    _reserve(aws, two, 200)


@pytest.mark.M
def test_capacity_limits(aws: Account) -> None:
    arn = aws.load_balancer()["LoadBalancerArn"]
    aws.settings(quota_reserved_capacity_units=20_000)
    with refused("CapacityUnitsLimitExceeded"):
        _reserve(aws, arn, 15_001)
    with refused("ValidationError"):
        _reserve(aws, arn, 0)
    with refused("InvalidConfigurationRequest"):
        aws.elbv2.modify_capacity_reservation(LoadBalancerArn=arn)
    for units in (400, 300, 200):
        _reserve(aws, arn, units)
    with refused("CapacityDecreaseRequestLimitExceeded"):
        _reserve(aws, arn, 100)
    aws.control("POST", "/clock", {"account": aws.id, "advance": 86_401})
    _reserve(aws, arn, 100)
