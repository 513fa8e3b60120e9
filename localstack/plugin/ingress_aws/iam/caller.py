"""Who makes a call, and what the policies of that identity say.

An access key of twelve digits is the account itself, which may do everything until it is given a
policy (`/_albedo/policy`). A role's session and a user's key are IAM's own: what they may do is
what their policies in IAM say, and nothing else.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from localstack.aws.api import RequestContext
from localstack.utils.aws.request_context import extract_access_key_id_from_auth_header

from ingress_aws import clock
from ingress_aws.elbv2 import regions
from ingress_aws.iam import policy
from ingress_aws.iam.condition import Facts
from ingress_aws.iam.policy import ALLOW, DENY, Policy, Statement

# What LocalStack begins the keys of sessions and of users with, in place of AWS's ASIA and AKIA.
SESSION, USER = "LSIA", "LKIA"
# The user as whom an account's own key is spoken of once the account has a policy.
OWNER = "owner"
TOKEN_HEADER = "X-Amz-Security-Token"


class Unknown(Exception):
    """An access key that nobody has."""


class Expired(Exception):
    """The key of a session that is over."""


@dataclass(frozen=True, slots=True)
class Match:
    """A statement that decided, and the policy it is in."""

    policy: Policy
    statement: Statement


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether something is allowed, and by or against which statements; none, no permission."""

    allowed: bool
    matches: tuple[Match, ...]
    # What kind of policy does not allow it: the text that AWS has for it.
    lacking: str = "identity-based policy"


@dataclass(frozen=True, slots=True)
class Caller:
    """An identity, with its policies in the order in which IAM names them."""

    arn: str
    account: str
    kind: str  # "Account", "User" or "AssumedRole", as in aws:PrincipalType
    user_id: str
    # None where nobody has said what the account may do: everything.
    policies: tuple[Policy, ...] | None
    # What narrows them, each with its name in AWS's texts: nothing is allowed that one does not.
    bounds: tuple[tuple[str, Policy], ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    # The role whose session this is.
    role: str | None = None

    @property
    def facts(self) -> dict[str, list[str]]:
        """What conditions can ask about who calls."""
        facts = {
            "aws:principalarn": [self.role or self.arn],
            "aws:principalaccount": [self.account],
            "aws:principaltype": [self.kind],
            "aws:userid": [self.user_id],
        }
        return facts | {f"aws:principaltag/{key.lower()}": [v] for key, v in self.tags.items()}

    def verdict(self, action: str, resource: str, facts: Facts) -> Verdict:
        """What its policies say about an action on a resource."""
        if self.policies is None:
            return Verdict(True, ())
        bounds = [bound for _, bound in self.bounds]
        denying = _matches((*self.policies, *bounds), DENY, action, resource, facts)
        if denying:
            return Verdict(False, denying)
        allowing = _matches(self.policies, ALLOW, action, resource, facts)
        if not allowing:
            return Verdict(False, ())
        for name, bound in self.bounds:
            if not _matches((bound,), ALLOW, action, resource, facts):
                return Verdict(False, (), name)
        return Verdict(True, allowing)


def _matches(
    policies: tuple[Policy, ...], effect: str, action: str, resource: str, facts: Facts
) -> tuple[Match, ...]:
    return tuple(
        Match(one, statement)
        for one in policies
        for statement in one.about(action, resource, facts)
        if statement.effect == effect
    )


def of(context: RequestContext, owner: Policy | None) -> Caller:
    """Who makes a call; `owner` is the policy of the account's own key, if it has one."""
    headers: Any = context.request.headers
    key = extract_access_key_id_from_auth_header(headers) or ""
    account, partition = context.account_id, regions.partition(context.region)
    if key.startswith(SESSION):
        token = headers.get(TOKEN_HEADER)
        return of_session(_session(account, partition, key, token))
    if key.startswith(USER):
        found = iam(account, partition).get_user_from_access_key_id(key)
        if found is None:
            raise Unknown(key)
        return of_user(found)
    return of_account(account, partition, owner)


def of_account(account: str, partition: str, owner: Policy | None) -> Caller:
    """The account's own key: its root, or as soon as it has a policy, a user of that name."""
    if owner is None:
        arn = f"arn:{partition}:iam::{account}:root"
        return Caller(arn, account, "Account", account, None)
    arn = f"arn:{partition}:iam::{account}:user/{OWNER}"
    return Caller(arn, account, "User", OWNER, (owner,))


def of_user(user: Any) -> Caller:
    """A user of IAM, with the policies of its groups."""
    backend = iam(user.account_id, _partition(user.arn))
    groups = [group for group in backend.groups.values() if user in group.users]
    policies = [*_policies(user, "user")]
    for group in groups:
        policies += _policies(group, "group")
    return Caller(user.arn, user.account_id, "User", user.id, tuple(policies))


def of_group(group: Any) -> Caller:
    """A group of IAM: nobody calls as one, but what it may do can be asked."""
    policies = tuple(_policies(group, "group"))
    return Caller(group.arn, group.account_id, "Group", group.id, policies)


def of_role(role: Any) -> Caller:
    """A role, with its permissions boundary."""
    tags = {tag["Key"]: tag["Value"] for tag in role.tags or []}
    bounds = []
    if role.permissions_boundary_arn:
        boundary = iam(role.account_id, role.partition).get_policy(role.permissions_boundary_arn)
        bounds.append(("permissions boundary", _managed(boundary)))
    policies = tuple(_policies(role, "role"))
    arn = role.arn
    return Caller(
        arn, role.account_id, "AssumedRole", role.id, policies, tuple(bounds), tags, arn
    )


def of_session(session: Any) -> Caller:
    """The session of a role, narrowed by the policy that it was asked for with."""
    role = role_of(session.role_arn)
    if role is None:
        raise Unknown(session.access_key_id)
    caller = of_role(role)
    bounds = caller.bounds
    if session.policy:
        bounds += (("session policy", policy.read(session.policy, "session")),)
    return Caller(
        session.arn, caller.account, caller.kind, session.user_id, caller.policies, bounds,
        caller.tags | _session_tags(session), caller.arn,
    )  # fmt: skip


def _session_tags(session: Any) -> dict[str, str]:
    """The tags that a session was asked for with, where LocalStack's STS keeps them."""
    from localstack.services.sts.models import sts_stores

    kept = sts_stores[session.account_id]["us-east-1"].sessions.get(session.access_key_id)
    return {tag["Key"]: tag["Value"] for tag in kept["tags"].values()} if kept else {}


def role_of(arn: str) -> Any:
    """The role with this ARN, in whichever account; None if there is none."""
    parts = arn.split(":")
    roles = iam(parts[4], parts[1]).get_roles()
    return next((role for role in roles if role.arn == arn), None)


def iam(account: str, partition: str) -> Any:
    """moto's IAM of an account; imported late, as it takes a while to load."""
    from moto.iam.models import iam_backends

    return iam_backends[account][partition]


def _session(account: str, partition: str, key: str, token: str | None) -> Any:
    from moto.sts.models import sts_backends

    found = sts_backends[account][partition].get_assumed_role_from_access_key(key)
    if found is None or found.session_token != token:
        raise Unknown(key)
    # moto's own times have no zone and are UTC.
    ends: datetime = found.expiration
    ends = ends if ends.tzinfo else ends.replace(tzinfo=UTC)
    if ends.timestamp() <= clock.now(account):
        raise Expired(key)
    return found


def _partition(arn: str) -> str:
    return arn.split(":")[1]


def _policies(identity: Any, kind: str) -> Iterator[Policy]:
    """The inline policies of an identity, then those that are attached to it."""
    for name, document in identity.policies.items():
        text = document if isinstance(document, str) else json.dumps(document)
        yield policy.read(text, f"{kind}_{identity.name}_{name}")
    for attached in identity.managed_policies.values():
        yield _managed(attached)


def _managed(attached: Any) -> Policy:
    """The default version of a managed policy."""
    versions = {version.version_id: version.document for version in attached.versions}
    return policy.read(versions[attached.default_version_id], attached.name)
