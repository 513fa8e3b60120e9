"""The log of every AWS call: who asked for what, what came of it, and what it made."""

import threading
from collections import deque
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from localstack.aws.api import RequestContext
from rolo import Response
from rolo.gateway.chain import HandlerChain

from albedo_aws import clock
from albedo_aws.accounts import on_reset
from albedo_aws.control.call import operation_of, service_of
from albedo_aws.control.made import made_by
from albedo_aws.control.redact import redact

# A day of tests fits; the oldest calls go first, so a long-running server stays small.
KEPT = 200_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One call."""

    index: int
    time: float
    account: str
    region: str
    service: str
    operation: str
    params: Any
    status: int
    error: str | None
    made: list[str]
    allowed_by: list[str]

    @property
    def name(self) -> str:
        """The call as people write it: `elbv2.CreateRule`."""
        return f"{self.service}.{self.operation}"


class Log:
    """All calls in order. Indexes go on rising when entries are deleted."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._next = 0
        self._lock = threading.Lock()

    def add(self, context: RequestContext, status: int) -> None:
        """Keep a call that has just been answered."""
        error = context.service_exception
        service, operation = service_of(context), operation_of(context)
        params = redact(context.service_request or {})
        with self._lock:
            self._entries.append(
                Entry(
                    index=self._next,
                    time=clock.now(context.account_id),
                    account=context.account_id,
                    region=context.region,
                    service=service,
                    operation=operation,
                    params=params,
                    status=status,
                    error=getattr(error, "code", type(error).__name__) if error else None,
                    made=made_by(f"{service}.{operation}", context.service_response),
                    allowed_by=getattr(context, "albedo_allowed_by", []),
                )
            )
            self._next += 1

    def select(self, account: str | None, match: str, since: int) -> list[Entry]:
        """The kept calls of an account (or all) from an index on, whose name fits a glob."""
        with self._lock:
            entries = list(self._entries)
        return [
            entry
            for entry in entries
            if entry.index >= since
            and account in (None, entry.account)
            and fnmatchcase(entry.name, match)
        ]

    def forget(self, account: str | None) -> None:
        """Drop the calls of an account, or all."""
        with self._lock:
            kept = [e for e in self._entries if account not in (None, e.account)]
            self._entries = deque(kept, maxlen=KEPT)


LOG = Log()
on_reset(LOG.forget)


def record(chain: HandlerChain[Any], context: RequestContext, response: Response) -> None:
    """Response handler: every call from outside goes into the log before its answer goes out."""
    if context.service is None or context.is_internal_call:
        return
    LOG.add(context, response.status_code)


def as_json(entry: Entry) -> dict[str, Any]:
    """An entry as `/_albedo/log` gives it."""
    return asdict(entry)


def summary(entries: list[Entry]) -> dict[str, Any]:
    """Calls and errors counted by operation."""
    counts: dict[str, Any] = {}
    for entry in entries:
        count = counts.setdefault(entry.name, {"calls": 0, "errors": {}})
        count["calls"] += 1
        if entry.error:
            count["errors"][entry.error] = count["errors"].get(entry.error, 0) + 1
    return dict(sorted(counts.items()))
