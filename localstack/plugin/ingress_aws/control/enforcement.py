"""Lets through what the caller's policies allow, and answers the rest as AWS does.

An account without a policy may do everything, and so may clients that its policy is not for. The
sessions of roles and the users of IAM may do what their policies say.
"""

import threading
from fnmatch import fnmatchcase
from typing import Any

from localstack.aws.api import RequestContext
from rolo import Response
from rolo.gateway.chain import HandlerChain

from ingress_aws import clock
from ingress_aws.accounts import on_reset
from ingress_aws.control.call import operation_of, service_of
from ingress_aws.errors import AwsError
from ingress_aws.iam import caller, policy
from ingress_aws.iam.caller import Caller, Verdict
from ingress_aws.iam.need import Call, Need
from ingress_aws.iam.needs import needs
from ingress_aws.iam.policy import Policy

# GetCallerIdentity needs no permission (its API reference). Whether somebody gets a session is a
# matter of the role's trust policy as well: see `sts`.
FREE = {"sts.GetCallerIdentity", "sts.AssumeRole", "sts.AssumeRoleWithWebIdentity"}

# How each protocol says no, by AWS's documentation of the common errors of each service.
CODES = {
    "query": ("AccessDenied", 403),
    "rest-xml": ("AccessDenied", 403),
    "ec2": ("UnauthorizedOperation", 403),
    "json": ("AccessDeniedException", 400),
}
UNKNOWN_KEYS = {
    "query": ("InvalidClientTokenId", 403),
    "rest-xml": ("InvalidClientTokenId", 403),
    "ec2": ("AuthFailure", 401),
    "json": ("UnrecognizedClientException", 400),
}
EXPIRED = {
    "query": ("ExpiredToken", 403),
    "rest-xml": ("ExpiredToken", 403),
    "ec2": ("RequestExpired", 400),
    "json": ("ExpiredTokenException", 400),
}

UNKNOWN_TEXT = "The security token included in the request is invalid."
EXPIRED_TEXT = "The security token included in the request is expired"

_policies: dict[str, tuple[Policy, Any, str]] = {}
_lock = threading.Lock()


def put(account: str, document: Any, client: str = "*") -> None:
    """Give an account a policy document, or with None let it do everything again.

    It counts for clients whose User-Agent fits the pattern: whoever looks on is not held back.
    """
    read = None if document is None else policy.read(document, f"user_{caller.OWNER}")
    with _lock:
        if read is None:
            _policies.pop(account, None)
        else:
            _policies[account] = (read, document, client)


def document_of(account: str) -> Any:
    """The policy document of an account, if it has one."""
    return _policies.get(account, (None, None, ""))[1]


def policy_of(account: str, client: str | None = None) -> Policy | None:
    """The policy of an account, if it has one that is for this client, or at all."""
    found, _, pattern = _policies.get(account, (None, None, ""))
    return found if client is None or fnmatchcase(client, pattern) else None


@on_reset
def forget(account: str) -> None:
    """Let an account do everything again."""
    put(account, None)


def caller_of(context: RequestContext) -> Caller:
    """Who makes a call; AWS's errors for who does not exist, or not any more."""
    client = context.request.headers.get("User-Agent", "")
    try:
        return caller.of(context, policy_of(context.account_id, client))
    except caller.Unknown as unknown:
        raise _error(context, UNKNOWN_KEYS, UNKNOWN_TEXT) from unknown
    except caller.Expired as expired:
        raise _error(context, EXPIRED, EXPIRED_TEXT) from expired
    except ValueError as strange:
        # AWS would know what to make of it.
        text = f"a policy is not understood: {strange}"
        raise AwsError("InternalFailure", text, 501) from strange


def enforce(chain: HandlerChain[Any], context: RequestContext, response: Response) -> None:
    """Request handler: refuse what no statement allows, and note which one allowed the rest."""
    if context.operation is None or context.is_internal_call:
        return
    who = caller_of(context)
    service, operation = service_of(context), operation_of(context)
    if who.policies is None or f"{service}.{operation}" in FREE:
        return
    allowed: dict[str, None] = {}
    asked: Any = context.service_request or {}
    around = who.facts | _surroundings(context)
    for need in needs(Call(context.account_id, context.region, service, operation, asked)):
        verdict = who.verdict(need.action, need.resource, need.facts | around)
        if not verdict.allowed:
            raise denied(context, who, need, verdict)
        allowed |= {match.statement.name: None for match in verdict.matches}
    # RequestContext takes any attribute; the log reads this one.
    context.albedo_allowed_by = list(allowed)


def _surroundings(context: RequestContext) -> dict[str, list[str]]:
    """What conditions can ask about any request."""
    moment = clock.moment(context.account_id)
    return {
        "aws:currenttime": [moment.isoformat()],
        "aws:epochtime": [str(int(moment.timestamp()))],
        # AWS takes requests over TLS only; here it is left out, and no policy is the wiser.
        "aws:securetransport": ["true"],
        "aws:sourceip": [str(context.request.remote_addr or "127.0.0.1")],
        "aws:useragent": [context.request.headers.get("User-Agent", "")],
    }


def denied(context: RequestContext, who: Caller, need: Need, verdict: Verdict) -> AwsError:
    """The error for what is not allowed, in the caller's protocol."""
    why = (
        "with an explicit deny in an identity-based policy"
        if verdict.matches
        else f"because no {verdict.lacking} allows the {need.action} action"
    )
    text = (
        f"User: {who.arn} is not authorized to perform: {need.action} on resource: "
        f"{need.resource} {why}"
    )
    if str(context.protocol) == "ec2":
        text = f"You are not authorized to perform this operation. {text}"
    return _error(context, CODES, text)


def _error(context: RequestContext, codes: dict[str, tuple[str, int]], text: str) -> AwsError:
    code, status = codes.get(str(context.protocol), codes["json"])
    return AwsError(code, text, status)
