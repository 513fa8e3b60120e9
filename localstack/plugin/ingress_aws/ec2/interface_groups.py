"""How many security groups an interface may have, whichever call gives them to it."""

from typing import Any

from ingress_aws import settings
from ingress_aws.ec2 import security_group_rule
from ingress_aws.ec2.store import Store
from ingress_aws.errors import AwsError
from ingress_aws.settings import knob

Json = dict[str, Any]

# "Amazon VPC quotas" in the user guide: the quota itself, and what it may be times the quota of
# rules in a group.
GROUPS = knob(
    "ec2.quota.security-groups-per-interface", 5, "quota: security groups of an interface"
)
RULES_TIMES_GROUPS = 1000
settings.at_most(RULES_TIMES_GROUPS, security_group_rule.RULES, GROUPS)


def check(store: Store, request: Json) -> None:
    """Refuse an interface with more groups than the quota, new or changed."""
    _check(store, request.get("Groups"))


def check_instances(store: Store, request: Json) -> None:
    """Refuse RunInstances whose interfaces would have more groups than the quota."""
    _check(store, request.get("SecurityGroupIds"))
    for interface in request.get("NetworkInterfaces") or []:
        _check(store, interface.get("Groups"))


def _check(store: Store, groups: list[str] | None) -> None:
    most = GROUPS.number(store.account)
    if len(set(groups or [])) > most:
        # "Error codes for the Amazon EC2 API" has the code; the words are from memory.
        text = f"You have exceeded the maximum number of security groups: {most} per interface."
        raise AwsError("SecurityGroupsPerInterfaceLimitExceeded", text)
