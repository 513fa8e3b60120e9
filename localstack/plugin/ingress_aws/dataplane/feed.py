"""Tells the data plane what is new, as soon as it is.

Every document has the version at which it last changed. The data plane asks for what is newer
than what it has, and the answer is held back until there is something. Documents are made only
while somebody asks for them.
"""

import json
import threading
import time

from ingress_aws import accounts
from ingress_aws.dataplane import documents
from ingress_aws.dataplane.changes import CHANGES, Source
from ingress_aws.dataplane.documents import Documents

# States that change by time alone are looked at again after so long, then less and less often.
FIRST_LOOK = 0.1
LAST_LOOK = 1.0
# After making documents we rest so many times as long as it took: tests that make hundreds of
# load balancers want the processor for themselves.
REST = 9.0
LONGEST_REST = 1.0


class Feed:
    """The documents, and when each changed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._version = 0
        self._of_source: dict[Source, Documents] = {}
        self._changed: dict[str, int] = {}  # key to version, of what is gone as well
        self._texts: Documents = {}
        # What time alone will change: when to look again, and how long after that.
        self._passing: dict[Source, tuple[float, float]] = {}
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

    def _tell_progress(self) -> None:
        """Who asks for what is newer has taken over everything else."""
        with self._progress:
            self._served = self._made
            self._progress.notify_all()

    def _refresh(self, deadline: float) -> None:
        wait = max(0.0, deadline - time.monotonic())
        if self._passing:
            next_look = min(look for look, _ in self._passing.values())
            wait = min(wait, max(0.0, next_look - time.monotonic()))
        taken, made = CHANGES.take(wait)
        now = time.monotonic()
        taken |= {source for source, (look, _) in self._passing.items() if look <= now}
        time.sleep(max(0.0, self._rest_until - time.monotonic()))
        began = time.monotonic()
        for source in taken:
            self._make(source)
        self._made = made
        ended = time.monotonic()
        self._rest_until = ended + min(LONGEST_REST, REST * (ended - began))

    def _make(self, source: Source) -> None:
        service, account, region = source
        _, pause = self._passing.pop(source, (0.0, FIRST_LOOK / 2))
        with accounts.WHOLE:
            if service == "elbv2":
                made, passing = documents.of_elbv2(account, region)
            else:
                made, passing = documents.of_route53(account), False
        if passing:
            pause = min(LAST_LOOK, 2 * pause)
            self._passing[source] = time.monotonic() + pause, pause
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
