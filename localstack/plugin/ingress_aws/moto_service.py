"""A LocalStack service that is moto's as it is, with a few operations looked at or replaced.

LocalStack's open core has no provider for these services and would answer 501.
"""

from collections.abc import Callable
from typing import Any

from localstack.aws.api import RequestContext, ServiceException
from localstack.aws.skeleton import Skeleton
from localstack.aws.spec import load_service
from localstack.services.plugins import Service

from ingress_aws import shapes
from ingress_aws.errors import AwsError

Json = dict[str, Any]
# Takes account, region and request; gives the answer, or None to have moto give it.
Native = Callable[[str, str, Json], Json | None]


def service(name: str, native: dict[str, Native], code: str, *, fallback: bool = True) -> Service:
    """A service of all operations of its model; `code` is that of a malformed request."""
    model = load_service(name)
    known = model.operation_names if fallback else list(native)
    table: Any = {operation: _served(native.get(operation), code) for operation in known}
    return Service(name=name, skeleton=Skeleton(model, table))


def _served(run: Native | None, code: str) -> Callable[[RequestContext, Json | None], Any]:
    def serve(context: RequestContext, request: Json | None) -> Any:
        from localstack.services.moto import call_moto

        assert context.operation, "LocalStack calls an operation by its name"
        if breaches := shapes.violations(context.operation.input_shape, request or {}):
            raise AwsError(code, shapes.detected(breaches))
        answer = run(context.account_id, context.region, request or {}) if run else None
        try:
            return call_moto(context) if answer is None else answer
        except ServiceException as refusal:
            # moto has one code for a page that nobody gave out, and no service of AWS has it.
            if refusal.code == "InvalidToken":
                raise AwsError(code, str(refusal.message)) from refusal
            raise

    return serve
