"""Route 53's health checks as a test says they are: nobody makes them here."""

import threading

from ingress_aws.accounts import on_reset
from ingress_aws.dataplane.changes import CHANGES, EVERYTHING
from ingress_aws.route53.health_checks import check_exists

STATES = ("healthy", "unhealthy")

# Account and id; all others are healthy.
_unhealthy: set[tuple[str, str]] = set()
_lock = threading.Lock()


def is_unhealthy(account: str, health_check: str | None) -> bool:
    """Whether records with this health check are to be left out."""
    with _lock:
        return health_check is not None and (account, health_check) in _unhealthy


def set_by_hand(account: str, health_check: str, state: str) -> None:
    """Say how a health check is."""
    if state not in STATES:
        raise ValueError(f"state must be one of {STATES}")
    check_exists(account, health_check)
    with _lock:
        if state == "unhealthy":
            _unhealthy.add((account, health_check))
        else:
            _unhealthy.discard((account, health_check))
    CHANGES.note(("route53", account, ""), {EVERYTHING})


@on_reset
def forget(account: str) -> None:
    """Drop what was said in an account."""
    with _lock:
        for key in [key for key in _unhealthy if key[0] == account]:
            _unhealthy.discard(key)
