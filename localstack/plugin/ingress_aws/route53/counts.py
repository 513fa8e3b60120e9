"""GetAccountLimit and GetHostedZoneLimit: how many there may be, and how many there are."""

from typing import Any

from ingress_aws.errors import AwsError
from ingress_aws.route53 import limits
from ingress_aws.route53.store import Store

Json = dict[str, Any]

# DNSLimitations in the developer guide, for what nobody here can make or make more of.
HEALTH_CHECKS, DELEGATION_SETS, POLICIES, POLICY_RECORDS, VPCS = 200, 100, 50, 5, 300


def of_account(store: Store, request: Json) -> Json:
    """GetAccountLimit."""
    known = {
        "MAX_HEALTH_CHECKS_BY_OWNER": (HEALTH_CHECKS, len(store.health_checks)),
        "MAX_HOSTED_ZONES_BY_OWNER": (limits.ZONES.number(store.account), len(store.zones)),
        "MAX_REUSABLE_DELEGATION_SETS_BY_OWNER": (DELEGATION_SETS, 0),
        "MAX_TRAFFIC_POLICIES_BY_OWNER": (POLICIES, 0),
        "MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER": (POLICY_RECORDS, 0),
    }
    return _told(request["Type"], *known[request["Type"]])


def of_zone(store: Store, request: Json) -> Json:
    """GetHostedZoneLimit."""
    zone = store.zone(request["HostedZoneId"])
    if request["Type"] == "MAX_RRSETS_BY_ZONE":
        most = limits.RECORDS.number(store.account)
        return _told(request["Type"], most, sum(1 for _ in zone.records))
    if not zone.private:
        text = "The specified hosted zone is a public hosted zone."
        raise AwsError("HostedZoneNotPrivate", text)
    return _told(request["Type"], VPCS, len(zone.vpcs))


def _told(kind: str, most: int, count: int) -> Json:
    return {"Limit": {"Type": kind, "Value": most}, "Count": count}
