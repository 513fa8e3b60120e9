"""Which stores have changed since the data plane was last told, and what of them was touched."""

import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Set
from typing import Any

from localstack.aws.api import RequestContext
from localstack.http import Request, Response
from rolo.gateway.chain import HandlerChain

from ingress_aws.dataplane import touched
from ingress_aws.dataplane.touched import EVERYTHING, NETWORK
from ingress_aws.elbv2.store import STORES as ELBV2
from ingress_aws.route53.store import stores as ROUTE53

__all__ = ["CHANGES", "EVERYTHING", "NETWORK", "Source", "record"]

# A service, an account and, if the service has regions, a region.
Source = tuple[str, str, str]

# Calls that change nothing, by the way AWS names them.
READS = ("Describe", "List", "Get")
CONTROL = tuple(f"/_albedo/{name}" for name in ("settings", "reset", "clock", "load"))


class Changes:
    """What of each source was touched; somebody waits for it."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._known: set[Source] = set()
        self._touched: dict[Source, set[str]] = {}
        self.count = 0  # of all that was ever noted
        # How often whom something reaches may have changed.
        self._networks: Counter[Source] = Counter()

    def note(self, source: Source, names: Set[str]) -> None:
        """This source has changed: what of it, as `touched` names it, and what is new or gone."""
        with self._condition:
            self._known.add(source)
            self._touched.setdefault(source, set()).update(names)
            if not {EVERYTHING, NETWORK}.isdisjoint(names):
                self._networks[source] += 1
            self.count += 1
            self._condition.notify_all()

    def note_account(self, account: str) -> None:
        """Anything of an account may have changed, and it may have come out of a dump."""
        found = {("elbv2", account, region) for region in ELBV2.by_region(account)}
        if ROUTE53.by_region(account):
            found.add(("route53", account, ""))
        with self._condition:
            found |= {one for one in self._known if one[1] == account}
        for source in found:
            self.note(source, {EVERYTHING})

    def network(self, source: Source) -> int:
        """The version of a source's network, which rises with every change of it."""
        with self._condition:
            return self._networks[source]

    def take(self, seconds: float) -> tuple[dict[Source, set[str]], int]:
        """What was touched, waiting for it if need be, and the count up to now."""
        deadline = time.monotonic() + seconds
        with self._condition:
            while not self._touched:
                left = deadline - time.monotonic()
                if left <= 0 or not self._condition.wait(left):
                    break
            taken, self._touched = self._touched, {}
            return taken, self.count


CHANGES = Changes()


def record(_chain: HandlerChain[Any], context: RequestContext, _response: Response) -> None:
    """Response handler: notes what a call has changed before its answer goes out."""
    if context.service is None:
        _record_control(context.request)
        return
    operation = context.operation.name if context.operation else ""
    if operation.startswith(READS):
        return
    service, account, region = context.service.service_name, context.account_id, context.region
    names = touched.by(service, operation, context.service_request or {})
    if names is not None:
        source = ("route53", account, "") if service == "route53" else ("elbv2", account, region)
        CHANGES.note(source, names)


def _record_control(request: Request) -> None:
    """Calls of the control plane that change what AWS would tell."""
    if request.method == "GET" or request.path not in CONTROL:
        return
    account = request.args.get("account")
    if account is None:
        with contextlib.suppress(ValueError, AttributeError):
            account = json.loads(request.get_data(as_text=True)).get("account")
    if isinstance(account, str):
        CHANGES.note_account(account)
