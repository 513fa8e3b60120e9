"""What AWS is late to show: listeners and rules just made, target groups just taken or let go,
load balancers just deleted.

Writes are never late: a port or priority is taken at once, and quotas count at once.
"""

from collections.abc import Iterable

from ingress_aws import clock
from ingress_aws.elbv2.store import Listener, LoadBalancer, Rule, Store
from ingress_aws.settings import knob

LISTENERS = knob(
    "elbv2.listener-visible-seconds", 0, "how long a new listener is not found; on AWS a moment"
)
DELETED = knob(
    "elbv2.deleted-load-balancer-seconds",
    0,
    "how long DescribeLoadBalancers goes on telling of a deleted one; on AWS a moment",
)
RULES = knob("elbv2.rule-visible-seconds", 0, "how long a new rule is not found; on AWS a moment")
RELEASE = knob(
    "elbv2.target-group-release-seconds",
    0,
    "how long a target group stays in use after the last listener or rule lets it go",
)
ASSOCIATION = knob(
    "elbv2.target-group-association-seconds",
    0,
    "how long DescribeTargetGroups does not tell which load balancer has begun to use a group",
)


def is_immediate(account: str) -> bool:
    """Whether what is told of an account's balancers and rules depends on nothing but writes."""
    return not any(knob.of(account) for knob in (LISTENERS, RULES, DELETED, ASSOCIATION))


def depart(store: Store, load_balancer: LoadBalancer) -> None:
    """Go on telling of a load balancer that has been deleted."""
    seconds = DELETED.of(store.account)
    if seconds:
        until = clock.now(store.account) + seconds
        store.departing[load_balancer.arn] = (load_balancer, until)


def departing(store: Store) -> dict[str, LoadBalancer]:
    """The deleted load balancers that are still told of, by ARN."""
    now = clock.now(store.account)
    for arn, (_, until) in list(store.departing.items()):
        if until <= now:
            del store.departing[arn]
    return {arn: balancer for arn, (balancer, _) in store.departing.items()}


def of_listeners(store: Store, listeners: Iterable[Listener]) -> list[Listener]:
    """Those that are found by now."""
    return [one for one in listeners if _is_old(store, one.made, LISTENERS.of(store.account))]


def of_rules(store: Store, rules: Iterable[Rule]) -> list[Rule]:
    """Those that are found by now; a default rule is when its listener is."""
    late = RULES.of(store.account)
    return [one for one in rules if one.priority is None or _is_old(store, one.made, late)]


def user_of(store: Store, target_group: str) -> LoadBalancer | None:
    """The load balancer that is told to use a target group."""
    since = store.taken.get(target_group, 0.0)
    late = not _is_old(store, since, ASSOCIATION.of(store.account))
    return None if late else store.user_of(target_group)


def is_released(store: Store, target_group: str) -> bool:
    """Whether nothing refers to a target group, and that since long enough."""
    if store.user_of(target_group) is not None:
        return False
    since = store.released.get(target_group)
    return since is None or _is_old(store, since, RELEASE.of(store.account))


def _is_old(store: Store, since: float, seconds: float | None) -> bool:
    return not seconds or clock.now(store.account) - since >= seconds
