"""Checks a parsed request against the shapes that AWS publishes (botocore's service model).

LocalStack parses requests by those shapes but holds nobody to them: required members, enums,
ranges and patterns all pass. Here they are checked once, for every operation.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.model import ListShape, Shape, StringShape, StructureShape

from albedo_aws.elbv2 import errors

# AWS's wording for any violated constraint of a shape [P].
_SENTENCE = "Value {value} at '{path}' failed to satisfy constraint: Member must {rule}"


def check(shape: StructureShape | None, request: dict[str, Any]) -> None:
    """Raise a ValidationError that names everything wrong with a request's shape."""
    if shape is None:
        return
    found = list(_violations(shape, request, ""))
    if found:
        plural = "s" if len(found) > 1 else ""
        text = f"{len(found)} validation error{plural} detected: {'; '.join(found)}"
        raise errors.validation(text)


def _violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        yield from _structure(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _size(shape, len(value), value, path)
        for number, item in enumerate(value, start=1):
            yield from _violations(shape.member, item, f"{path}.{number}.member")
    elif isinstance(shape, StringShape):
        yield from _string(shape, value, path)
    elif shape.type_name in ("integer", "long", "double"):
        yield from _size(shape, value, value, path)


def _structure(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _SENTENCE.format(value="null", path=_join(path, name), rule="not be null")
    for name, item in value.items():
        if item is not None and name in shape.members:
            yield from _violations(shape.members[name], item, _join(path, name))


def _string(shape: StringShape, value: str, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        rule = f"satisfy enum value set: [{', '.join(shape.enum)}]"
        yield _SENTENCE.format(value=f"'{value}'", path=path, rule=rule)
    yield from _size(shape, len(value), value, path)
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        rule = f"satisfy regular expression pattern: {pattern}"
        yield _SENTENCE.format(value=f"'{value}'", path=path, rule=rule)


def _size(shape: Shape, size: float, value: Any, path: str) -> Iterator[str]:
    """`min` and `max` bound a number's value, and the length of everything else."""
    bounded = "value" if shape.type_name in ("integer", "long", "double") else "length"
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        rule = f"have {bounded} greater than or equal to {least}"
        yield _SENTENCE.format(value=f"'{value}'", path=path, rule=rule)
    if most is not None and size > most:
        rule = f"have {bounded} less than or equal to {most}"
        yield _SENTENCE.format(value=f"'{value}'", path=path, rule=rule)


def _join(path: str, name: str) -> str:
    """AWS writes member names with a small first letter here."""
    name = name[:1].lower() + name[1:]
    return f"{path}.{name}" if path else name


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Python's `re` has no Unicode classes; letters, digits and spaces it has by other names."""
    for unicode_class, python in ((r"\p{L}", r"\w"), (r"\p{N}", r"\d"), (r"\p{Z}", r"\s")):
        pattern = pattern.replace(unicode_class, python)
    return re.compile(pattern)
