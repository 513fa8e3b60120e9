"""Lets through what an account's policy allows, and answers the rest as AWS does.

An account without a policy may do everything, and so may clients that its policy is not for.
"""

import threading
from fnmatch import fnmatchcase
from typing import Any

from localstack.aws.api import RequestContext
from rolo import Response
from rolo.gateway.chain import HandlerChain

from albedo_aws.accounts import on_reset
from albedo_aws.control import policy
from albedo_aws.control.access import Need, needs
from albedo_aws.control.call import operation_of, service_of
from albedo_aws.control.policy import Policy
from albedo_aws.errors import AwsError

# GetCallerIdentity needs no permission (its API reference).
FREE = {"sts.GetCallerIdentity"}

# How each protocol says no, by AWS's documentation of the common errors of each service.
CODES = {
    "query": ("AccessDenied", 403),
    "rest-xml": ("AccessDenied", 403),
    "ec2": ("UnauthorizedOperation", 403),
    "json": ("AccessDeniedException", 400),
}

_policies: dict[str, tuple[Policy, Any, str]] = {}
_lock = threading.Lock()


def put(account: str, document: Any, client: str = "*") -> None:
    """Give an account a policy document, or with None let it do everything again.

    It counts for clients whose User-Agent fits the pattern: whoever looks on is not held back.
    """
    read = None if document is None else policy.read(document)
    with _lock:
        if read is None:
            _policies.pop(account, None)
        else:
            _policies[account] = (read, document, client)


def document_of(account: str) -> Any:
    """The policy document of an account, if it has one."""
    return _policies.get(account, (None, None, ""))[1]


@on_reset
def forget(account: str) -> None:
    """Let an account do everything again."""
    put(account, None)


def enforce(chain: HandlerChain[Any], context: RequestContext, response: Response) -> None:
    """Request handler: refuse what no statement allows, and note which one allowed the rest."""
    if context.operation is None or context.is_internal_call:
        return
    found = _policies.get(context.account_id)
    service, operation = service_of(context), operation_of(context)
    if found is None or f"{service}.{operation}" in FREE:
        return
    if not fnmatchcase(context.request.headers.get("User-Agent", ""), found[2]):
        return
    allowed: dict[str, None] = {}
    asked: Any = context.service_request or {}
    for need in needs(context.account_id, context.region, service, operation, asked):
        may, by = found[0].verdict(need.action, need.resource, need.facts)
        if not may:
            raise _denied(context, need, by)
        allowed[str(by)] = None
    # RequestContext takes any attribute; the log reads this one.
    context.albedo_allowed_by = list(allowed)


def _denied(context: RequestContext, need: Need, by: str | None) -> AwsError:
    code, status = CODES.get(str(context.protocol), CODES["json"])
    why = (
        f"no identity-based policy allows the {need.action} action"
        if by is None
        else "an explicit deny in an identity-based policy"
    )
    because = f"because {why}" if by is None else f"with {why}"
    text = (
        f"User: arn:aws:iam::{context.account_id}:user/albedo is not authorized to perform: "
        f"{need.action} on resource: {need.resource} {because}"
    )
    if str(context.protocol) == "ec2":
        text = f"You are not authorized to perform this operation. {text}"
    return AwsError(code, text, status)
