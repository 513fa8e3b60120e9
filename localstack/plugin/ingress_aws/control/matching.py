"""Which calls are meant: named parameters, each with what it must be.

A name may lead into what is nested, `Actions.Type`. A list on the way is gone through, so that one
fitting item is enough; `Actions.0.Type` means the first item only.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any


def patterns(given: dict[str, Any]) -> dict[str, str | None]:
    """What a wish names, as texts; ValueError says what is wrong with it."""
    if not given:
        raise ValueError('\'params\' names at least one parameter: {"Name": "web-*"}')
    for name, value in given.items():
        if not all(name.split(".")):
            raise ValueError(f"'params' has no parameter called {name!r}: \"A.B\" is B within A")
        if not isinstance(value, str | int | float | None):
            raise ValueError(f"'params': {name!r} is a text, a number, true, false or null")
    return {name: None if value is None else _text(value) for name, value in given.items()}


def fits(request: Any, wanted: dict[str, str | None]) -> bool:
    """Whether every named parameter of a request is as wanted; None is for one not given."""
    return all(_one_fits(list(_found(request, name.split("."))), wanted[name]) for name in wanted)


def _one_fits(found: list[Any], wanted: str | None) -> bool:
    if wanted is None:
        return not found
    texts = [_text(value) for value in found]
    return any(text == wanted or fnmatchcase(text, wanted) for text in texts)


def _found(value: Any, steps: list[str]) -> Iterator[Any]:
    """The values at the end of a path; of a list at its end, the items."""
    if isinstance(value, list):
        index = steps[0] if steps and steps[0].isdecimal() else None
        chosen = value if index is None else value[int(index) : int(index) + 1]
        for item in chosen:
            yield from _found(item, steps if index is None else steps[1:])
    elif not steps:
        if value is not None:
            yield value
    elif isinstance(value, dict) and steps[0] in value:
        yield from _found(value[steps[0]], steps[1:])


def _text(value: Any) -> str:
    """A value as JSON writes it, texts without their quotes."""
    return str(value).lower() if isinstance(value, bool) else str(value)
