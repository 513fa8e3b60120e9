"""The kinds of differences between AWS Load Balancer Controller and Albedo that are meant.

Each is a row of docs/differences.md, which says whom LBC's way harms and which tests show it. Here
is what a row looks like in an account and in a cluster; a row that changes nothing there has none
here. Whatever no kind explains is a fault.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from standing import Difference, Standing

PAGE = Path(__file__).parents[2] / "docs" / "differences.md"

# So many values AWS takes in a rule.
VALUES_MAX = 5
# What LBC brings about in several steps.
GROWING = {"attributes", "open port", "status"}
# What LBC's webhook fills in in a TargetGroupBinding.
FILLED_IN = {"ipAddressType", "targetGroupProtocol", "targetType", "vpcID"}


@dataclass(frozen=True)
class Outcome:
    """What two sides came to, and how LBC's was a step earlier."""

    lbc: Standing
    albedo: Standing
    earlier: Standing

    def sides(self) -> list[Standing]:
        """Both."""
        return [self.lbc, self.albedo]

    def is_left(self, one: Difference) -> bool:
        """Whether LBC has not come to a thing: it is not there, as it was, or not yet complete."""
        is_as_before = one.lbc == self.earlier.things.get(one.thing)
        return one.albedo is not None and (is_as_before or one.thing.kind in GROWING)

    def lbc_says(self, reason: str, words: str = "") -> bool:
        """Whether LBC warns of something."""
        return any(why == reason and words in said for _, why, said in self.lbc.warnings)

    def albedo_warns(self, about: str) -> bool:
        """Whether Albedo warns about an object."""
        return any(name == about for name, _, _ in self.albedo.warnings)


@dataclass(frozen=True)
class Kind:
    """A row of the page, by how it begins, and which differences it explains."""

    asked: str
    explains: Callable[[Difference, Outcome], bool]


def _refused(one: Difference, outcome: Outcome) -> bool:
    """LBC stopped in the middle, or has a rule that AWS takes in several only: Albedo has more."""
    if outcome.lbc_says("FailedDeployModel") and outcome.is_left(one):
        return True
    rules = [told for thing, told in outcome.lbc.things.items() if thing.kind == "rule"]
    is_about_rules = one.thing.kind in {"rule", "tags"} and one.albedo is not None
    return is_about_rules and any(values(told) > VALUES_MAX for told in rules)


def values(rule: str) -> int:
    """How many values a rule's conditions have."""
    conditions = [json.loads(told) for told in json.loads(rule)["conditions"]]
    configs = [one[key] for one in conditions for key in one if key.endswith("Config")]
    return sum(len(one.get("Values") or one.get("RegexValues") or []) for one in configs)


def _one_target(one: Difference, outcome: Outcome) -> bool:
    return (
        outcome.lbc_says("FailedReconcile", "RegisterTargets")
        and one.thing.kind == "target"
        and one.lbc is None
    )


def _left_out(one: Difference, outcome: Outcome) -> bool:
    """A binding is filled in; what one without a target type asks for stands with Albedo only."""
    if one.thing.kind == "binding" and one.lbc and one.albedo:
        theirs, ours = json.loads(one.lbc), json.loads(one.albedo)
        more = {key: ours["spec"][key] for key in FILLED_IN & ours["spec"].keys()}
        return bool(ours == theirs | {"spec": more | theirs["spec"]})
    is_unread = outcome.lbc_says("FailedReconcile", "targetType is not specified")
    return is_unread and one.thing.kind in {"target", "open port"}


def _claimed(one: Difference, outcome: Outcome) -> bool:
    """LBC puts finalizers on what it does not serve.

    The security group that all load balancers share stands as soon as somebody might need it, and
    which of the two sees earlier that nobody does depends on the mistake.
    """
    if one.thing.kind == "binding":
        about = f"TargetGroupBinding {one.thing.name}"
        return outcome.albedo_warns(about) and '"finalizers": []' in str(one.albedo)
    if one.thing.kind == "finalizers":
        return outcome.albedo_warns(f"Ingress {one.thing.name}") and one.albedo == "[]"
    is_shared = one.thing.kind == "security group" and "backend-sg" in f"{one.lbc} {one.albedo}"
    is_unused = not any(side.has("binding") for side in outcome.sides())
    return is_shared and is_unused and outcome.lbc_says("FailedBuildModel")


def _held_up(one: Difference, outcome: Outcome) -> bool:
    """LBC does nothing for a group: what members without a mistake ask for, only Albedo does."""
    told = {name for name, _, _ in outcome.albedo.warnings}
    held_up = {name for name, why, _ in outcome.lbc.warnings if why == "FailedBuildModel"}
    return bool(told and held_up - told) and outcome.is_left(one)


KINDS = [
    Kind("something AWS refuses", _refused),
    Kind("a target that AWS does not take among others", _one_target),
    Kind("a TargetGroupBinding with fields left out", _left_out),
    Kind("what cannot be served", _claimed),
    Kind("a mistake of one member of a group", _held_up),
]


def rows() -> list[str]:
    """What is asked for in each row of the page."""
    lines = PAGE.read_text().splitlines()
    cells = [line.split("|")[1].strip() for line in lines if line.startswith("| ")]
    return cells[1:]


def unknown() -> list[str]:
    """The kinds that the page has no row of."""
    return [kind.asked for kind in KINDS if not any(row.startswith(kind.asked) for row in rows())]


def explained(one: Difference, outcome: Outcome) -> Kind | None:
    """The kind that a difference is of."""
    return next((kind for kind in KINDS if kind.explains(one, outcome)), None)
