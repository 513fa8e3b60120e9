"""Lets an account's calls wait, so that somebody who makes several calls sees one moment of it."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.skeleton import Skeleton
from rolo import Response

from ingress_aws.accounts import on_reset

# Clients give up on an answer after a minute (botocore's read timeout), and whoever holds an
# account may have died: no hold is longer.
LONGEST = 60.0


@dataclass(frozen=True, slots=True)
class Hold:
    """Whose calls wait, and until when on the process's own clock."""

    client: str  # A pattern of User-Agents.
    until: float


class Holds:
    """The holds of all accounts, and the calls that are being carried out."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holds: dict[str, Hold] = {}
        # By account, how many calls of each client are being carried out.
        self._under_way: dict[str, Counter[str]] = {}

    def hold(self, account: str, client: str, seconds: float) -> None:
        """Let calls of these clients wait; those that are under way are over at the return."""
        if not 0 < seconds <= LONGEST:
            raise ValueError(f"'seconds' is more than 0 and at most {LONGEST:.0f}, not {seconds!r}")
        with self._changed:
            hold = self._holds[account] = Hold(client, time.monotonic() + seconds)
            if not self._changed.wait_for(lambda: not self._acts(account, client), seconds):
                self._let_go(account, hold)
                raise ValueError(f"calls of '{client}' are still under way after {seconds} s")

    def release(self, account: str) -> bool:
        """Let an account's calls go on; whether they have waited until now."""
        with self._changed:
            hold = self._holds.pop(account, None)
            self._changed.notify_all()
            return hold is not None and time.monotonic() < hold.until

    @contextmanager
    def carrying_out(self, account: str, client: str) -> Iterator[None]:
        """A call of a client: it begins when it is not held, and is under way in this block."""
        with self._changed:
            while (hold := self._hold_of(account, client)) is not None:
                if not self._changed.wait(hold.until - time.monotonic()):
                    self._let_go(account, hold)
            self._under_way.setdefault(account, Counter())[client] += 1
        try:
            yield
        finally:
            with self._changed:
                calls = self._under_way[account]
                calls[client] -= 1
                if not calls[client]:
                    del calls[client]
                if not calls:
                    del self._under_way[account]
                if account in self._holds:
                    self._changed.notify_all()

    def _acts(self, account: str, client: str) -> bool:
        return any(fnmatchcase(each, client) for each in self._under_way.get(account, ()))

    def _hold_of(self, account: str, client: str) -> Hold | None:
        hold = self._holds.get(account)
        return hold if hold is not None and fnmatchcase(client, hold.client) else None

    def _let_go(self, account: str, hold: Hold) -> None:
        """End a hold whose time is over, unless there is another one by now."""
        if self._holds.get(account) is hold:
            del self._holds[account]
            self._changed.notify_all()


HOLDS = Holds()


@on_reset
def forget(account: str) -> None:
    """Let an account's calls go on."""
    HOLDS.release(account)


def guard() -> None:
    """Wrap the step from a parsed request to its answer: all that a call changes is in it."""
    Skeleton.dispatch_request = _guarded(Skeleton.dispatch_request)  # type: ignore[method-assign]


def _guarded(dispatch: Callable[..., Response]) -> Callable[..., Response]:
    def dispatch_request(
        skeleton: Any, serializer: Any, context: RequestContext, instance: Any
    ) -> Response:
        # A call that another one makes belongs to that one.
        if context.is_internal_call:
            return dispatch(skeleton, serializer, context, instance)
        with HOLDS.carrying_out(context.account_id, context.request.headers.get("User-Agent", "")):
            return dispatch(skeleton, serializer, context, instance)

    return dispatch_request
