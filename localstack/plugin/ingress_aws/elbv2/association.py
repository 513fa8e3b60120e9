"""What actions mean for the world around them: may this load balancer use these target groups?"""

from typing import Any

from ingress_aws.elbv2 import arns, errors, limits, target_balancer, user_pool
from ingress_aws.elbv2.store import LoadBalancer, Rule, Store, TargetGroup, target_groups_of
from ingress_aws.elbv2.target_group import HTTP_PROTOCOLS

Json = dict[str, Any]


# By listener, the protocols of its target groups: for those of Network Load Balancers see "Create
# a target group" in their guide.
COMPATIBLE = {
    "HTTP": HTTP_PROTOCOLS,
    "HTTPS": HTTP_PROTOCOLS,
    "TCP": ("TCP", "TCP_UDP"),
    "TLS": ("TCP", "TLS"),
    "UDP": ("UDP", "TCP_UDP"),
    "TCP_UDP": ("TCP_UDP",),
}


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
    user_pool.check(store, actions)
    groups = arns.target_groups(store, sorted(target_groups_of(actions)))
    _check_protocols(protocol, groups)
    _check_addresses(load_balancer.ip_address_type, groups)
    vpc = load_balancer.vpc
    elsewhere = [group.arn for group in groups if group.settings.get("VpcId", vpc) != vpc]
    if elsewhere:
        text = "The following target groups are not in the VPC of the load balancer: "
        raise errors.configuration(text + ", ".join(elsewhere))
    users = {group.arn: store.user_of(group.arn) for group in groups}
    taken = [arn for arn, user in users.items() if user not in (None, load_balancer)]
    if taken:
        raise errors.one_load_balancer_only(taken)
    _check_quotas(store, load_balancer, store.used_by(load_balancer.arn, replacing) | set(users))


def _check_protocols(protocol: str, groups: list[TargetGroup]) -> None:
    incompatible = [group.arn for group in groups if not _goes_with(protocol, group)]
    if incompatible:
        raise errors.incompatible_protocols(incompatible)
    if protocol not in HTTP_PROTOCOLS:
        return
    # AWS's guide, "Protocol version": gRPC needs an HTTPS listener. So does HTTP/2 (aws/copilot-cli
    # #4551 has AWS's words).
    if protocol != "HTTPS":
        for group in groups:
            version = group.settings.get("ProtocolVersion", "HTTP1")
            if version != "HTTP1":
                raise errors.configuration(
                    f"Listener protocol '{protocol}' is not supported with a target group with "
                    f"the protocol-version '{version}'"
                )


def _goes_with(protocol: str, group: TargetGroup) -> bool:
    kind = group.settings["TargetType"]
    if kind == "lambda":
        return protocol in HTTP_PROTOCOLS
    if kind == target_balancer.TARGET_TYPE:
        # The guide: "Only TCP listeners can forward traffic to" such a group.
        return protocol == "TCP"
    return group.settings["Protocol"] in COMPATIBLE[protocol]


def check_address_type(store: Store, load_balancer: LoadBalancer, wanted: str) -> None:
    """Raise what AWS answers when a load balancer cannot have this address type any more."""
    udp = [one.protocol for one in load_balancer.listeners.values() if "UDP" in one.protocol]
    if udp and wanted != "ipv4":
        # botocore: "You can’t specify the UDP, TCP_UDP, .. protocol if dual-stack mode is enabled."
        raise errors.configuration(f"Listener protocol '{udp[0]}' is not supported with '{wanted}'")
    used = store.used_by(load_balancer.arn)
    _check_addresses(wanted, [store.target_groups[arn] for arn in used])


def _check_addresses(address_type: str, groups: list[TargetGroup]) -> None:
    """Only load balancers that have IPv6 themselves reach targets over it; the words are AWS's
    (zalando-incubator/kube-ingress-aws-controller #752), the code is from memory.
    """
    six = any(group.settings["IpAddressType"] == "ipv6" for group in groups)
    if six and address_type == "ipv4":
        raise errors.configuration(
            "You cannot associate an IPv6 target group with a load balancer that has an 'ipv4' IP "
            "address type"
        )


def _check_quotas(store: Store, load_balancer: LoadBalancer, used: set[str]) -> None:
    most = limits.TARGET_GROUPS_PER_LOAD_BALANCER.number(store.account)
    if len(used) > most:
        raise errors.too_many(
            "TooManyUniqueTargetGroupsPerLoadBalancer",
            "You have reached the maximum number of unique target groups that you can associate "
            f"with a load balancer of type '{load_balancer.type}'",
            most,
        )
    check_targets(store, sum(len(store.target_groups[arn].targets) for arn in used))


def check_targets(store: Store, count: int) -> None:
    """The quota on the targets of one load balancer, over all its target groups."""
    most = limits.TARGETS_PER_LOAD_BALANCER.number(store.account)
    if count > most:
        text = "You have reached the maximum number of targets of a load balancer"
        raise errors.too_many("TooManyTargets", text, most)
