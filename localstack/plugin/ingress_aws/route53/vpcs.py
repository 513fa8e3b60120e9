"""The VPCs of private zones."""

from typing import Any

from botocore.exceptions import ClientError
from localstack.aws.connect import connect_to

from ingress_aws.errors import AwsError
from ingress_aws.route53.errors import invalid_input
from ingress_aws.route53.name import Name
from ingress_aws.route53.store import Store
from ingress_aws.route53.zone import Vpc


def existing(store: Store, given: dict[str, Any]) -> Vpc:
    """The VPC that a request names, once EC2 is known to have it."""
    vpc = _read(given)
    ec2 = connect_to(aws_access_key_id=store.account, region_name=vpc.region).ec2
    try:
        ec2.describe_vpcs(VpcIds=[vpc.id])
    except ClientError as refusal:
        raise AwsError("InvalidVPCId", f"The VPC ID '{vpc.id}' is invalid.") from refusal
    return vpc


def check_free(store: Store, name: Name, vpc: Vpc) -> None:
    """A VPC resolves a name from one private zone only."""
    if any(vpc in zone.vpcs and zone.name == name for zone in store.zones.values()):
        raise AwsError(
            "ConflictingDomainExists",
            f"The VPC {vpc.id} in region {vpc.region} has already been associated "
            f"with a hosted zone with the domain name {name.text}",
        )


def associate(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """AssociateVPCWithHostedZone; doing it again changes nothing."""
    zone = store.zone(request["HostedZoneId"])
    vpc = existing(store, request["VPC"])
    if not zone.private:
        raise AwsError(
            "PublicZoneVPCAssociation", "A VPC cannot be associated with a public hosted zone."
        )
    if vpc not in zone.vpcs:
        check_free(store, zone.name, vpc)
        zone.vpcs.append(vpc)
    return {"ChangeInfo": store.changes.record(request.get("Comment"))}


def disassociate(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """DisassociateVPCFromHostedZone; a private zone keeps at least one VPC."""
    zone = store.zone(request["HostedZoneId"])
    vpc = _read(request["VPC"])
    if vpc not in zone.vpcs:
        # 404: botocore's service model.
        raise AwsError(
            "VPCAssociationNotFound",
            f"The VPC {vpc.id} and hosted zone {zone.id} are not associated.",
            404,
        )
    if len(zone.vpcs) == 1:
        raise AwsError(
            "LastVPCAssociation", "The last VPC of a private hosted zone cannot be taken away."
        )
    zone.vpcs.remove(vpc)
    return {"ChangeInfo": store.changes.record(request.get("Comment"))}


def _read(given: dict[str, Any]) -> Vpc:
    """The model calls both parts optional, the service does not."""
    if not given.get("VPCId") or not given.get("VPCRegion"):
        raise invalid_input("VPC needs VPCId and VPCRegion")
    return Vpc(given["VPCRegion"], given["VPCId"])
