"""Which target group of a forward action, and which target in it."""

from __future__ import annotations

from typing import Any

from dataplane import stickiness
from dataplane.group import Group, Target
from dataplane.head import Refusal, Request
from dataplane.rule import Rule

Json = dict[str, Any]


def choose_group(config: Json, rule: Rule, request: Request) -> tuple[str, list[str]]:
    """The target group's ARN, and the cookies that bring the client back to it.

    Weights are dealt out evenly instead of by chance, so that ten requests of 9:1 are nine and
    one. A group of weight 0 gets nothing, and one without targets gets its share all the same.
    """
    groups = config["TargetGroups"]
    if len(groups) == 1 and groups[0].get("Weight", 1):
        return groups[0]["TargetGroupArn"], []
    weights = {group["TargetGroupArn"]: int(group.get("Weight", 1)) for group in groups}
    wanted = [arn for arn, weight in weights.items() if weight]
    if not wanted:
        raise Refusal(503, "no target group has a weight")
    sticky = config.get("TargetGroupStickinessConfig") or {}
    arn = stickiness.kept_group(request, wanted) if sticky.get("Enabled") else None
    if arn is None:
        credit = rule.dealt
        for one in wanted:
            credit[one] = credit.get(one, 0.0) + weights[one]
        arn = max(wanted, key=lambda one: credit[one])
        credit[arn] -= sum(weights.values())
    if not sticky.get("Enabled"):
        return arn, []
    return arn, stickiness.group_cookies(arn, float(sticky["DurationSeconds"]))


def choose_target(group: Group, request: Request) -> Target | None:
    """The target that the client was on before, or the next in turn."""
    return stickiness.kept_target(request, group) or group.choose()
