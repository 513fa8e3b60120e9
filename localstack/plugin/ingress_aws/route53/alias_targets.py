"""The load balancers that aliases point to: Route 53 refuses names of none."""

from ingress_aws import clock
from ingress_aws.elbv2 import regions
from ingress_aws.elbv2.store import STORES as ELBV2
from ingress_aws.route53 import name as names
from ingress_aws.route53.record_set import Alias
from ingress_aws.settings import knob

SECONDS = knob(
    "route53.alias-target-seconds",
    None,
    "how long a new load balancer is no target of aliases yet; on AWS up to some minutes;"
    " null: any name under ELB's zones is one",
)
# ELB answers for a name and for these before it.
PREFIXES = ("dualstack.", "ipv4.", "ipv6.")
OF_LOAD_BALANCERS = frozenset(regions.ZONE_IDS.values()) | frozenset(
    regions.NETWORK_ZONE_IDS.values()
)


def exists(account: str, alias: Alias) -> bool:
    """Whether there is what an alias points to, as far as that is asked.

    The load balancer may be anybody's: an alias across accounts is nothing special.
    """
    late = SECONDS.of(account)
    if late is None or alias.zone_id not in OF_LOAD_BALANCERS:
        return True
    wanted = alias.target.text
    for prefix in PREFIXES:
        wanted = wanted.removeprefix(prefix)
    for store in ELBV2.all():
        for balancer in list(store.load_balancers.values()):
            if names.parse(balancer.dns_name).text == wanted:
                return clock.now(store.account) - balancer.created >= late
    return False
