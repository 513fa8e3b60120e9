"""What AWS's own service models say about a request: required members, lengths, enums, patterns.

botocore ships the models. LocalStack parses by them but holds nobody to them, so a malformed
request would reach code that trusts its input. One walk replaces a check in every operation.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

# What LocalStack's parsers make of each kind of shape; JSON lets a client send another.
TYPES: dict[str, Any] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "blob": bytes,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "boolean": bool,
}
NUMBERS = ("integer", "long", "float", "double")
# How a breach ends that is about a member which is not there.
ABSENT = "Member must not be null"


def violations(shape: StructureShape | None, request: dict[str, Any]) -> list[str]:
    """Every breach of the model, worded as AWS words it; values of secrets are never quoted."""
    return list(_breaches(shape, request, "")) if shape is not None else []


def detected(found: list[str]) -> str:
    """The sentence in which AWS tells them all [P]."""
    plural = "s" if len(found) > 1 else ""
    return f"{len(found)} validation error{plural} detected: {'; '.join(found)}"


def _breaches(shape: Shape, value: Any, path: str) -> Iterator[str]:
    kind: Any = TYPES.get(shape.type_name, object)
    # In Python a bool is an int.
    if not isinstance(value, kind) or (isinstance(value, bool) and shape.type_name in NUMBERS):
        yield _breach(None, path, f"Member must be a {shape.type_name}")
    elif isinstance(shape, StructureShape):
        yield from _structure(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _bounds(shape, len(value), None, path, "length")
        for number, item in enumerate(value, start=1):
            yield from _breaches(shape.member, item, f"{path}.{number}.member")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from _breaches(shape.value, item, f"{path}.{key}.member")
    elif shape.type_name in ("string", "blob"):
        yield from _text(shape, value, path)
    elif shape.type_name in NUMBERS:
        yield from _bounds(shape, value, value, path, "value")


def _structure(shape: StructureShape, value: Any, path: str) -> Iterator[str]:
    given = {name: member for name, member in value.items() if member is not None}
    for name in shape.required_members:
        if name not in given:
            yield _breach("null", _below(path, name), ABSENT)
    for name, member in given.items():
        if name in shape.members:
            yield from _breaches(shape.members[name], member, _below(path, name))


def _text(shape: Shape, value: Any, path: str) -> Iterator[str]:
    secret = shape.metadata.get("sensitive") or shape.type_name == "blob"
    shown = None if secret else f"'{value}'"
    yield from _bounds(shape, len(value), shown, path, "length")
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield _breach(shown, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
    pattern = shape.metadata.get("pattern")
    if pattern and isinstance(value, str) and not _compiled(pattern).fullmatch(value):
        yield _breach(shown, path, f"Member must satisfy regular expression pattern: {pattern}")


def _bounds(shape: Shape, size: float, shown: Any, path: str, measure: str) -> Iterator[str]:
    """`min` and `max` bound a number's value, and the length of everything else."""
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        rule = f"Member must have {measure} greater than or equal to {least}"
        yield _breach(shown, path, rule)
    if most is not None and size > most:
        yield _breach(shown, path, f"Member must have {measure} less than or equal to {most}")


def _below(path: str, name: str) -> str:
    member = name[0].lower() + name[1:]
    return f"{path}.{member}" if path else member


def _breach(shown: Any, path: str, rule: str) -> str:
    value = "Value" if shown is None else f"Value {shown}"
    return f"{value} at '{path}' failed to satisfy constraint: {rule}"


# Python's re has no \p classes. Each of these is at least as wide: what cannot be said is let by.
_CLASSES = {"L": r"\w", "N": r"\d", "Z": r"\s", "M": r"\W", "S": r"\W", "P": r"\W_"}


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    wide = re.sub(r"\\p\{([LNZMSP])[a-z]?\}", lambda found: _CLASSES[found[1]], pattern)
    return re.compile(wide)
