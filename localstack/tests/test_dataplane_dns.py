"""The resolver: Route 53's records over UDP, TCP and HTTPS."""

import os
import shutil
import socket
import subprocess
from collections import Counter
from typing import Any

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest
from aws import Account
from dataplane_ground import Alb, alb, fixed, require

__all__ = ["alb"]

ZONE = "example.com"
ELB_ZONE = "Z35SXDOTRQ7X7K"


def record(name: str, kind: str, *values: str, **more: Any) -> dict[str, Any]:
    resources = [{"Value": value} for value in values]
    return {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": resources, **more}


def alias(name: str, target: str, zone: str = ELB_ZONE, **more: Any) -> dict[str, Any]:
    evaluates = more.pop("evaluates", False)
    told = {"HostedZoneId": zone, "DNSName": target, "EvaluateTargetHealth": evaluates}
    return {"Name": name, "Type": "A", "AliasTarget": told, **more}


class Names:
    """A zone and a resolver for one account."""

    def __init__(self, aws: Account, **more: Any) -> None:
        require(aws)
        self.aws = aws
        self.route53 = aws.client("route53")
        made = self.route53.create_hosted_zone(Name=ZONE, CallerReference=repr(more), **more)
        self.zone = made["HostedZone"]["Id"]
        self.view = f"account={aws.id}"

    def put(self, *record_sets: dict[str, Any]) -> None:
        changes = [{"Action": "UPSERT", "ResourceRecordSet": one} for one in record_sets]
        batch = {"Changes": changes}
        self.route53.change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch=batch)
        self.aws.control("GET", "/settled")

    def message(self, name: str, kind: str = "A", *, tcp: bool = False) -> dns.message.Message:
        told = self.aws.control("POST", f"/resolver?{self.view}")["address"]
        address, _, port = told.partition(":")
        ask = dns.query.tcp if tcp else dns.query.udp
        return ask(dns.message.make_query(name, kind), address, port=int(port), timeout=5)

    def ask(self, name: str, kind: str = "A") -> list[str]:
        """The data of the answer's records, CNAMEs in front."""
        answer = self.message(name, kind).answer
        return [record.to_text() for records in answer for record in records]


@pytest.fixture
def named(aws: Account) -> Names:
    return Names(aws)


def test_kinds_of_records(named: Names) -> None:
    named.put(
        record(f"a.{ZONE}", "A", "192.0.2.1", "192.0.2.2"),
        record(f"six.{ZONE}", "AAAA", "2001:db8::1"),
        record(f"to.{ZONE}", "CNAME", f"a.{ZONE}"),
        record(f"text.{ZONE}", "TXT", '"one" "two"', r'"with \"quotes\""'),
        record(ZONE, "MX", "10 mail.example.com"),
    )
    assert sorted(named.ask(f"a.{ZONE}")) == ["192.0.2.1", "192.0.2.2"]
    assert len(named.ask("A.Example.COM")) == 2
    assert named.ask(f"six.{ZONE}", "AAAA") == ["2001:db8::1"]
    assert named.ask(f"to.{ZONE}")[0] == f"a.{ZONE}." and len(named.ask(f"to.{ZONE}")) == 3
    assert sorted(named.ask(f"text.{ZONE}", "TXT")) == ['"one" "two"', r'"with \"quotes\""']
    assert named.ask(ZONE, "MX") == ["10 mail.example.com."]
    assert named.ask(ZONE, "SOA")
    assert named.ask(f"a.{ZONE}", "TXT") == []
    assert named.message(f"a.{ZONE}", "TXT").rcode() == dns.rcode.NOERROR
    assert named.message(f"none.{ZONE}").rcode() == dns.rcode.NXDOMAIN
    assert named.message("elsewhere.test").rcode() == dns.rcode.REFUSED


def test_wildcards(named: Names) -> None:
    named.put(
        record(f"*.{ZONE}", "A", "192.0.2.1"),
        record(f"a.b.{ZONE}", "A", "192.0.2.2"),
    )
    assert named.ask(f"any.{ZONE}") == ["192.0.2.1"]
    assert named.ask(f"any.thing.{ZONE}") == ["192.0.2.1"]
    assert named.ask(f"a.b.{ZONE}") == ["192.0.2.2"]
    # RFC 4592: what lies below a name that exists is not covered, nor is that name itself.
    assert named.ask(f"b.{ZONE}") == []
    assert named.message(f"c.b.{ZONE}").rcode() == dns.rcode.NXDOMAIN


def test_an_alias_leads_to_the_load_balancer(aws: Account) -> None:
    balancer, named = Alb(aws), Names(aws)
    named.put(
        alias(f"www.{ZONE}", f"dualstack.{balancer.dns_name}"),
        alias(f"also.{ZONE}", f"www.{ZONE}", named.zone.removeprefix("/hostedzone/")),
    )
    assert named.ask(f"www.{ZONE}") == [balancer.address]
    assert named.ask(f"also.{ZONE}") == [balancer.address]
    assert named.ask(balancer.dns_name) == [balancer.address]
    assert named.ask(f"www.{ZONE}", "AAAA") == []
    resolved = aws.control("GET", f"/resolve?name=www.{ZONE}&{named.view}")
    assert resolved["records"] == [f"www.{ZONE}. 60 IN A {balancer.address}"]
    aws.elbv2.delete_load_balancer(LoadBalancerArn=balancer.arn)
    balancer.settle()
    assert named.ask(f"www.{ZONE}") == []


def test_weights_and_several_values(named: Names) -> None:
    def weighted(name: str, address: str, weight: int) -> dict[str, Any]:
        return record(name, "A", address, SetIdentifier=address, Weight=weight)

    def several(address: str) -> dict[str, Any]:
        more = {"SetIdentifier": address, "MultiValueAnswer": True}
        return record(f"m.{ZONE}", "A", address, **more)

    named.put(
        weighted(f"w.{ZONE}", "192.0.2.1", 3),
        weighted(f"w.{ZONE}", "192.0.2.2", 1),
        weighted(f"w.{ZONE}", "192.0.2.3", 0),
        several("192.0.2.4"),
        several("192.0.2.5"),
    )
    found = Counter(named.ask(f"w.{ZONE}")[0] for _ in range(200))
    assert set(found) == {"192.0.2.1", "192.0.2.2"} and found["192.0.2.1"] > 110, found
    assert sorted(named.ask(f"m.{ZONE}")) == ["192.0.2.4", "192.0.2.5"]


def failing_over(aws: Account) -> tuple[Alb, Names, str]:
    """A name that leads to a load balancer with two targets, or else to 192.0.2.9."""
    balancer, named = Alb(aws), Names(aws)
    group = balancer.group()
    targets = [{"Id": f"172.31.9.{last}", "Port": 80} for last in (8, 9)]
    aws.elbv2.register_targets(TargetGroupArn=group, Targets=targets)
    balancer.default({"Type": "forward", "TargetGroupArn": group})
    named.put(
        alias(
            f"f.{ZONE}", balancer.dns_name, evaluates=True, SetIdentifier="1", Failover="PRIMARY"
        ),
        record(f"f.{ZONE}", "A", "192.0.2.9", SetIdentifier="2", Failover="SECONDARY"),
    )
    return balancer, named, group


def fail(balancer: Alb, group: str, target: str) -> None:
    wish = {"account": balancer.aws.id, "target_group": group, "target": target, "port": 80}
    balancer.aws.control("POST", "/health", wish | {"state": "unhealthy"})
    balancer.settle()


def test_failover_by_the_health_of_the_load_balancer(aws: Account) -> None:
    balancer, named, group = failing_over(aws)
    assert named.ask(f"f.{ZONE}") == [balancer.address]
    fail(balancer, group, "172.31.9.8")
    assert named.ask(f"f.{ZONE}") == [balancer.address]
    fail(balancer, group, "172.31.9.9")
    assert named.ask(f"f.{ZONE}") == ["192.0.2.9"]


@pytest.mark.parametrize("limit", [{"count": "2"}, {"percentage": "51"}])
def test_a_target_group_says_how_many_must_be_healthy(aws: Account, limit: dict[str, str]) -> None:
    """AWS's guide, "Target group health": for DNS failover it may be more than one, or none."""
    balancer, named, group = failing_over(aws)
    prefix = "target_group_health__dns_failover__minimum_healthy_targets__"
    balancer.group_attributes(group, **{prefix + name: value for name, value in limit.items()})
    assert named.ask(f"f.{ZONE}") == [balancer.address]
    fail(balancer, group, "172.31.9.8")
    assert named.ask(f"f.{ZONE}") == ["192.0.2.9"]
    off = {prefix + name: "off" for name in ("count", "percentage")}
    balancer.group_attributes(group, **off)
    fail(balancer, group, "172.31.9.9")
    assert named.ask(f"f.{ZONE}") == [balancer.address]


def health_check(aws: Account) -> str:
    config = {"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 80}
    made = aws.client("route53").create_health_check(
        CallerReference=os.urandom(8).hex(), HealthCheckConfig=config
    )
    return str(made["HealthCheck"]["Id"])


def test_failover_by_health_checks(named: Names) -> None:
    aws = named.aws
    first, second = health_check(aws), health_check(aws)

    def say(check: str, state: str) -> list[str]:
        wish = {"account": aws.id, "health_check": check, "state": state}
        aws.control("POST", "/health-check", wish)
        aws.control("GET", "/settled")
        return named.ask(f"f.{ZONE}")

    for name in ("f", "other"):
        primary, secondary = (
            record(f"{name}.{ZONE}", "A", value, SetIdentifier=role, Failover=role)
            for value, role in (("192.0.2.1", "PRIMARY"), ("192.0.2.2", "SECONDARY"))
        )
        named.put(primary | {"HealthCheckId": first}, secondary | {"HealthCheckId": second})
    assert named.ask(f"f.{ZONE}") == ["192.0.2.1"]
    assert say(first, "unhealthy") == ["192.0.2.2"]
    # Route 53's guide: with none healthy, all are taken for healthy.
    assert say(second, "unhealthy") == ["192.0.2.1"]
    assert say(second, "healthy") == ["192.0.2.2"]
    # An alias that evaluates its target looks at the records there.
    fails = alias(f"a.{ZONE}", f"f.{ZONE}", named.zone.removeprefix("/hostedzone/"), evaluates=True)
    own = record(f"a.{ZONE}", "A", "192.0.2.3", SetIdentifier="2", Failover="SECONDARY")
    named.put(fails | {"SetIdentifier": "1", "Failover": "PRIMARY"}, own)
    assert named.ask(f"a.{ZONE}") == ["192.0.2.2"]
    say(second, "unhealthy")
    assert named.ask(f"a.{ZONE}") == ["192.0.2.3"]
    assert say(first, "healthy") == ["192.0.2.1"]
    assert named.ask(f"a.{ZONE}") == ["192.0.2.1"]


def test_weights_and_several_values_by_health_checks(named: Names) -> None:
    aws = named.aws
    good, bad = health_check(aws), health_check(aws)
    for number, check in enumerate((good, bad), 1):
        more = {"SetIdentifier": str(number), "HealthCheckId": check}
        value = f"192.0.2.{number}"
        named.put(record(f"w.{ZONE}", "A", value, Weight=1 if check == good else 255, **more))
        named.put(record(f"m.{ZONE}", "A", value, MultiValueAnswer=True, **more))
    wish = {"account": aws.id, "health_check": bad, "state": "unhealthy"}
    aws.control("POST", "/health-check", wish)
    aws.control("GET", "/settled")
    assert all(named.ask(f"w.{ZONE}") == ["192.0.2.1"] for _ in range(10))
    assert named.ask(f"m.{ZONE}") == ["192.0.2.1"]


def test_health_checks_that_are_none(named: Names) -> None:
    wish = {"account": named.aws.id, "health_check": "x", "state": "unhealthy"}
    assert "No health check" in named.aws.control_refuses("POST", "/health-check", wish)
    known = wish | {"health_check": health_check(named.aws)}
    for bad in ({}, [], known | {"state": "odd"}):
        assert named.aws.control_refuses("POST", "/health-check", bad)


def test_private_zones_are_seen_from_their_vpc_only(aws: Account) -> None:
    vpc = {"VPCRegion": aws.region, "VPCId": aws.vpc}
    public, private = Names(aws), Names(aws, VPC=vpc)
    public.put(record(f"a.{ZONE}", "A", "192.0.2.1"))
    private.put(record(f"a.{ZONE}", "A", "10.0.0.1"))
    assert public.ask(f"a.{ZONE}") == ["192.0.2.1"]
    inside = Names.__new__(Names)
    inside.aws, inside.view = aws, f"account={aws.id}&vpc={aws.vpc}"
    assert inside.ask(f"a.{ZONE}") == ["10.0.0.1"]


def test_accounts_do_not_see_each_other(aws: Account, named: Names) -> None:
    named.put(record(f"a.{ZONE}", "A", "192.0.2.1"))
    other = Names(Account(aws.endpoint))
    other.put(record(f"a.{ZONE}", "A", "192.0.2.2"))
    assert (named.ask(f"a.{ZONE}"), other.ask(f"a.{ZONE}")) == (["192.0.2.1"], ["192.0.2.2"])


def test_long_answers_and_nonsense(named: Names) -> None:
    addresses = [f"192.0.2.{number}" for number in range(100)]
    named.put(record(f"long.{ZONE}", "A", *addresses))
    assert named.message(f"long.{ZONE}").flags & dns.flags.TC
    answer = named.message(f"long.{ZONE}", tcp=True).answer
    assert len(answer[0]) == 100
    told = named.aws.control("POST", f"/resolver?{named.view}")["address"]
    address, _, port = told.partition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for junk in (b"", b"\x00", b"\xff" * 600):
            client.sendto(junk, (address, int(port)))
    with socket.create_connection((address, int(port)), 5) as client:
        client.sendall(b"\x00\x03abc")
        assert client.recv(100) == b""
    assert len(named.ask(f"long.{ZONE}", "AAAA")) == 0


def test_curl_by_dns_over_https(aws: Account) -> None:
    curl, doh = shutil.which("curl"), os.environ.get("ALBEDO_DOH_URL")
    if curl is None or doh is None:
        pytest.skip("needs curl, and the environment that `up` writes")
    balancer, named = Alb(aws), Names(aws)
    balancer.default(fixed("by name"))
    named.put(alias(f"www.{ZONE}", balancer.dns_name))
    command = [curl, "-s", "--doh-url", f"{doh}/{aws.id}", "--doh-insecure"]
    done = subprocess.run(
        [*command, f"http://www.{ZONE}/"], capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.returncode, done.stdout) == (0, "by name"), done.stderr
