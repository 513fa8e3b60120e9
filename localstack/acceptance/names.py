"""Records of Albedo's and of external-dns's, each left alone by the other under one owner id.

Of each kind of record one name is made by Albedo, which then ends: external-dns has to leave all of
them as they are. And the other way round. Once in plain text, and once with encrypted TXT records.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from acceptance import process, set_up
from account import CLUSTER, NODE, Account
from cluster import Cluster, pods_of
from scenario import INGRESS, address_of

Json = dict[str, Any]

NAMESPACE = "names"
PREFIX = "external-dns.kubernetes.io/"
# A key of 32 bytes, which nobody keeps a secret.
KEY = "01234567890123456789012345678901"
# No change for so long, and a controller is done; external-dns looks once a second.
QUIET_SECONDS = 10.0
PATIENCE_SECONDS = 120.0
# What external-dns says where it has nothing to do.
CONTENT = "All records are already up to date"
ENCRYPTS = "txt-encrypt-enabled"

# What two Ingresses say of one name, by what kind of name it is; of those that no other stands
# beside, one.
KINDS: dict[str, list[dict[str, str]]] = {
    "simple": [{}],
    "*": [{}],
    "unhealthy": [{"aws-evaluate-target-health": "false"}],
    "addresses": [{"target": "192.0.2.1,192.0.2.2", "ttl": "60"}],
    "other": [{"target": "lb.example.net"}],
    "weighted": [{"aws-weight": "10"}, {"aws-weight": "20"}],
    "latency": [{"aws-region": "us-east-1"}, {"aws-region": "eu-west-1"}],
    "failover": [{"aws-failover": "PRIMARY"}, {"aws-failover": "SECONDARY"}],
    "continent": [
        {"aws-geolocation-continent-code": "EU"},
        {"aws-geolocation-country-code": "*"},
    ],
    "near": [
        {"aws-geoproximity-region": "us-east-1", "aws-geoproximity-bias": "10"},
        {"aws-geoproximity-region": "eu-west-1"},
    ],
    "several": [
        {"aws-multi-value-answer": "", "target": "192.0.2.1"},
        {"aws-multi-value-answer": "", "target": "192.0.2.2"},
    ],
    "checked": [{"aws-weight": "1", "aws-health-check-id": "CHECK"}, {"aws-weight": "2"}],
}


def main() -> int:
    """Do both, in plain text and encrypted; the exit code says whether nobody changed anything."""
    options = arguments()
    account, cluster = set_up()
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}]},
    }
    for made in pods_of(service, account.addresses[:2], NODE):
        cluster.apply(made, NAMESPACE)
    cluster.apply(service, NAMESPACE)
    check = account.client("route53").create_health_check(
        CallerReference="names", HealthCheckConfig={"Type": "HTTP", "IPAddress": "192.0.2.1"}
    )
    names = Names(options, account, cluster, check["HealthCheck"]["Id"])
    rounds = {"plain": {}, "encrypted": {ENCRYPTS: "true"}}
    failed = 0
    for number, (title, flags) in enumerate(rounds.items()):
        troubles = list(names.round(f"r{number}", flags))
        print(f"{title}: {'; '.join(troubles) or 'each leaves alone what the other wrote'}")
        failed += bool(troubles)
    return 1 if failed else 0


def arguments() -> argparse.Namespace:
    """What is asked for on the command line."""
    parser = argparse.ArgumentParser(prog="run names", description=__doc__)
    parser.add_argument("--albedo", type=Path, required=True)
    parser.add_argument("--external-dns", type=Path, required=True)
    parser.add_argument("--logs", type=Path, default=Path(tempfile.gettempdir()))
    return parser.parse_args()


class Names:
    """Where names are made, and by whom."""

    def __init__(
        self, options: argparse.Namespace, account: Account, cluster: Cluster, check: str
    ) -> None:
        self.options, self.account, self.cluster, self.check = options, account, cluster, check

    def round(self, title: str, flags: dict[str, str]) -> Iterator[str]:
        """What goes wrong in both directions."""
        ours, theirs = f"ours-{title}.com", f"theirs-{title}.com"
        domains = [ours, theirs]
        for zone in domains:
            self.account.make_zone(zone)
        self._ask(title, ours, {})
        with self._albedo(domains, flags):
            self._until(lambda: self._missing(ours))
        yield from (f"Albedo makes no record: {name}" for name in self._missing(ours))
        self.account.forget_log()
        # What has no IPv6 address gets no AAAA record from Albedo.
        with self._external_dns(domains, flags | {"exclude-record-types": "AAAA"}):
            time.sleep(QUIET_SECONDS)
        yield from (f"external-dns changes {change}" for change in self._changes())
        log = (self.options.logs / "acceptance-external-dns.log").read_text()
        if CONTENT not in log:
            yield "external-dns is not content"
        addresses = {
            one["metadata"]["name"]: one["status"]
            for one in self.cluster.list(INGRESS, "Ingress", NAMESPACE)
            if address_of(one)
        }
        self._ask(title, theirs, addresses)
        with self._external_dns(domains, flags | {"exclude-record-types": "AAAA"}):
            self._until(lambda: self._missing(theirs))
        yield from (f"external-dns makes no record: {name}" for name in self._missing(theirs))
        self.account.forget_log()
        with self._albedo(domains, flags):
            time.sleep(QUIET_SECONDS)
        yield from (f"Albedo changes {change}" for change in self._changes())

    def _ask(self, title: str, domain: str, status: dict[str, Json]) -> None:
        """An Ingress for each record, those of one name behind load balancers of their own."""
        for kind, records in KINDS.items():
            for number, said in enumerate(records):
                label = "wildcard" if kind == "*" else kind
                name = f"{domain.partition('.')[0]}-{label}-{number}"
                group = f"{title}-{number}"
                annotations = {
                    "alb.ingress.kubernetes.io/group.name": group,
                    "alb.ingress.kubernetes.io/scheme": "internet-facing",
                }
                said = said | ({"set-identifier": f"id-{number}"} if len(records) > 1 else {})
                for key, value in said.items():
                    annotations[PREFIX + key] = value.replace("CHECK", self.check)
                backend = {"service": {"name": "web", "port": {"number": 80}}}
                path = {"path": "/", "pathType": "Prefix", "backend": backend}
                spec = {
                    "ingressClassName": "alb",
                    "rules": [{"host": f"{kind}.{domain}", "http": {"paths": [path]}}],
                }
                wanted: Json = {
                    "apiVersion": INGRESS,
                    "kind": "Ingress",
                    "metadata": {"name": name, "annotations": annotations},
                    "spec": spec,
                }
                twin = f"ours-{title}-{label}-{number}"
                if twin in status:
                    wanted["status"] = status[twin]
                self.cluster.apply(wanted, NAMESPACE)

    def _missing(self, domain: str) -> list[str]:
        """The records that there should be in a zone, and are not."""
        found = self.account.client("route53").list_resource_record_sets(
            HostedZoneId=self.account.zones[domain]
        )["ResourceRecordSets"]
        stand = [
            (one["Name"].rstrip(".").replace("\\052", "*"), one.get("SetIdentifier"))
            for one in found
            if one["Type"] in {"A", "CNAME"}
        ]
        wanted = [
            (f"{kind}.{domain}", f"id-{number}" if len(records) > 1 else None)
            for kind, records in KINDS.items()
            for number in range(len(records))
        ]
        return [f"{name} {one or ''}".rstrip() for name, one in wanted if (name, one) not in stand]

    def _until(self, lacking: Callable[[], list[str]]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while lacking() and time.monotonic() < deadline:
            time.sleep(1)

    def _changes(self) -> list[str]:
        """What was changed, or tried to be."""
        calls = [c for c in self.account.log() if c["operation"] == "ChangeResourceRecordSets"]
        return [f"records ({call['error'] or 'done'})" for call in calls]

    @contextmanager
    def _albedo(self, domains: list[str], flags: dict[str, str]) -> Iterator[None]:
        given = {
            "cluster-name": CLUSTER,
            "aws-region": os.environ["AWS_REGION"],
            "aws-vpc-id": self.account.vpc,
            "kubeconfig": os.environ["KUBECONFIG"],
            "enable-leader-election": "false",
            "metrics-bind-addr": "127.0.0.1:0",
            "health-probe-bind-addr": "127.0.0.1:0",
            "dns": "true",
        }
        with self._process("albedo", self.options.albedo, given, domains, flags):
            yield

    @contextmanager
    def _external_dns(self, domains: list[str], flags: dict[str, str]) -> Iterator[None]:
        given = {
            "kubeconfig": os.environ["KUBECONFIG"],
            "source": "ingress",
            "provider": "aws",
            "registry": "txt",
            "policy": "sync",
            "interval": "1s",
            "metrics-address": "127.0.0.1:0",
        }
        with self._process("external-dns", self.options.external_dns, given, domains, flags):
            yield

    @contextmanager
    def _process(
        self,
        name: str,
        binary: Path,
        given: dict[str, str],
        domains: list[str],
        flags: dict[str, str],
    ) -> Iterator[None]:
        os.environ["EXTERNAL_DNS_TXT_ENCRYPT_AES_KEY"] = KEY if flags.get(ENCRYPTS) else ""
        if name == "external-dns":
            # Its switches have no values on the command line.
            os.environ["EXTERNAL_DNS_TXT_ENCRYPT_ENABLED"] = flags.get(ENCRYPTS, "false")
            flags = {flag: value for flag, value in flags.items() if flag != ENCRYPTS}
        more = [f"--domain-filter={domain}" for domain in domains]
        words = ["run", *more] if name == "albedo" else more
        every = given | {"txt-owner-id": CLUSTER} | flags
        with process(self.options, name, binary, every, self.account, words):
            yield


if __name__ == "__main__":
    sys.exit(main())
