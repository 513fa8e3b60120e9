"""The one module that asks what time it is, and the only one that may answer otherwise.

Every service takes its time from here, and says for which account: an account's clock can be put
forward, stopped or sped up, so that no test sleeps for AWS's sake.
"""

import os
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from ingress_aws.accounts import on_reset


@dataclass(frozen=True, slots=True)
class Run:
    """How a clock runs: from which time on, and how many times as fast as the machine's."""

    since: float  # the machine's time
    began: float  # the account's time at that moment
    speed: float

    def at(self, machine: float) -> float:
        """The account's time at a moment of the machine's."""
        return self.began + (machine - self.since) * self.speed


# How fast every account's clock runs that has no speed of its own; `localstack/up` passes it on.
SPEED_VARIABLE = "ALBEDO_CLOCK_SPEED"
_start = time.time()
_everybodys = Run(_start, _start, float(os.environ.get(SPEED_VARIABLE) or 1))
_runs: dict[str, Run] = {}
# How fast the clocks that stand still will run again.
_stopped: dict[str, float] = {}
# How far each account's clock was moved by hand in all, for those who must make up for it.
_moved: dict[str, float] = {}
_lock = threading.Lock()


def now(account: str) -> float:
    """Seconds since 1970, as the given account sees them."""
    return _runs.get(account, _everybodys).at(time.time())


def moment(account: str) -> datetime:
    """The same as an aware datetime, which is what LocalStack's serialisers take."""
    return as_moment(now(account))


def as_moment(seconds: float) -> datetime:
    """A time that was kept as seconds, as an aware datetime."""
    return datetime.fromtimestamp(seconds, UTC)


def advance(account: str, seconds: float) -> None:
    """Put an account's clock forward; a stopped one stays stopped."""
    with _lock:
        _moved[account] = _moved.get(account, 0.0) + seconds
        _begin(account, seconds, _runs.get(account, _everybodys).speed)


def moved(account: str) -> float:
    """The seconds by which an account's clock was moved by hand so far."""
    return _moved.get(account, 0.0)


def put_at(account: str, seconds: float) -> None:
    """Set an account's clock to a time."""
    advance(account, seconds - now(account))


def run(account: str, speed: float) -> None:
    """Let an account's clock run so many times as fast as the machine's."""
    with _lock:
        if account in _stopped:
            _stopped[account] = speed
        else:
            _begin(account, 0.0, speed)


def stop(account: str) -> None:
    """Let time stand still for an account, until it is advanced or goes on."""
    with _lock:
        if account not in _stopped:
            _stopped[account] = _runs.get(account, _everybodys).speed
            _begin(account, 0.0, 0.0)


def go_on(account: str) -> None:
    """Let time go on from where it stands."""
    with _lock:
        speed = _stopped.pop(account, None)
        if speed is not None:
            _begin(account, 0.0, speed)


def _begin(account: str, ahead: float, speed: float) -> None:
    """Let a clock run anew from so far ahead of where it is."""
    machine = time.time()
    _runs[account] = Run(machine, _runs.get(account, _everybodys).at(machine) + ahead, speed)


def is_stopped(account: str) -> bool:
    """Whether time stands still for an account."""
    return account in _stopped


@on_reset
def forget(account: str) -> None:
    """Give an account the machine's time again."""
    with _lock:
        _runs.pop(account, None)
        _stopped.pop(account, None)
        _moved.pop(account, None)
