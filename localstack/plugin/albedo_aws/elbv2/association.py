"""What actions mean for the world around them: may this load balancer use these target groups?"""

from typing import Any

from albedo_aws.elbv2 import arns, errors, limits
from albedo_aws.elbv2.store import LoadBalancer, Rule, Store, TargetGroup, target_groups_of
from albedo_aws.elbv2.target_group import HTTP_PROTOCOLS

Json = dict[str, Any]


def check(
    store: Store,
    load_balancer: LoadBalancer,
    protocol: str,
    actions: list[Json],
    replacing: Rule | None = None,
) -> None:
    """Raise what AWS answers when (canonical) actions cannot be put on a load balancer.

    The quotas are on what would be: the actions of the rule that changes are not counted.
    """
    groups = arns.target_groups(store, sorted(target_groups_of(actions)))
    _check_protocols(protocol, groups)
    vpc = load_balancer.vpc
    elsewhere = [group.arn for group in groups if group.settings.get("VpcId", vpc) != vpc]
    if elsewhere:
        text = "The following target groups are not in the VPC of the load balancer: "
        raise errors.configuration(text + ", ".join(elsewhere))
    users = {group.arn: store.user_of(group.arn) for group in groups}
    taken = [arn for arn, user in users.items() if user not in (None, load_balancer)]
    if taken:
        raise errors.one_load_balancer_only(taken)
    _check_quotas(store, store.used_by(load_balancer.arn, replacing) | set(users))


def _check_protocols(protocol: str, groups: list[TargetGroup]) -> None:
    incompatible = [
        group.arn
        for group in groups
        if group.settings["TargetType"] != "lambda"
        and group.settings["Protocol"] not in HTTP_PROTOCOLS
    ]
    if incompatible:
        raise errors.incompatible_protocols(incompatible)
    # AWS's guide, "Protocol version": gRPC needs an HTTPS listener.
    if protocol != "HTTPS":
        for group in groups:
            if group.settings.get("ProtocolVersion") == "GRPC":
                raise errors.configuration(
                    f"Listener protocol '{protocol}' is not supported with a target group with "
                    "the protocol-version 'GRPC'"
                )


def _check_quotas(store: Store, used: set[str]) -> None:
    most = limits.TARGET_GROUPS_PER_LOAD_BALANCER.number(store.account)
    if len(used) > most:
        raise errors.too_many(
            "TooManyUniqueTargetGroupsPerLoadBalancer",
            "You have reached the maximum number of unique target groups that you can associate "
            "with a load balancer of type 'application'",
            most,
        )
    check_targets(store, sum(len(store.target_groups[arn].targets) for arn in used))


def check_targets(store: Store, count: int) -> None:
    """The quota on the targets of one load balancer, over all its target groups."""
    most = limits.TARGETS_PER_LOAD_BALANCER.number(store.account)
    if count > most:
        text = "You have reached the maximum number of targets of a load balancer"
        raise errors.too_many("TooManyTargets", text, most)
