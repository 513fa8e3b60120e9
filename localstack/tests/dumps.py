"""Where two dumps of an account differ."""

from typing import Any

Json = Any


def difference(before: Json, after: Json) -> str:
    """The first difference of two states, and the way to it; empty if there is none."""
    return _Pair(before["nodes"], after["nodes"]).things(before["root"], after["root"], "")


class _Pair:
    def __init__(self, before: list[Json], after: list[Json]) -> None:
        self._before = before
        self._after = after
        self._seen: set[int] = set()

    def things(self, one: Json, other: Json, way: str) -> str:
        """The first difference of two things that are referred to."""
        if one["ref"] in self._seen:
            return ""
        self._seen.add(one["ref"])
        return self._values(self._before[one["ref"]], self._after[other["ref"]], way)

    def _values(self, one: Json, other: Json, way: str) -> str:
        if _is_reference(one) and _is_reference(other):
            return self.things(one, other, way)
        if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
            for key in one:
                if found := self._values(one[key], other[key], f"{way}/{key}"):
                    return found
            return ""
        if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
            for number, (left, right) in enumerate(zip(one, other, strict=True)):
                step = left[0] if isinstance(left, list) and left else number
                if found := self._values(left, right, f"{way}[{step}]"):
                    return found
            return ""
        return "" if one == other else f"{way}: {_short(one)} became {_short(other)}"


def _is_reference(value: Json) -> bool:
    return isinstance(value, dict) and value.keys() == {"ref"}


def _short(value: Json) -> str:
    return str(value)[:200]
