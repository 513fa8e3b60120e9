"""What keeps subnets, VPCs and network interfaces from being deleted."""

from ipaddress import IPv4Network
from typing import Any

from ingress_aws.ec2 import backend, interfaces
from ingress_aws.ec2.errors import dependent, invalid, missing
from ingress_aws.ec2.store import Store
from ingress_aws.errors import AwsError

Json = dict[str, Any]

# How long the prefix of a VPC's block is ("VPC CIDR blocks" in the user guide).
WIDEST, NARROWEST = 16, 28


def check_empty(store: Store, request: Json) -> None:
    """Refuse DeleteSubnet while an interface is in it."""
    wanted = request.get("SubnetId")
    if not any(wanted in by_id for by_id in store.moto.subnets.values()):
        text = f"The subnet ID '{wanted}' does not exist"
        raise AwsError("InvalidSubnetID.NotFound", text)
    if any(_subnet_of(interface) == wanted for interface in store.moto.enis.values()):
        raise dependent("The subnet", repr(wanted))


def check_block(store: Store, request: Json) -> None:
    """Refuse AssociateVpcCidrBlock of a block that the VPC cannot have."""
    vpc, wanted = store.moto.vpcs.get(request.get("VpcId")), request.get("CidrBlock")
    if vpc is None:
        text = f"The vpc ID '{request.get('VpcId')}' does not exist"
        raise AwsError("InvalidVpcID.NotFound", text)
    if request.get("AmazonProvidedIpv6CidrBlock"):
        if wanted:
            raise invalid("A block is either given or provided by Amazon")
        return
    if not wanted:
        raise missing("cidrBlock")
    try:
        block = IPv4Network(wanted)
    except ValueError as broken:
        raise invalid(f"Value ({wanted}) for parameter cidrBlock is invalid.") from broken
    standing = [
        IPv4Network(one["cidr_block"])
        for one in vpc.cidr_block_association_set
        if one["cidr_block_state"]["state"] == backend.ASSOCIATED
    ]
    allowed = WIDEST <= block.prefixlen <= NARROWEST
    if not allowed or any(block.overlaps(one) for one in standing):
        raise AwsError("InvalidVpc.Range", f"The CIDR '{wanted}' is invalid.")


def check_vpc_empty(store: Store, request: Json) -> None:
    """Refuse DeleteVpc while something of it is left that does not go with it."""
    wanted = request.get("VpcId")
    if wanted not in store.moto.vpcs:
        raise AwsError("InvalidVpcID.NotFound", f"The vpc ID '{wanted}' does not exist")
    subnets = (one for by_id in store.moto.subnets.values() for one in by_id.values())
    groups = store.moto.groups.get(wanted, {}).values()
    gateways = store.moto.internet_gateways.values()
    if (
        any(subnet.vpc_id == wanted for subnet in subnets)
        or any(group.name != "default" for group in groups)
        or any(gateway.vpc and gateway.vpc.id == wanted for gateway in gateways)
    ):
        raise dependent("The vpc", repr(wanted))


def check_interface(store: Store, request: Json) -> None:
    """Refuse DeleteNetworkInterface of one that is a load balancer's."""
    wanted = str(request.get("NetworkInterfaceId"))
    if interfaces.belongs_to_load_balancer(store, wanted):
        text = f"You do not have permission to access the specified resource '{wanted}'."
        # EC2's code for an interface whose requester is a service of AWS [P].
        raise AwsError("AuthFailure", text)


def _subnet_of(interface: Any) -> str | None:
    return getattr(interface.subnet, "id", None)
