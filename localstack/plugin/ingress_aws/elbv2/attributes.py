"""Attributes: key-value settings with a default and a range, for three kinds of things.

The tables are beside the things they belong to; this file holds what a row is, and the checks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ingress_aws.elbv2 import errors

Check = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One row: its default and what values it takes."""

    default: str
    accepts: Check


Table = dict[str, Attribute]


def boolean(default: str) -> Attribute:
    """true or false."""
    return choice(default, "true", "false")


def choice(default: str, *values: str) -> Attribute:
    """One of a few words."""
    return Attribute(default, lambda value: value in values)


def several(default: str, *values: str) -> Attribute:
    """Some of a few words, with commas between them."""

    def accepts(value: str) -> bool:
        return value == default or all(one.strip() in values for one in value.split(","))

    return Attribute(default, accepts)


def number(default: str, least: int, most: int, *words: str) -> Attribute:
    """A whole number in a range, or one of a few words."""

    def accepts(value: str) -> bool:
        if value in words:
            return True
        return value.isascii() and value.isdecimal() and least <= int(value) <= most

    return Attribute(default, accepts)


def text(default: str, longest: int) -> Attribute:
    """Any text up to a length."""
    return Attribute(default, lambda value: len(value) <= longest)


def defaults(table: Table) -> dict[str, str]:
    """The attributes of a thing just made."""
    return {key: row.default for key, row in table.items()}


def changed(
    table: Table, noun: str, current: dict[str, str], request: dict[str, Any]
) -> dict[str, str]:
    """The attributes after a Modify call, or AWS's error; `current` is left alone."""
    wanted: dict[str, str] = {}
    for pair in request["Attributes"]:
        key, value = pair.get("Key", ""), pair.get("Value") or ""
        if key in wanted:
            raise errors.validation(f"{noun} attribute key '{key}' is given more than once")
        row = table.get(key)
        if row is None:
            raise errors.unknown_attribute(noun, key)
        if not row.accepts(value):
            raise errors.validation(f"{noun} attribute '{key}' cannot have the value '{value}'")
        wanted[key] = value
    return current | wanted


def as_list(attributes: dict[str, str]) -> dict[str, Any]:
    """The answer of Describe and Modify alike: AWS returns every attribute, changed or not."""
    return {"Attributes": [{"Key": key, "Value": value} for key, value in attributes.items()]}
