"""Capacity reservations: units that a load balancer keeps ready, zone by zone."""

from typing import Any

from ingress_aws import clock
from ingress_aws.elbv2 import arns, errors, limits
from ingress_aws.elbv2.store import Capacity, LoadBalancer, Store
from ingress_aws.errors import AwsError
from ingress_aws.settings import knob

Json = dict[str, Any]

PENDING = knob(
    "elbv2.capacity-provisioning-seconds", 0, "how long a capacity reservation is 'pending'"
)
# AWS's guide, "Request Load balancer Capacity Unit reservation": "you can only decrease the reserved
# capacity two times per day".
DECREASES_A_DAY = 2
DAY_SECONDS = 86_400


def describe(store: Store, request: Json) -> Json:
    """DescribeCapacityReservation."""
    return _view(store, arns.load_balancer(store, request["LoadBalancerArn"]))


def modify(store: Store, request: Json) -> Json:
    """ModifyCapacityReservation: other units, or none any more."""
    load_balancer = arns.load_balancer(store, request["LoadBalancerArn"])
    wanted = (request.get("MinimumLoadBalancerCapacity") or {}).get("CapacityUnits")
    if (wanted is None) == (not request.get("ResetCapacityReservation")):
        raise errors.configuration("Specify either a minimum capacity or a reset")
    require_settled(store, load_balancer)
    standing = load_balancer.capacity or Capacity()
    if wanted is not None and wanted < 1:
        raise errors.validation("Capacity units must be a positive number")
    most = limits.CAPACITY_UNITS.number(store.account)
    if wanted is not None and wanted > most:
        text = "You have reached the maximum number of reserved capacity units"
        raise errors.too_many("CapacityUnitsLimitExceeded", text, most)
    others = (one.capacity for one in store.load_balancers.values() if one is not load_balancer)
    reserved = sum((one.units or 0) for one in others if one is not None)
    in_region = limits.CAPACITY_UNITS_IN_REGION.number(store.account)
    if wanted is not None and reserved + wanted > in_region:
        text = "You have reached the maximum number of reserved capacity units in the region"
        raise errors.too_many("CapacityUnitsLimitExceeded", text, in_region)
    decreases = _decreases(store, standing)
    if wanted is not None and standing.units is not None and wanted < standing.units:
        if len(decreases) >= DECREASES_A_DAY:
            text = "You have reached the daily limit of capacity decreases"
            raise AwsError("CapacityDecreaseRequestLimitExceeded", text)
        decreases = [*decreases, clock.now(store.account)]
    load_balancer.capacity = Capacity(wanted, clock.now(store.account), decreases)
    return _view(store, load_balancer)


def require_settled(store: Store, load_balancer: LoadBalancer) -> None:
    """Refuse a change while a reservation is being made."""
    if load_balancer.capacity is not None and _state(store, load_balancer.capacity) == "pending":
        text = "There is a pending capacity reservation"
        raise AwsError("CapacityReservationPending", text)


def _state(store: Store, capacity: Capacity) -> str:
    age = clock.now(store.account) - (capacity.modified or 0.0)
    waiting = capacity.units is not None and age < (PENDING.of(store.account) or 0)
    return "pending" if waiting else "provisioned"


def _decreases(store: Store, capacity: Capacity) -> list[float]:
    """When it was decreased in the last day."""
    since = clock.now(store.account) - DAY_SECONDS
    return [moment for moment in capacity.decreases if moment > since]


def _view(store: Store, load_balancer: LoadBalancer) -> Json:
    capacity = load_balancer.capacity
    if capacity is None or capacity.modified is None:
        return {"DecreaseRequestsRemaining": DECREASES_A_DAY, "CapacityReservationState": []}
    left = DECREASES_A_DAY - len(_decreases(store, capacity))
    view: Json = {
        "LastModifiedTime": clock.as_moment(capacity.modified),
        "DecreaseRequestsRemaining": left,
        "CapacityReservationState": [],
    }
    if capacity.units is not None:
        state = _state(store, capacity)
        zones = list(load_balancer.zones.values())
        each = capacity.units / len(zones) if state == "provisioned" else 0.0
        view["MinimumLoadBalancerCapacity"] = {"CapacityUnits": capacity.units}
        view["CapacityReservationState"] = [
            {"State": {"Code": state}, "AvailabilityZone": zone, "EffectiveCapacityUnits": each}
            for zone in zones
        ]
    return view
