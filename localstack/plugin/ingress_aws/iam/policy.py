"""IAM policy documents: which statement allows or denies an action on a resource.

Identity-based policies (Effect, Action, NotAction, Resource, NotResource, Condition), and the trust
policies of roles, which have a Principal and no Resource. What is not understood is refused when it
is read, so that no policy seems narrower here than it is.
"""

import json
from dataclasses import dataclass
from typing import Any

from ingress_aws.iam import condition
from ingress_aws.iam.condition import Condition, Facts, glob

Json = dict[str, Any]

ALLOW, DENY = "Allow", "Deny"
VERSIONS = ("2012-10-17", "2008-10-17")
# What begins a variable, `${aws:PrincipalTag/team}`; they are filled in in conditions only.
VARIABLE = "${"
PARTS = {"Sid", "Effect", "Action", "NotAction", "Condition"}
ON_RESOURCES = {"Resource", "NotResource"}
# Who is meant, by kind: AWS identities, services, identity providers.
PRINCIPALS = ("AWS", "Service", "Federated")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy."""

    name: str
    number: int
    effect: str
    actions: tuple[str, ...]
    without: bool  # whether `actions` are those it is not about
    resources: tuple[str, ...]
    elsewhere: bool  # whether `resources` are those it is not about
    principals: tuple[tuple[str, str], ...]  # kind and pattern; none in an identity's policy
    conditions: tuple[Condition, ...]

    def may_be_about(self, action: str, resource: str) -> bool:
        """Whether it says something about this action on this resource, in some circumstances."""
        named = any(glob(each.lower()).fullmatch(action.lower()) for each in self.actions)
        meant = any(glob(each).fullmatch(resource) for each in self.resources)
        return named != self.without and meant != self.elsewhere

    def is_about(self, action: str, resource: str, facts: Facts) -> bool:
        """Whether it says something about this action on this resource."""
        return self.may_be_about(action, resource) and all(
            condition.holds(facts) for condition in self.conditions
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document, and where it is from."""

    statements: tuple[Statement, ...]
    source: str = ""
    document: str = ""

    def about(self, action: str, resource: str, facts: Facts) -> list[Statement]:
        """The statements that say something about this action on this resource."""
        return [one for one in self.statements if one.is_about(action, resource, facts)]


def read(document: Any, source: str = "") -> Policy:
    """An identity's policy from its JSON; ValueError says what is wrong or not understood."""
    return _read(document, source, PARTS | ON_RESOURCES)


def read_trust(document: Any, source: str = "") -> Policy:
    """The trust policy of a role."""
    return _read(document, source, PARTS | {"Principal"})


def _read(document: Any, source: str, parts: set[str]) -> Policy:
    text = document if isinstance(document, str) else json.dumps(document)
    try:
        plain = json.loads(text)
    except ValueError as broken:
        raise ValueError(f"a policy document is JSON: {broken}") from broken
    if not isinstance(plain, dict) or plain.get("Version", VERSIONS[-1]) not in VERSIONS:
        raise ValueError(f"a policy document has a 'Version' of {' or '.join(VERSIONS)}")
    given = plain.get("Statement")
    statements = given if isinstance(given, list) else [given]
    read_as = tuple(_statement(each, number, parts) for number, each in enumerate(statements))
    return Policy(read_as, source, text)


def _statement(given: Any, number: int, parts: set[str]) -> Statement:
    if not isinstance(given, dict) or given.keys() - parts:
        raise ValueError(f"statement {number} has parts other than {', '.join(sorted(parts))}")
    if given.get("Effect") not in (ALLOW, DENY):
        raise ValueError(f"statement {number} needs the Effect '{ALLOW}' or '{DENY}'")
    for pair in (("Action", "NotAction"), ("Resource", "NotResource")):
        if parts.issuperset(pair) and sum(part in given for part in pair) != 1:
            raise ValueError(f"statement {number} needs either {pair[0]} or {pair[1]}")
    conditions = given.get("Condition") or {}
    if not isinstance(conditions, dict):
        raise ValueError(f"statement {number}: Condition is an object")
    return Statement(
        name=str(given.get("Sid") or f"statement {number}"),
        number=number,
        effect=given["Effect"],
        actions=_texts(given.get("Action", given.get("NotAction"))),
        without="NotAction" in given,
        resources=_texts(given.get("Resource", given.get("NotResource", "*"))),
        elsewhere="NotResource" in given,
        principals=_principals(given.get("Principal"), number) if "Principal" in parts else (),
        conditions=tuple(
            condition.read(operator, _key(key, parts), _values(values))
            for operator, keys in conditions.items()
            for key, values in _object(keys).items()
        ),
    )


def _key(given: str, parts: set[str]) -> str:
    if not condition.is_known(given) and not (
        "Principal" in parts and given.endswith(condition.CLAIMS)
    ):
        raise ValueError(f"the condition key '{given}' is not known: it would always look absent")
    return given


def _principals(given: Any, number: int) -> tuple[tuple[str, str], ...]:
    by_kind = {"AWS": "*"} if given == "*" else given
    if not isinstance(by_kind, dict) or not by_kind or by_kind.keys() - set(PRINCIPALS):
        raise ValueError(f"statement {number}: Principal has some of {', '.join(PRINCIPALS)}")
    return tuple((kind, text) for kind, texts in by_kind.items() for text in _texts(texts))


def _object(given: Any) -> Json:
    if not isinstance(given, dict):
        raise ValueError("a condition is {operator: {key: values}}")
    return given


def _values(given: Any) -> tuple[str, ...]:
    """What a condition compares with; numbers and booleans count as their texts."""
    texts = given if isinstance(given, list) else [given]
    plain = [json.dumps(text) if isinstance(text, int | float) else text for text in texts]
    return _listed(plain)


def _texts(given: Any) -> tuple[str, ...]:
    texts = _listed(given)
    if any(VARIABLE in text for text in texts):
        raise ValueError(f"variables such as those in {given!r} are not understood here")
    return texts


def _listed(given: Any) -> tuple[str, ...]:
    texts = given if isinstance(given, list) else [given]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"expected a text or a list of texts, not {given!r}")
    return tuple(texts)
