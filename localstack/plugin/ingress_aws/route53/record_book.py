"""The record sets of one zone, and drafts of what they shall become."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping

from ingress_aws.route53.name import Name
from ingress_aws.route53.record_set import Key, RecordSet

Sets = dict[Key, RecordSet]


class RecordBook:
    """All record sets of a zone, found by name and read in Route 53's order."""

    # Readers, the resolver among them, make the order again whenever they like: it is no state.
    DERIVED = ("_ordered",)
    _ordered: list[RecordSet] | None = None

    def __init__(self, record_sets: Iterable[RecordSet]) -> None:
        self._names: dict[Name, Sets] = {}
        for record_set in record_sets:
            self._names.setdefault(record_set.name, {})[record_set.key] = record_set

    def at(self, name: Name) -> Mapping[Key, RecordSet]:
        """The sets of one name."""
        return self._names.get(name, {})

    def __iter__(self) -> Iterator[RecordSet]:
        return iter(self._in_order())

    def __len__(self) -> int:
        return sum(len(sets) for sets in self._names.values())

    def starting_at(self, start: tuple[str, str, str], count: int) -> list[RecordSet]:
        """Up to `count` sets from a place in the order on; the place itself need not exist."""
        ordered = self._in_order()
        first = bisect_left(ordered, start, key=lambda record_set: record_set.order)
        return ordered[first : first + count]

    def draft(self) -> "Draft":
        """A copy to try changes on, which costs only the names that it touches."""
        return Draft(self)

    def become(self, draft: "Draft") -> None:
        """Take over a draft, all of it."""
        for name, sets in draft.touched.items():
            if sets:
                self._names[name] = sets
            else:
                self._names.pop(name, None)
        self._ordered = None

    def _in_order(self) -> list[RecordSet]:
        # Kept until the next change: a reader pages through thousands of sets 300 at a time.
        if self._ordered is None:
            sets = [one for group in self._names.values() for one in group.values()]
            self._ordered = sorted(sets, key=lambda record_set: record_set.order)
        return self._ordered


class Draft:
    """A book with changes that nobody else sees yet."""

    def __init__(self, book: RecordBook) -> None:
        self._book = book
        self.touched: dict[Name, Sets] = {}

    def at(self, name: Name) -> Mapping[Key, RecordSet]:
        """The sets of one name, with this draft's changes."""
        return self.touched.get(name, self._book.at(name))

    def put(self, record_set: RecordSet) -> None:
        """Add a set, or replace the one with the same name, type and identifier."""
        self._own(record_set.name)[record_set.key] = record_set

    def remove(self, record_set: RecordSet) -> None:
        """Take a set out."""
        del self._own(record_set.name)[record_set.key]

    def __len__(self) -> int:
        grown = sum(len(sets) - len(self._book.at(name)) for name, sets in self.touched.items())
        return len(self._book) + grown

    def _own(self, name: Name) -> Sets:
        if name not in self.touched:
            self.touched[name] = dict(self._book.at(name))
        return self.touched[name]
