"""SimulatePrincipalPolicy and SimulateCustomPolicy, answered by what judges every call.

Facts are those that the request gives, and nothing else: no resource is looked up. Resource-based
policies are not known here and are refused.
"""

import json
from collections.abc import Iterator
from typing import Any

from ingress_aws.errors import AwsError
from ingress_aws.iam import caller, policy
from ingress_aws.iam.caller import Caller, Match, Verdict
from ingress_aws.iam.condition import Facts
from ingress_aws.iam.policy import Policy

Json = dict[str, Any]

# As many results as a page has unless MaxItems says otherwise (both API references).
PAGE = 100
# What the simulator calls what it was given (botocore's PolicySourceType has other words; these are
# those of its answers, from memory).
SOURCE_TYPE = "IAM Policy"


def of_principal(request: Json, owner: Policy | None, account: str) -> Json:
    """What a user, a group or a role may do; with more policies, what it could then."""
    who = _identity(str(request["PolicySourceArn"]), owner, account)
    more = tuple(_inputs(request, "PolicyInputList"))
    if who.policies is None:
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        root = policy.read({"Version": policy.VERSIONS[0], "Statement": everything}, "root")
        policies: tuple[Policy, ...] = (root,)
    else:
        policies = who.policies
    return _simulate(request, policies + more, who.bounds)


def of_policies(request: Json) -> Json:
    """What some policies would allow."""
    return _simulate(request, tuple(_inputs(request, "PolicyInputList")), ())


def _simulate(
    request: Json, policies: tuple[Policy, ...], bounds: tuple[tuple[str, Policy], ...]
) -> Json:
    if request.get("ResourcePolicy"):
        raise AwsError("InvalidInput", "resource-based policies are not known here")
    given = _inputs(request, "PermissionsBoundaryPolicyInputList")
    bounds += tuple(("permissions boundary", bound) for bound in given)
    who = Caller("", "", "User", "", policies, bounds)
    facts = _facts(request)
    results = [
        _result(who, action, resource, facts)
        for action in _actions(request)
        for resource in request.get("ResourceArns") or ["*"]
    ]
    return _page(results, request)


def _result(who: Caller, action: str, resource: str, facts: Facts) -> Json:
    verdict = who.verdict(action, resource, facts)
    result: Json = {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": _decision(verdict),
        "MatchedStatements": [_shown(match) for match in verdict.matches],
        "MissingContextValues": sorted(_missing(who, action, resource, facts)),
    }
    if any(name == "permissions boundary" for name, _ in who.bounds):
        inside = verdict.lacking != "permissions boundary"
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": inside}
    return result


def _decision(verdict: Verdict) -> str:
    if verdict.allowed:
        return "allowed"
    return "explicitDeny" if verdict.matches else "implicitDeny"


def _missing(who: Caller, action: str, resource: str, facts: Facts) -> set[str]:
    """The keys that decide about this and were not given."""
    every = (*(who.policies or ()), *(bound for _, bound in who.bounds))
    return {
        condition.key
        for one in every
        for statement in one.statements
        if statement.may_be_about(action, resource)
        for condition in statement.conditions
        if condition.key.lower() not in facts
    }


def _shown(match: Match) -> Json:
    begin, end = _span(match.policy.document, match.statement.number)
    return {
        "SourcePolicyId": match.policy.source,
        "SourcePolicyType": SOURCE_TYPE,
        "StartPosition": begin,
        "EndPosition": end,
    }


def _span(document: str, number: int) -> tuple[Json, Json]:
    """Where a statement is in its document: lines and columns count from 1."""
    decoder = json.JSONDecoder()
    at = document.index('"Statement"') + len('"Statement"')
    at = _next(document, at, ":")
    if document[at] == "[":
        at = _next(document, at, "[")
        for _ in range(number):
            at = _next(document, decoder.raw_decode(document, at)[1], ",")
    return _position(document, at), _position(document, decoder.raw_decode(document, at)[1])


def _next(document: str, at: int, sign: str) -> int:
    """Behind a sign, and the blanks after it."""
    at = document.index(sign, at) + 1
    while document[at].isspace():
        at += 1
    return at


def _position(document: str, at: int) -> Json:
    before = document[:at]
    return {"Line": before.count("\n") + 1, "Column": at - (before.rfind("\n") + 1) + 1}


def _identity(arn: str, owner: Policy | None, account: str) -> Caller:
    """Whose policies are meant: an identity of the account's own."""
    parts = arn.split(":")
    kind, _, path = parts[5].partition("/") if len(parts) == 6 else ("", "", "")
    if kind not in ("user", "group", "role") or parts[4] != account:
        raise AwsError("InvalidInput", f"{arn} is not the ARN of an identity of this account.")
    name, partition = path.rpartition("/")[2], parts[1]
    backend = caller.iam(account, partition)
    if kind == "role":
        role = caller.role_of(arn)
        return caller.of_role(role) if role is not None else _nobody(kind, name)
    if kind == "group":
        group = backend.groups.get(name)
        return caller.of_group(group) if group is not None else _nobody(kind, name)
    user = backend.users.get(name)
    if user is None and name == caller.OWNER:
        return caller.of_account(account, partition, owner)
    return caller.of_user(user) if user is not None else _nobody(kind, name)


def _nobody(kind: str, name: str) -> Caller:
    raise AwsError("NoSuchEntity", f"The {kind} with name {name} cannot be found.", 404)


def _inputs(request: Json, member: str) -> Iterator[Policy]:
    for number, text in enumerate(request.get(member) or [], start=1):
        try:
            yield policy.read(text, f"{member}.{number}")
        except ValueError as wrong:
            raise AwsError("InvalidInput", f"{member}.{number}: {wrong}") from wrong


def _actions(request: Json) -> list[str]:
    for action in request["ActionNames"]:
        service, _, operation = action.partition(":")
        if not service or not operation:
            raise AwsError("InvalidInput", f"Invalid ActionName: {action}")
    return list(request["ActionNames"])


def _facts(request: Json) -> Facts:
    return {
        str(entry.get("ContextKeyName")).lower(): list(entry.get("ContextKeyValues") or [])
        for entry in request.get("ContextEntries") or []
    }


def _page(results: list[Json], request: Json) -> Json:
    size = int(request.get("MaxItems") or PAGE)
    marker = str(request.get("Marker") or "0")
    if not marker.isdecimal() or int(marker) > len(results):
        raise AwsError("InvalidInput", f"Invalid Marker: {marker}")
    begin = int(marker)
    answer: Json = {"EvaluationResults": results[begin : begin + size], "IsTruncated": False}
    if begin + size < len(results):
        answer |= {"IsTruncated": True, "Marker": str(begin + size)}
    return answer
