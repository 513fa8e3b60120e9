"""GetResources as of some time ago: AWS's tagging API learns late what has been tagged.

While the setting is on, every write of an account is followed by a look at its tags, and what has
changed is written down with its time.
"""

import threading
from collections.abc import Iterator
from typing import Any

from localstack.aws.api import RequestContext
from rolo import Response
from rolo.gateway.chain import HandlerChain

from ingress_aws import clock
from ingress_aws.accounts import AccountStores
from ingress_aws.settings import knob
from ingress_aws.tagging.once import tagged
from ingress_aws.tagging.resources import GLOBAL_REGION, Tags

LATE = knob(
    "tagging.visible-seconds", 0, "how late GetResources tells of tags; on AWS some seconds"
)

# The services whose resources GetResources tells of.
WATCHED = ("acm", "ec2", "elbv2", "route53")
READS = ("Describe", "List", "Get")


class History:
    """What tags the resources of one account had in one region, and since when."""

    def __init__(self, account: str, region: str) -> None:
        self.account = account
        self.region = region
        self.lock = threading.Lock()
        # By ARN; the newest last, no time for what has always been so, no tags for what is not
        # there. None: nobody has looked yet.
        self.past: dict[str, list[tuple[float | None, Tags | None]]] | None = None

    def look(self) -> None:
        """Write down what has changed; what is seen at the first look has always been so."""
        seen = dict(tagged(self.account, self.region))
        with self.lock:
            now = None if self.past is None else clock.now(self.account)
            past = self.past = self.past or {}
            for arn in seen.keys() | past.keys():
                tags = seen.get(arn)
                known = past.setdefault(arn, [])
                if (known[-1][1] if known else None) != tags:
                    known.append((now, tags))

    def at(self, moment: float) -> Iterator[tuple[str, Tags]]:
        """What has tags at a time, in the order in which it was seen first."""
        with self.lock:
            for arn, known in (self.past or {}).items():
                by_then = [tags for since, tags in known if since is None or since <= moment]
                # What came before that will not be asked for again: time only goes forward.
                del known[: max(0, len(by_then) - 1)]
                if by_then and by_then[-1] is not None:
                    yield arn, by_then[-1]

    def forget(self) -> None:
        """Begin anew: nobody looks while the setting is off."""
        with self.lock:
            self.past = None


HISTORIES = AccountStores(History)


def told(account: str, region: str) -> Iterator[tuple[str, Tags]]:
    """The ARN and tags of each resource that has any, as GetResources knows it by now."""
    late = LATE.of(account)
    history = HISTORIES.get(account, region)
    if not late:
        history.forget()
        yield from tagged(account, region)
        return
    history.look()
    yield from history.at(clock.now(account) - late)


def before_write(chain: HandlerChain[Any], context: RequestContext, response: Response) -> None:
    """Request handler: know what there was before the first write."""
    history = _history(context)
    if history is not None and history.past is None:
        history.look()


def after_write(chain: HandlerChain[Any], context: RequestContext, response: Response) -> None:
    """Response handler: know since when it is so."""
    history = _history(context)
    if history is not None:
        history.look()


def _history(context: RequestContext) -> History | None:
    """Where a call has to be written down, if it is a write and the setting is on."""
    if context.service is None or context.operation is None or context.is_internal_call:
        return None
    service = str(context.service.service_name)
    if service not in WATCHED or context.operation.name.startswith(READS):
        return None
    if not LATE.of(context.account_id):
        return None
    region = GLOBAL_REGION if service == "route53" else context.region
    return HISTORIES.get(context.account_id, region)
