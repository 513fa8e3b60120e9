"""Tells the data plane what is new, as soon as it is.

Every document has the version at which it last changed. The data plane asks for what is newer
than what it has, and the answer is held back until there is something. Documents are made only
while somebody asks for them.
"""

import json
import threading
import time

from ingress_aws import accounts
from ingress_aws.dataplane.changes import CHANGES, Source
from ingress_aws.dataplane.kept import Documents, Keeper

# After making documents we rest so many times as long as it took: tests that make hundreds of
# load balancers want the processor for themselves. Nobody waits longer than a second for that,
# but where there are thousands, whose documents take seconds.
REST = 9.0
LONGEST_REST = 1.0
LEAST_REST = 3.0


class Feed:
    """The documents, and when each changed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._version = 0
        self._keepers: dict[Source, Keeper] = {}
        self._of_source: dict[Source, Documents] = {}
        self._changed: dict[str, int] = {}  # key to version, of what is gone as well
        self._texts: Documents = {}
        self._rest_until = 0.0
        self._made = 0  # how many of the noted changes are in the documents
        self._served = 0  # and how many of them the data plane has taken over
        self._progress = threading.Condition()

    def poll(self, since: int, seconds: float) -> str:
        """What changed after a version, as JSON; waits for something to change."""
        deadline = time.monotonic() + seconds
        while True:
            with self._lock:
                if since >= self._version:
                    self._tell_progress()
                self._refresh(deadline if since >= self._version else 0.0)
                if self._version > since or time.monotonic() >= deadline:
                    return self._render(since)

    def settle(self, seconds: float) -> bool:
        """Wait until all that was noted so far is served; whether it is."""
        wanted = CHANGES.count
        with self._progress:
            return self._progress.wait_for(lambda: self._served >= wanted, seconds)

    def sources(self, account: str) -> list[Source]:
        """Those of an account that the data plane has been told of."""
        return [source for source in list(self._keepers) if source[1] == account]

    def documents(self, account: str) -> Documents:
        """What the data plane has been told of an account."""
        each = (self._of_source.get(source, {}) for source in self.sources(account))
        return {key: text for documents in each for key, text in documents.items()}

    def count(self, account: str) -> int:
        """How many documents of an account have been made so far."""
        return sum(self._keepers[source].count for source in self.sources(account))

    def _tell_progress(self) -> None:
        """Who asks for what is newer has taken over everything else."""
        with self._progress:
            self._served = self._made
            self._progress.notify_all()

    def _refresh(self, deadline: float) -> None:
        looks = [(one.next_look, source) for source, one in self._keepers.items()]
        passing = [(look, source) for look, source in looks if look is not None]
        until = min([deadline, *(look for look, _ in passing)])
        taken, made = CHANGES.take(max(0.0, until - time.monotonic()))
        now = time.monotonic()
        taken |= {source: set() for look, source in passing if look <= now and source not in taken}
        time.sleep(max(0.0, self._rest_until - time.monotonic()))
        began = time.monotonic()
        for source, touched in taken.items():
            self._make(source, touched)
        self._made = made
        ended = time.monotonic()
        took = ended - began
        self._rest_until = ended + max(min(LONGEST_REST, REST * took), LEAST_REST * took)

    def _make(self, source: Source, touched: set[str]) -> None:
        keeper = self._keepers.setdefault(source, Keeper(source))
        with accounts.WHOLE:
            made = keeper.refresh(touched)
        before = self._of_source.get(source, {})
        differing = [key for key, text in made.items() if before.get(key) != text]
        gone = before.keys() - made.keys()
        if differing or gone:
            self._version += 1
        for key in differing:
            self._texts[key] = made[key]
            self._changed[key] = self._version
        for key in gone:
            del self._texts[key]
            self._changed[key] = self._version
        self._of_source[source] = made

    def _render(self, since: int) -> str:
        parts = [
            f"{json.dumps(key)}: {self._texts.get(key, 'null')}"
            for key, version in self._changed.items()
            if version > since
        ]
        return f'{{"version": {self._version}, "docs": {{{", ".join(parts)}}}}}'


FEED = Feed()
