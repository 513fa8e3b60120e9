"""moto's EC2 of one account and region, with a default VPC as AWS makes it.

Whoever reads or writes EC2's state comes by here, so that no account is made without the patch.
"""

import threading
from collections.abc import Callable
from functools import cache
from typing import Any

from ingress_aws.ec2 import subnet_addresses

EVERYWHERE = "0.0.0.0/0"
# The group that every VPC has from the beginning; nobody can make one of this name.
DEFAULT_GROUP = "default"
# The state of a CIDR block that is a VPC's or a subnet's.
ASSOCIATED = "associated"

_lock = threading.Lock()
_patched = False


def of(account: str, region: str) -> Any:
    """The state; the account's default VPC is made on the first touch."""
    return models().ec2_backends[account][region]


@cache
def models() -> Any:
    """moto's models, once they are right. Imported late: they take a second to load."""
    global _patched  # noqa: PLW0603 - a module is patched once for the whole process
    from moto.ec2 import models
    from moto.ec2.models import elastic_network_interfaces, security_groups, subnets

    with _lock:
        if not _patched:
            make = models.EC2Backend.create_default_vpc
            models.EC2Backend.create_default_vpc = _with_gateway(make)  # type: ignore[assignment]
            interface = elastic_network_interfaces.NetworkInterfaceBackend
            subnet_addresses.patch(interface)
            subnets.Subnet.ipv6_cidr_block_association_set = property(  # type: ignore[assignment]
                _ipv6_blocks
            )
            groups = security_groups.SecurityGroupBackend
            groups.create_security_group = _open_to_itself(  # type: ignore[method-assign]
                groups.create_security_group
            )
            _patched = True
    return models


def _with_gateway(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """AWS's default VPCs have an internet gateway and a route to it; moto's have neither."""

    def create_default_vpc(ec2: Any) -> Any:
        vpc = make(ec2)
        gateway = ec2.create_internet_gateway()
        ec2.attach_internet_gateway(gateway.id, vpc.id)
        main = {"vpc-id": [vpc.id], "association.main": ["true"]}
        [table] = ec2.describe_route_tables(filters=main)
        ec2.create_route(table.id, EVERYWHERE, gateway_id=gateway.id)
        return vpc

    return create_default_vpc


def _open_to_itself(make: Callable[..., Any]) -> Callable[..., Any]:
    """The default group of a VPC lets its own members in (VPC's guide, "Default security groups");
    moto's lets nobody in.
    """

    def create_security_group(ec2: Any, *given: Any, **named: Any) -> Any:
        from moto.ec2.models.security_groups import SecurityGroupRule

        group = make(ec2, *given, **named)
        if group.name == DEFAULT_GROUP:
            owner = ec2.account_id
            itself = {"GroupId": group.id, "UserId": owner, "OwnerId": owner}
            rule = SecurityGroupRule(
                ec2, "-1", group.id, from_port="0", to_port="0", ip_range={},
                source_group=itself, is_egress=False,
            )  # fmt: skip
            rule.from_port = rule.to_port = None
            group.ingress_rules.append(rule)
        return group

    return create_security_group


def _ipv6_blocks(subnet: Any) -> list[dict[str, Any]]:
    """A subnet's blocks of IPv6 addresses; moto writes their state as it is kept, as a dict."""
    return [
        {
            "associationId": association["associationId"],
            "ipv6CidrBlock": association["ipv6CidrBlock"],
            "ipv6CidrBlockState": {"state": association["ipv6CidrBlockState"]["State"]},
        }
        for association in subnet.ipv6_cidr_block_associations.values()
        if association["ipv6CidrBlockState"]["State"] == ASSOCIATED
    ]
