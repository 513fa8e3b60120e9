"""Filters of Describe operations: all must hold, one value of each is enough, `*` and `?` match."""

import re
from collections.abc import Callable, Iterable
from fnmatch import translate
from functools import cache
from typing import Any, TypeVar

from ingress_aws.ec2.errors import invalid

T = TypeVar("T")
# What a thing has to be compared with a filter's values.
Reader = Callable[[T], Iterable[Any]]


def select(
    things: Iterable[T],
    filters: list[dict[str, Any]] | None,
    readers: dict[str, Reader[T]],
    tags: Callable[[T], dict[str, str]],
) -> list[T]:
    """The things that pass every filter."""
    passing = list(things)
    for given in filters or []:
        name, values = given.get("Name") or "", given.get("Values") or []
        read = _reader(name, readers, tags)
        patterns = [_compiled(value) for value in values]
        passing = [thing for thing in passing if _fits(read(thing), patterns)]
    return passing


def _reader(
    name: str, readers: dict[str, Reader[T]], tags: Callable[[T], dict[str, str]]
) -> Reader[T]:
    if name == "tag-key":
        return lambda thing: tags(thing)
    if name.startswith("tag:"):
        key = name.removeprefix("tag:")
        return lambda thing: [tags(thing)[key]] if key in tags(thing) else []
    if name not in readers:
        raise invalid(f"The filter '{name}' is invalid")
    return readers[name]


def _fits(values: Iterable[Any], patterns: list[re.Pattern[str]]) -> bool:
    texts = [str(value) for value in values if value is not None]
    return any(pattern.fullmatch(text) for pattern in patterns for text in texts)


@cache
def _compiled(value: str) -> re.Pattern[str]:
    # EC2 knows no sets of characters, which Python's globs have.
    return re.compile(translate(value.replace("[", "[[]")))
