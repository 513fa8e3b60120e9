"""The AWS account of a run, as it was when the scenarios were recorded, and the control plane."""

import json
import subprocess
import tempfile
import urllib.request
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3

Json = dict[str, Any]

NODE = "n1"
CLUSTER = "demo"
# In the order of the ARNs that they had when the scenarios were recorded.
CERTIFICATES = [
    ["two.example.org"],
    ["*.example.com", "example.com"],
    ["one.example.com", "web.example.com"],
]
# What V10 calls the two prefix lists that it was recorded without.
PREFIX_LISTS = ["pl-11111111", "pl-22222222"]
# The addresses of pods in the subnet of the node.
FIRST_POD, LAST_POD = 10, 250


class Account:
    """One account in one region, with what a cluster needs in it."""

    def __init__(self, endpoint: str, account: str) -> None:
        self.endpoint = endpoint
        self.id = account
        self.symbols: dict[str, str] = {}
        self.addresses: list[str] = []
        self.zones: dict[str, str] = {}  # ids, by the zones' names

    def client(self, service: str) -> Any:
        """A boto3 client of this account; everything else is in the environment."""
        return boto3.client(service, aws_access_key_id=self.id, aws_secret_access_key="test")

    @cached_property
    def vpc(self) -> str:
        """The default VPC."""
        return str(self.client("ec2").describe_subnets()["Subnets"][0]["VpcId"])

    def real(self, text: str) -> str:
        """A recorded text with this account's ids."""
        for symbol in sorted(self.symbols, key=len, reverse=True):
            text = text.replace(symbol, self.symbols[symbol])
        return text

    def set_up(self) -> Json:
        """Tag subnets, start a node, make security groups and certificates; returns the Node."""
        ec2 = self.client("ec2")
        found = sorted(ec2.describe_subnets()["Subnets"], key=lambda s: s["AvailabilityZone"])
        # LBC names subnets in the order of their ids, which are by chance; in the recordings the
        # second comes first.
        while found[1]["SubnetId"] > found[0]["SubnetId"]:
            found[1] = self._made_anew(found[1])
        roles = [f"kubernetes.io/role/{role}" for role in ("elb", "internal-elb")]
        for subnet in found[:2]:
            tags = [{"Key": role, "Value": "1"} for role in roles]
            ec2.create_tags(Resources=[subnet["SubnetId"]], Tags=tags)
            self.symbols[f"SUBNET({subnet['AvailabilityZone']})"] = subnet["SubnetId"]
        nodes = self._group("nodes", "nodes", {f"kubernetes.io/cluster/{CLUSTER}": "owned"})
        # V35 gives it to LBC as a flag, which has to look like an id.
        self.symbols["sg-x1"] = self._group("x1", "x1", {})
        self._group("x2", "named-sg", {"Name": "named-sg"})
        [instance] = ec2.run_instances(
            ImageId=ec2.describe_images()["Images"][0]["ImageId"],
            MinCount=1,
            MaxCount=1,
            SubnetId=found[0]["SubnetId"],
            SecurityGroupIds=[nodes],
        )["Instances"]
        first, second, third = found[0]["CidrBlock"].split(".")[:3]
        self.addresses = [
            f"{first}.{second}.{int(third) + 1}.{number}" for number in range(FIRST_POD, LAST_POD)
        ]
        ec2.assign_private_ip_addresses(
            NetworkInterfaceId=instance["NetworkInterfaces"][0]["NetworkInterfaceId"],
            PrivateIpAddresses=self.addresses,
        )
        self.symbols[f"INSTANCE({NODE})"] = instance["InstanceId"]
        for symbol in PREFIX_LISTS:
            made = ec2.create_managed_prefix_list(
                PrefixListName=symbol, MaxEntries=1, AddressFamily="IPv4"
            )
            self.symbols[symbol] = made["PrefixList"]["PrefixListId"]
        for place, names in enumerate(CERTIFICATES):
            self.symbols[f"CERT({','.join(names)})"] = self._certificate(names, place)
        provider = f"aws:///{found[0]['AvailabilityZone']}/{instance['InstanceId']}"
        internal = {"type": "InternalIP", "address": instance["PrivateIpAddress"]}
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": NODE, "labels": {"pool": "web"}},
            "spec": {"providerID": provider},
            "status": {
                "conditions": [{"type": "Ready", "status": "True"}],
                "addresses": [internal],
            },
        }

    def allow_condition_values(self, most: int | None) -> None:
        """Raise the quota that AWS fixes at 5, or set it back to that.

        V06 and V20 were recorded with moto's checks taken out: what LBC sends there, AWS refuses.
        """
        self._control(
            "POST",
            "/settings",
            {"account": self.id, "settings": {"elbv2.quota.condition-values-per-alb-rule": most}},
        )

    def enforce(self, policy: str, client: str) -> None:
        """Let clients that call themselves so do what a policy allows, and nothing else."""
        document = json.loads(policy)
        self._control(
            "POST", "/policy", {"account": self.id, "document": document, "client": client}
        )

    def log(self) -> list[Json]:
        """The calls since the log was forgotten."""
        return list(self._control("GET", f"/log?account={self.id}"))

    def forget_log(self) -> None:
        """Begin the log anew."""
        self._control("DELETE", f"/log?account={self.id}")

    def make_zone(self, name: str) -> None:
        """A public hosted zone."""
        made = self.client("route53").create_hosted_zone(Name=name, CallerReference=name)
        self.zones[name] = made["HostedZone"]["Id"]

    def has_zone_of(self, host: str) -> bool:
        """Whether a host is in one of the zones made here."""
        return any(f".{host}".endswith(f".{zone}") for zone in self.zones)

    def records(self) -> dict[str, str]:
        """Where each name with an alias of type A leads, of all zones made here."""
        route53 = self.client("route53")
        return {
            record["Name"].rstrip(".").replace("\\052", "*"): record["AliasTarget"]["DNSName"]
            for zone in self.zones.values()
            for page in route53.get_paginator("list_resource_record_sets").paginate(
                HostedZoneId=zone
            )
            for record in page["ResourceRecordSets"]
            if record["Type"] == "A" and "AliasTarget" in record
        }

    def left(self) -> list[str]:
        """What a controller has made and not deleted."""
        elb, ec2 = self.client("elbv2"), self.client("ec2")
        own = set(self.symbols.values())
        return [
            *(one["LoadBalancerName"] for one in elb.describe_load_balancers()["LoadBalancers"]),
            *(
                one["TargetGroupName"]
                for one in elb.describe_target_groups()["TargetGroups"]
                if one["TargetGroupArn"] not in self.symbols.values()
            ),
            *(
                group["GroupName"]
                for group in ec2.describe_security_groups()["SecurityGroups"]
                if group["GroupName"] != "default" and group["GroupId"] not in own
            ),
            *self.records(),
        ]

    def stand_in(self, kind: str, number: int) -> str:
        """The so-and-so-manieth thing of a kind, made the first time that somebody asks for it."""
        if kind == "address":
            return self.addresses[number % len(self.addresses)]
        symbol = f"{kind.upper().replace(' ', '-')}({number})"
        if kind == "subnet":
            zones = sorted(key for key in self.symbols if key.startswith("SUBNET("))
            symbol = zones[number % len(zones)]
        if symbol not in self.symbols:
            self.symbols[symbol] = self._given(kind, number)
        return self.symbols[symbol]

    def _given(self, kind: str, number: int) -> str:
        name = f"given-{number}"
        if kind == "certificate":
            return self._certificate([f"{name}.example.net"])
        if kind == "security group":
            return self._group(name, name, {})
        if kind == "web ACL":
            shown = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False}
            made = self.client("wafv2").create_web_acl(
                Name=name,
                Scope="REGIONAL",
                DefaultAction={"Allow": {}},
                VisibilityConfig=shown | {"MetricName": name},
            )
            return str(made["Summary"]["ARN"])
        if kind == "user pool":
            made = self.client("cognito-idp").create_user_pool(PoolName=name)
            return str(made["UserPool"]["Arn"])
        [group] = self.client("elbv2").create_target_group(
            Name=name, Protocol="HTTP", Port=80, VpcId=self.vpc, TargetType="ip"
        )["TargetGroups"]
        return str(group["TargetGroupArn"])

    def _group(self, name: str, symbol: str, tags: dict[str, str]) -> str:
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        specification = [{"ResourceType": "security-group", "Tags": listed}] if tags else []
        made = self.client("ec2").create_security_group(
            GroupName=name, Description=name, VpcId=self.vpc, TagSpecifications=specification
        )
        self.symbols[f"SG({symbol})"] = made["GroupId"]
        return str(made["GroupId"])

    def _made_anew(self, subnet: Json) -> Json:
        """A subnet that takes the place of one, with another id."""
        ec2 = self.client("ec2")
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
        same = {key: subnet[key] for key in ("VpcId", "CidrBlock", "AvailabilityZone")}
        return dict(ec2.create_subnet(**same)["Subnet"])

    def _certificate(self, names: list[str], place: int | None = None) -> str:
        """An imported certificate; its ARN comes in this place by the alphabet.

        Whoever chooses between certificates looks at the order of their ARNs, which are by chance.
        """
        acm = self.client("acm")
        with tempfile.TemporaryDirectory() as folder:
            certificate, key = self_signed(Path(folder), names)
            while True:
                arn = str(
                    acm.import_certificate(
                        Certificate=certificate.read_bytes(), PrivateKey=key.read_bytes()
                    )["CertificateArn"]
                )
                first = int(arn.rpartition("/")[2][0], 16)
                if place is None or first * len(CERTIFICATES) // 16 == place:
                    return arn
                acm.delete_certificate(CertificateArn=arn)

    def _control(self, method: str, path: str, body: Json | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}/_albedo{path}", method=method, data=data)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


def self_signed(place: Path, names: list[str]) -> tuple[Path, Path]:
    """A self-signed certificate and its key, as files `tls.crt` and `tls.key`."""
    certificate, key = place / "tls.crt", place / "tls.key"
    alternative = "subjectAltName=" + ",".join(f"DNS:{name}" for name in names)
    options = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-addext", alternative]
    files = ["-subj", f"/CN={names[0]}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", *options, *files], check=True, capture_output=True)
    return certificate, key
