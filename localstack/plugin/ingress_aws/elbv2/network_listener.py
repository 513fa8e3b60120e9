"""What is asked of the listeners of Network Load Balancers only: their one action, ALPN."""

from typing import Any

from ingress_aws.elbv2 import errors
from ingress_aws.elbv2.store import LoadBalancer

Json = dict[str, Any]

# botocore's documentation of AlpnPolicy.
ALPN_POLICIES = ("HTTP1Only", "HTTP2Only", "HTTP2Optional", "HTTP2Preferred", "None")


def check_actions(actions: list[Json]) -> None:
    """Refuse (canonical) actions that are not one forward to one target group.

    aws/aws-cdk #11943 has AWS's refusal of two, as a validation exception; DescribeAccountLimits
    has 1 as "target-groups-per-action-on-network-load-balancer".
    """
    for action in actions:
        if action["Type"] != "forward":
            raise errors.invalid_action(
                f"Actions of type '{action['Type']}' are not supported for network load balancers"
            )
        if len(action["ForwardConfig"]["TargetGroups"]) > 1:
            raise errors.validation("A network load balancer forwards to one target group only")


def check_addresses(balancer: LoadBalancer, protocol: str) -> None:
    """botocore: "You can’t specify the UDP, TCP_UDP, .. protocol if dual-stack mode is enabled"."""
    if "UDP" in protocol and balancer.ip_address_type != "ipv4":
        kind = balancer.ip_address_type
        raise errors.configuration(f"Listener protocol '{protocol}' is not supported with '{kind}'")


def alpn(request: Json, protocol: str, standing: str | None) -> str | None:
    """The ALPN policy of a TLS listener; others have none."""
    given = request.get("AlpnPolicy") or []
    if protocol != "TLS":
        if given:
            raise errors.validation("An ALPN policy can be specified only for TLS listeners")
        return None
    if not given:
        return standing or "None"
    if len(given) > 1 or given[0] not in ALPN_POLICIES:
        words = ", ".join(ALPN_POLICIES)
        raise errors.validation(f"The ALPN policy '{given[0]}' must be one of '{words}'")
    return str(given[0])
