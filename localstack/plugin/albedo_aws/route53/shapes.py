"""What AWS's own service model says about a request: required members, lengths, enums, patterns.

botocore ships the model, LocalStack parses by it but checks nothing, so a malformed request would
reach code that trusts its input. One walk over the shape replaces a check in every operation.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.model import ListShape, Shape, StructureShape
from localstack.aws.api import RequestContext

# What LocalStack's parsers make of each kind of shape; JSON lets a client send another.
TYPES: dict[str, type] = {
    "structure": dict,
    "list": list,
    "string": str,
    "blob": bytes,
    "integer": int,
    "long": int,
    "boolean": bool,
}


def violations(context: RequestContext, request: dict[str, Any]) -> list[str]:
    """Every breach of the model, worded as AWS words it; values of secrets are never quoted."""
    shape = context.operation.input_shape if context.operation is not None else None
    return list(_breaches(shape, request, "")) if shape is not None else []


def _breaches(shape: Shape, value: Any, path: str) -> Iterator[str]:
    kind: Any = TYPES.get(shape.type_name, object)
    if not isinstance(value, kind):
        yield _breach(None, path, f"Member must be a {shape.type_name}")
    elif isinstance(shape, StructureShape):
        yield from _structure(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _length(shape, value, path, "size")
        for number, item in enumerate(value, start=1):
            yield from _breaches(shape.member, item, f"{path}.{number}.member")
    elif shape.type_name in ("string", "blob"):
        yield from _text(shape, value, path)
    elif shape.type_name in ("integer", "long"):
        yield from _range(shape, value, path)


def _structure(shape: StructureShape, value: Any, path: str) -> Iterator[str]:
    given = {name: member for name, member in value.items() if member is not None}
    for name in shape.required_members:
        if name not in given:
            yield _breach(None, _below(path, name), "Member must not be null")
    for name, member in given.items():
        if name in shape.members:
            yield from _breaches(shape.members[name], member, _below(path, name))


def _text(shape: Shape, value: Any, path: str) -> Iterator[str]:
    shown = None if shape.metadata.get("sensitive") or shape.type_name == "blob" else value
    yield from _length(shape, value, path, "length", shown)
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield _breach(shown, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield _breach(shown, path, f"Member must satisfy regular expression pattern: {pattern}")


def _length(shape: Shape, value: Any, path: str, measure: str, shown: Any = None) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and len(value) < least:
        yield _breach(shown, path, f"Member must have {measure} greater than or equal to {least}")
    if most is not None and len(value) > most:
        yield _breach(shown, path, f"Member must have {measure} less than or equal to {most}")


def _range(shape: Shape, value: int, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        yield _breach(value, path, f"Member must have value greater than or equal to {least}")
    if most is not None and value > most:
        yield _breach(value, path, f"Member must have value less than or equal to {most}")


def _below(path: str, name: str) -> str:
    member = name[0].lower() + name[1:]
    return f"{path}.{member}" if path else member


def _breach(value: Any, path: str, rule: str) -> str:
    shown = f"Value '{value}'" if value is not None else "Value"
    return f"{shown} at '{path}' failed to satisfy constraint: {rule}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    r"""Python's re has no \p classes; for text, \w, \d and \s stand for letters, digits, spaces."""
    for unicode_class, python in ((r"\p{L}", r"\w"), (r"\p{N}", r"\d"), (r"\p{Z}", r"\s")):
        pattern = pattern.replace(unicode_class, python)
    return re.compile(pattern)
