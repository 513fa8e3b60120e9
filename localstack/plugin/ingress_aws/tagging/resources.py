"""Everything that has tags, by ARN."""

from collections.abc import Iterator

from ingress_aws.acm.store import stores as acm_stores
from ingress_aws.ec2 import backend
from ingress_aws.elbv2 import regions
from ingress_aws.elbv2.store import STORES as ELBV2_STORES
from ingress_aws.route53.store import store_of

# Global services are told of in the region that AWS runs them from.
GLOBAL_REGION = "us-east-1"

# The kinds of EC2's resources, by the beginnings of their ids.
EC2_KINDS = {
    "eni": "network-interface",
    "i": "instance",
    "igw": "internet-gateway",
    "pl": "prefix-list",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "vpc": "vpc",
}

Tags = dict[str, str]


def everything(account: str, region: str) -> Iterator[tuple[str, Tags]]:
    """The ARN and tags of each resource that can have any."""
    elbv2 = ELBV2_STORES.get(account, region)
    with elbv2.lock:
        yield from [(one.arn, dict(one.tags)) for one in elbv2.load_balancers.values()]
        yield from [(one.arn, dict(one.tags)) for one in elbv2.target_groups.values()]
        yield from [(one.arn, dict(one.tags)) for one in elbv2.listeners.values()]
        yield from [(one.arn, dict(one.tags)) for one in elbv2.rules.values()]
    acm = acm_stores.get(account, region)
    with acm.lock:
        yield from [(one.arn, dict(one.tags)) for one in acm.certificates.values()]
    partition = regions.partition(region)
    if region == GLOBAL_REGION:
        route53 = store_of(account)
        with route53.lock:
            zones = [(zone.id, dict(zone.tags)) for zone in route53.zones.values()]
        yield from [(f"arn:{partition}:route53:::hostedzone/{key}", tags) for key, tags in zones]
    for resource, tags in list(backend.of(account, region).tags.items()):
        kind = EC2_KINDS.get(resource.partition("-")[0])
        if kind is not None:
            yield f"arn:{partition}:ec2:{region}:{account}:{kind}/{resource}", dict(tags)
