"""Actions of rules and listeners."""

from typing import Any

import pytest
from aws import NOT_FOUND, Account, forward, refused

_URLS = {
    "Issuer": "https://idp.example.com",
    "AuthorizationEndpoint": "https://idp.example.com/a",
    "TokenEndpoint": "https://idp.example.com/t",
    "UserInfoEndpoint": "https://idp.example.com/u",
}
_OIDC = {**_URLS, "ClientId": "me", "ClientSecret": "s3cret"}
_JWT = {"JwksEndpoint": "https://idp.example.com/keys", "Issuer": "https://idp.example.com"}


def _first(kind: str, **config: Any) -> list[dict[str, Any]]:
    """An action before the routing action."""
    return [{"Type": kind, "Order": 1, **config}, NOT_FOUND | {"Order": 2}]


def _oidc(**more: Any) -> list[dict[str, Any]]:
    config = {key: value for key, value in (_OIDC | more).items() if value is not None}
    return _first("authenticate-oidc", AuthenticateOidcConfig=config)


def _redirect(**config: str) -> dict[str, Any]:
    return {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_302", **config}}


def _https_listener(aws: Account) -> str:
    return str(aws.https_listener(aws.load_balancer()["LoadBalancerArn"])["ListenerArn"])


@pytest.mark.M
def test_forward_to_one_is_echoed_in_both_forms(aws: Account) -> None:
    listener, group = aws.http_listener(), aws.target_group_arn()
    echo = {
        "Type": "forward",
        "TargetGroupArn": group,
        "ForwardConfig": {
            "TargetGroups": [{"TargetGroupArn": group, "Weight": 1}],
            "TargetGroupStickinessConfig": {"Enabled": False},
        },
    }
    bare = {"Type": "forward", "TargetGroupArn": group}
    for priority, action in enumerate([bare, forward(group), echo], start=1):
        assert aws.rule(listener, priority, Actions=[action])["Actions"] == [echo]
    ordered = aws.rule(listener, 9, Actions=[forward(group) | {"Order": 1}])["Actions"][0]
    assert ordered == echo | {"Order": 1}


@pytest.mark.B
def test_forward_weighted_and_sticky(aws: Account) -> None:
    one, two = aws.target_group_arn("one"), aws.target_group_arn("two")
    config = {
        "TargetGroups": [
            {"TargetGroupArn": one, "Weight": 0},
            {"TargetGroupArn": two, "Weight": 999},
        ],
        "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 604800},
    }
    action = {"Type": "forward", "ForwardConfig": config}
    assert aws.rule(aws.http_listener(), 1, Actions=[action])["Actions"] == [action]


@pytest.mark.B
def test_forward_validation(aws: Account) -> None:
    listener, group = aws.http_listener(), aws.target_group_arn()
    other = aws.target_group_arn("other")

    def sticky(**config: Any) -> dict[str, Any]:
        action = forward(group)
        action["ForwardConfig"]["TargetGroupStickinessConfig"] = config
        return action

    for wrong in (
        {"Type": "forward"},
        forward(group, Weight=1000),
        forward(group, Weight=-1),
        forward(group, group),
        forward(other) | {"TargetGroupArn": group},
        forward(group, other) | {"TargetGroupArn": group},
        forward("junk"),
        sticky(Enabled=True),
        sticky(Enabled=True, DurationSeconds=0),
        sticky(Enabled=True, DurationSeconds=604801),
        forward(group) | {"RedirectConfig": {"StatusCode": "HTTP_301"}},
    ):
        with refused("ValidationError"):
            aws.rule(listener, 1, Actions=[wrong])


@pytest.mark.D
def test_five_target_groups_in_an_action(aws: Account) -> None:
    listener = aws.http_listener()
    groups = [aws.target_group_arn(f"web-{number}") for number in range(6)]
    aws.rule(listener, 1, Actions=[forward(*groups[:5])])
    with refused("TooManyTargetGroups"):
        aws.rule(listener, 2, Actions=[forward(*groups)])


@pytest.mark.B
def test_target_group_not_found(aws: Account) -> None:
    listener, group = aws.http_listener(), aws.target_group_arn()
    aws.elbv2.delete_target_group(TargetGroupArn=group)
    with refused("TargetGroupNotFound"):
        aws.rule(listener, 1, Actions=[forward(group)])


@pytest.mark.P
def test_incompatible_protocols(aws: Account) -> None:
    group = aws.target_group_arn(Protocol="TCP")
    with refused("IncompatibleProtocols"):
        aws.rule(aws.http_listener(), 1, Actions=[forward(group)])


@pytest.mark.M
def test_grpc_needs_https(aws: Account) -> None:
    group = aws.target_group_arn(ProtocolVersion="GRPC")
    with refused("InvalidConfigurationRequest"):
        aws.rule(aws.http_listener("plain"), 1, Actions=[forward(group)])
    aws.rule(_https_listener(aws), 1, Actions=[forward(group)])


@pytest.mark.M
def test_redirect_defaults(aws: Account) -> None:
    made = aws.rule(aws.http_listener(), 1, Actions=[_redirect(Protocol="HTTPS", Port="443")])
    assert made["Actions"][0]["RedirectConfig"] == {
        "Protocol": "HTTPS",
        "Port": "443",
        "Host": "#{host}",
        "Path": "/#{path}",
        "Query": "#{query}",
        "StatusCode": "HTTP_302",
    }


@pytest.mark.B
def test_redirect_loop(aws: Account) -> None:
    listener, https = aws.http_listener("plain"), _https_listener(aws)
    for wrong in (_redirect(), _redirect(Query="a=b"), _redirect(Protocol="HTTP", Port="80")):
        with refused("InvalidLoadBalancerAction"):
            aws.rule(listener, 1, Actions=[wrong])
    with refused("InvalidLoadBalancerAction"):
        aws.rule(https, 1, Actions=[_redirect(Protocol="HTTPS", Port="443")])
    with refused("InvalidLoadBalancerAction"):
        aws.rule(https, 1, Actions=[_redirect(Protocol="HTTP", Host="b.example.com")])


@pytest.mark.B
@pytest.mark.parametrize(
    "wrong",
    [
        {"StatusCode": "HTTP_307"},
        {"Protocol": "FTP"},
        {"Port": "0"},
        {"Port": "many"},
        {"Path": "x"},
        {"Path": "/" + "x" * 128},
        {"Host": "x" * 129},
        {"Query": "x" * 129},
        {"Path": "/#{user}"},
    ],
    ids=str,
)
def test_redirect_validation(shared: Account, wrong: dict[str, str]) -> None:
    with refused("ValidationError"):
        shared.rule(shared.http_listener(), 1, Actions=[_redirect(**wrong)])


@pytest.mark.B
@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"StatusCode": "302"},
        {"StatusCode": "99"},
        {"StatusCode": "200", "ContentType": "image/png"},
        {"StatusCode": "200", "ContentType": "text/plain" + " " * 23},
        {"StatusCode": "200", "MessageBody": "x" * 1025},
    ],
    ids=str,
)
def test_fixed_response_validation(shared: Account, wrong: dict[str, str]) -> None:
    action = {"Type": "fixed-response", "FixedResponseConfig": wrong}
    with refused("ValidationError"):
        shared.rule(shared.http_listener(), 1, Actions=[action])


@pytest.mark.B
def test_fixed_response(aws: Account) -> None:
    config = {"StatusCode": "503", "ContentType": "text/html", "MessageBody": "x" * 1024}
    action = {"Type": "fixed-response", "FixedResponseConfig": config}
    assert aws.rule(aws.http_listener(), 1, Actions=[action])["Actions"] == [action]


_POOL = {"UserPoolArn": "", "UserPoolClientId": "c", "UserPoolDomain": "d"}


def _cognito(aws: Account, *, secret: bool = True) -> list[dict[str, Any]]:
    """A login by a user pool that is there."""
    cognito = aws.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="p")["UserPool"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool["Id"], ClientName="c", GenerateSecret=secret
    )["UserPoolClient"]["ClientId"]
    config = _POOL | {"UserPoolArn": pool["Arn"], "UserPoolClientId": client}
    return _first("authenticate-cognito", AuthenticateCognitoConfig=config)


@pytest.mark.P
def test_user_pools_that_log_nobody_in(aws: Account) -> None:
    """cloudformation-coverage-roadmap #1553 has AWS's words for a client without a secret."""
    https = _https_listener(aws)
    with pytest.raises(Exception, match="The user pool client must have a client secret"):
        aws.rule(https, 1, Actions=_cognito(aws, secret=False))
    for wrong in ({"UserPoolClientId": "gone"}, {"UserPoolArn": "gone"}):
        actions = _cognito(aws)
        config = actions[0]["AuthenticateCognitoConfig"]
        config |= {name: config[name][:-1] + "_" for name in wrong}
        with refused("InvalidLoadBalancerAction"):
            aws.rule(https, 1, Actions=actions)
    aws.rule(https, 1, Actions=_cognito(aws))


@pytest.mark.P
@pytest.mark.parametrize(
    "actions",
    [
        _oidc(),
        _first("jwt-validation", JwtValidationConfig=_JWT),
        _first("authenticate-cognito", AuthenticateCognitoConfig=_POOL),
    ],
    ids=lambda actions: actions[0]["Type"],
)
def test_https_only(aws: Account, actions: list[dict[str, Any]]) -> None:
    if actions[0].get("AuthenticateCognitoConfig") is _POOL:
        actions = _cognito(aws)
    with refused("InvalidLoadBalancerAction"):
        aws.rule(aws.http_listener("plain"), 1, Actions=actions)
    https = _https_listener(aws)
    made = aws.rule(https, 1, Actions=actions)
    assert [action["Type"] for action in made["Actions"]] == [actions[0]["Type"], "fixed-response"]
    with refused("InvalidLoadBalancerAction"):
        aws.elbv2.modify_listener(ListenerArn=https, Protocol="HTTP")


@pytest.mark.M
def test_oidc_defaults_without_the_secret(aws: Account) -> None:
    made = aws.rule(_https_listener(aws), 1, Actions=_oidc())
    assert made["Actions"][0]["AuthenticateOidcConfig"] == {
        **_URLS,
        "ClientId": "me",
        "OnUnauthenticatedRequest": "authenticate",
        "Scope": "openid",
        "SessionCookieName": "AWSELBAuthSessionCookie",
        "SessionTimeout": 604800,
    }


@pytest.mark.B
def test_oidc_secret(aws: Account) -> None:
    listener = _https_listener(aws)
    with refused("InvalidLoadBalancerAction"):
        aws.rule(listener, 1, Actions=_oidc(ClientSecret=None))
    keeping = _oidc(ClientSecret=None, UseExistingClientSecret=True)
    with refused("InvalidLoadBalancerAction"):
        aws.rule(listener, 1, Actions=keeping)
    rule = aws.rule(listener, 1, Actions=_oidc())["RuleArn"]
    changed = aws.elbv2.modify_rule(RuleArn=rule, Actions=keeping)["Rules"][0]
    assert "UseExistingClientSecret" not in changed["Actions"][0]["AuthenticateOidcConfig"]
    with refused("InvalidLoadBalancerAction"):
        aws.elbv2.modify_rule(RuleArn=rule, Actions=_oidc(UseExistingClientSecret=True))


@pytest.mark.B
@pytest.mark.parametrize(
    "wrong",
    [
        {"Issuer": "http://idp.example.com"},
        {"TokenEndpoint": "idp"},
        {"TokenEndpoint": "https://[x"},
        {"SessionTimeout": 0},
        {"SessionTimeout": 604801},
        {"OnUnauthenticatedRequest": "ask"},
        {"ClientId": None},
        {"AuthenticationRequestExtraParams": {str(n): "x" for n in range(11)}},
    ],
    ids=str,
)
def test_oidc_validation(aws: Account, wrong: dict[str, Any]) -> None:
    with refused("ValidationError"):
        aws.rule(_https_listener(aws), 1, Actions=_oidc(**wrong))


@pytest.mark.B
def test_jwt_validation(aws: Account) -> None:
    listener = _https_listener(aws)
    claim = {"Format": "string-array", "Name": "role", "Values": ["a", "b"]}
    config = _JWT | {"AdditionalClaims": [claim]}
    made = aws.rule(listener, 1, Actions=_first("jwt-validation", JwtValidationConfig=config))
    assert made["Actions"][0]["JwtValidationConfig"] == config
    for wrong in (
        {"JwksEndpoint": "http://idp.example.com"},
        {"JwksEndpoint": "https://idp.example.com/" + "x" * 256},
        {"AdditionalClaims": [claim | {"Name": str(number)} for number in range(11)]},
        {"AdditionalClaims": [claim | {"Name": "exp"}]},
        {"AdditionalClaims": [claim | {"Values": ["x"] * 11}]},
        {"AdditionalClaims": [claim | {"Values": ["x" * 257]}]},
        {"AdditionalClaims": [claim | {"Format": "prose"}]},
        {"AdditionalClaims": [claim | {"Format": "space-separated-values", "Values": ["a b"]}]},
    ):
        actions = _first("jwt-validation", JwtValidationConfig=_JWT | wrong)
        with refused("ValidationError"):
            aws.rule(listener, 2, Actions=actions)


@pytest.mark.B
def test_order_and_number_of_actions(aws: Account) -> None:
    listener = _https_listener(aws)
    first, last = _oidc()
    for actions, code in (
        ([], "ValidationError"),
        ([first], "InvalidLoadBalancerAction"),
        ([first | {"Order": 2}, last | {"Order": 1}], "InvalidLoadBalancerAction"),
        ([first | {"Order": 1}, last | {"Order": 1}], "ValidationError"),
        ([first, NOT_FOUND], "ValidationError"),
        ([first | {"Order": 0}, last], "ValidationError"),
        ([first, last | {"Order": 50001}], "ValidationError"),
        ([NOT_FOUND | {"Order": 1}, NOT_FOUND | {"Order": 2}], "TooManyActions"),
        ([{"Type": "dance"}], "ValidationError"),
        ([{"Type": "redirect"}], "ValidationError"),
    ):
        with refused(code):
            aws.rule(listener, 1, Actions=actions)
    made = aws.rule(listener, 1, Actions=[last, first])
    assert [action["Order"] for action in made["Actions"]] == [1, 2]


@pytest.mark.M
def test_target_group_of_another_vpc(aws: Account) -> None:
    vpc = aws.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = aws.target_group_arn(VpcId=vpc)
    with refused("InvalidConfigurationRequest"):
        aws.rule(aws.http_listener(), 1, Actions=[forward(group)])
