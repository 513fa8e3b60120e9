"""What a call needs to be allowed: actions, the resources they are on, and the facts about both."""

from collections.abc import Iterator
from typing import Any

from ingress_aws.acm.store import stores as acm_stores
from ingress_aws.ec2 import backend
from ingress_aws.elbv2.store import STORES as ELBV2
from ingress_aws.iam import needs_beside, needs_ec2, needs_elbv2
from ingress_aws.iam.need import ANYTHING, Call, Need, Tags

SERVICES = needs_beside.SERVICES | {"ec2": needs_ec2.needs, "elbv2": needs_elbv2.needs}


def needs(call: Call) -> list[Need]:
    """Everything that must be allowed for a call to go through."""
    of_service = SERVICES.get(call.service, needs_beside.of_others)
    return [_complete(call, need) for need in of_service(call)]


def _complete(call: Call, need: Need) -> Need:
    """The need with what can be asked about every call and every resource."""
    facts = need.facts | {"aws:requestedregion": [call.region]}
    if need.action.startswith("ec2:"):
        facts["ec2:region"] = [call.region]
    if need.resource != ANYTHING:
        facts |= dict(_of_resource(call, need))
    return Need(need.action, need.resource, facts)


def _of_resource(call: Call, need: Need) -> Iterator[tuple[str, list[str]]]:
    owner = need.resource.split(":")[4:5]
    # Route 53's ARNs and AWS's own policies have no account in them.
    yield "aws:resourceaccount", [owner[0] if owner and owner[0] else call.account]
    prefix = need.action.partition(":")[0]
    for key, value in _standing_tags(call, need.resource).items():
        yield f"aws:resourcetag/{key.lower()}", [value]
        yield f"{prefix}:resourcetag/{key.lower()}", [value]


def _standing_tags(call: Call, arn: str) -> Tags:
    """The tags that a resource has now."""
    account, region = call.account, call.region
    if ":elasticloadbalancing:" in arn:
        store = ELBV2.get(account, region)
        tables: list[dict[str, Any]] = [
            store.load_balancers, store.target_groups, store.listeners, store.rules,
            store.trust_stores,
        ]  # fmt: skip
        found = next((table[arn] for table in tables if arn in table), None)
        return dict(found.tags) if found else {}
    if ":ec2:" in arn:
        return dict(backend.of(account, region).tags.get(arn.rpartition("/")[2], {}))
    if ":acm:" in arn:
        certificate = acm_stores.get(account, region).certificates.get(arn)
        return dict(certificate.tags) if certificate else {}
    return {}
