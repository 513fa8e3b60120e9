"""Roles: who gets a session of one, how long it lasts, and what it may do."""

import json
from typing import Any

import pytest
from aws import Account, refused
from sessions import as_session, token

VERSION = "2012-10-17"
READ_VPCS = {"Effect": "Allow", "Action": "ec2:DescribeVpcs", "Resource": "*"}
READ_ALL = {"Effect": "Allow", "Action": ["ec2:Describe*", "sts:*"], "Resource": "*"}
ISSUER = "oidc.eks.example.com/id/1"


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": VERSION, "Statement": list(statements)})


def _trust(principal: Any, action: str = "sts:AssumeRole", **more: Any) -> str:
    return _document({"Effect": "Allow", "Principal": principal, "Action": action, **more})


def _role(aws: Account, trust: str, *statements: dict[str, Any], **more: Any) -> str:
    """A role with these statements in its own policy."""
    iam = aws.client("iam")
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust, **more)["Role"]
    if statements:
        iam.put_role_policy(
            RoleName="r", PolicyName="p", PolicyDocument=_document(*statements)
        )
    return str(role["Arn"])


def _assume(aws: Account, role: str, **more: Any) -> dict[str, Any]:
    sts = aws.client("sts")
    return sts.assume_role(RoleArn=role, RoleSessionName="session", **more)["Credentials"]


def _token(**claims: Any) -> str:
    told = {"iss": f"https://{ISSUER}", "aud": "sts.amazonaws.com", "sub": "system:pod"}
    return token(**told | claims)


@pytest.mark.D
def test_a_session_may_do_what_its_role_may(aws: Account) -> None:
    role = _role(aws, _trust({"AWS": aws.id}), READ_VPCS)
    ec2 = as_session(aws, _assume(aws, role), "ec2")
    assert ec2.describe_vpcs()["Vpcs"]
    with pytest.raises(ec2.exceptions.ClientError) as caught:
        ec2.describe_subnets()
    assert caught.value.response["Error"]["Code"] == "UnauthorizedOperation"
    assert f"User: arn:aws:sts::{aws.id}:assumed-role/r/session is not" in str(caught.value)
    with refused("AccessDenied"):
        as_session(aws, _assume(aws, role), "elbv2").describe_load_balancers()


@pytest.mark.D
def test_policies_that_are_attached(aws: Account) -> None:
    iam = aws.client("iam")
    role = _role(aws, _trust({"AWS": aws.id}))
    made = iam.create_policy(PolicyName="p", PolicyDocument=_document(READ_VPCS))["Policy"]["Arn"]
    ec2 = as_session(aws, _assume(aws, role), "ec2")
    with refused("UnauthorizedOperation"):
        ec2.describe_vpcs()
    iam.attach_role_policy(RoleName="r", PolicyArn=made)
    ec2.describe_vpcs()
    iam.create_policy_version(
        PolicyArn=made, PolicyDocument=_document(READ_ALL), SetAsDefault=True
    )
    ec2.describe_subnets()
    deny = {**READ_ALL, "Effect": "Deny"}
    iam.put_role_policy(RoleName="r", PolicyName="no", PolicyDocument=_document(deny))
    with refused("UnauthorizedOperation"):
        ec2.describe_vpcs()


@pytest.mark.D
def test_what_narrows_a_session(aws: Account) -> None:
    iam = aws.client("iam")
    role = _role(aws, _trust({"AWS": aws.id}), READ_ALL)
    narrowed = as_session(aws, _assume(aws, role, Policy=_document(READ_VPCS)), "ec2")
    narrowed.describe_vpcs()
    with pytest.raises(narrowed.exceptions.ClientError, match="no session policy allows"):
        narrowed.describe_subnets()
    ec2 = as_session(aws, _assume(aws, role), "ec2")
    ec2.describe_subnets()
    bound = iam.create_policy(PolicyName="b", PolicyDocument=_document(READ_VPCS))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="r", PermissionsBoundary=bound)
    with pytest.raises(ec2.exceptions.ClientError, match="no permissions boundary allows"):
        ec2.describe_subnets()


@pytest.mark.D
def test_an_external_id(aws: Account) -> None:
    condition = {"StringEquals": {"sts:ExternalId": "e1"}}
    role = _role(aws, _trust({"AWS": "*"}, Condition=condition))
    for wrong in ({"ExternalId": "e2"}, {}):
        with refused("AccessDenied"):
            _assume(aws, role, **wrong)
    _assume(aws, role, ExternalId="e1")


@pytest.mark.D
def test_a_role_of_another_account(aws: Account) -> None:
    other = Account(aws.endpoint)
    role = _role(other, _trust({"AWS": f"arn:aws:iam::{aws.id}:root"}), READ_ALL)
    with refused("AccessDenied"):
        _assume(other, role)
    keys = _assume(aws, role)
    assert as_session(aws, keys, "sts").get_caller_identity()["Account"] == other.id
    vpcs = as_session(aws, keys, "ec2").describe_vpcs()["Vpcs"]
    assert [vpc["OwnerId"] for vpc in vpcs] == [other.id]
    # It takes the caller's own account as well.
    nothing = {"Version": VERSION, "Statement": [READ_VPCS]}
    aws.control("POST", "/policy", {"account": aws.id, "document": nothing})
    with pytest.raises(Exception, match="sts:AssumeRole on resource: arn:aws:iam::") as caught:
        _assume(aws, role)
    assert role in str(caught.value)


@pytest.mark.D
def test_a_role_that_names_its_user_needs_no_more(aws: Account) -> None:
    nothing = {"Version": VERSION, "Statement": [READ_VPCS]}
    role = _role(aws, _trust({"AWS": f"arn:aws:iam::{aws.id}:user/owner"}))
    by_account = aws.client("iam").create_role(
        RoleName="other", AssumeRolePolicyDocument=_trust({"AWS": aws.id})
    )["Role"]["Arn"]
    aws.control("POST", "/policy", {"account": aws.id, "document": nothing})
    _assume(aws, role)
    with refused("AccessDenied"):
        _assume(aws, by_account)


@pytest.mark.D
@pytest.mark.parametrize("name", ["none", "path/r", "R"])
def test_a_role_that_is_not_there(aws: Account, name: str) -> None:
    _role(aws, _trust({"AWS": "*"}))
    with refused("AccessDenied"):
        _assume(aws, f"arn:aws:iam::{aws.id}:role/{name}")


@pytest.mark.D
@pytest.mark.parametrize(
    "principal",
    [{"Service": "ec2.amazonaws.com"}, {"AWS": "arn:aws:iam::123456789012:root"}],
    ids=str,
)
def test_whom_a_role_does_not_trust(aws: Account, principal: Any) -> None:
    role = _role(aws, _trust(principal))
    with refused("AccessDenied"):
        _assume(aws, role)


@pytest.mark.D
def test_how_long_a_session_may_last(aws: Account) -> None:
    role = _role(aws, _trust({"AWS": "*"}), READ_ALL, MaxSessionDuration=7200)
    _assume(aws, role, DurationSeconds=7200)
    with refused("ValidationError"):
        _assume(aws, role, DurationSeconds=7201)
    keys = _assume(aws, role)
    chained = as_session(aws, keys, "sts")
    chained.assume_role(RoleArn=role, RoleSessionName="session", DurationSeconds=3600)
    with refused("ValidationError"):
        chained.assume_role(RoleArn=role, RoleSessionName="session", DurationSeconds=3601)


@pytest.mark.D
@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("ec2", "describe_vpcs", "RequestExpired"),
        ("elbv2", "describe_load_balancers", "ExpiredToken"),
        ("acm", "list_certificates", "ExpiredTokenException"),
        ("route53", "list_hosted_zones", "ExpiredToken"),
    ],
)
def test_a_session_ends(aws: Account, service: str, operation: str, code: str) -> None:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    role = _role(aws, _trust({"AWS": "*"}), everything)
    # The clock is the account's, also when it was put forward before.
    aws.control("POST", "/clock", {"account": aws.id, "advance": 86400})
    keys = _assume(aws, role, DurationSeconds=900)
    call = getattr(as_session(aws, keys, service), operation)
    call()
    aws.control("POST", "/clock", {"account": aws.id, "advance": 901})
    with refused(code):
        call()


@pytest.mark.D
@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("ec2", "describe_vpcs", "AuthFailure"),
        ("elbv2", "describe_load_balancers", "InvalidClientTokenId"),
        ("acm", "list_certificates", "UnrecognizedClientException"),
    ],
)
def test_keys_that_nobody_has(aws: Account, service: str, operation: str, code: str) -> None:
    role = _role(aws, _trust({"AWS": "*"}), READ_ALL)
    keys = _assume(aws, role)
    for wrong in ({"SessionToken": "t"}, {"AccessKeyId": keys["AccessKeyId"][:-1] + "0"}):
        with refused(code):
            getattr(as_session(aws, keys | wrong, service), operation)()


@pytest.mark.D
def test_a_user_and_its_group(aws: Account) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="u")
    keys = iam.create_access_key(UserName="u")["AccessKey"]
    ec2 = as_session(aws, keys, "ec2")
    with refused("UnauthorizedOperation"):
        ec2.describe_vpcs()
    iam.create_group(GroupName="g")
    iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=_document(READ_VPCS))
    iam.add_user_to_group(GroupName="g", UserName="u")
    ec2.describe_vpcs()


@pytest.mark.D
def test_a_policy_that_is_not_understood_lets_nothing_through(aws: Account) -> None:
    strange = {**READ_VPCS, "Condition": {"StringEquals": {"ec2:Strange": "x"}}}
    role = _role(aws, _trust({"AWS": "*"}), strange)
    with pytest.raises(Exception, match="ec2:Strange") as caught:
        as_session(aws, _assume(aws, role), "ec2").describe_vpcs()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501  # type: ignore[attr-defined]


@pytest.mark.D
def test_a_session_by_a_token(aws: Account) -> None:
    sts = aws.client("sts")
    provider = f"arn:aws:iam::{aws.id}:oidc-provider/{ISSUER}"
    claims = {f"{ISSUER}:sub": "system:pod", f"{ISSUER}:aud": "sts.amazonaws.com"}
    condition = {"StringEquals": claims}
    action = "sts:AssumeRoleWithWebIdentity"
    role = _role(aws, _trust({"Federated": provider}, action, Condition=condition), READ_VPCS)

    def assume(brought: str, arn: str = role) -> Any:
        return sts.assume_role_with_web_identity(
            RoleArn=arn, RoleSessionName="session", WebIdentityToken=brought
        )["Credentials"]

    with refused("InvalidIdentityToken"):
        assume(_token())
    aws.client("iam").create_open_id_connect_provider(
        Url=f"https://{ISSUER}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["0" * 40]
    )
    as_session(aws, assume(_token()), "ec2").describe_vpcs()
    for wrong in ({"aud": "other"}, {"iss": "https://other.example.com"}):
        with refused("InvalidIdentityToken"):
            assume(_token(**wrong))
    with refused("InvalidIdentityToken"):
        assume("no-token")
    with refused("AccessDenied"):
        assume(_token(sub="system:other"))
    with refused("AccessDenied"):
        assume(_token(), role + "x")
    with refused("AccessDenied"):
        _assume(aws, role)


@pytest.mark.D
def test_the_tags_of_a_session(aws: Account) -> None:
    by_tag = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    delete = {
        "Effect": "Allow", "Action": "elasticloadbalancing:DeleteTargetGroup", "Resource": "*",
        "Condition": by_tag,
    }  # fmt: skip
    trust = _document(*[
        {"Effect": "Allow", "Principal": {"AWS": aws.id}, "Action": action}
        for action in ("sts:AssumeRole", "sts:TagSession")
    ])  # fmt: skip
    role = _role(aws, trust, delete, Tags=[{"Key": "team", "Value": "a"}])
    group = aws.target_group_arn("b", Tags=[{"Key": "team", "Value": "b"}])
    # The role's own tag, and in its place the session's.
    with refused("AccessDenied"):
        as_session(aws, _assume(aws, role), "elbv2").delete_target_group(TargetGroupArn=group)
    keys = _assume(aws, role, Tags=[{"Key": "team", "Value": "b"}])
    as_session(aws, keys, "elbv2").delete_target_group(TargetGroupArn=group)


@pytest.mark.D
def test_tagging_a_session_is_an_action_of_its_own(aws: Account) -> None:
    role = _role(aws, _trust({"AWS": aws.id}), READ_VPCS)
    assert _assume(aws, role)
    with pytest.raises(Exception, match="not authorized to perform: sts:TagSession"):
        _assume(aws, role, Tags=[{"Key": "team", "Value": "b"}])


@pytest.mark.D
def test_a_variable_without_a_value_fits_nothing(aws: Account) -> None:
    for operator in ("StringEquals", "StringNotEquals"):
        condition = {operator: {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
        delete = {
            "Effect": "Allow", "Action": "elasticloadbalancing:DeleteTargetGroup",
            "Resource": "*", "Condition": condition,
        }  # fmt: skip
        aws.control("POST", "/policy", {
            "account": aws.id, "document": json.loads(_document(delete)),
        })  # fmt: skip
        with refused("AccessDenied"):
            aws.elbv2.delete_target_group(
                TargetGroupArn=f"arn:aws:elasticloadbalancing:{aws.region}:{aws.id}"
                ":targetgroup/web/0123456789abcdef"
            )


def test_eks_pod_identity(aws: Account) -> None:
    trust = _document(*[
        {"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": action}
        for action in ("sts:AssumeRole", "sts:TagSession")
    ])  # fmt: skip
    role = _role(aws, trust, READ_VPCS)
    with refused("AccessDenied"):
        _assume(aws, role)
    pod = {"cluster": "demo", "namespace": "default", "service_account": "web", "role": role}
    pod |= {"account": aws.id, "region": aws.region}
    keys = aws.control("POST", "/pod-session", pod)
    assert as_session(aws, keys, "ec2").describe_vpcs()["Vpcs"]
    unknown = pod | {"role": f"{role}x"}
    assert "there is no role" in aws.control_refuses("POST", "/pod-session", unknown)
    assert "a pod has account" in aws.control_refuses("POST", "/pod-session", {"role": role})
