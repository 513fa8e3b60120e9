"""What moto stumbles over gets AWS's error code, where LocalStack would answer 500.

Operations that the plugin leaves to LocalStack trust their input. Two things are done about it: a
request of a service that nobody looks at otherwise is held to AWS's model, and an exception from
LocalStack's own code is answered as a bad parameter; or, for whoever would take that for AWS's word,
as 501. The plugin's own mistakes stay 500.
"""

import logging
import traceback
from collections.abc import Callable
from typing import Any

from localstack.aws.api import RequestContext, ServiceException
from localstack.aws.skeleton import Skeleton
from rolo import Response
from rolo.gateway.chain import HandlerChain

from ingress_aws import shapes
from ingress_aws.control.call import service_of
from ingress_aws.errors import AwsError
from ingress_aws.settings import knob

HONEST = knob(
    "control.honest-stumbling",
    0,
    "1: what LocalStack's own code stumbles over is a 501, which no client takes for a refusal",
)

LOG = logging.getLogger(__name__)

# What each service calls a parameter that does not do (botocore's models; IAM and STS: "Common
# errors" of their API references).
CODES = {
    "acm": "ValidationException",
    "cognito-idp": "InvalidParameterException",
    "ec2": "InvalidParameterValue",
    "iam": "ValidationError",
    "resourcegroupstaggingapi": "InvalidParameterException",
    "route53": "InvalidInput",
    "shield": "InvalidParameterException",
    "sts": "ValidationError",
    "wafv2": "WAFInvalidParameterException",
}
# LocalStack's own providers, whose requests no provider of ours sees.
UNSEEN = ("iam", "sts")
LEFT, OURS = "localstack.services.", "ingress_aws."


def check(chain: HandlerChain[Any], context: RequestContext, response: Response) -> None:
    """Request handler: refuse what AWS's model refuses, where nobody else does."""
    if context.operation is None or service_of(context) not in UNSEEN:
        return
    breaches = shapes.violations(context.operation.input_shape, dict(context.service_request or {}))
    if breaches:
        raise AwsError(CODES[service_of(context)], shapes.detected(breaches))


def guard() -> None:
    """Wrap the step from a parsed request to its answer."""
    Skeleton.dispatch_request = _guarded(Skeleton.dispatch_request)  # type: ignore[method-assign]


def _guarded(dispatch: Callable[..., Response]) -> Callable[..., Response]:
    def dispatch_request(
        skeleton: Any, serializer: Any, context: RequestContext, instance: Any
    ) -> Response:
        try:
            return dispatch(skeleton, serializer, context, instance)
        except (ServiceException, NotImplementedError):
            raise
        except Exception as stumbled:
            code = CODES.get(service_of(context))
            if code is None or not _is_left(stumbled):
                raise
            LOG.warning("%s", stumbled, exc_info=True)
            told = f"{type(stumbled).__name__}: {stumbled}"
            if HONEST.of(context.account_id):
                text = f"LocalStack has stumbled over this request: {told}"
                raise AwsError("InternalFailure", text, 501) from stumbled
            text = f"A parameter is not valid: {told}"
            raise AwsError(code, text) from stumbled

    return dispatch_request


def _is_left(stumbled: Exception) -> bool:
    """Whether it happened in an operation that was handed to LocalStack, and not in our code."""
    modules = [
        str(frame.f_globals.get("__name__"))
        for frame, _ in traceback.walk_tb(stumbled.__traceback__)
    ]
    theirs = [number for number, name in enumerate(modules) if name.startswith(LEFT)]
    ours = [number for number, name in enumerate(modules) if name.startswith(OURS)]
    # The wrapper itself is ours, and comes first.
    return bool(theirs) and theirs[-1] > ours[-1]
