"""Actions of listeners and rules: checked, and brought into the form in which AWS echoes them.

What each may hold comes from botocore's documentation of Action and its configs. What needs
looking at other things (target groups, quotas) is in `association`.
"""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from ingress_aws.elbv2 import authentication, errors, limits
from ingress_aws.elbv2.store import Store

Json = dict[str, Any]

ROUTING = ("forward", "redirect", "fixed-response")
HTTPS_ONLY = ("authenticate-oidc", "authenticate-cognito", "jwt-validation")
CONFIGS = {
    "forward": "ForwardConfig",
    "redirect": "RedirectConfig",
    "fixed-response": "FixedResponseConfig",
    "authenticate-oidc": "AuthenticateOidcConfig",
    "authenticate-cognito": "AuthenticateCognitoConfig",
    "jwt-validation": "JwtValidationConfig",
}
HEAVIEST = 999
WEEK = 604800
CONTENT_TYPES = (
    "text/plain",
    "text/css",
    "text/html",
    "application/javascript",
    "application/json",
)
# What a redirect keeps unless it says otherwise [M].
REDIRECT_DEFAULTS = {
    "Protocol": "#{protocol}",
    "Port": "#{port}",
    "Host": "#{host}",
    "Path": "/#{path}",
    "Query": "#{query}",
}


def canonical(
    store: Store, actions: list[Json], protocol: str, port: int, standing: list[Json]
) -> list[Json]:
    """The actions of a rule as AWS echoes them, in the order in which they run.

    `standing` are the actions that they replace: their client secret may be kept.
    """
    if not actions:
        raise errors.validation("At least one action must be specified")
    ordered = _in_order(actions)
    kinds = [action["Type"] for action in ordered]
    if sum(kind in ROUTING for kind in kinds) > 1:
        raise errors.too_many("TooManyActions", "Too many routing actions in a rule", 1)
    if kinds[-1] not in ROUTING:
        raise errors.invalid_action(f"The last action must be one of '{', '.join(ROUTING)}'")
    if len(set(kinds)) != len(kinds):
        raise errors.too_many("TooManyActions", "Too many actions of one type in a rule", 1)
    made = [_checked(store, action) for action in ordered]
    authentication.check_secret(ordered, standing)
    authentication.keep_secret(made, ordered, standing)
    check_on(protocol, port, made)
    return made


def check_on(protocol: str, port: int, actions: list[Json]) -> None:
    """Raise what AWS answers when (canonical) actions cannot run on a listener like this."""
    for action in actions:
        if action["Type"] in HTTPS_ONLY and protocol != "HTTPS":
            raise errors.https_only(action["Type"])
        if action["Type"] == "redirect":
            _check_redirect(action["RedirectConfig"], protocol, port)


def _in_order(actions: list[Json]) -> list[Json]:
    if len(actions) == 1:
        return actions
    orders = [action.get("Order") for action in actions]
    if None in orders:
        raise errors.validation("Each of several actions needs an order")
    twice = [order for order, count in Counter(orders).items() if count > 1]
    if twice:
        raise errors.validation(f"The order '{twice[0]}' is given to more than one action")
    return sorted(actions, key=lambda action: int(action["Order"]))


def _checked(store: Store, action: Json) -> Json:
    kind = action["Type"]
    allowed = {"Type", "Order", CONFIGS[kind]}
    if kind == "forward":
        allowed.add("TargetGroupArn")
    others = sorted(key for key in action if key not in allowed)
    if others:
        raise errors.validation(f"{others[0]} does not go with an action of type '{kind}'")
    if kind == "forward":
        made = _forward(store, action)
    else:
        config = action.get(CONFIGS[kind])
        if config is None:
            raise errors.validation(f"An action of type '{kind}' needs {CONFIGS[kind]}")
        made = {"Type": kind, CONFIGS[kind]: _CHECKS[kind](config)}
    if action.get("Order") is not None:
        made["Order"] = action["Order"]
    return made


def _forward(store: Store, action: Json) -> Json:
    single = action.get("TargetGroupArn")
    config = action.get("ForwardConfig") or {}
    given = config.get("TargetGroups") or ([{"TargetGroupArn": single}] if single else [])
    groups = [
        {"TargetGroupArn": g.get("TargetGroupArn", ""), "Weight": g.get("Weight", 1)} for g in given
    ]
    arns = [group["TargetGroupArn"] for group in groups]
    if not arns:
        raise errors.validation("A forward action needs a target group")
    if single and arns != [single]:
        raise errors.validation("TargetGroupArn and ForwardConfig name different target groups")
    if len(set(arns)) != len(arns):
        raise errors.validation("A forward action names a target group more than once")
    most = limits.TARGET_GROUPS_PER_ACTION.number(store.account)
    if len(arns) > most:
        text = "You have reached the maximum number of target groups in an action"
        raise errors.too_many("TooManyTargetGroups", text, most)
    for group in groups:
        if not 0 <= group["Weight"] <= HEAVIEST:
            raise errors.validation(f"Weight '{group['Weight']}' must be 0 to {HEAVIEST}")
    made: Json = {"Type": "forward"}
    if len(arns) == 1:
        made["TargetGroupArn"] = arns[0]
    stickiness = _stickiness(config.get("TargetGroupStickinessConfig") or {})
    return made | {
        "ForwardConfig": {"TargetGroups": groups, "TargetGroupStickinessConfig": stickiness}
    }


def _stickiness(config: Json) -> Json:
    enabled, seconds = bool(config.get("Enabled")), config.get("DurationSeconds")
    if enabled and seconds is None:
        raise errors.validation("Target group stickiness needs a duration")
    if seconds is not None and not 1 <= seconds <= WEEK:
        raise errors.validation(f"Target group stickiness lasts 1 to {WEEK} seconds")
    return {"Enabled": enabled} | ({} if seconds is None else {"DurationSeconds": seconds})


def _redirect(config: Json) -> Json:
    made = REDIRECT_DEFAULTS | config
    if not made["Path"].startswith("/"):
        raise errors.validation(f"The redirect path '{made['Path']}' must begin with a '/'")
    port = made["Port"]
    number = int(port) if port.isascii() and port.isdecimal() else 0
    if port != "#{port}" and not 1 <= number <= 65535:
        raise errors.validation(f"The redirect port '{port}' must be 1-65535 or '#{{port}}'")
    for part in ("Host", "Path", "Query"):
        for word in re.findall(r"#\{[^}]*\}", made[part]):
            if word not in ("#{protocol}", "#{host}", "#{port}", "#{path}", "#{query}"):
                raise errors.validation(f"'{word}' is not a keyword of redirects")
    return made


def _check_redirect(config: Json, protocol: str, port: int) -> None:
    """A redirect that changes nothing would come back for ever."""
    if protocol == "HTTPS" and config["Protocol"] == "HTTP":
        raise errors.invalid_action("A redirect from HTTPS to HTTP is not supported")
    unchanged = (
        config["Protocol"] in ("#{protocol}", protocol)
        and config["Port"] in ("#{port}", str(port))
        and config["Host"] == REDIRECT_DEFAULTS["Host"]
        and config["Path"] == REDIRECT_DEFAULTS["Path"]
    )
    if unchanged:
        text = "The redirect configuration is not valid because it creates a loop."
        raise errors.invalid_action(text)


def _fixed_response(config: Json) -> Json:
    kind = config.get("ContentType")
    if kind and kind not in CONTENT_TYPES:
        raise errors.validation(
            f"Content type '{kind}' must be one of '{', '.join(CONTENT_TYPES)}'"
        )
    return dict(config)


_CHECKS: dict[str, Callable[[Json], Json]] = {
    "redirect": _redirect,
    "fixed-response": _fixed_response,
    "authenticate-oidc": authentication.oidc,
    "authenticate-cognito": authentication.cognito,
    "jwt-validation": authentication.jwt,
}
