"""One store per account and region, and the way to forget an account.

Tests are kept apart by account: a 12-digit access key id *is* the account, so a thousand tests
can share one LocalStack and none sees another.
"""

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

S = TypeVar("S")

_resetters: list[Callable[[str], None]] = []


def on_reset(forget: Callable[[str], None]) -> Callable[[str], None]:
    """Register what an account reset must also forget; usable as a decorator."""
    _resetters.append(forget)
    return forget


# Taken before any store's lock by whoever writes an account down or puts one in its place, and by
# whoever reads accounts beside all calls: half of an account looks as if the rest had been deleted,
# and a read of moto's services would make that rest anew.
WHOLE = threading.RLock()


def reset(account: str) -> None:
    """Forget everything that any service holds for one account."""
    with WHOLE:
        for forget in _resetters:
            forget(account)


# Every AccountStores of the process, for whoever dumps or loads an account.
everything: list["AccountStores[Any]"] = []


class AccountStores(Generic[S]):
    """All stores of one service; each is made on first use and dropped on an account reset."""

    def __init__(self, make: Callable[[str, str], S]) -> None:
        self.name = make.__module__
        everything.append(self)
        self._make = make
        self._stores: dict[tuple[str, str], S] = {}
        self._lock = threading.Lock()
        on_reset(self.forget)

    def get(self, account: str, region: str) -> S:
        """The store of one account and region."""
        with self._lock:
            store = self._stores.get((account, region))
            if store is None:
                store = self._stores[account, region] = self._make(account, region)
            return store

    def standing(self, account: str, region: str) -> S | None:
        """The store of one account and region, if a call has made it: who looks makes none."""
        with self._lock:
            return self._stores.get((account, region))

    def of_account(self, account: str) -> list[S]:
        """The stores of an account in every region it has touched."""
        with self._lock:
            return [store for (owner, _), store in self._stores.items() if owner == account]

    def all(self) -> list[S]:
        """The stores of every account."""
        with self._lock:
            return list(self._stores.values())

    def by_region(self, account: str) -> dict[str, S]:
        """An account's stores by region."""
        with self._lock:
            return {region: s for (owner, region), s in self._stores.items() if owner == account}

    def put(self, account: str, stores: dict[str, S]) -> None:
        """Let an account have these stores, by region, and no others."""
        with self._lock:
            kept = {key: store for key, store in self._stores.items() if key[0] != account}
            self._stores = kept | {(account, region): s for region, s in stores.items()}

    def forget(self, account: str) -> None:
        """Drop an account's stores; the next call starts from nothing."""
        with self._lock:
            for key in [key for key in self._stores if key[0] == account]:
                del self._stores[key]
