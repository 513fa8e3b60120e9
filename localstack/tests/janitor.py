"""Takes away what a test has made in an account that is not thrown away with it: a real one."""

import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import jmespath
from botocore.exceptions import ClientError

# By the call that makes something: where its answer names it, and the call and the parameter that
# take it away. What goes with something else (listeners, rules) is not here.
ENDS = {
    "acm.ImportCertificate": ("[CertificateArn]", "delete_certificate", "CertificateArn"),
    "acm.RequestCertificate": ("[CertificateArn]", "delete_certificate", "CertificateArn"),
    "cognito-idp.CreateUserPool": ("[UserPool.Id]", "delete_user_pool", "UserPoolId"),
    "ec2.CreateInternetGateway": (
        "[InternetGateway.InternetGatewayId]", "delete_internet_gateway", "InternetGatewayId",
    ),
    "ec2.CreateIpamPool": ("[IpamPool.IpamPoolId]", "delete_ipam_pool", "IpamPoolId"),
    "ec2.CreateManagedPrefixList": (
        "[PrefixList.PrefixListId]", "delete_managed_prefix_list", "PrefixListId",
    ),
    "ec2.CreateNetworkInterface": (
        "[NetworkInterface.NetworkInterfaceId]", "delete_network_interface", "NetworkInterfaceId",
    ),
    "ec2.CreateSecurityGroup": ("[GroupId]", "delete_security_group", "GroupId"),
    "ec2.CreateSubnet": ("[Subnet.SubnetId]", "delete_subnet", "SubnetId"),
    "ec2.CreateVpc": ("[Vpc.VpcId]", "delete_vpc", "VpcId"),
    "ec2.RunInstances": ("[Instances[].InstanceId]", "terminate_instances", "InstanceIds"),
    "elbv2.CreateLoadBalancer": (
        "LoadBalancers[].LoadBalancerArn", "delete_load_balancer", "LoadBalancerArn",
    ),
    "elbv2.CreateTargetGroup": (
        "TargetGroups[].TargetGroupArn", "delete_target_group", "TargetGroupArn",
    ),
    "elbv2.CreateTrustStore": (
        "TrustStores[].TrustStoreArn", "delete_trust_store", "TrustStoreArn",
    ),
    "iam.CreateRole": ("[Role.RoleName]", "delete_role", "RoleName"),
    "iam.UploadServerCertificate": (
        "[ServerCertificateMetadata.ServerCertificateName]",
        "delete_server_certificate",
        "ServerCertificateName",
    ),
    "route53.CreateHostedZone": ("[HostedZone.Id]", "delete_hosted_zone", "Id"),
    "shield.CreateProtection": ("[ProtectionId]", "delete_protection", "ProtectionId"),
}  # fmt: skip

# What passes when something else has gone, or some minutes have.
BUSY = ("DependencyViolation", "ResourceInUse", "ResourceInUseException", "TrustStoreInUse")
ROUNDS = 40


class Janitor:
    """Notes what the calls of its clients make, to take it away in the end."""

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._made: list[tuple[Any, str, dict[str, Any]]] = []
        self._run = secrets.token_hex(4)

    def watch(self, client: Any) -> Any:
        """A client whose calls are noted."""
        note: Callable[..., None] = partial(self._note, client)
        client.meta.events.register("after-call", note)
        zones = "before-parameter-build.route53.CreateHostedZone"
        client.meta.events.register(zones, self._refer)
        return client

    def clean(self) -> list[str]:
        """Take everything away, the newest first; what stays is told."""
        left = self._made[::-1]
        for _ in range(ROUNDS):
            left = [one for one in left if not _end(*one)]
            if not left:
                break
            time.sleep(self._pause)
        self._made = []
        self._run = secrets.token_hex(4)
        return [f"{method} {params}" for _, method, params in left]

    def _refer(self, params: dict[str, Any], **_more: Any) -> None:
        """A reference stays taken when its zone has gone, so each test has its own."""
        if isinstance(params.get("CallerReference"), str):
            params["CallerReference"] = f"{self._run}-{params['CallerReference']}"

    def _note(self, client: Any, http_response: Any, parsed: Any, model: Any, **_more: Any) -> None:
        ends = ENDS.get(f"{model.service_model.service_name}.{model.name}")
        if ends is None or http_response.status_code >= 300:
            return
        place, method, parameter = ends
        for made in jmespath.search(place, parsed) or []:
            wish = (client, method, {parameter: made})
            if wish not in self._made:
                self._made.append(wish)


def _end(client: Any, method: str, params: dict[str, Any]) -> bool:
    """Take one thing away; whether it is gone."""
    try:
        if method == "delete_hosted_zone":
            _empty(client, params["Id"])
        if method == "delete_internet_gateway":
            _detach(client, params["InternetGatewayId"])
        getattr(client, method)(**params)
    except ClientError as refusal:
        code = refusal.response["Error"]["Code"]
        if code in BUSY:
            return False
        if code == "OperationNotPermitted" and method == "delete_load_balancer":
            unlock = [{"Key": "deletion_protection.enabled", "Value": "false"}]
            client.modify_load_balancer_attributes(**params, Attributes=unlock)
            return False
        if not ("NotFound" in code or code.startswith(("NoSuch", "Nonexistent"))):
            raise
    return True


def _detach(client: Any, gateway: str) -> None:
    """Take an internet gateway off its VPC."""
    [found] = client.describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"]
    for attachment in found["Attachments"]:
        client.detach_internet_gateway(InternetGatewayId=gateway, VpcId=attachment["VpcId"])


def _empty(client: Any, zone: str) -> None:
    """Delete the records of a zone, but for those that it was made with."""
    name = client.get_hosted_zone(Id=zone)["HostedZone"]["Name"]
    pages = client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone)
    sets = [one for page in pages for one in page["ResourceRecordSets"]]
    own = ("NS", "SOA")
    going = [one for one in sets if not (one["Name"] == name and one["Type"] in own)]
    # Aliases first: what they point to must not go before them.
    going.sort(key=lambda one: "AliasTarget" not in one)
    for start in range(0, len(going), 100):
        changes = [
            {"Action": "DELETE", "ResourceRecordSet": one} for one in going[start : start + 100]
        ]
        client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
