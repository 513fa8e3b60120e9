"""The attributes of a target group.

Keys, defaults and ranges are those of botocore's documentation of TargetGroupAttribute.
"""

from typing import Any

from ingress_aws.elbv2 import arns, errors, target_balancer
from ingress_aws.elbv2.attributes import Table, as_list, boolean, changed, choice, number, text
from ingress_aws.elbv2.attributes import defaults as defaults_of
from ingress_aws.elbv2.store import Store, TargetGroup

WEEK = 604800
# The most targets a target group can have (AWS's quotas page), so the highest useful count.
MOST_TARGETS = 1000
# botocore: these cookie names belong to the load balancer.
RESERVED_COOKIES = ("AWSALB", "AWSALBAPP", "AWSALBTG")

CROSS_ZONE = "load_balancing.cross_zone.enabled"
# The zone of a target that every node of the load balancer may use.
ANY_ZONE = "all"

PRESERVE = "preserve_client_ip.enabled"
TERMINATE = "target_health_state.unhealthy.connection_termination.enabled"
TERMINATE_AT_END = "deregistration_delay.connection_termination.enabled"
DRAINING_INTERVAL = "target_health_state.unhealthy.draining_interval_seconds"
HTTP_PROTOCOLS = ("HTTP", "HTTPS")

BOTH: Table = {
    "deregistration_delay.timeout_seconds": number("300", 0, 3600),
    CROSS_ZONE: choice(
        "use_load_balancer_configuration", "true", "false", "use_load_balancer_configuration"
    ),
    "stickiness.enabled": boolean("false"),
    "target_group_health.dns_failover.minimum_healthy_targets.count": number(
        "1", 1, MOST_TARGETS, "off"
    ),
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": number(
        "off", 1, 100, "off"
    ),
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": number(
        "1", 1, MOST_TARGETS
    ),
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": number(
        "off", 1, 100, "off"
    ),
}
SERVERS: Table = BOTH | {
    "load_balancing.algorithm.anomaly_mitigation": choice("off", "on", "off"),
    "load_balancing.algorithm.type": choice(
        "round_robin", "round_robin", "least_outstanding_requests", "weighted_random"
    ),
    # 0 is "off"; in between there is nothing.
    "slow_start.duration_seconds": number("0", 30, 900, "0"),
    "stickiness.app_cookie.cookie_name": text("", 4096),  # a cookie's size in browsers (RFC 6265)
    "stickiness.app_cookie.duration_seconds": number("86400", 1, WEEK),
    "stickiness.lb_cookie.duration_seconds": number("86400", 1, WEEK),
    "stickiness.type": choice("lb_cookie", "lb_cookie", "app_cookie"),
}
# Those of Network Load Balancers.
NETWORK: Table = BOTH | {
    TERMINATE_AT_END: boolean("false"),
    PRESERVE: boolean("true"),
    "proxy_protocol_v2.enabled": boolean("false"),
    "stickiness.type": choice("source_ip", "source_ip"),
    TERMINATE: boolean("true"),
    DRAINING_INTERVAL: number("0", 0, 360_000),
}

LAMBDA: Table = {"lambda.multi_value_headers.enabled": boolean("false")}


def defaults(settings: dict[str, Any]) -> dict[str, str]:
    """The attributes of a new target group."""
    made = defaults_of(_table(settings))
    if PRESERVE in made:
        protocol = settings["Protocol"]
        by_address = settings["TargetType"] == "ip" and protocol in ("TCP", "TLS")
        made[PRESERVE] = "false" if by_address else "true"
        made[TERMINATE_AT_END] = "true" if "UDP" in protocol else "false"
        made[TERMINATE] = "false" if "UDP" in protocol else "true"
    return made


def describe(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeTargetGroupAttributes."""
    return as_list(arns.target_group(store, request["TargetGroupArn"]).attributes)


def modify(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """ModifyTargetGroupAttributes."""
    group = arns.target_group(store, request["TargetGroupArn"])
    if group.settings["TargetType"] == target_balancer.TARGET_TYPE:
        # The guide of Network Load Balancers: "you can't modify the target group attributes" [D];
        # the code is from memory.
        raise errors.configuration("The attributes of a target group of type 'alb' cannot change")
    table = _table(group.settings)
    wanted = changed(table, "Target group", group.attributes, request)
    if table is SERVERS:
        _check_together(wanted)
        if wanted[CROSS_ZONE] == "false":
            _check_zones(group, wanted)
    if table is NETWORK:
        _check_network(group, wanted)
    group.attributes = wanted
    return as_list(wanted)


def deregistration_delay(group: TargetGroup) -> float:
    """How long a target of this group drains; a Lambda function does not."""
    return float(group.attributes.get("deregistration_delay.timeout_seconds", "0"))


def keeps_to_zones(group: TargetGroup) -> bool:
    """Whether cross-zone load balancing is off; it is always on for the load balancer itself."""
    return group.attributes.get(CROSS_ZONE) == "false"


def _check_zones(group: TargetGroup, wanted: dict[str, str]) -> None:
    """AWS's guide, "Turn off cross-zone load balancing": what it does not go with."""
    if wanted["stickiness.enabled"] == "true":
        text = "Stickiness is not supported while cross-zone load balancing is off"
        raise errors.configuration(text)
    if any(target.key.zone == ANY_ZONE for target in group.targets.values()):
        raise errors.configuration(
            "Cross-zone load balancing cannot be turned off for a target group with targets whose "
            f"Availability Zone is '{ANY_ZONE}'"
        )


def _table(settings: dict[str, Any]) -> Table:
    if settings["TargetType"] == "lambda":
        return LAMBDA
    return SERVERS if settings["Protocol"] in HTTP_PROTOCOLS else NETWORK


def _check_network(group: TargetGroup, wanted: dict[str, str]) -> None:
    """What does not go together in a group of a Network Load Balancer, by the same text."""
    if "UDP" in group.settings["Protocol"]:
        for key, needed in ((PRESERVE, "true"), (TERMINATE, "false")):
            if wanted[key] != needed:
                protocol = group.settings["Protocol"]
                raise errors.configuration(f"{key} must be '{needed}' for {protocol} groups")
    if wanted[TERMINATE] == "true" and wanted[DRAINING_INTERVAL] != "0":
        raise errors.configuration(f"{DRAINING_INTERVAL} needs {TERMINATE} to be 'false'")


def _check_together(wanted: dict[str, str]) -> None:
    algorithm = wanted["load_balancing.algorithm.type"]
    mitigates = wanted["load_balancing.algorithm.anomaly_mitigation"] == "on"
    if mitigates and algorithm != "weighted_random":
        raise errors.configuration("Anomaly mitigation needs the weighted_random algorithm")
    # AWS's guide, "Slow start mode": it goes with round robin only.
    if wanted["slow_start.duration_seconds"] != "0" and algorithm != "round_robin":
        raise errors.configuration(f"Slow start cannot be used with {algorithm}")
    cookie = wanted["stickiness.app_cookie.cookie_name"]
    if cookie.startswith(RESERVED_COOKIES):
        raise errors.validation(f"The cookie name '{cookie}' is reserved")
    sticky_by_app = wanted["stickiness.type"] == "app_cookie"
    if wanted["stickiness.enabled"] == "true" and sticky_by_app and not cookie:
        raise errors.configuration("Stickiness by app_cookie needs a cookie name")
