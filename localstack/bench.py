"""The figures of the proving ground, as one client sees them over one connection.

Requests are written by hand: an SDK would take longer to make one than the server to answer it.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import boto3

# What is promised: the least calls a second, the most milliseconds, the most megabytes.
RULES_A_SECOND, CALLS_A_SECOND, BATCH_MS, LARGEST_MB, RESET_MS = 300, 300, 150, 600, 50
LOAD_BALANCERS, RULES = 250, 100
CHANGES = 1000


class Client:
    """One account's ELBv2 over one connection."""

    def __init__(self, account: str) -> None:
        self.account = account
        self._connection = http.client.HTTPConnection(urlsplit(endpoint()).netloc)
        scope = f"{account}/20260101/us-east-1/elasticloadbalancing/aws4_request"
        self._headers = {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=h, Signature=0",
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        }

    def call(self, action: str, **fields: object) -> str:
        """One call of the query protocol; the answer is XML."""
        body = urlencode({"Action": action, "Version": "2015-12-01", **fields})
        self._connection.request("POST", "/", body, self._headers)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{action}: {text}")
        return text

    def make(self, action: str, kind: str, **fields: object) -> str:
        """One call that makes something; the answer is its ARN."""
        found = re.search(f"<{kind}Arn>(.*?)<", self.call(action, **fields))
        assert found, f"{action} tells what it has made"
        return found[1]

    def rule(self, listener: str, priority: int) -> None:
        """A rule of the kind that a controller makes for a path of a host."""
        self.call(
            "CreateRule",
            **{
                "ListenerArn": listener,
                "Priority": priority,
                "Conditions.member.1.Field": "host-header",
                "Conditions.member.1.HostHeaderConfig.Values.member.1": "web.example.com",
                "Conditions.member.2.Field": "path-pattern",
                "Conditions.member.2.PathPatternConfig.Values.member.1": f"/{priority}/*",
                "Actions.member.1.Type": "fixed-response",
                "Actions.member.1.FixedResponseConfig.StatusCode": "404",
                "Tags.member.1.Key": "ingress.k8s.aws/resource",
                "Tags.member.1.Value": f"80:{priority}",
            },
        )

    def listener(self, name: str, subnets: list[str]) -> str:
        """A listener of a load balancer of its own."""
        places = {f"Subnets.member.{n}": subnet for n, subnet in enumerate(subnets, start=1)}
        arn = self.make("CreateLoadBalancer", "LoadBalancer", Name=name, **places)
        return self.make(
            "CreateListener",
            "Listener",
            **{
                "LoadBalancerArn": arn,
                "Port": 80,
                "Protocol": "HTTP",
                "DefaultActions.member.1.Type": "fixed-response",
                "DefaultActions.member.1.FixedResponseConfig.StatusCode": "404",
            },
        )


def endpoint() -> str:
    """Where the server is."""
    return os.environ["AWS_ENDPOINT_URL"]


def seconds(work: Callable[[], object]) -> float:
    """How long something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def report(what: str, value: float, unit: str, promised: str, kept: bool) -> bool:
    """Print one figure, and say whether the promise is kept."""
    print(f"{what:52} {value:8.0f} {unit:4} {promised:10} {'' if kept else 'NOT KEPT'}", flush=True)
    return kept


def rules(client: Client, places: list[str]) -> list[bool]:
    """Making and reading the rules of a load balancer; the best of five, as with the batches."""
    listeners = [client.listener(f"bench-{number}", places) for number in range(5)]

    def make(listener: str) -> None:
        for number in range(1, RULES + 1):
            client.rule(listener, number)

    def read(listener: str) -> None:
        for _ in range(RULES):
            client.call("DescribeRules", ListenerArn=listener)

    made = RULES / min(seconds(partial(make, one)) for one in listeners)
    told = RULES / min(seconds(partial(read, one)) for one in listeners)
    return [
        report("CreateRule", made, "/s", f">= {CALLS_A_SECOND}", made >= CALLS_A_SECOND),
        report(
            f"DescribeRules of {RULES} rules", told, "/s", f">= {RULES_A_SECOND}",
            told >= RULES_A_SECOND,
        ),
    ]  # fmt: skip


def batch(account: str) -> bool:
    """The best of five batches of record changes: others use this machine too."""
    route53 = boto3.client("route53", aws_access_key_id=account, aws_secret_access_key="test")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="bench")
    zone_id = zone["HostedZone"]["Id"]

    def changes(run: int) -> list[dict[str, object]]:
        return [
            {
                "Action": "CREATE",
                "ResourceRecordSet": {
                    "Name": f"r{run}-{number}.example.com",
                    "Type": "A",
                    "TTL": 60,
                    "ResourceRecords": [{"Value": "10.0.0.1"}],
                },
            }
            for number in range(CHANGES)
        ]

    def change(run: int) -> float:
        batch = {"Changes": changes(run)}
        began = time.perf_counter()
        route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch=batch)
        return time.perf_counter() - began

    ms = min(map(change, range(5))) * 1000
    what = f"a batch of {CHANGES} record changes, boto3 included"
    return report(what, ms, "ms", f"<= {BATCH_MS}", ms <= BATCH_MS)


def subnets(account: str) -> list[str]:
    """Two subnets of an account's default VPC."""
    ec2 = boto3.client("ec2", aws_access_key_id=account, aws_secret_access_key="test")
    return [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"][:2]]


def reset(what: str, account: str) -> bool:
    """Forgetting an account, with its part of the log."""
    connection = http.client.HTTPConnection(urlsplit(endpoint()).netloc)
    # The connection is not what is measured.
    connection.request("GET", "/_albedo/")
    connection.getresponse().read()

    def forget() -> None:
        connection.request("POST", f"/_albedo/reset?account={account}")
        connection.getresponse().read()

    ms = seconds(forget) * 1000
    return report(f"reset of an account with {what}", ms, "ms", f"<= {RESET_MS}", ms <= RESET_MS)


def memory(client: Client, places: list[str], server: int) -> bool:
    """What the server takes with as many load balancers and rules as a big account has."""
    quota = {"elbv2.quota.application-load-balancers": LOAD_BALANCERS + 1}
    connection = http.client.HTTPConnection(urlsplit(endpoint()).netloc)
    connection.request(
        "POST", "/_albedo/settings", json.dumps({"account": client.account, "settings": quota})
    )
    connection.getresponse().read()
    for number in range(LOAD_BALANCERS):
        listener = client.listener(f"many-{number}", places)
        for priority in range(1, RULES + 1):
            client.rule(listener, priority)
    resident = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{server}/status").read_text())
    assert resident, "Linux tells how much memory a process has"
    megabytes = int(resident[1]) / 1024
    what = f"memory with {LOAD_BALANCERS} load balancers of {RULES} rules"
    return report(what, megabytes, "MB", f"<= {LARGEST_MB}", megabytes <= LARGEST_MB)


def main() -> int:
    """Print every figure; the exit code says whether all promises are kept."""
    lines = (Path(sys.argv[1]) / "processes").read_text().splitlines()
    server = next(int(line.split()[1]) for line in lines if line.startswith("localstack "))
    account, big = "222233334444", "555566667777"
    kept = [
        *rules(Client(account), subnets(account)),
        batch(account),
        reset("a zone of 5,000 records", account),
        memory(Client(big), subnets(big), server),
        reset(f"{LOAD_BALANCERS * RULES:,} rules", big),
    ]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
