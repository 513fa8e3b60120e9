"""Who gets a session of a role, for how long, and when it begins."""

from datetime import timedelta
from typing import Any

from localstack.aws.api import RequestContext

from ingress_aws import clock
from ingress_aws.control.enforcement import caller_of, denied
from ingress_aws.errors import AwsError
from ingress_aws.iam import caller, trust
from ingress_aws.iam.caller import Verdict
from ingress_aws.iam.need import Call, Need
from ingress_aws.iam.needs import needs

Json = dict[str, Any]

# How long a session of a role's session is at most, and any session if nothing is said, in seconds
# (AssumeRole's API reference).
CHAINED = DEFAULT = 3600
ASSUME, ASSUME_WITH_TOKEN = "AssumeRole", "AssumeRoleWithWebIdentity"


def of_caller(context: RequestContext, request: Json) -> None:
    """AssumeRole: the caller's account has to allow it, and the role has to trust the caller."""
    who = caller_of(context)
    # The session itself, and the tags that it is asked for with.
    asked = needs(Call(context.account_id, context.region, "sts", ASSUME, request))
    arn = asked[0].resource
    role = caller.role_of(arn) if _is_role(arn) else None
    if role is None:
        raise denied(context, who, asked[0], Verdict(False, (), "resource-based policy"))
    for need in asked:
        said = judged(role, trust.of_caller(who), need)
        own = who.verdict(need.action, need.resource, need.facts | who.facts)
        # Within an account either side may do it alone: the role by naming the caller.
        by_role = said.by_name and who.account == role.account_id and not own.matches
        if said.denied or not said.allowed or not (own.allowed or by_role):
            raise denied(context, who, need, own if said.allowed else Verdict(False, ()))
    longest = CHAINED if who.role else _longest(role)
    _check_duration(request, longest, chained=who.role is not None)


def of_token(context: RequestContext, request: Json) -> None:
    """AssumeRoleWithWebIdentity: the role has to trust the token's issuer, and what it says."""
    [need] = needs(Call(context.account_id, context.region, "sts", ASSUME_WITH_TOKEN, request))
    role = caller.role_of(need.resource) if _is_role(need.resource) else None
    if role is None:
        raise _not_with_token()
    token = str(request.get("WebIdentityToken"))
    try:
        claims = trust.claims_of(token)
    except ValueError as unreadable:
        text = "The ID Token provided is not a valid JWT."
        raise AwsError("InvalidIdentityToken", text) from unreadable
    issuer = trust.issuer_of(claims)
    provider = f"arn:{role.partition}:iam::{role.account_id}:oidc-provider/{issuer}"
    known = caller.iam(role.account_id, role.partition).open_id_providers
    if provider not in known:
        text = f"No OpenIDConnect provider found in your account for https://{issuer}"
        raise AwsError("InvalidIdentityToken", text)
    if not set(trust.texts(claims.get("aud", []))) & set(known[provider].client_id_list):
        raise AwsError("InvalidIdentityToken", "Incorrect token audience")
    said = judged(role, trust.of_token(token, provider), need)
    if said.denied or not said.allowed:
        raise _not_with_token()
    _check_duration(request, _longest(role), chained=False)


def begin(request: Json, answer: Json) -> None:
    """Let the session end by the clock of the role's account, where moto has the machine's."""
    from moto.sts.models import sts_backends

    key = answer["Credentials"]["AccessKeyId"]
    account = str(answer["AssumedRoleUser"]["Arn"]).split(":")[4]
    seconds = int(request.get("DurationSeconds") or DEFAULT)
    for backend in sts_backends[account].values():
        session = backend.get_assumed_role_from_access_key(key)
        if session is not None:
            session.expiration = clock.moment(account) + timedelta(seconds=seconds)
            answer["Credentials"]["Expiration"] = session.expiration


def judged(role: Any, applicant: trust.Applicant, need: Need) -> trust.Trust:
    """What a role's trust policy says to something that is needed of it."""
    document = role.assume_role_policy_document
    try:
        return trust.judge(document, need.action, applicant, need.facts)
    except ValueError as strange:
        text = f"the trust policy of {role.name} is not understood: {strange}"
        raise AwsError("InternalFailure", text, 501) from strange


def _is_role(arn: str) -> bool:
    parts = arn.split(":")
    return len(parts) == 6 and parts[2] == "iam" and parts[5].startswith("role/")


def _longest(role: Any) -> int:
    return int(role.max_session_duration or DEFAULT)


def _check_duration(request: Json, longest: int, *, chained: bool) -> None:
    if int(request.get("DurationSeconds") or DEFAULT) > longest:
        text = (
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining."
            if chained
            else "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
        raise AwsError("ValidationError", text)


def _not_with_token() -> AwsError:
    """What AWS says whether or not there is such a role."""
    text = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
    return AwsError("AccessDenied", text, 403)
