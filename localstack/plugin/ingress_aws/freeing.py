"""Lets go of what is no longer needed, bit by bit beside the work.

To free 25,000 entries of the log takes Python a tenth of a second, in which nobody else runs.
"""

import threading
import time
from collections import deque
from typing import Any

# So many at a time take less than a millisecond.
AT_A_TIME = 200
PAUSE = 0.002

_waiting: deque[deque[Any]] = deque()
_lock = threading.Lock()
_running = False


def later(garbage: deque[Any]) -> None:
    """Take over a deque that nobody else has any more, and empty it in the background."""
    global _running  # noqa: PLW0603 - there is one thread for the whole process
    with _lock:
        _waiting.append(garbage)
        if not _running:
            _running = True
            threading.Thread(target=_run, name="freeing", daemon=True).start()


def _run() -> None:
    global _running  # noqa: PLW0603 - the thread ends when there is nothing to do
    while True:
        with _lock:
            if not _waiting:
                _running = False
                return
            garbage = _waiting.popleft()
        while garbage:
            for _ in range(min(AT_A_TIME, len(garbage))):
                garbage.popleft()
            time.sleep(PAUSE)
