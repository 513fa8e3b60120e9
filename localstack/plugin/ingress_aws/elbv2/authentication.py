"""Actions that ask who the client is: OIDC, Cognito and JWT validation.

Ranges and defaults are those of botocore's documentation of the three configs.
"""

from typing import Any
from urllib.parse import urlsplit

from ingress_aws.elbv2 import errors

Json = dict[str, Any]

WEEK = 604800
MOST_EXTRA_PARAMS = 10
MOST_CLAIMS = 10
MOST_CLAIM_VALUES = 10
LONGEST_CLAIM_VALUE = 256
LONGEST_ENDPOINT = 256
# Checked by the load balancer itself, so nobody may ask for them.
RESERVED_CLAIMS = ("exp", "iss", "nbf", "iat")

DEFAULTS: Json = {
    "OnUnauthenticatedRequest": "authenticate",
    "Scope": "openid",
    "SessionCookieName": "AWSELBAuthSessionCookie",
    "SessionTimeout": WEEK,
}
SECRETS = ("ClientSecret", "UseExistingClientSecret")
# Where the secret is in a rule's actions; no member of botocore's shape is called so.
KEPT = "KeptSecret"


def oidc(config: Json) -> Json:
    """An AuthenticateOidcConfig as AWS echoes it: with defaults, without the secret."""
    for part in ("Issuer", "AuthorizationEndpoint", "TokenEndpoint", "UserInfoEndpoint"):
        _check_url(part, config[part])
    return _session(config)


def cognito(config: Json) -> Json:
    """An AuthenticateCognitoConfig as AWS echoes it."""
    parts = config["UserPoolArn"].split(":", 5)
    if len(parts) != 6 or parts[2] != "cognito-idp" or not parts[5].startswith("userpool/"):
        raise errors.validation(f"'{config['UserPoolArn']}' is not a valid user pool ARN")
    return _session(config)


def jwt(config: Json) -> Json:
    """A JwtValidationConfig as AWS echoes it."""
    _check_url("JwksEndpoint", config["JwksEndpoint"])
    if len(config["JwksEndpoint"]) > LONGEST_ENDPOINT:
        raise errors.validation(f"JwksEndpoint has at most {LONGEST_ENDPOINT} characters")
    claims = config.get("AdditionalClaims") or []
    if len(claims) > MOST_CLAIMS:
        raise errors.validation(f"At most {MOST_CLAIMS} additional claims can be validated")
    for claim in claims:
        _check_claim(claim)
    return dict(config)


def check_secret(actions: list[Json], standing: list[Json]) -> None:
    """A client secret must be given, or there must be one to go on using."""
    has_one = any("AuthenticateOidcConfig" in action for action in standing)
    for action in actions:
        config = action.get("AuthenticateOidcConfig")
        if config is None:
            continue
        keeps, gives = bool(config.get("UseExistingClientSecret")), bool(config.get("ClientSecret"))
        # ansible-collections/amazon.aws #1877 has AWS's code for both at once.
        if keeps and gives:
            text = "You must either specify a client secret or use the existing one"
            raise errors.invalid_action(text)
        if not gives and not (keeps and has_one):
            raise errors.invalid_action("You must specify a client secret")


def keep_secret(made: list[Json], given: list[Json], standing: list[Json]) -> None:
    """Put the client secret where the data plane finds it and no answer of AWS's has a place."""
    kept = [one["AuthenticateOidcConfig"] for one in standing if "AuthenticateOidcConfig" in one]
    for action, asked in zip(made, given, strict=True):
        config = action.get("AuthenticateOidcConfig")
        if config is not None:
            secret = asked["AuthenticateOidcConfig"].get("ClientSecret")
            config[KEPT] = secret or next((one.get(KEPT) for one in kept), None)


def _session(config: Json) -> Json:
    made = DEFAULTS | {key: value for key, value in config.items() if key not in SECRETS}
    if not 1 <= made["SessionTimeout"] <= WEEK:
        raise errors.validation(f"SessionTimeout must be 1 to {WEEK} seconds")
    if len(made.get("AuthenticationRequestExtraParams") or {}) > MOST_EXTRA_PARAMS:
        raise errors.validation(f"At most {MOST_EXTRA_PARAMS} extra parameters can be specified")
    return made


def _check_claim(claim: Json) -> None:
    if claim["Name"] in RESERVED_CLAIMS:
        raise errors.validation(f"The claim '{claim['Name']}' is always validated")
    values = claim["Values"]
    if not 1 <= len(values) <= MOST_CLAIM_VALUES:
        raise errors.validation(f"A claim has 1 to {MOST_CLAIM_VALUES} values")
    if claim["Format"] == "single-string" and len(values) > 1:
        raise errors.validation("A claim of format 'single-string' has one value")
    for value in values:
        if len(value) > LONGEST_CLAIM_VALUE:
            raise errors.validation(f"A claim value has at most {LONGEST_CLAIM_VALUE} characters")
        if claim["Format"] == "space-separated-values" and " " in value:
            raise errors.validation("Space-separated claim values cannot contain spaces")


def _check_url(part: str, url: str) -> None:
    """botocore: "This must be a full URL, including the HTTPS protocol, the domain, and the
    path."
    """
    try:
        whole = urlsplit(url)
        good = whole.scheme == "https" and bool(whole.hostname)
    except ValueError:
        good = False
    if not good:
        raise errors.validation(f"{part} '{url}' must be an HTTPS URL")
