"""What AWS is late to show: listeners and rules just made, target groups just let go.

Writes are never late: a port or priority is taken at once, and quotas count at once.
"""

from collections.abc import Iterable

from albedo_aws import clock
from albedo_aws.elbv2.store import Listener, Rule, Store
from albedo_aws.settings import knob

LISTENERS = knob(
    "elbv2.listener-visible-seconds", 0, "how long a new listener is not found; on AWS a moment"
)
RULES = knob("elbv2.rule-visible-seconds", 0, "how long a new rule is not found; on AWS a moment")
RELEASE = knob(
    "elbv2.target-group-release-seconds",
    0,
    "how long a target group stays in use after the last listener or rule lets it go",
)


def is_immediate(account: str) -> bool:
    """Whether what is told of an account's listeners and rules depends on nothing but writes."""
    return not LISTENERS.of(account) and not RULES.of(account)


def of_listeners(store: Store, listeners: Iterable[Listener]) -> list[Listener]:
    """Those that are found by now."""
    return [one for one in listeners if _is_old(store, one.made, LISTENERS.of(store.account))]


def of_rules(store: Store, rules: Iterable[Rule]) -> list[Rule]:
    """Those that are found by now; a default rule is when its listener is."""
    late = RULES.of(store.account)
    return [one for one in rules if one.priority is None or _is_old(store, one.made, late)]


def is_released(store: Store, target_group: str) -> bool:
    """Whether nothing refers to a target group, and that since long enough."""
    if store.user_of(target_group) is not None:
        return False
    since = store.released.get(target_group)
    return since is None or _is_old(store, since, RELEASE.of(store.account))


def _is_old(store: Store, since: float, seconds: float | None) -> bool:
    return not seconds or clock.now(store.account) - since >= seconds
