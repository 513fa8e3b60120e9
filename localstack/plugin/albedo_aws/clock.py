"""The one module that asks what time it is.

Every service takes its time from here, and says for which account, so that an account can later
be given a clock of its own and no test has to sleep for AWS's sake.
"""

import time
from datetime import UTC, datetime


def now(account: str) -> float:
    """Seconds since 1970, as the given account sees them."""
    del account  # every account still has the same clock: the machine's
    return time.time()


def moment(account: str) -> datetime:
    """The same as an aware datetime, which is what LocalStack's serialisers take."""
    return as_moment(now(account))


def as_moment(seconds: float) -> datetime:
    """A time that was kept as seconds, as an aware datetime."""
    return datetime.fromtimestamp(seconds, UTC)
