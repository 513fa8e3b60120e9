"""Requests made by chance from botocore's models: nearly right ones, so that they get far.

The same choices come on every run, since each operation has a seed of its own.
"""

import random
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

JUNK: list[Any] = [
    "", " ", "0", "-1", "99999999999999999999", "a", "*", "é\u2028", "x" * 3000, "true", "null",
    "arn:aws:iam::1:x", "1.5", "../..", "%00", "{}", "<a>&", "\\052.", "a\tb\nc",
]  # fmt: skip
OTHER_KINDS: list[Any] = ["a", 7, -1, True, [], ["a"], [{}], {}, {"a": "b"}, {"Key": ["k"]}, 1.5]
NUMBERS = [-(2**63), -1, 0, 1, 2, 65_535, 65_536, 2**31, 2**63]
DEEPEST = 6
# EC2 of another region comes into being when it is first asked, which would look like a change.
ONLY_KNOWN = ("vpcregion",)


def key_of(name: str) -> str:
    """A member's name as the table of known values has it: `GroupIds` is `groupid`."""
    return name.lower().removesuffix("s")


class Requests:
    """Makes requests for one operation; `known` holds values that exist, by `key_of` a name."""

    def __init__(self, seed: str, known: dict[str, list[Any]]) -> None:
        self._choice = random.Random(seed)
        self._known = known

    def make(self, shape: StructureShape | None) -> dict[str, Any]:
        """A request: most of what must be there, some of what may, now and then a wrong kind."""
        if shape is None:
            return {}
        # Half of the requests are sound in form, so that what comes after the form is seen too.
        wild = self._choice.random() < 0.5
        return self._structure(shape, 0, wild)

    def _structure(self, shape: StructureShape, depth: int, wild: bool) -> dict[str, Any]:
        made = {}
        for name, member in shape.members.items():
            needed = name in shape.required_members
            often = (0.9 if wild else 1.0) if needed else 0.5 if depth else 0.4
            if self._choice.random() < often and depth < DEEPEST:
                made[name] = self._value(name, member, depth, wild)
        return made

    def _value(self, name: str, shape: Shape, depth: int, wild: bool) -> Any:
        if wild and self._choice.random() < 0.07:
            return self._choice.choice(OTHER_KINDS)
        if isinstance(shape, StructureShape):
            return self._structure(shape, depth + 1, wild)
        if isinstance(shape, ListShape):
            count = self._choice.choice([0, 1, 1, 1, 2, 3])
            return [self._value(name, shape.member, depth + 1, wild) for _ in range(count)]
        if isinstance(shape, MapShape):
            return {"k": self._value(name, shape.value, depth + 1, wild)}
        return self._scalar(name, shape, wild)

    def _scalar(self, name: str, shape: Shape, wild: bool) -> Any:
        known = self._known.get(key_of(name))
        if known and (key_of(name) in ONLY_KNOWN or self._choice.random() < 0.7):
            return self._choice.choice(known)
        if wild and self._choice.random() < 0.4:
            return self._choice.choice(JUNK)
        allowed = shape.metadata.get("enum")
        if allowed:
            return self._choice.choice(allowed)
        match shape.type_name:
            case "boolean":
                return self._choice.random() < 0.5
            case "integer" | "long" | "float" | "double":
                ends = [shape.metadata.get("min"), shape.metadata.get("max")]
                return self._choice.choice([*NUMBERS, *(end for end in ends if end is not None)])
            case "timestamp":
                return self._choice.choice([0, 1_800_000_000, -1, 10**15])
            case "blob":
                return self._choice.choice([b"", b"x", b"-----BEGIN CERTIFICATE-----"])
        return self._choice.choice([*JUNK, "web", "a.example.com"])
