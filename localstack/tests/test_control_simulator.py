"""SimulatePrincipalPolicy and SimulateCustomPolicy: what judges calls, asked without a call."""

import json
from typing import Any

import pytest
from aws import Account, refused

VERSION = "2012-10-17"
VPCS = {"Sid": "Vpcs", "Effect": "Allow", "Action": "ec2:DescribeVpcs", "Resource": "*"}
DELETE = {
    "Sid": "Delete",
    "Effect": "Allow",
    "Action": "elasticloadbalancing:Delete*",
    "Resource": "arn:aws:elasticloadbalancing:*:*:targetgroup/*",
    "Condition": {"StringEquals": {"aws:ResourceTag/team": "web"}},
}
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"
TEAM = {
    "ContextKeyName": "aws:ResourceTag/team",
    "ContextKeyType": "string",
    "ContextKeyValues": ["web"],
}


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": VERSION, "Statement": list(statements)})


def _custom(aws: Account, *policies: str, **more: Any) -> list[dict[str, Any]]:
    iam = aws.client("iam")
    answer = iam.simulate_custom_policy(PolicyInputList=list(policies), **more)
    assert answer["IsTruncated"] is False
    return list(answer["EvaluationResults"])


@pytest.mark.D
def test_decisions(aws: Account) -> None:
    deny = {"Effect": "Deny", "Action": "acm:*", "Resource": "*"}
    actions = ["ec2:DescribeVpcs", "ec2:DescribeSubnets", "acm:ListCertificates"]
    found = _custom(aws, _document(VPCS, deny), ActionNames=actions)
    assert [result["EvalActionName"] for result in found] == actions
    decisions = [result["EvalDecision"] for result in found]
    assert decisions == ["allowed", "implicitDeny", "explicitDeny"]
    assert {result["EvalResourceName"] for result in found} == {"*"}


@pytest.mark.D
def test_context(aws: Account) -> None:
    wanted = {
        "ActionNames": ["elasticloadbalancing:DeleteTargetGroup"],
        "ResourceArns": [GROUP, GROUP.replace("targetgroup", "listener")],
    }
    without, other = _custom(aws, _document(VPCS, DELETE), **wanted)
    assert without["EvalDecision"] == other["EvalDecision"] == "implicitDeny"
    assert without["MissingContextValues"] == ["aws:ResourceTag/team"]
    assert other["MissingContextValues"] == []
    within, other = _custom(aws, _document(VPCS, DELETE), **wanted, ContextEntries=[TEAM])
    assert (within["EvalDecision"], other["EvalDecision"]) == ("allowed", "implicitDeny")
    assert within["MissingContextValues"] == []


@pytest.mark.D
def test_where_the_statement_is(aws: Account) -> None:
    text = json.dumps({"Version": VERSION, "Statement": [DELETE, VPCS]}, indent=2)
    [found] = _custom(aws, _document(), text, ActionNames=["ec2:DescribeVpcs"])
    [statement] = found["MatchedStatements"]
    assert statement["SourcePolicyId"] == "PolicyInputList.2"
    begin, end = statement["StartPosition"], statement["EndPosition"]
    lines = text.splitlines()
    assert lines[begin["Line"] - 1][begin["Column"] - 1 :] == "{"
    assert lines[end["Line"] - 1][: end["Column"] - 1].strip() == "}"
    assert '"Sid": "Vpcs"' in lines[begin["Line"]]


@pytest.mark.D
def test_a_boundary(aws: Account) -> None:
    found = _custom(
        aws,
        _document({**VPCS, "Action": "ec2:*"}),
        PermissionsBoundaryPolicyInputList=[_document(VPCS)],
        ActionNames=["ec2:DescribeVpcs", "ec2:DescribeSubnets"],
    )
    assert [result["EvalDecision"] for result in found] == ["allowed", "implicitDeny"]
    inside = [result["PermissionsBoundaryDecisionDetail"] for result in found]
    assert [each["AllowedByPermissionsBoundary"] for each in inside] == [True, False]


@pytest.mark.D
def test_identities(aws: Account) -> None:
    iam = aws.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=_document(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=_document(VPCS))
    user = iam.create_user(UserName="u")["User"]["Arn"]
    group = iam.create_group(GroupName="g")["Group"]["Arn"]
    iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=_document(VPCS))

    def ask(arn: str, **more: Any) -> Any:
        [found] = iam.simulate_principal_policy(
            PolicySourceArn=arn, ActionNames=["ec2:DescribeVpcs"], **more
        )["EvaluationResults"]
        return found

    assert ask(role)["EvalDecision"] == ask(group)["EvalDecision"] == "allowed"
    assert ask(role)["MatchedStatements"][0]["SourcePolicyId"] == "role_r_p"
    assert ask(user)["EvalDecision"] == "implicitDeny"
    assert ask(user, PolicyInputList=[_document(VPCS)])["EvalDecision"] == "allowed"
    iam.add_user_to_group(GroupName="g", UserName="u")
    assert ask(user)["EvalDecision"] == "allowed"
    with refused("NoSuchEntity"):
        ask(role + "x")
    with refused("InvalidInput"):
        ask(f"arn:aws:iam::{aws.id}:root")


@pytest.mark.parametrize("allowed", [True, False])
def test_the_policy_of_an_account(aws: Account, allowed: bool) -> None:
    """What `/_albedo/policy` lets through and what the simulator says are one."""
    document = {"Version": VERSION, "Statement": [VPCS if allowed else DELETE]}
    ask = {**VPCS, "Sid": "Ask", "Action": "iam:SimulatePrincipalPolicy"}
    document["Statement"].append(ask)  # type: ignore[attr-defined]
    aws.control("POST", "/policy", {"account": aws.id, "document": document})
    [found] = aws.client("iam").simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{aws.id}:user/owner", ActionNames=["ec2:DescribeVpcs"]
    )["EvaluationResults"]
    assert found["EvalDecision"] == ("allowed" if allowed else "implicitDeny")
    if allowed:
        aws.ec2.describe_vpcs()
    else:
        with refused("UnauthorizedOperation"):
            aws.ec2.describe_vpcs()


@pytest.mark.D
def test_pages(aws: Account) -> None:
    iam = aws.client("iam")
    wanted = {
        "PolicyInputList": [_document(VPCS)],
        "ActionNames": ["ec2:DescribeVpcs"],
        "ResourceArns": ["a", "b", "c"],
    }
    first = iam.simulate_custom_policy(**wanted, MaxItems=2)
    assert first["IsTruncated"] and len(first["EvaluationResults"]) == 2
    last = iam.simulate_custom_policy(**wanted, MaxItems=2, Marker=first["Marker"])
    assert [result["EvalResourceName"] for result in last["EvaluationResults"]] == ["c"]


@pytest.mark.B
@pytest.mark.parametrize(
    ("policy", "action"),
    [("{}", "ec2:DescribeVpcs"), (_document(VPCS), "DescribeVpcs"), ("no", "ec2:DescribeVpcs")],
)
def test_what_cannot_be_simulated(aws: Account, policy: str, action: str) -> None:
    with refused("InvalidInput"):
        _custom(aws, policy, ActionNames=[action])
