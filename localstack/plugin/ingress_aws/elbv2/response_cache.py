"""Answers that are written once and given again until the store changes.

Writing 100 rules as XML takes longer than finding them, and controllers read the same ones over
and over. Only answers that depend on nothing but the store are kept: not on time, nor on EC2.
"""

import json
import threading
import weakref
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.skeleton import Skeleton
from localstack.http import Response

from ingress_aws.elbv2 import provisioning, visibility
from ingress_aws.elbv2.store import STORES, Store

Json = dict[str, Any]

KEPT_FOR = {
    "DescribeListenerAttributes",
    "DescribeListenerCertificates",
    "DescribeListeners",
    "DescribeLoadBalancerAttributes",
    "DescribeLoadBalancers",
    "DescribeRules",
    "DescribeTags",
    "DescribeTargetGroupAttributes",
    "DescribeTargetGroups",
}
# A controller's reads between two writes are fewer; 100 rules take 100 kB.
MOST_ANSWERS = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, with the id of the request that it was written for."""

    told: Json
    body: bytes
    content_type: str | None
    request_id: str


class Answers:
    """The answers from one version of a store."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.by_request: OrderedDict[str, Answer] = OrderedDict()


class CachingSkeleton(Skeleton):
    """LocalStack's way from a parsed request to an answer, with a short cut."""

    def __init__(self, service: Any, table: Any) -> None:
        super().__init__(service, table)
        self._answers: weakref.WeakKeyDictionary[Store, Answers] = weakref.WeakKeyDictionary()
        self._lock = threading.Lock()

    def dispatch_request(self, serializer: Any, context: RequestContext, instance: Any) -> Any:
        """The kept answer under the id of this request, or a new one."""
        # A call that is held has not begun, so it makes no store yet.
        store = STORES.standing(context.account_id, context.region)
        request = None if store is None else _request(store, context, instance)
        if store is None or request is None:
            return super().dispatch_request(serializer, context, instance)
        version = store.version
        kept = self._find(store, version, request)
        if kept is not None:
            context.service_response = kept.told
            body = kept.body.replace(kept.request_id.encode(), str(context.request_id).encode())
            return Response(body, content_type=kept.content_type)
        response = super().dispatch_request(serializer, context, instance)
        if context.service_response is not None:
            told: Any = context.service_response
            request_id = str(context.request_id)
            written = Answer(told, response.data, response.content_type, request_id)
            self._keep(store, version, request, written)
        return response

    def _find(self, store: Store, version: int, request: str) -> Answer | None:
        with self._lock:
            answers = self._answers.get(store)
            if answers is None or answers.version != version:
                return None
            return answers.by_request.get(request)

    def _keep(self, store: Store, version: int, request: str, answer: Answer) -> None:
        with self._lock:
            answers = self._answers.get(store)
            if answers is None or answers.version < version:
                answers = self._answers[store] = Answers(version)
            if answers.version == version:
                answers.by_request[request] = answer
                if len(answers.by_request) > MOST_ANSWERS:
                    answers.by_request.popitem(last=False)


def _request(store: Store, context: RequestContext, instance: Any) -> str | None:
    """What makes two requests the same, if their answer can be kept."""
    assert context.operation, "LocalStack calls an operation by its name"
    name = str(context.operation.name)
    if name not in KEPT_FOR:
        return None
    # As long as load balancers take time to become active, what is told of them changes by itself.
    if name == "DescribeLoadBalancers" and provisioning.PROVISIONING.of(store.account):
        return None
    # So it does of listeners and rules that take time to be found, and all that is told of them.
    if not visibility.is_immediate(store.account):
        return None
    return f"{name} {json.dumps(instance, sort_keys=True)}"
