"""Rules, and which of them takes a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from dataplane.condition import Condition, Subject, compiled

Json = dict[str, Any]
# Where the control plane puts the client secret of an authenticate-oidc action.
SECRET = "KeptSecret"


@dataclass
class Rule:
    """A rule as AWS echoes it; its conditions are compiled when the first request comes."""

    arn: str
    priority: int | None  # None: the default rule
    conditions: list[Json]
    actions: list[Json]
    transforms: list[Json] = field(default_factory=list)
    # What the rule's weighted forward has dealt out so far; see balance.
    dealt: dict[str, float] = field(default_factory=dict)

    @cached_property
    def tests(self) -> list[Condition]:
        """The conditions, ready to be asked."""
        return [compiled(condition) for condition in self.conditions]

    def takes(self, subject: Subject) -> bool:
        """Whether all conditions hold; the default rule has none."""
        return all(test.holds(subject) for test in self.tests)


def from_json(given: Json) -> Rule:
    """A rule as DescribeRules tells it."""
    priority = given.get("Priority")
    return Rule(
        arn=given.get("RuleArn", ""),
        priority=None if priority in (None, "default") else int(priority),
        conditions=given.get("Conditions") or [],
        actions=given.get("Actions") or [],
        transforms=given.get("Transforms") or [],
    )


def in_order(rules: list[Rule]) -> list[Rule]:
    """By priority, the default rule last."""
    last = 50_001  # one more than the highest priority that AWS takes
    return sorted(rules, key=lambda rule: last if rule.priority is None else rule.priority)


def route(rules: list[Rule], subject: Subject) -> Rule | None:
    """The first rule, in order, that takes the request."""
    return next((rule for rule in rules if rule.takes(subject)), None)


def trace(rules: list[Rule], subject: Subject) -> list[Json]:
    """Every rule up to the one that takes the request, with what each of its conditions saw."""
    steps = []
    for rule in rules:
        conditions = [test.trace(subject) for test in rule.tests]
        taken = all(condition["holds"] for condition in conditions)
        priority = "default" if rule.priority is None else rule.priority
        steps.append(
            {"rule": rule.arn, "priority": priority, "takes": taken, "conditions": conditions}
        )
        if taken:
            break
    return steps
