"""Finds security groups as requests name them; new ones not at once."""

from typing import Any

from ingress_aws import clock
from ingress_aws.ec2.errors import group_not_found, missing
from ingress_aws.ec2.store import Store
from ingress_aws.settings import knob

Json = dict[str, Any]

LATE = knob(
    "ec2.security-group-visible-seconds",
    0,
    "how long a new security group is not found yet; on AWS up to some seconds",
)


def meant(store: Store, request: Json) -> Any:
    """The group that a request names by id, or in the default VPC by name."""
    wanted, name = request.get("GroupId"), request.get("GroupName")
    if not wanted and not name:
        raise missing("GroupId")
    for vpc, by_id in store.moto.groups.items():
        for group in by_id.values():
            by_name = not wanted and group.name == name and store.moto.vpcs[vpc].is_default
            if (group.id == wanted or by_name) and not too_young(store, group.id):
                return group
    raise group_not_found(str(wanted or name))


def too_young(store: Store, group: str) -> bool:
    """Whether a group is so new that it is not found yet."""
    late = LATE.of(store.account)
    return bool(late) and clock.now(store.account) - store.made.get(group, 0.0) < (late or 0)


def arn(ec2: Any, kind: str, resource: str) -> str:
    """The ARN of something in EC2."""
    return f"arn:{ec2.partition}:ec2:{ec2.region_name}:{ec2.account_id}:{kind}/{resource}"
