"""Documents kept from one look to the next: only those that a change touches are made anew."""

import json
import time
from dataclasses import dataclass
from typing import Any

from ingress_aws.dataplane.changes import EVERYTHING, NETWORK, Source
from ingress_aws.dataplane.documents import Balancing, Name, Zones
from ingress_aws.elbv2.reach import Question, Reach
from ingress_aws.elbv2.store import STORES as ELBV2
from ingress_aws.route53.store import REGION as ROUTE53_REGION
from ingress_aws.route53.store import stores as ROUTE53

# By key; the kind of the thing comes first in it.
Documents = dict[str, str]

# States that change by time alone are looked at again after so long, then less and less often.
FIRST_LOOK = 0.1
LAST_LOOK = 1.0


@dataclass(frozen=True, slots=True)
class Kept:
    """A document as it was made last, and what would make it another one."""

    text: str | None  # None if there is nothing to tell yet
    leans_on: frozenset[str]
    heard: dict[Question, Any]
    look: float | None  # when time may have changed it, by the machine's clock
    pause: float  # how long that is after it was made


class Keeper:
    """The documents of one source."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._store: Any = None
        self._reach: Reach | None = None
        self._kept: dict[Name, Kept] = {}
        self.count = 0  # of the documents made so far
        self.next_look: float | None = None  # when time may have changed some of them

    def refresh(self, touched: set[str]) -> Documents:
        """All documents as they are now, given what was touched since this was asked last."""
        service, account, region = self._source
        # A look makes nothing: where no call has come yet there is no store.
        if service == "elbv2":
            store = ELBV2.standing(account, region)
        else:
            store = ROUTE53.standing(account, ROUTE53_REGION)
        # Whatever goes wrong here, nothing is kept of which it is not known that it still holds.
        standing, self._kept = self._kept, {}
        if store is not self._store or EVERYTHING in touched:
            self._store, self._reach, standing = store, None, {}
        if NETWORK in touched:
            self._reach = None
        if store is None:
            self.next_look = None
            return {}
        with store.lock:
            maker = self._maker()
            now = time.monotonic()
            for name in dict.fromkeys(maker.names()):
                one = standing.get(name)
                if one is None or self._is_touched(name, one, touched):
                    one = self._made(maker, name, FIRST_LOOK)
                elif one.look is not None and one.look <= now:
                    one = self._made(maker, name, min(LAST_LOOK, 2 * one.pause))
                self._kept[name] = one
        kept = self._kept.items()
        self.next_look = min((one.look for _, one in kept if one.look is not None), default=None)
        return {" ".join(name): one.text for name, one in kept if one.text is not None}

    def _maker(self) -> Balancing | Zones:
        if self._source[0] != "elbv2":
            return Zones(self._store)
        if self._reach is None:
            self._reach = Reach(self._store)
        return Balancing(self._store, self._reach)

    def _is_touched(self, name: Name, one: Kept, touched: set[str]) -> bool:
        if one.text is None or name[1] in touched or not touched.isdisjoint(one.leans_on):
            return True
        reach = self._reach
        return reach is not None and NETWORK in touched and any(
            reach.ask(question) != answer for question, answer in one.heard.items()
        )

    def _made(self, maker: Balancing | Zones, name: Name, pause: float) -> Kept:
        self.count += 1
        made = maker.make(name)
        text = None if made.document is None else json.dumps(made.document)
        look = time.monotonic() + pause if made.passes else None
        return Kept(text, made.leans_on, made.heard, look, pause)
