"""What was tagged once: GetResources goes on telling of it, with no tags."""

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

from localstack.aws.api import RequestContext
from rolo import Response
from rolo.gateway.chain import HandlerChain

from ingress_aws.accounts import AccountStores
from ingress_aws.control.call import operation_of, service_of
from ingress_aws.tagging.resources import GLOBAL_REGION, Tags, everything

# By the calls that take tags away: where they name what loses them.
REMOVALS = {
    "acm.RemoveTagsFromCertificate": "CertificateArn",
    "ec2.DeleteTags": "Resources",
    "elbv2.RemoveTags": "ResourceArns",
    "route53.ChangeTagsForResource": "ResourceId",
}


class Once:
    """The ARNs, or the ids in them, of what has lost tags in an account and region."""

    def __init__(self, account: str, region: str) -> None:
        del account, region
        self.names: set[str] = set()


ONCE = AccountStores(Once)


def note(account: str, region: str, names: Iterable[str]) -> None:
    """These may lose their tags now."""
    ONCE.get(account, region).names.update(names)


def was_tagged(account: str, region: str, arn: str) -> bool:
    """Whether something has been tagged before."""
    return not ONCE.get(account, region).names.isdisjoint((arn, arn.rpartition("/")[2]))


def tagged(account: str, region: str) -> Iterator[tuple[str, Tags]]:
    """The ARN and tags of each resource that has any, or had them before."""
    for arn, tags in everything(account, region):
        if tags or was_tagged(account, region, arn):
            yield arn, tags


def after_write(chain: HandlerChain[Any], context: RequestContext, response: Response) -> None:
    """Response handler: know what has lost tags."""
    if context.operation is None or response.status_code >= HTTPStatus.MULTIPLE_CHOICES:
        return
    member = REMOVALS.get(f"{service_of(context)}.{operation_of(context)}")
    if member is not None:
        asked: Any = context.service_request or {}
        given = asked.get(member) or []
        region = GLOBAL_REGION if service_of(context) == "route53" else context.region
        note(context.account_id, region, [given] if isinstance(given, str) else map(str, given))
