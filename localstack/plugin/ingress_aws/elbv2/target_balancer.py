"""Application Load Balancers as targets of Network Load Balancers.

The rules are those of "Use an Application Load Balancer as a target" in the guide of Network Load
Balancers, and of botocore's documentation of TargetDescription.
"""

from collections.abc import Iterator
from typing import Any

from ingress_aws import clock
from ingress_aws.elbv2 import arns, errors
from ingress_aws.elbv2.store import (
    APPLICATION_TYPE,
    Listener,
    LoadBalancer,
    Store,
    Target,
    TargetGroup,
    TargetKey,
)

Json = dict[str, Any]

TARGET_TYPE = "alb"
# The guide: "You can only register one Application Load Balancer per target group."
PER_GROUP = 1
# "You can associate an Application Load Balancer as a target of up to two Network Load Balancers",
# with a target group for each.
GROUPS = 2


def checked(store: Store, group: TargetGroup, description: Json) -> Target:
    """The load balancer that is to be registered."""
    if description.get("AvailabilityZone"):
        raise errors.validation("An Availability Zone cannot be specified for a load balancer")
    arn = description["Id"]
    if arns.kind_of(store, arn) != arns.LOAD_BALANCER or ":loadbalancer/app/" not in arn:
        raise errors.not_an_arn(arn, arns.LOAD_BALANCER)
    balancer = store.load_balancers.get(arn)
    if balancer is None or balancer.vpc != group.settings["VpcId"]:
        vpc = group.settings["VpcId"]
        raise errors.invalid_targets(
            f"The following targets are not in the target group VPC '{vpc}': '{arn}'"
        )
    port = description.get("Port", group.settings["Port"])
    if _on_port(balancer, port) is None:
        raise errors.no_listener_for_target()
    others = {one.arn for one, _ in _registrations(store, arn)} - {group.arn}
    if len(others) >= GROUPS:
        text = "You have reached the maximum number of times a target can be registered"
        raise errors.too_many("TooManyRegistrationsForTargetId", text, GROUPS)
    key = TargetKey(id=arn, port=port, zone=None)
    return Target(key=key, zone=None, registered=clock.now(store.account))


def check_deletion(store: Store, balancer: LoadBalancer) -> None:
    """Refuse to delete a load balancer that is a target."""
    for group, _ in _registrations(store, balancer.arn):
        raise errors.load_balancer_is_target(balancer.arn, group.arn)


def check_listener(store: Store, listener: Listener) -> None:
    """Refuse to delete a listener that a target stands on, or to move it to another port."""
    balancer = listener.load_balancer
    if balancer.type != APPLICATION_TYPE:
        return
    for _, target in _registrations(store, balancer.arn):
        if target.key.port == listener.port:
            raise errors.listener_is_target(listener.port, balancer.arn)


def answers_checks(store: Store, group: TargetGroup, target: Target) -> bool:
    """Whether a load balancer has a listener for the health check: its port, its protocol."""
    balancer = store.load_balancers.get(target.key.id)
    wanted = group.settings["HealthCheckPort"]
    port = target.key.port if wanted == "traffic-port" else int(wanted)
    listener = _on_port(balancer, port) if balancer else None
    return listener is not None and listener.protocol == group.settings["HealthCheckProtocol"]


def _on_port(balancer: LoadBalancer, port: int | None) -> Listener | None:
    return next((one for one in balancer.listeners.values() if one.port == port), None)


def _registrations(store: Store, arn: str) -> Iterator[tuple[TargetGroup, Target]]:
    for group in store.target_groups.values():
        if group.settings["TargetType"] == TARGET_TYPE:
            for target in group.targets.values():
                if target.key.id == arn and target.deregistered is None:
                    yield group, target
