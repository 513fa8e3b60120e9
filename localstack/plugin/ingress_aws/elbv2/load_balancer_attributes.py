"""The attributes of load balancers.

Keys, defaults and ranges are those of botocore's documentation of LoadBalancerAttribute.
"""

from typing import Any

from ingress_aws.elbv2 import arns, errors, log_bucket
from ingress_aws.elbv2.attributes import Table, as_list, boolean, changed, choice, number, text
from ingress_aws.elbv2.store import APPLICATION_TYPE, NETWORK_TYPE, Store

# botocore: LoadBalancerAttributeValue has at most 1024 characters.
LONGEST = 1024
# AWS's documentation of ModifyLoadBalancerAttributes: up to 20 attributes in a call.
MOST_IN_A_CALL = 20

BOTH: Table = {
    "access_logs.s3.enabled": boolean("false"),
    "access_logs.s3.bucket": text("", LONGEST),
    "access_logs.s3.prefix": text("", LONGEST),
    "deletion_protection.enabled": boolean("false"),
    "ipv6.deny_all_igw_traffic": boolean("false"),
    "zonal_shift.config.enabled": boolean("false"),
}
APPLICATION: Table = BOTH | {
    "client_keep_alive.seconds": number("3600", 60, 604800),
    "connection_logs.s3.enabled": boolean("false"),
    "connection_logs.s3.bucket": text("", LONGEST),
    "connection_logs.s3.prefix": text("", LONGEST),
    "health_check_logs.s3.enabled": boolean("false"),
    "health_check_logs.s3.bucket": text("", LONGEST),
    "health_check_logs.s3.prefix": text("", LONGEST),
    "idle_timeout.timeout_seconds": number("60", 1, 4000),
    # "The default for Application Load Balancers is true, and can't be changed."
    "load_balancing.cross_zone.enabled": choice("true", "true"),
    "routing.http.desync_mitigation_mode": choice("defensive", "monitor", "defensive", "strictest"),
    "routing.http.drop_invalid_header_fields.enabled": boolean("false"),
    "routing.http.preserve_host_header.enabled": boolean("false"),
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": boolean("false"),
    "routing.http.xff_client_port.enabled": boolean("false"),
    "routing.http.xff_header_processing.mode": choice("append", "append", "preserve", "remove"),
    "routing.http2.enabled": boolean("true"),
    "waf.fail_open.enabled": boolean("false"),
}
SECONDARY = "secondary_ips.auto_assigned.per_subnet"
NETWORK: Table = BOTH | {
    # That it is any zone unless it is said is in the guide, "Availability Zone DNS affinity".
    "dns_record.client_routing_policy": choice(
        "any_availability_zone", "any_availability_zone", "availability_zone_affinity",
        "partial_availability_zone_affinity",
    ),
    "load_balancing.cross_zone.enabled": boolean("false"),
    SECONDARY: number("0", 0, 7),
}  # fmt: skip
OF_TYPE = {APPLICATION_TYPE: APPLICATION, NETWORK_TYPE: NETWORK}


def defaults(table: Table, scheme: str) -> dict[str, str]:
    """The attributes of a new load balancer; an internal one shuts the internet gateway out."""
    internal = {"ipv6.deny_all_igw_traffic": "true"} if scheme == "internal" else {}
    return {key: row.default for key, row in table.items()} | internal


def describe(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeLoadBalancerAttributes."""
    return as_list(arns.load_balancer(store, request["LoadBalancerArn"]).attributes)


def modify(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """ModifyLoadBalancerAttributes."""
    load_balancer = arns.load_balancer(store, request["LoadBalancerArn"])
    if len(request["Attributes"]) > MOST_IN_A_CALL:
        raise errors.validation(f"At most {MOST_IN_A_CALL} attributes can be modified in one call")
    table = OF_TYPE[load_balancer.type]
    wanted = changed(table, "Load balancer", load_balancer.attributes, request)
    if int(wanted.get(SECONDARY, 0)) < int(load_balancer.attributes.get(SECONDARY, 0)):
        # botocore: "After you set this value, you can't decrease it."
        raise errors.configuration(f"{SECONDARY} cannot be decreased")
    for logs in ("access_logs", "connection_logs", "health_check_logs"):
        if wanted.get(f"{logs}.s3.enabled") == "true":
            log_bucket.check(store, wanted[f"{logs}.s3.bucket"])
    load_balancer.attributes = wanted
    return as_list(wanted)
