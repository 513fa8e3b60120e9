"""IAM policy documents: which statement allows or denies an action on a resource.

Only identity-based policies: Effect, Action, NotAction, Resource, NotResource and Condition with
the operators that controllers' policies use. What is not understood is refused when it is set, so
that no policy seems narrower here than it is.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

Json = dict[str, Any]
# What a condition compares: keys in lower case, each with its values; a missing key has no entry.
Facts = Mapping[str, list[str]]

ALLOW, DENY = "Allow", "Deny"
VERSIONS = ("2012-10-17", "2008-10-17")
PARTS = {
    "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator on one key: all of them must hold."""

    operator: str
    key: str
    values: tuple[str, ...]

    def holds(self, facts: Facts) -> bool:
        """Whether a request's facts meet it."""
        quantifier, _, operator = self.operator.rpartition(":")
        optional = operator.endswith("IfExists")
        compare = OPERATORS[operator.removesuffix("IfExists")]
        found = facts.get(self.key.lower())
        if operator == "Null":
            return (found is None) == (self.values[0] == "true")
        if quantifier == "ForAllValues":
            return all(compare(value, self.values) for value in found or [])
        if quantifier == "ForAnyValue":
            return any(compare(value, self.values) for value in found or [])
        if found is None:
            # A negated operator holds where there is nothing to compare.
            return optional or "Not" in operator
        return all(compare(value, self.values) for value in found)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy."""

    name: str
    effect: str
    actions: tuple[str, ...]
    without: bool  # whether `actions` are those it is not about
    resources: tuple[str, ...]
    elsewhere: bool  # whether `resources` are those it is not about
    conditions: tuple[Condition, ...]

    def is_about(self, action: str, resource: str, facts: Facts) -> bool:
        """Whether it says something about this action on this resource."""
        named = any(_glob(each.lower()).fullmatch(action.lower()) for each in self.actions)
        meant = any(_glob(each).fullmatch(resource) for each in self.resources)
        return (
            named != self.without
            and meant != self.elsewhere
            and all(condition.holds(facts) for condition in self.conditions)
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document."""

    statements: tuple[Statement, ...]

    def verdict(self, action: str, resource: str, facts: Facts) -> tuple[bool, str | None]:
        """Whether it is allowed, and by or against which statement; no statement, no permission."""
        about = [one for one in self.statements if one.is_about(action, resource, facts)]
        for effect in (DENY, ALLOW):
            for one in about:
                if one.effect == effect:
                    return effect == ALLOW, one.name
        return False, None


def read(document: Any) -> Policy:
    """A policy from its JSON; ValueError says what is wrong or not understood."""
    if not isinstance(document, dict) or document.get("Version") not in VERSIONS:
        raise ValueError(f"a policy document has a 'Version' of {' or '.join(VERSIONS)}")
    given = document.get("Statement")
    statements = given if isinstance(given, list) else [given]
    return Policy(tuple(_statement(each, number) for number, each in enumerate(statements)))


def _statement(given: Any, number: int) -> Statement:
    if not isinstance(given, dict) or given.keys() - PARTS:
        raise ValueError(f"statement {number} has parts other than {', '.join(sorted(PARTS))}")
    if given.get("Effect") not in (ALLOW, DENY):
        raise ValueError(f"statement {number} needs the Effect '{ALLOW}' or '{DENY}'")
    for pair in (("Action", "NotAction"), ("Resource", "NotResource")):
        if sum(part in given for part in pair) != 1:
            raise ValueError(f"statement {number} needs either {pair[0]} or {pair[1]}")
    conditions = given.get("Condition") or {}
    if not isinstance(conditions, dict):
        raise ValueError(f"statement {number}: Condition is an object")
    return Statement(
        name=str(given.get("Sid") or f"statement {number}"),
        effect=given["Effect"],
        actions=_texts(given.get("Action", given.get("NotAction"))),
        without="NotAction" in given,
        resources=_texts(given.get("Resource", given.get("NotResource"))),
        elsewhere="NotResource" in given,
        conditions=tuple(
            _condition(operator, key, values)
            for operator, keys in conditions.items()
            for key, values in _object(keys).items()
        ),
    )


def _condition(operator: str, key: str, values: Any) -> Condition:
    quantifier, _, plain = operator.rpartition(":")
    if quantifier not in ("", "ForAllValues", "ForAnyValue"):
        raise ValueError(f"the condition operator '{operator}' is not understood")
    if plain.removesuffix("IfExists") not in OPERATORS:
        raise ValueError(f"the condition operator '{operator}' is not understood")
    texts = _texts(values)
    if plain == "Null" and texts not in (("true",), ("false",)):
        raise ValueError("Null is 'true' or 'false'")
    return Condition(operator, key, texts)


def _object(given: Any) -> Json:
    if not isinstance(given, dict):
        raise ValueError("a condition is {operator: {key: values}}")
    return given


def _texts(given: Any) -> tuple[str, ...]:
    texts = given if isinstance(given, list) else [given]
    texts = [str(text).lower() if isinstance(text, bool) else text for text in texts]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"expected a text or a list of texts, not {given!r}")
    return tuple(texts)


@cache
def _glob(pattern: str) -> re.Pattern[str]:
    """IAM's wildcards: `*` and `?`, nothing else."""
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(sign, re.escape(sign)) for sign in pattern), re.DOTALL)


def _like(value: str, patterns: Iterable[str]) -> bool:
    return any(_glob(pattern).fullmatch(value) for pattern in patterns)


OPERATORS: dict[str, Callable[[str, tuple[str, ...]], bool]] = {
    "StringEquals": lambda value, wanted: value in wanted,
    "StringNotEquals": lambda value, wanted: value not in wanted,
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() in map(str.lower, wanted),
    "StringLike": _like,
    "StringNotLike": lambda value, wanted: not _like(value, wanted),
    "ArnEquals": _like,
    "ArnLike": _like,
    "ArnNotLike": lambda value, wanted: not _like(value, wanted),
    "Bool": lambda value, wanted: value.lower() in wanted,
    "Null": lambda value, wanted: True,
}
