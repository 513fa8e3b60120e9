"""Faults on order: the nth call fails, waits, or is carried out and its answer lost."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.protocol.serializer import create_serializer
from rolo import Response
from rolo.gateway.chain import HandlerChain

from ingress_aws.accounts import on_reset
from ingress_aws.control.call import operation_of, service_of
from ingress_aws.control.matching import fits, patterns
from ingress_aws.control.redact import redact
from ingress_aws.errors import AwsError

DROPPED = "ResponseDropped"
BEFORE, AFTER = "before", "after"
# Longer than any client waits; it only keeps a slip of the pen from blocking a thread for ever.
LONGEST_LATENCY = 900.0


@dataclass(slots=True)
class Fault:
    """What shall happen to which calls. The counters say what has happened so far."""

    match: str
    id: int = 0
    account: str | None = None
    skip: int = 0
    every: int = 1
    times: int | None = None
    contains: str | None = None
    params: dict[str, str | None] | None = None
    code: str | None = None
    message: str = "a fault asked for through /_albedo/faults"
    status: int = 400
    latency: float = 0.0
    after: bool = False
    drop: bool = False
    seen: int = 0
    hit: int = 0

    def strikes(self, account: str, name: str, given: Any) -> bool:
        """Count a call, and say whether it is to be hit."""
        if self.account not in (None, account) or not fnmatchcase(name, self.match):
            return False
        if self.contains is not None and self.contains not in json.dumps(given):
            return False
        if self.params is not None and not fits(given, self.params):
            return False
        if self.times is not None and self.hit >= self.times:
            return False
        self.seen += 1
        turn = self.seen - self.skip - 1
        if turn < 0 or turn % self.every:
            return False
        self.hit += 1
        return True

    @property
    def moment(self) -> str:
        """Whether it strikes before or after the call is carried out."""
        return AFTER if self.after else BEFORE

    def error(self) -> AwsError | None:
        """The error to answer with, if this is not only a delay."""
        return AwsError(self.code, self.message, self.status) if self.code else None


class Faults:
    """The faults that are set, in the order they were set; the first that strikes wins."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._next = 1
        self._lock = threading.Lock()

    def add(self, wish: dict[str, Any]) -> Fault:
        """Set a fault, given as JSON; ValueError says what is wrong with it."""
        fault = _checked(wish)
        with self._lock:
            fault.id, self._next = self._next, self._next + 1
            self._faults.append(fault)
        return fault

    def show(self, account: str | None) -> list[dict[str, Any]]:
        """The faults set for an account (or all), with their counters."""
        with self._lock:
            return [asdict(f) for f in self._faults if account in (None, f.account)]

    def forget(self, account: str | None, fault_id: int | None = None) -> None:
        """Take back one fault, those of an account, or all."""
        with self._lock:
            self._faults = [
                fault
                for fault in self._faults
                if account not in (None, fault.account) or fault_id not in (None, fault.id)
            ]

    def striking(self, context: RequestContext, moment: str) -> Fault | None:
        """The fault that hits this call at this moment, BEFORE or AFTER it is carried out."""
        if not self._faults:
            return None
        name = f"{service_of(context)}.{operation_of(context)}"
        given = redact(context.service_request or {})
        with self._lock:
            for fault in self._faults:
                if fault.moment == moment and fault.strikes(context.account_id, name, given):
                    return fault
        return None


FAULTS = Faults()
on_reset(FAULTS.forget)


def strike_before(chain: HandlerChain[Any], context: RequestContext, response: Response) -> None:
    """Request handler: fail or delay a call before a provider sees it."""
    if context.operation is None or context.is_internal_call:
        return
    fault = FAULTS.striking(context, BEFORE)
    if fault is None:
        return
    time.sleep(fault.latency)
    if fault.drop:
        _drop(context, response)
        chain.stop()
    elif error := fault.error():
        raise error


def strike_after(chain: HandlerChain[Any], context: RequestContext, response: Response) -> None:
    """Response handler: lose the answer of a call that a provider has carried out."""
    if context.operation is None or context.is_internal_call or context.service_exception:
        return
    fault = FAULTS.striking(context, AFTER)
    if fault is None:
        return
    time.sleep(fault.latency)
    if fault.drop:
        _drop(context, response)
    elif error := fault.error():
        context.service_exception = error
        serializer = create_serializer(context.service, context.protocol)
        response.update_from(
            serializer.serialize_error_to_response(
                error, context.operation, context.request.headers, context.request_id
            )
        )


def _drop(context: RequestContext, response: Response) -> None:
    """Answer as a broken connection does: it begins, and then the line is closed."""
    context.service_exception = AwsError(DROPPED, "the answer was dropped by a fault", 500)
    response.status_code = 500
    response.headers.pop("Content-Length", None)
    response.response = _broken_off()


def _broken_off() -> Iterator[bytes]:
    """The body of an answer; Twisted closes the connection when it fails after its beginning."""
    yield b"<"
    raise ConnectionAbortedError("dropped by a fault")


def _checked(wish: dict[str, Any]) -> Fault:
    wish = {name: value for name, value in wish.items() if value is not None}
    kinds: dict[str, Any] = {
        "match": str, "account": str, "contains": str, "params": dict, "code": str, "message": str,
        "skip": int, "times": int, "every": int, "status": int,
        "latency": (int, float), "after": bool, "drop": bool,
    }  # fmt: skip
    for name, value in wish.items():
        if name not in kinds:
            raise ValueError(f"a fault has no '{name}'; it has: {', '.join(kinds)}")
        # In Python a bool is an int, but nobody means `"times": true`.
        if not isinstance(value, kinds[name]) or isinstance(value, bool) != (kinds[name] is bool):
            raise ValueError(f"a fault's '{name}' cannot be {value!r}")
    if "match" not in wish:
        raise ValueError("a fault needs 'match', such as 'elbv2.Describe*'")
    if "params" in wish:
        wish["params"] = patterns(wish["params"])
    fault = Fault(**wish)
    if not (fault.code or fault.latency or fault.drop):
        raise ValueError("a fault needs 'code', 'latency' or 'drop'")
    if fault.every < 1 or fault.skip < 0 or not 0 <= fault.latency <= LONGEST_LATENCY:
        raise ValueError(f"every >= 1, skip >= 0 and 0 <= latency <= {LONGEST_LATENCY} it must be")
    if not 400 <= fault.status <= 599:
        raise ValueError("a fault's 'status' is an HTTP error: 400 to 599")
    return fault
