"""AWS's token buckets: calls that come faster than an account may make them are refused.

Off unless the account's setting `control.throttling` is 1. Buckets fill by the account's clock.
"""

import threading
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from localstack.aws.api import RequestContext
from rolo import Response
from rolo.gateway.chain import HandlerChain

from ingress_aws import clock
from ingress_aws.accounts import on_reset
from ingress_aws.control.call import operation_of, service_of
from ingress_aws.errors import AwsError
from ingress_aws.settings import knob

THROTTLING = knob("control.throttling", 0, "1: AWS's token buckets hold for this account")


@dataclass(frozen=True, slots=True)
class Limit:
    """A bucket of so many tokens, filled at so many a second, which calls of this name share.

    `each` calls have a bucket of their own for every operation.
    """

    match: str
    size: float
    refill: float
    each: bool = False


# The first that fits counts; Route 53 has one for the whole account besides.
# ELBv2: what LBC 3.5 paces itself by "to match the ELB documentation" (its pull request 4641), and
# 40 with 10 a second, the example of AWS's page on throttling, for what that does not name.
# EC2: "Request throttling for the Amazon EC2 API", the general sizes, from memory.
# Route 53: DNSLimitations in the developer guide. ACM: "API rate quotas", from memory; its
# buckets hold one second's calls. WAF: what LBC paces itself by.
LIMITS = [
    Limit("elbv2.RegisterTargets", 20, 4, each=True),
    Limit("elbv2.DeregisterTargets", 20, 4, each=True),
    Limit("elbv2.Modify*", 20, 3),
    Limit("elbv2.Describe*", 200, 50),
    Limit("elbv2.*", 40, 10),
    Limit("ec2.Describe*", 100, 20, each=True),
    Limit("ec2.*", 50, 5, each=True),
    Limit("route53.CreateHostedZone", 40, 2),
    Limit("route53.CreateHealthCheck", 50, 0.5),
    Limit("route53.AssociateVPCWithHostedZone", 20, 5),
    Limit("route53.*", 50, 10, each=True),
    Limit("acm.RequestCertificate", 5, 5),
    Limit("acm.DescribeCertificate", 10, 10),
    Limit("acm.ListCertificates", 8, 8),
    Limit("acm.ImportCertificate", 1, 1),
    Limit("acm.DeleteCertificate", 10, 10),
    Limit("acm.ListTagsForCertificate", 10, 10),
    Limit("acm.AddTagsToCertificate", 5, 5),
    Limit("wafv2.AssociateWebACL", 1, 0.5),
    Limit("wafv2.DisassociateWebACL", 1, 0.5),
    Limit("wafv2.GetWebACLForResource", 1, 1),
]
# Beside those of its actions; shared by all of them, hence no name that fits one.
ROUTE53_ACCOUNT = Limit("route53 as a whole", 50, 10)

# Code and HTTP status by service: AWS's documentation of EC2 and Route 53, botocore for tagging.
REFUSALS = {
    "ec2": ("RequestLimitExceeded", 503),
    "elbv2": ("Throttling", 400),
    "route53": ("Throttling", 400),
    "resourcegroupstaggingapi": ("ThrottledException", 400),
}
USUAL_REFUSAL = ("ThrottlingException", 400)


@dataclass(slots=True)
class Bucket:
    """What a bucket held at a time."""

    tokens: float
    filled: float


class Buckets:
    """The buckets of all accounts, by account, region and name."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, ...], Bucket] = {}
        self._lock = threading.Lock()

    def take(self, account: str, region: str, name: str) -> bool:
        """Take a token from each bucket of a call, or none if one of them is empty."""
        now = clock.now(account)
        with self._lock:
            buckets = [self._filled((account, region), name, limit, now) for limit in of(name)]
            if any(bucket.tokens < 1 for bucket in buckets):
                return False
            for bucket in buckets:
                bucket.tokens -= 1
            return True

    def forget(self, account: str) -> None:
        """Fill an account's buckets."""
        with self._lock:
            for key in [key for key in self._buckets if key[0] == account]:
                del self._buckets[key]

    def _filled(self, owner: tuple[str, str], name: str, limit: Limit, now: float) -> Bucket:
        key = (*owner, name if limit.each else limit.match)
        bucket = self._buckets.setdefault(key, Bucket(limit.size, now))
        gained = max(0.0, now - bucket.filled) * limit.refill
        bucket.tokens, bucket.filled = min(limit.size, bucket.tokens + gained), now
        return bucket


def of(name: str) -> list[Limit]:
    """The limits on a call, such as `elbv2.CreateRule`."""
    first = next((limit for limit in LIMITS if fnmatchcase(name, limit.match)), None)
    limits = [first] if first else []
    return [*limits, ROUTE53_ACCOUNT] if name.startswith("route53.") else limits


BUCKETS = Buckets()
on_reset(BUCKETS.forget)


def throttle(chain: HandlerChain[Any], context: RequestContext, response: Response) -> None:
    """Request handler: refuse a call that comes too fast."""
    if context.operation is None or context.is_internal_call:
        return
    if not THROTTLING.of(context.account_id):
        return
    service = service_of(context)
    name = f"{service}.{operation_of(context)}"
    if not BUCKETS.take(context.account_id, context.region, name):
        code, status = REFUSALS.get(service, USUAL_REFUSAL)
        raise AwsError(code, "Rate exceeded", status)
