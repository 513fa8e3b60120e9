"""The log of every AWS call: who asked for what, what came of it, and what it made."""

import threading
from collections import Counter, deque
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from localstack.aws.api import RequestContext
from rolo import Response
from rolo.gateway.chain import HandlerChain

from ingress_aws import clock, freeing
from ingress_aws.accounts import on_reset
from ingress_aws.control.call import operation_of, service_of
from ingress_aws.control.made import made_by
from ingress_aws.control.redact import redact

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
    """All calls, kept by account. Indexes go on rising when entries are deleted."""

    def __init__(self) -> None:
        self._entries: dict[str, deque[Entry]] = {}
        # Whose call each was, in order, for the oldest to go first; and how many of them are of
        # entries that have been forgotten before.
        self._order: deque[str] = deque()
        self._forgotten: Counter[str] = Counter()
        self._next = 0
        self._lock = threading.Lock()

    def add(self, context: RequestContext, status: int) -> None:
        """Keep a call that has just been answered."""
        error = context.service_exception
        account = context.account_id
        service, operation = service_of(context), operation_of(context)
        params = redact(context.service_request or {})
        with self._lock:
            entry = Entry(
                index=self._next,
                time=clock.now(account),
                account=account,
                region=context.region,
                service=service,
                operation=operation,
                params=params,
                status=status,
                error=getattr(error, "code", type(error).__name__) if error else None,
                made=made_by(f"{service}.{operation}", context.service_response),
                allowed_by=getattr(context, "albedo_allowed_by", []),
            )
            self._next += 1
            self._entries.setdefault(account, deque()).append(entry)
            self._order.append(account)
            if len(self._order) > KEPT:
                self._drop_oldest()

    def select(self, account: str | None, match: str, since: int) -> list[Entry]:
        """The kept calls of an account (or all) from an index on, whose name fits a glob."""
        with self._lock:
            meant = self._entries.values() if account is None else [self._entries.get(account, ())]
            entries = [entry for calls in meant for entry in calls]
        if account is None:
            entries.sort(key=lambda entry: entry.index)
        if match == "*" and since == 0:
            return entries
        return [e for e in entries if e.index >= since and fnmatchcase(e.name, match)]

    def forget(self, account: str | None) -> None:
        """Drop the calls of an account, or all. However many they are, it takes no time."""
        with self._lock:
            for name in list(self._entries) if account is None else [account]:
                calls = self._entries.pop(name, None)
                if calls:
                    self._forgotten[name] += len(calls)
                    freeing.later(calls)

    def _drop_oldest(self) -> None:
        account = self._order.popleft()
        if self._forgotten[account]:
            self._forgotten[account] -= 1
        else:
            self._entries[account].popleft()
        if not self._forgotten[account]:
            del self._forgotten[account]


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
    alike = Counter((entry.service, entry.operation, entry.error) for entry in entries)
    counts: dict[str, Any] = {}
    for (service, operation, error), calls in alike.items():
        count = counts.setdefault(f"{service}.{operation}", {"calls": 0, "errors": {}})
        count["calls"] += calls
        if error:
            count["errors"][error] = calls
    return dict(sorted(counts.items()))
