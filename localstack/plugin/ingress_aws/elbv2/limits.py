"""AWS's quotas for load balancers, and DescribeAccountLimits, which tells them.

The numbers are from AWS's page "Quotas for your Application Load Balancers" unless it says
otherwise; each can be set for one account through `/_albedo/settings`.
"""

from typing import Any

from ingress_aws.elbv2 import paging
from ingress_aws.elbv2.store import Store
from ingress_aws.settings import Knob, knob

PREFIX = "elbv2.quota."


def _quota(name: str, default: int, about: str) -> Knob:
    return knob(PREFIX + name, default, f"quota: {about}")


LOAD_BALANCERS = _quota("application-load-balancers", 50, "load balancers in a region")
NETWORK_LOAD_BALANCERS = _quota(
    "network-load-balancers", 50, "Network Load Balancers in a region"
)
LISTENERS = _quota("listeners-per-application-load-balancer", 50, "listeners of a load balancer")
NETWORK_LISTENERS = _quota(
    "listeners-per-network-load-balancer", 50, "listeners of a Network Load Balancer"
)
CERTIFICATES = _quota(
    "certificates-per-application-load-balancer",
    25,
    "certificates of a load balancer, default ones not counted",
)
RULES = _quota(
    "rules-per-application-load-balancer", 100, "rules of a load balancer, default ones not counted"
)
CONDITION_VALUES = _quota("condition-values-per-alb-rule", 5, "condition values in a rule")
CONDITION_WILDCARDS = _quota("condition-wildcards-per-alb-rule", 5, "wildcards in a rule")
MATCH_EVALUATIONS = _quota("match-evaluations-per-alb-rule", 5, "regular expressions in a rule")
TARGET_GROUPS_PER_ACTION = _quota(
    "target-groups-per-action-on-application-load-balancer", 5, "target groups in an action"
)
TARGET_GROUPS_PER_LOAD_BALANCER = _quota(
    "target-groups-per-application-load-balancer", 100, "different target groups of a load balancer"
)
TARGETS_PER_LOAD_BALANCER = _quota(
    "targets-per-application-load-balancer", 1000, "targets of a load balancer"
)
TARGET_GROUPS = _quota("target-groups", 3000, "target groups in a region")
TARGETS_PER_TARGET_GROUP = _quota("targets-per-target-group", 1000, "targets of a target group")
VERIFY_LISTENERS = _quota(
    "mutual-tls-verify-listeners-per-application-load-balancer",
    2,
    "listeners of a load balancer that verify client certificates",
)
TRUST_STORES = _quota("trust-stores", 20, "trust stores in a region")
CERTIFICATES_PER_TRUST_STORE = _quota(
    "ca-certificates-per-trust-store", 25, "CA certificates of a trust store"
)
REVOCATION_LISTS = _quota(
    "revocation-lists-per-trust-store", 30, "revocation lists of a trust store"
)
REVOCATION_ENTRIES = _quota(
    "revocation-entries-per-trust-store",
    500_000,
    "entries of all revocation lists of a trust store",
)
CAPACITY_UNITS = _quota(
    "reserved-capacity-units-per-application-load-balancer", 15_000, "reserved capacity units"
)
CAPACITY_UNITS_IN_REGION = _quota(
    "reserved-capacity-units", 0, "reserved capacity units of all Application Load Balancers"
)
SECURITY_GROUPS = _quota("security-groups-per-application-load-balancer", 5, "security groups")

# What DescribeAccountLimits tells of what is not here, or counted otherwise: as its example in
# AWS's command-line reference has it [M].
OTHERS = {
    "certificates-per-network-load-balancer": 25,
    "gateway-load-balancers": 100,
    "gateway-load-balancers-per-vpc": 100,
    "geneve-target-groups": 100,
    "network-load-balancer-enis-per-vpc": 1200,
    "target-groups-per-action-on-network-load-balancer": 1,
    "target-id-registrations-per-application-load-balancer": 1000,
    "targets-per-availability-zone-per-gateway-load-balancer": 300,
    "targets-per-availability-zone-per-network-load-balancer": 500,
    "targets-per-network-load-balancer": 3000,
}

# What DescribeAccountLimits tells about Application Load Balancers, by the names AWS uses there.
TOLD = [
    LOAD_BALANCERS,
    NETWORK_LOAD_BALANCERS,
    LISTENERS,
    NETWORK_LISTENERS,
    CERTIFICATES,
    RULES,
    CONDITION_VALUES,
    CONDITION_WILDCARDS,
    TARGET_GROUPS_PER_ACTION,
    TARGET_GROUPS_PER_LOAD_BALANCER,
    TARGETS_PER_LOAD_BALANCER,
    TARGET_GROUPS,
    TARGETS_PER_TARGET_GROUP,
]


def describe(store: Store, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeAccountLimits."""
    limits = [
        {"Name": quota.name.removeprefix(PREFIX), "Max": str(quota.number(store.account))}
        for quota in TOLD
    ]
    limits += [{"Name": name, "Max": str(most)} for name, most in OTHERS.items()]
    return paging.answer("Limits", limits, request)
