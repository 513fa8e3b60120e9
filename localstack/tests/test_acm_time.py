"""What time does to certificates: details and InUseBy late, time-outs, renewal, expiry."""

from typing import Any

import pytest
from aws import Account

DAY = 86_400


class Requested:
    """A certificate that waits for its proof, and the public zone where that belongs."""

    def __init__(self, aws: Account, domain: str = "www.example.com") -> None:
        self.aws, self.acm, self.zones = aws, aws.client("acm"), aws.client("route53")
        made = self.zones.create_hosted_zone(Name="example.com", CallerReference="r")
        self.zone = made["HostedZone"]["Id"]
        wanted = {"DomainName": domain, "ValidationMethod": "DNS"}
        self.arn = self.acm.request_certificate(**wanted)["CertificateArn"]

    def told(self) -> dict[str, Any]:
        """What ACM tells of it."""
        return self.acm.describe_certificate(CertificateArn=self.arn)["Certificate"]

    def record(self, name: str, kind: str, value: str, action: str = "UPSERT") -> None:
        """Change a record of the zone."""
        records = {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": records}]}
        self.zones.change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch=batch)

    def prove(self, action: str = "UPSERT") -> None:
        """Put the CNAME into the zone."""
        [option] = self.told()["DomainValidationOptions"]
        record = option["ResourceRecord"]
        self.record(record["Name"], record["Type"], record["Value"], action)

    def use(self) -> str:
        """A listener with it."""
        arn = self.aws.load_balancer()["LoadBalancerArn"]
        certificates = [{"CertificateArn": self.arn}]
        return str(self.aws.https_listener(arn, Certificates=certificates)["ListenerArn"])


def _set(aws: Account, **values: Any) -> None:
    wanted = {"acm." + name.replace("_", "-"): value for name, value in values.items()}
    aws.control("POST", "/settings", {"account": aws.id, "settings": wanted})


def _advance(aws: Account, days: float) -> None:
    aws.control("POST", "/clock", {"account": aws.id, "advance": days * DAY})


@pytest.mark.B
def test_details_come_late(aws: Account) -> None:
    _set(aws, details_seconds=5)
    certificate = Requested(aws)
    assert "ResourceRecord" not in certificate.told()["DomainValidationOptions"][0]
    _advance(aws, 6 / DAY)
    assert "ResourceRecord" in certificate.told()["DomainValidationOptions"][0]


@pytest.mark.M
def test_issued_some_minutes_after_the_proof(aws: Account) -> None:
    _set(aws, issuing_seconds=300)
    certificate = Requested(aws)
    certificate.prove()
    assert certificate.told()["Status"] == "PENDING_VALIDATION"
    _advance(aws, 301 / DAY)
    assert certificate.told()["Status"] == "ISSUED"


@pytest.mark.D
def test_validation_times_out_after_72_hours(aws: Account) -> None:
    certificate = Requested(aws)
    _advance(aws, 2.9)
    assert certificate.told()["Status"] == "PENDING_VALIDATION"
    _advance(aws, 0.2)
    assert certificate.told()["Status"] == "VALIDATION_TIMED_OUT"
    certificate.prove()
    assert certificate.told()["Status"] == "VALIDATION_TIMED_OUT"


@pytest.mark.D
@pytest.mark.parametrize(
    ("issuer", "status"), [("amazon.com", "ISSUED"), ("other.example", "FAILED")]
)
def test_caa(aws: Account, issuer: str, status: str) -> None:
    certificate = Requested(aws)
    certificate.record("example.com", "CAA", f'0 issue "{issuer}"')
    certificate.prove()
    told = certificate.told()
    assert told["Status"] == status
    assert told.get("FailureReason") == ("CAA_ERROR" if status == "FAILED" else None)


@pytest.mark.M
def test_in_use_late_both_ways(aws: Account) -> None:
    _set(aws, in_use_seconds=60)
    certificate = Requested(aws)
    certificate.prove()
    listener = certificate.use()
    assert certificate.told()["InUseBy"] == []
    _advance(aws, 61 / DAY)
    assert len(certificate.told()["InUseBy"]) == 1
    aws.elbv2.delete_listener(ListenerArn=listener)
    assert len(certificate.told()["InUseBy"]) == 1
    _advance(aws, 61 / DAY)
    assert certificate.told()["InUseBy"] == []


@pytest.mark.D
def test_renewed_60_days_before_the_end_if_in_use(aws: Account) -> None:
    certificate = Requested(aws)
    certificate.prove()
    certificate.use()
    before = certificate.told()
    _advance(aws, 334)
    assert certificate.told()["NotAfter"] == before["NotAfter"]
    _advance(aws, 2)
    after = certificate.told()
    assert after["NotAfter"] > before["NotAfter"]
    assert after["RenewalSummary"]["RenewalStatus"] == "SUCCESS"
    assert after["Serial"] != before["Serial"]


@pytest.mark.D
def test_not_renewed_without_the_cname(aws: Account) -> None:
    certificate = Requested(aws)
    certificate.prove()
    certificate.use()
    certificate.prove("DELETE")
    _advance(aws, 340)
    assert certificate.told()["RenewalSummary"]["RenewalStatus"] == "PENDING_VALIDATION"
    _advance(aws, 60)
    assert certificate.told()["Status"] == "EXPIRED"


@pytest.mark.D
def test_not_renewed_if_nobody_uses_it(aws: Account) -> None:
    certificate = Requested(aws)
    certificate.prove()
    assert certificate.told()["Status"] == "ISSUED"
    _advance(aws, 396)
    assert certificate.told()["Status"] == "EXPIRED"


@pytest.mark.D
def test_a_zone_takes_one_batch_at_a_time(aws: Account) -> None:
    wanted = {"route53.prior-request-seconds": 2}
    aws.control("POST", "/settings", {"account": aws.id, "settings": wanted})
    certificate = Requested(aws)
    certificate.record("a.example.com", "A", "10.0.0.1")
    with pytest.raises(aws.elbv2.exceptions.ClientError) as caught:
        certificate.record("b.example.com", "A", "10.0.0.1")
    assert caught.value.response["Error"]["Code"] == "PriorRequestNotComplete"
    _advance(aws, 3 / DAY)
    certificate.record("b.example.com", "A", "10.0.0.1")
