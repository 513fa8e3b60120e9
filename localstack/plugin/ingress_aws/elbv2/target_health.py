"""How a target is: AWS's states and reasons, by time, by use, or by hand.

States, reasons and when each is given come from botocore's documentation of TargetHealth.
"""

from typing import Any

from ingress_aws import clock
from ingress_aws.dataplane import checks
from ingress_aws.dataplane.changes import CHANGES
from ingress_aws.elbv2 import provisioning, target_balancer, target_group_attributes
from ingress_aws.elbv2.reach import Reach
from ingress_aws.elbv2.store import STORES, Store, Target, TargetGroup
from ingress_aws.settings import knob

Json = dict[str, Any]

HEALTH_DELAY = knob(
    "elbv2.target-health-seconds",
    0,
    "how long a new target is 'initial' before it is 'healthy'",
)
DRAINING = knob(
    "elbv2.draining-seconds",
    None,
    "how long a deregistered target drains; null: the target group's deregistration delay",
)

# What can be said by hand, and the reason that goes with it if none is given.
BY_HAND = {
    "healthy": None,
    "unhealthy": "Target.FailedHealthChecks",
    "unhealthy.draining": "Target.FailedHealthChecks",
    "initial": "Elb.InitialHealthChecking",
}

# The words are AWS's as far as they are known [M].
DESCRIPTIONS = {
    "Elb.RegistrationInProgress": "Target registration is in progress",
    "Elb.InitialHealthChecking": "Initial health checks in progress",
    "Target.DeregistrationInProgress": "Target deregistration is in progress",
    "Target.FailedHealthChecks": "Health checks failed",
    "Target.HealthCheckDisabled": "Health checks are not enabled for this target",
    "Target.InvalidState": "Target is in the stopped state",
    "Target.IpUnusable": "Target IP address is reserved",
    "Target.NotInUse": "Target group is not configured to receive traffic from the load balancer",
    "Target.NotRegistered": "Target is not registered to the target group",
    "Target.ResponseCodeMismatch": "Health checks failed with these codes: [500]",
    "Target.Timeout": "Request timed out",
    "Elb.InternalError": "Internal error",
}
ZONE_NOT_ENABLED = "Target is in an Availability Zone that is not enabled for the load balancer"
ANY_ZONE = target_group_attributes.ANY_ZONE


def view(store: Store, group: TargetGroup, target: Target, reach: Reach | None = None) -> Json:
    """A target as DescribeTargetHealth tells it; whoever looks at many looks at one `reach`."""
    description = {
        "Id": target.key.id,
        "Port": target.key.port,
        "AvailabilityZone": target.key.zone,
    }
    health = _health(store, group, target, reach or Reach(store))
    return _description(group, description, health)


def not_registered(group: TargetGroup, asked: Json) -> Json:
    """What DescribeTargetHealth tells of a target that is not there."""
    description = {"Port": group.settings.get("Port")} | asked
    return _description(group, description, _state("unused", "Target.NotRegistered"))


def forget_drained(store: Store, group: TargetGroup, reach: Reach | None = None) -> None:
    """Drop the targets that have drained, and those whose instance is gone.

    Nothing drains from a group that no load balancer uses.
    """
    reach = reach or Reach(store)
    in_use = store.user_of(group.arn) is not None
    given = DRAINING.of(store.account)
    delay = target_group_attributes.deregistration_delay(group) if given is None else given
    now = clock.now(store.account)
    for key, target in list(group.targets.items()):
        left = target.deregistered
        drained = left is not None and not (in_use and now - left < delay)
        if drained or _instance_state(group, target, reach) == "terminated":
            del group.targets[key]


def set_by_hand(wish: Json) -> Json:
    """Make a registered target be as a test wants it, until `state` is null again."""
    store, group, target = _meant(wish)
    state, reason = wish.get("state"), wish.get("reason")
    if state is not None and state not in BY_HAND:
        raise ValueError(f"'state' is one of {', '.join(BY_HAND)} or null, not {state!r}")
    if reason is not None and reason not in DESCRIPTIONS:
        raise ValueError(f"'reason' is one of {', '.join(DESCRIPTIONS)}, not {reason!r}")
    with store.lock:
        target.set_state = state
        target.set_reason = reason or BY_HAND.get(state or "")
        store.version += 1
        CHANGES.note(("elbv2", store.account, store.region), {group.arn})
        return view(store, group, target)


def _meant(wish: Json) -> tuple[Store, TargetGroup, Target]:
    store = STORES.get(str(wish.get("account", "")), str(wish.get("region", "us-east-1")))
    named = wish.get("target_group")
    with store.lock:
        for group in store.target_groups.values():
            if named not in (group.arn, group.name):
                continue
            for target in group.targets.values():
                port = wish.get("port", target.key.port)
                if (target.key.id, target.key.port) == (wish.get("target"), port):
                    return store, group, target
            raise ValueError(f"'{wish.get('target')}' is not registered in '{named}'")
    raise ValueError(
        f"account '{store.account}' has no target group '{named}' in region '{store.region}'"
    )


def _health(store: Store, group: TargetGroup, target: Target, reach: Reach) -> Json:
    user = store.user_of(group.arn)
    if user is None:
        return _state("unused", "Target.NotInUse")
    if target.deregistered is not None:
        return _state("draining", "Target.DeregistrationInProgress")
    if target.zone not in (None, ANY_ZONE, *reach.zones(user)):
        return _state("unused", "Target.NotInUse") | {"Description": ZONE_NOT_ENABLED}
    if _instance_state(group, target, reach) in ("stopping", "stopped"):
        return _state("unused", "Target.InvalidState")
    if target.set_state is not None:
        return _state(target.set_state, target.set_reason)
    if not group.settings["HealthCheckEnabled"]:
        return _state("unavailable", "Target.HealthCheckDisabled")
    key = target.key
    found = checks.health(
        (store.account, group.arn, key.id, key.port, key.zone, target.registered)
    )
    if found is not None:
        return found
    if group.settings["TargetType"] == target_balancer.TARGET_TYPE:
        if not target_balancer.answers_checks(store, group, target):
            return _state("unhealthy", "Target.FailedHealthChecks")
    if provisioning.lasts(store, user):
        # Nobody checks it yet [M].
        return _state("initial", "Elb.RegistrationInProgress")
    if not reach.check_is_open(group, target):
        return _state("unhealthy", "Target.Timeout")
    if clock.now(store.account) - target.registered < (HEALTH_DELAY.of(store.account) or 0):
        return _state("initial", "Elb.RegistrationInProgress")
    return _state("healthy", None)


def _instance_state(group: TargetGroup, target: Target, reach: Reach) -> str | None:
    if group.settings["TargetType"] != "instance":
        return None
    found = reach.instance(target.key.id)
    return found.state if found else "terminated"


def _state(state: str, reason: str | None) -> Json:
    if reason is None:
        return {"State": state}
    return {"State": state, "Reason": reason, "Description": DESCRIPTIONS[reason]}


def _description(group: TargetGroup, target: Json, health: Json) -> Json:
    told = {key: value for key, value in target.items() if value is not None}
    port = group.settings.get("HealthCheckPort")
    port = str(told["Port"]) if port == "traffic-port" and "Port" in told else port
    return {
        "Target": told,
        **({"HealthCheckPort": port} if port else {}),
        "TargetHealth": health,
    }
