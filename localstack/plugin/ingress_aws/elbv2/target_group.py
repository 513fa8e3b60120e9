"""Target groups: create, describe, change, delete."""

import re
from functools import partial
from typing import Any

from ingress_aws.elbv2 import (
    arns,
    errors,
    limits,
    names,
    network,
    paging,
    tag,
    target_group_attributes,
    visibility,
)
from ingress_aws.elbv2.store import Store, TargetGroup, new_id

HTTP_PROTOCOLS = target_group_attributes.HTTP_PROTOCOLS

# botocore's documentation of CreateTargetGroup. The timeout is the console's 5: botocore's text
# (6 or 10) is that of Network Load Balancers.
DEFAULTS = {
    "HealthCheckIntervalSeconds": 30,
    "HealthCheckTimeoutSeconds": 5,
    "HealthyThresholdCount": 5,
    "UnhealthyThresholdCount": 2,
}
LAMBDA_DEFAULTS = {
    "HealthCheckIntervalSeconds": 35,
    "HealthCheckTimeoutSeconds": 30,
    "HealthyThresholdCount": 5,
    "UnhealthyThresholdCount": 5,
}
# Those of Network Load Balancers, by how the health is checked.
NETWORK_DEFAULTS = {
    "TCP": DEFAULTS | {"HealthCheckTimeoutSeconds": 10},
    "HTTPS": DEFAULTS | {"HealthCheckTimeoutSeconds": 10},
    "HTTP": DEFAULTS | {"HealthCheckTimeoutSeconds": 6},
}
GRPC_PATH = "/AWS.ALB/healthcheck"

# What may be changed afterwards; everything else is for life.
HEALTH_CHECK = (
    "HealthCheckProtocol",
    "HealthCheckPort",
    "HealthCheckEnabled",
    "HealthCheckPath",
    "HealthCheckIntervalSeconds",
    "HealthCheckTimeoutSeconds",
    "HealthyThresholdCount",
    "UnhealthyThresholdCount",
    "Matcher",
)


def create(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """CreateTargetGroup; asking twice for the same is no error."""
    name = request["Name"]
    names.check("target group", name)
    settings = _settings(store, request)
    tags = tag.checked(request.get("Tags"))
    standing = _by_name(store).get(name)
    if standing is not None:
        if (standing.settings, standing.tags) != (settings, tags):
            raise errors.duplicate_target_group(name)
        return {"TargetGroups": [_view(store, standing)]}
    most = limits.TARGET_GROUPS.number(store.account)
    if len(store.target_groups) >= most:
        text = "You have reached the maximum number of target groups"
        raise errors.too_many("TooManyTargetGroups", text, most)
    arn = store.arn(f"targetgroup/{name}/{new_id()}")
    attributes = target_group_attributes.defaults(settings)
    made = store.target_groups[arn] = TargetGroup(arn, name, settings, attributes, tags)
    return {"TargetGroups": [_view(store, made)]}


def describe(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeTargetGroups; one that is missing fails the whole call."""
    asked = [key for key in ("LoadBalancerArn", "TargetGroupArns", "Names") if request.get(key)]
    if len(asked) > 1:
        raise errors.validation(f"{' and '.join(asked)} cannot be specified together")
    if "LoadBalancerArn" in asked:
        user = arns.load_balancer(store, request["LoadBalancerArn"])
        found = [
            group
            for arn, group in store.target_groups.items()
            if visibility.user_of(store, arn) is user
        ]
    elif "TargetGroupArns" in asked:
        found = arns.target_groups(store, dict.fromkeys(request["TargetGroupArns"]))
    elif "Names" in asked:
        found = _named(store, request["Names"])
    else:
        found = list(store.target_groups.values())
    return paging.answer("TargetGroups", found, request, partial(_view, store))


def modify(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """ModifyTargetGroup: the health check, and nothing else."""
    group = arns.target_group(store, request["TargetGroupArn"])
    wanted = {key: request[key] for key in HEALTH_CHECK if request.get(key) is not None}
    settings = group.settings | wanted
    _check_health_check(settings)
    group.settings = settings
    return {"TargetGroups": [_view(store, group)]}


def delete(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteTargetGroup; of one that is gone it is a success."""
    arn = request["TargetGroupArn"]
    arns.require(store, arn, arns.TARGET_GROUP)
    if not visibility.is_released(store, arn):
        raise errors.target_group_in_use(arn)
    store.remove_target_group(arn)
    return {}


def _settings(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """What DescribeTargetGroups will tell, with AWS's defaults filled in and checked."""
    target_type = request.get("TargetType", "instance")
    if target_type == "lambda":
        settings = _lambda_settings(request)
    else:
        settings = _server_settings(store, request, target_type)
    settings["IpAddressType"] = request.get("IpAddressType", "ipv4")
    if request.get("TargetControlPort") is not None:
        settings["TargetControlPort"] = request["TargetControlPort"]
    _check_health_check(settings)
    return settings


def _lambda_settings(request: dict[str, Any]) -> dict[str, Any]:
    given = [key for key in ("Protocol", "Port", "VpcId") if request.get(key)]
    if given:
        raise errors.validation(f"{given[0]} cannot be specified for target type 'lambda'")
    return {
        "TargetType": "lambda",
        "HealthCheckEnabled": request.get("HealthCheckEnabled", False),
        "HealthCheckPath": request.get("HealthCheckPath", "/"),
        **_given_or(request, LAMBDA_DEFAULTS),
        "Matcher": request.get("Matcher") or {"HttpCode": "200"},
    }


def _server_settings(store: Store, request: dict[str, Any], target_type: str) -> dict[str, Any]:
    protocol = request.get("Protocol")
    if not protocol:
        raise errors.validation("A protocol must be specified")
    if not request.get("Port"):
        raise errors.validation("A port must be specified")
    vpc = request.get("VpcId")
    if not vpc:
        raise errors.validation("A VPC ID must be specified")
    if not network.vpc_exists(store, vpc):
        raise errors.validation(f"The VPC ID '{vpc}' is not found")
    if request.get("IpAddressType") == "ipv6" and not network.has_ipv6(store, vpc):
        raise errors.validation(f"The VPC '{vpc}' has no IPv6 CIDR block")
    if target_type == "alb" and protocol != "TCP":
        raise errors.validation(f"Protocol '{protocol}' is not supported for target type 'alb'")
    settings = {
        "TargetType": target_type,
        "Protocol": protocol,
        "Port": request["Port"],
        "VpcId": vpc,
        "HealthCheckPort": request.get("HealthCheckPort", "traffic-port"),
        "HealthCheckEnabled": request.get("HealthCheckEnabled", True),
    }
    if protocol not in HTTP_PROTOCOLS:
        return settings | _network_check(request, target_type)
    settings |= _given_or(request, DEFAULTS)
    version = request.get("ProtocolVersion", "HTTP1")
    if version not in ("HTTP1", "HTTP2", "GRPC"):
        raise errors.validation(f"Protocol version '{version}' must be one of 'GRPC, HTTP1, HTTP2'")
    grpc = version == "GRPC"
    return settings | {
        "ProtocolVersion": version,
        "HealthCheckProtocol": request.get("HealthCheckProtocol", "HTTP"),
        "HealthCheckPath": request.get("HealthCheckPath", GRPC_PATH if grpc else "/"),
        "Matcher": request.get("Matcher") or ({"GrpcCode": "12"} if grpc else {"HttpCode": "200"}),
    }


def _network_check(request: dict[str, Any], target_type: str) -> dict[str, Any]:
    """The health check of a group for Network Load Balancers; an ALB refuses the group."""
    # botocore: TCP is the default of Network Load Balancers; an ALB behind one is asked by HTTP
    # ("Use an Application Load Balancer as a target" in their guide).
    default = "HTTP" if target_type == "alb" else "TCP"
    by = request.get("HealthCheckProtocol", default)
    allowed = HTTP_PROTOCOLS if target_type == "alb" else tuple(NETWORK_DEFAULTS)
    if by not in allowed:
        raise errors.validation(
            f"Health check protocol '{by}' must be one of '{', '.join(sorted(allowed))}'"
        )
    check = {"HealthCheckProtocol": by, **_given_or(request, NETWORK_DEFAULTS[by])}
    if by == "TCP":
        return check
    path = request.get("HealthCheckPath", "/")
    return check | {
        "HealthCheckPath": path, "Matcher": request.get("Matcher") or {"HttpCode": "200-399"}
    }  # fmt: skip


def _given_or(request: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    return {key: request.get(key, default) for key, default in defaults.items()}


def _check_health_check(settings: dict[str, Any]) -> None:
    """Ranges are checked with all other shapes; this is what the parts must be to each other."""
    if settings["HealthCheckTimeoutSeconds"] >= settings["HealthCheckIntervalSeconds"]:
        raise errors.validation("Health check interval must be greater than the timeout.")
    if settings["TargetType"] != "lambda":
        _check_server_health_check(settings)
    _check_matcher(settings)
    path = settings.get("HealthCheckPath", "/")
    if not path.startswith("/"):
        raise errors.validation(f"Health check path '{path}' must begin with a '/'")


def _check_server_health_check(settings: dict[str, Any]) -> None:
    if not settings["HealthCheckEnabled"]:
        kind = settings["TargetType"]
        raise errors.validation(f"Health checks cannot be disabled for target type '{kind}'")
    port = settings["HealthCheckPort"]
    number = int(port) if port.isascii() and port.isdecimal() else 0
    if port != "traffic-port" and not 1 <= number <= 65535:
        raise errors.validation(f"Health check port '{port}' must be 1-65535 or 'traffic-port'")
    protocol = settings["HealthCheckProtocol"]
    if settings["Protocol"] in HTTP_PROTOCOLS and protocol not in HTTP_PROTOCOLS:
        raise errors.validation(f"Health check protocol '{protocol}' must be one of 'HTTP, HTTPS'")


def _check_matcher(settings: dict[str, Any]) -> None:
    matcher = settings.get("Matcher")
    if matcher is None:
        return
    # botocore's documentation of Matcher: the codes that each protocol version has.
    grpc = settings.get("ProtocolVersion") == "GRPC"
    name, least, most = ("GrpcCode", 0, 99) if grpc else ("HttpCode", 200, 499)
    if set(matcher) != {name}:
        raise errors.validation(f"The matcher of this target group needs a {name} and nothing else")
    for part in matcher[name].split(","):
        first, last = _code_range(part)
        if not least <= first <= last <= most:
            raise errors.validation(
                f"{name} '{matcher[name]}' must be codes or ranges between {least} and {most}"
            )


def _code_range(part: str) -> tuple[int, int]:
    form = re.fullmatch(r"(\d{1,3})(?:-(\d{1,3}))?", part, re.ASCII)
    if form is None:
        return -1, -1
    return int(form[1]), int(form[2] or form[1])


def _by_name(store: Store) -> dict[str, TargetGroup]:
    return {group.name: group for group in store.target_groups.values()}


def _named(store: Store, wanted: list[str]) -> list[TargetGroup]:
    there = _by_name(store)
    missing = [name for name in wanted if name not in there]
    if missing:
        raise errors.target_groups_not_found(missing)
    return [there[name] for name in dict.fromkeys(wanted)]


def _view(store: Store, group: TargetGroup) -> dict[str, Any]:
    user = visibility.user_of(store, group.arn)
    return {
        "TargetGroupArn": group.arn,
        "TargetGroupName": group.name,
        **group.settings,
        "LoadBalancerArns": [user.arn] if user else [],
    }
