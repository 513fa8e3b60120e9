"""Health as the data plane finds it, for the accounts that want real health checks."""

import threading
from typing import Any

from ingress_aws import clock
from ingress_aws.accounts import on_reset
from ingress_aws.settings import knob

Json = dict[str, Any]

REAL = knob(
    "elbv2.real-health-checks",
    0,
    "1: targets are as the data plane's health checks find them, not healthy at once",
)
SPEED = knob(
    "elbv2.health-check-speed",
    1,
    "how many times as often targets are checked as their group says, timeouts likewise shorter",
)

# A target is known by its group, id, port, zone and when it was registered: one that comes back
# starts anew. The account comes first, so that it can be forgotten.
Key = tuple[str, str, str, int | None, str | None, float]

_found: dict[Key, Json] = {}
_lock = threading.Lock()


def settings(account: str) -> Json | None:
    """What the data plane has to know to check an account's targets; None if it shall not."""
    if not REAL.of(account):
        return None
    return {"speed": max(float(SPEED.of(account) or 1), 1.0), "moved": clock.moved(account)}


def health(key: Key) -> Json | None:
    """A target's health as it was last found; None in accounts without real checks."""
    if not REAL.of(key[0]):
        return None
    with _lock:
        return _found.get(key, {"State": "initial", "Reason": "Elb.RegistrationInProgress"})


def report(found: Json) -> None:
    """The data plane has looked at a target."""
    key = (
        found["account"],
        found["arn"],
        found["id"],
        found["port"],
        found["zone"],
        found["registered"],
    )
    told = {"State": found["state"]}
    if found["reason"]:
        told |= {"Reason": found["reason"], "Description": found["description"]}
    with _lock:
        _found[key] = told


@on_reset
def forget(account: str) -> None:
    """Drop what was found in an account."""
    with _lock:
        for key in [key for key in _found if key[0] == account]:
            del _found[key]
