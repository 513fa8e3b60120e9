"""The one module that asks what time it is, and the only one that may answer otherwise.

Every service takes its time from here, and says for which account: an account's clock can be put
forward or stopped, so that no test sleeps for AWS's sake.
"""

import threading
import time
from datetime import UTC, datetime

from albedo_aws.accounts import on_reset

# How far each account's clock is ahead of the machine's, and where those stand that are stopped.
_ahead: dict[str, float] = {}
_stopped: dict[str, float] = {}
# How far each account's clock was moved by hand in all, for those who must make up for it.
_moved: dict[str, float] = {}
_lock = threading.Lock()


def now(account: str) -> float:
    """Seconds since 1970, as the given account sees them."""
    stopped = _stopped.get(account)
    return time.time() + _ahead.get(account, 0.0) if stopped is None else stopped


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
        if account in _stopped:
            _stopped[account] += seconds
        else:
            _ahead[account] = _ahead.get(account, 0.0) + seconds


def moved(account: str) -> float:
    """The seconds by which an account's clock was moved by hand so far."""
    return _moved.get(account, 0.0)


def put_at(account: str, seconds: float) -> None:
    """Set an account's clock to a time."""
    advance(account, seconds - now(account))


def stop(account: str) -> None:
    """Let time stand still for an account, until it is advanced or goes on."""
    with _lock:
        _stopped.setdefault(account, time.time() + _ahead.get(account, 0.0))


def go_on(account: str) -> None:
    """Let time go on from where it stands."""
    with _lock:
        stopped = _stopped.pop(account, None)
        if stopped is not None:
            _ahead[account] = stopped - time.time()


def is_stopped(account: str) -> bool:
    """Whether time stands still for an account."""
    return account in _stopped


@on_reset
def forget(account: str) -> None:
    """Give an account the machine's time again."""
    with _lock:
        _ahead.pop(account, None)
        _stopped.pop(account, None)
        _moved.pop(account, None)
