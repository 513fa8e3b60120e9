"""One AWS account of its own for a test, with short ways to make things in it."""

import ipaddress
import itertools
import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from janitor import Janitor

REGION = os.environ.get("AWS_REGION", "us-east-1")

# On a real account the credentials are the caller's, tests share it and clean up after themselves,
# and whatever needs the control plane is skipped.
REAL = os.environ.get("ALBEDO_REAL_AWS") == "1"
# Seconds between two looks at whether something can be deleted by now.
JANITOR = Janitor(pause=float(os.environ.get("ALBEDO_REAL_PAUSE", "15")))
# Errors are what is tested: so none is retried, and what boto3 would refuse itself goes out.
CONFIG = Config(retries={"total_max_attempts": 1}, parameter_validation=False)

# Accounts of one run start at a random place, so that runs can share a server.
_accounts = itertools.count(int.from_bytes(os.urandom(4), "big") * 100 + 10**11)


def unused(arn: str) -> str:
    """An ARN of the same kind that nothing has; ids are random, so any one ending may be taken."""
    return arn[:-4] + ("0000" if arn[-4:] != "0000" else "1111")


@contextmanager
def refused(code: str) -> Iterator[None]:
    """The call in this block must be refused with an AWS error code."""
    with pytest.raises(ClientError) as caught:
        yield
    assert caught.value.response["Error"]["Code"] == code, caught.value


@cache
def _session() -> boto3.Session:
    return boto3.Session()


@cache
def _real_account() -> str:
    return str(_session().client("sts", region_name=REGION).get_caller_identity()["Account"])


class Account:
    """An account that nobody else uses, in one region."""

    def __init__(self, endpoint: str, region: str = REGION, account: str | None = None) -> None:
        self.endpoint = endpoint
        self.region = region
        self.id = account or (_real_account() if REAL else f"{next(_accounts):012}")

    def client(self, service: str) -> Any:
        """A boto3 client of this account."""
        if REAL:
            client = _session().client(service, region_name=self.region, config=CONFIG)
            return JANITOR.watch(client)
        return _session().client(
            service,
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=self.id,
            aws_secret_access_key="test",
            config=CONFIG,
        )

    @cached_property
    def elbv2(self) -> Any:
        return self.client("elbv2")

    @cached_property
    def ec2(self) -> Any:
        return self.client("ec2")

    @cached_property
    def subnets(self) -> list[dict[str, Any]]:
        """The default subnets, one for each Availability Zone."""
        found = self.ec2.describe_subnets()["Subnets"]
        return sorted(found, key=lambda subnet: subnet["AvailabilityZone"])

    @property
    def vpc(self) -> str:
        return str(self.subnets[0]["VpcId"])

    def subnet_ids(self, count: int = 2) -> list[str]:
        return [subnet["SubnetId"] for subnet in self.subnets[:count]]

    def ipv6(self, count: int = 2) -> str:
        """Give the default VPC and its first subnets IPv6; answers with the VPC's block."""
        self.ec2.associate_vpc_cidr_block(VpcId=self.vpc, AmazonProvidedIpv6CidrBlock=True)
        [vpc] = self.ec2.describe_vpcs(VpcIds=[self.vpc])["Vpcs"]
        block = ipaddress.IPv6Network(vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"])
        parts = block.subnets(new_prefix=64)
        for subnet, part in zip(self.subnet_ids(count), parts, strict=False):
            self.ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock=str(part))
        return str(block)

    def security_group(self, name: str, vpc: str | None = None) -> str:
        made = self.ec2.create_security_group(
            GroupName=name, Description=name, VpcId=vpc or self.vpc
        )
        return str(made["GroupId"])

    def open(self, block: str = "0.0.0.0/0", group: str | None = None) -> None:
        """Let a block in everywhere over TCP; the VPC's default group lets nobody in."""
        named = [{"Name": "group-name", "Values": ["default"]}]
        of_vpc = [{"Name": "vpc-id", "Values": [self.vpc]}]
        if group is None:
            found = self.ec2.describe_security_groups(Filters=named + of_vpc)["SecurityGroups"]
            group = found[0]["GroupId"]
        allowed = {"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535,
                   "IpRanges": [{"CidrIp": block}]}  # fmt: skip
        try:
            self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[allowed])
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidPermission.Duplicate":
                raise

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the control plane; the answer is JSON."""
        if REAL:
            pytest.skip("needs the control plane")
        request = urllib.request.Request(
            f"{self.endpoint}/_albedo{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def control_refuses(self, method: str, path: str, body: Any = None) -> str:
        """Call the control plane wrongly; the answer is what it says about that."""
        if REAL:
            pytest.skip("needs the control plane")
        with pytest.raises(urllib.error.HTTPError) as caught:
            self.control(method, path, body)
        assert caught.value.code == 400
        return str(json.load(caught.value)["error"])

    def settings(self, **values: Any) -> None:
        """Set knobs of this account: `quota_target_groups=2` is `elbv2.quota.target-groups`."""
        wanted = {
            "elbv2." + name.replace("quota_", "quota.").replace("_", "-"): value
            for name, value in values.items()
        }
        self.control("POST", "/settings", {"account": self.id, "settings": wanted})

    def load_balancer(self, name: str = "web", **more: Any) -> dict[str, Any]:
        wanted = {"Name": name, "Subnets": self.subnet_ids(), **more}
        return self.elbv2.create_load_balancer(**wanted)["LoadBalancers"][0]

    def target_group(self, name: str = "web", **more: Any) -> dict[str, Any]:
        wanted = {
            "Name": name,
            "Protocol": "HTTP",
            "Port": 80,
            "VpcId": self.vpc,
            "TargetType": "ip",
            **more,
        }
        return self.elbv2.create_target_group(**wanted)["TargetGroups"][0]

    def target_group_arn(self, name: str = "web", **more: Any) -> str:
        return str(self.target_group(name, **more)["TargetGroupArn"])

    def listener(self, load_balancer: str, port: int = 80, **more: Any) -> dict[str, Any]:
        wanted = {
            "LoadBalancerArn": load_balancer,
            "Protocol": "HTTP",
            "Port": port,
            "DefaultActions": [NOT_FOUND],
            **more,
        }
        return self.elbv2.create_listener(**wanted)["Listeners"][0]

    def http_listener(self, name: str = "web") -> str:
        """A listener on port 80 of a load balancer of its own."""
        return str(self.listener(self.load_balancer(name)["LoadBalancerArn"])["ListenerArn"])

    def https_listener(self, load_balancer: str, port: int = 443, **more: Any) -> dict[str, Any]:
        certificates = [{"CertificateArn": self.certificate(f"default-{port}.example.com")}]
        wanted = {"Protocol": "HTTPS", "Certificates": certificates, **more}
        return self.listener(load_balancer, port, **wanted)

    def rule(self, listener: str, priority: int, **more: Any) -> dict[str, Any]:
        wanted = {
            "ListenerArn": listener,
            "Priority": priority,
            "Conditions": [path(f"/{priority}")],
            "Actions": [NOT_FOUND],
            **more,
        }
        return self.elbv2.create_rule(**wanted)["Rules"][0]

    def certificate(self, name: str) -> str:
        """A certificate imported into ACM."""
        certificate, key = certificate_for(name)
        made = self.client("acm").import_certificate(Certificate=certificate, PrivateKey=key)
        return str(made["CertificateArn"])

    def health(self, target_group: str, **more: Any) -> list[dict[str, Any]]:
        answer = self.elbv2.describe_target_health(TargetGroupArn=target_group, **more)
        return answer["TargetHealthDescriptions"]

    def states(self, target_group: str) -> list[str]:
        return [health["TargetHealth"]["State"] for health in self.health(target_group)]


NOT_FOUND = {
    "Type": "fixed-response",
    "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain"},
}


def forward(*target_groups: str, **weights: int) -> dict[str, Any]:
    """A forward action; several groups get equal weights."""
    groups = [{"TargetGroupArn": arn} | weights for arn in target_groups]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}


def path(*values: str) -> dict[str, Any]:
    return {"Field": "path-pattern", "PathPatternConfig": {"Values": list(values)}}


def host(*values: str) -> dict[str, Any]:
    return {"Field": "host-header", "HostHeaderConfig": {"Values": list(values)}}


@cache
def _key() -> rsa.RSAPrivateKey:
    """One key for all certificates: making keys is slow, and nobody here checks them."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def certificate_for(name: str) -> tuple[bytes, bytes]:
    """A self-signed certificate and its key, as PEM."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(_key().public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(_key(), hashes.SHA256())
    )
    key = _key().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return certificate.public_bytes(serialization.Encoding.PEM), key
